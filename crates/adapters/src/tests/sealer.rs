use crate::AeadSealer;
use proptest::prelude::*;
use vigie_auth::Sealer;

#[test]
fn sealing_twice_gives_two_texts() {
    let one = AeadSealer.seal(b"secret", b"plain").unwrap();
    let two = AeadSealer.seal(b"secret", b"plain").unwrap();
    assert_ne!(one, two);
}

#[test]
fn only_the_same_secret_opens() {
    let sealed = AeadSealer.seal(b"secret", b"plain").unwrap();
    assert_eq!(**AeadSealer.open(b"secret", &sealed).unwrap(), b"plain"[..]);
    assert!(AeadSealer.open(b"other", &sealed).is_err());
    assert!(AeadSealer.open(b"secret", &sealed[..5]).is_err());
    assert!(AeadSealer.open(b"secret", b"").is_err());
}

proptest! {
    #[test]
    fn a_changed_text_does_not_open(
        plain in proptest::collection::vec(any::<u8>(), 0..80), at in any::<proptest::sample::Index>(), flip in 1_u8..,
    ) {
        let mut sealed = AeadSealer.seal(b"secret", &plain).unwrap();
        let opened = AeadSealer.open(b"secret", &sealed).unwrap();
        prop_assert_eq!(&*opened, &plain);
        let place = at.index(sealed.len());
        sealed[place] ^= flip;
        prop_assert!(AeadSealer.open(b"secret", &sealed).is_err());
    }
}
