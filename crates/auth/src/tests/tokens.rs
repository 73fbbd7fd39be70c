use crate::{LoginAttempts, RefreshSecret, SecretText};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;

#[test]
fn a_refresh_token_has_its_documented_form() {
    let token = RefreshSecret::new(&[0xab; 32]);
    let text = token.text().expose();
    assert_eq!(text.len(), 53);
    assert!(text.starts_with("rt_"));
    assert_eq!(&text[46..47], "_");
    assert_eq!(RefreshSecret::parse(text), Some(token.clone()));
}

#[test]
fn secrets_do_not_show() {
    let token = RefreshSecret::new(&[1; 32]);
    let shown = format!("{token:?} {:?} {:?}", SecretText::new("hunter2"), token.hash());
    assert_eq!(shown, "RefreshSecret(SecretText(..)) SecretText(..) TokenHash(..)");
}

proptest! {
    #[test]
    fn every_token_reads_back_and_no_changed_one_does(
        random in any::<[u8; 32]>(), at in 0_usize..53, by in 1_u8..64,
    ) {
        let token = RefreshSecret::new(&random);
        let text = token.text().expose().to_owned();
        prop_assert_eq!(RefreshSecret::parse(&text).map(|read| read.hash()), Some(token.hash()));
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut changed = text.clone().into_bytes();
        let place = alphabet.iter().position(|c| *c == changed[at]).unwrap();
        changed[at] = alphabet[(place + usize::from(by)) % 64];
        let changed = String::from_utf8(changed).unwrap();
        prop_assert_eq!(RefreshSecret::parse(&changed), None);
    }

    #[test]
    fn any_text_is_read_without_a_panic(text in ".{0,80}") {
        prop_assert_eq!(RefreshSecret::parse(&text), None);
    }

    #[test]
    fn the_delay_never_exceeds_a_quarter_of_an_hour(failures in 0_u32.., ago in 0_i64..2000) {
        let now = DateTime::<Utc>::UNIX_EPOCH;
        let attempts = LoginAttempts { failures, last_failed_at: now - TimeDelta::seconds(ago) };
        let wait = attempts.retry_after(now).unwrap_or(0);
        prop_assert!(wait <= 900);
        prop_assert!(failures >= 5 || wait == 0);
        prop_assert!(ago < 900 || wait == 0);
    }
}
