use crate::{DatabaseName, DatabaseNameError};
use proptest::prelude::*;
use vigie_kernel::Slug;

fn name(prefix: &str, slug: &str) -> Result<String, DatabaseNameError> {
    DatabaseName::for_slug(prefix, &Slug::parse(slug).unwrap()).map(|name| name.to_string())
}

#[test]
fn the_name_comes_from_the_slug() {
    assert_eq!(name("vigie_org_", "gmah-paris").unwrap(), "vigie_org_gmah_paris");
    assert_eq!(name("o", "2024-plan").unwrap(), "o2024_plan");
}

#[test]
fn a_name_in_use_gets_a_suffix() {
    let first = DatabaseName::for_slug("vigie_org_", &Slug::parse("paris").unwrap()).unwrap();
    assert_eq!(first.after(1).as_str(), "vigie_org_paris_2");
    assert_eq!(first.after(2).as_str(), "vigie_org_paris_3");
}

#[test]
fn what_is_no_identifier_is_refused() {
    for bad in ["", "9lives", "Vigie", "a-b", "a\"; drop database x; --", "é", &"a".repeat(64)] {
        assert_eq!(DatabaseName::parse(bad), Err(DatabaseNameError), "{bad}");
    }
    for bad in ["", "VIGIE_", "1x", "a b", &"p".repeat(41)] {
        assert_eq!(name(bad, "paris"), Err(DatabaseNameError), "{bad}");
    }
}

proptest! {
    #[test]
    fn every_name_is_an_identifier(prefix in "[a-z_][a-z0-9_]{0,39}", slug in "[a-z0-9][a-z0-9-]{1,38}[a-z0-9]", taken in 1_u32..) {
        prop_assume!(Slug::parse(&slug).is_ok());
        let first = DatabaseName::for_slug(&prefix, &Slug::parse(&slug).unwrap()).unwrap();
        let next = first.after(taken);
        prop_assert_ne!(&first, &next);
        for name in [first, next] {
            prop_assert_eq!(DatabaseName::parse(name.as_str()), Ok(name));
        }
    }
}
