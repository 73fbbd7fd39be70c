use crate::{PasswordContext, check_password};
use rstest::rstest;
use vigie_kernel::EmailAddress;

fn code(password: &str) -> Option<&'static str> {
    let email = EmailAddress::parse("marie.curie@example.org").unwrap();
    let context = PasswordContext {
        email: Some(&email),
        organization_name: Some("Hôpital Saint-Louis"),
        organization_slug: Some("hopital-saint-louis"),
    };
    check_password("password", password, 12, context).err().map(|error| error.code)
}

#[rstest]
#[case("")]
fn a_missing_password_is_required(#[case] password: &str) {
    assert_eq!(code(password), Some("required"));
}

#[rstest]
#[case("elevenchars")]
#[case("éèàùçêâîôûë")]
fn code_points_count(#[case] password: &str) {
    assert_eq!(code(password), Some("password_too_short"));
}

#[test]
fn the_least_length_is_told() {
    let error = check_password("password", "short", 12, PasswordContext::default()).unwrap_err();
    assert_eq!(error.params["min"], "12");
}

#[test]
fn very_long_ones_are_refused_and_long_ones_are_not() {
    let long: String = "paper lantern over the harbour ".repeat(5);
    assert_eq!(code(&long[..128]), None);
    assert_eq!(code(&long[..129]), Some("password_too_long"));
    assert_eq!(code(&"\u{1F600}".repeat(129)), Some("password_too_long"));
}

#[rstest]
#[case("Marie.Curie-2026!")]
#[case("xx mariecurie xx")]
#[case("hopital saint louis")]
#[case("HOPITAL-saint-LOUIS 75")]
#[case("Hôpital Saint-Louis!")]
#[case("my Vigie password")]
fn names_are_refused(#[case] password: &str) {
    assert_eq!(code(password), Some("password_contains_name"));
}

#[rstest]
#[case("aaaaaaaaaaaa")]
#[case("abcdefghijkl")]
#[case("zyxwvutsrqpo")]
#[case("123456789012")]
#[case("0987654321098")]
#[case("qwertyuiop12")]
#[case("AZERTYUIOP123")]
#[case("qsdfghjklm99")]
#[case("abcdabcdabcd")]
#[case("aaaabbbbcccc")]
#[case("abab12121212")]
fn runs_repetitions_and_keyboard_walks_are_refused(#[case] password: &str) {
    assert_eq!(code(password), Some("password_common"));
}

#[rstest]
#[case("passwordpassword")]
#[case("PasswordPassword")]
#[case("footballfootball")]
#[case("michael123456")]
#[case("ILoveYouForever")]
fn passwords_that_are_tried_first_are_refused(#[case] password: &str) {
    assert_eq!(code(password), Some("password_common"));
}

#[rstest]
#[case("correct horse battery")]
#[case("  spaces are kept  ")]
#[case("l'été à Besançon")]
#[case("k7#mQ2vXz9!pL")]
#[case("paper-lantern-9")]
#[case("密码很长而且不容易被猜到哦")]
fn anything_else_is_welcome(#[case] password: &str) {
    assert_eq!(code(password), None);
}
