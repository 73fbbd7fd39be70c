use crate::Signer;
use proptest::prelude::*;
use tempfile::TempDir;
use vigie_auth::Pseudonyms;

fn signer() -> Signer {
    Signer::load(TempDir::new().unwrap().path()).unwrap()
}

#[test]
fn a_signature_is_for_one_purpose() {
    let signer = signer();
    let text = signer.sign("cursor", b"after 7");
    assert_eq!(signer.open("cursor", &text).as_deref(), Some(&b"after 7"[..]));
    assert_eq!(signer.open("ticket", &text), None);
    assert_eq!(super::signer::signer().open("cursor", &text), None);
}

#[test]
fn a_pseudonym_is_stable_and_tells_nothing() {
    let (one, other) = (signer(), signer());
    let key = one.pseudonym("jean@example.org");
    assert_eq!(key, one.pseudonym("jean@example.org"));
    assert_ne!(key, one.pseudonym("marie@example.org"));
    assert_ne!(key, other.pseudonym("jean@example.org"));
    assert!(key.len() == 64 && key.bytes().all(|b| b.is_ascii_hexdigit()));
}

proptest! {
    #[test]
    fn anything_signed_opens_and_nothing_changed_does(
        payload in proptest::collection::vec(any::<u8>(), 0..60), at in any::<proptest::sample::Index>(),
    ) {
        let signer = signer();
        let text = signer.sign("cursor", &payload);
        prop_assert_eq!(signer.open("cursor", &text), Some(payload));
        let mut changed = text.clone().into_bytes();
        let place = at.index(changed.len());
        changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
        prop_assert_eq!(signer.open("cursor", &String::from_utf8(changed).unwrap()), None);
    }

    #[test]
    fn any_text_opens_without_a_panic(text in ".{0,60}") {
        prop_assert_eq!(signer().open("cursor", &text), None);
    }
}
