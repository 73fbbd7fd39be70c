//! The passwords that are tried first, as truncated hashes (`scripts/common-passwords` makes the list and says of what).

use sha2::{Digest, Sha256};

/// Bytes of a hash that the list keeps.
const KEPT: usize = 4;

/// 120,000 hashes in rising order. A password that is not among them is taken for one of them once in 36,000 times.
const LIST: &[u8] = include_bytes!("../assets/common-passwords.bin");

/// Whether the password is on the list, whatever its case.
pub(crate) fn contains(password: &str) -> bool {
    let hash = Sha256::digest(password.to_lowercase().as_bytes());
    let (entries, _) = LIST.as_chunks::<KEPT>();
    hash.first_chunk::<KEPT>().is_some_and(|wanted| entries.binary_search(wanted).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_whole_and_in_order() {
        let (entries, rest) = LIST.as_chunks::<KEPT>();
        assert!(rest.is_empty() && entries.is_sorted());
        assert_eq!(entries.len(), 120_000);
    }

    #[test]
    fn chance_refuses_one_password_in_36_000() {
        let refused =
            (0..100_000).filter(|number| contains(&format!("no list has {number} of these"))).count();
        assert!(refused < 15, "{refused} of 100,000");
    }
}
