use super::Installation;
use crate::shared::{ForeignKey, KeySpace};
use proptest::prelude::*;
use uuid::Uuid;
use vigie_kernel::{OrganizationId, SessionId};

fn space() -> KeySpace {
    KeySpace::of(&Installation::new().signer)
}

#[test]
fn installations_on_one_server_share_no_name() {
    let (one, other) = (space(), space());
    assert_ne!(one.platform().calls(), other.platform().calls());
    let id = OrganizationId::from(Uuid::from_u128(1));
    assert_ne!(one.organization(id).news(), other.organization(id).news());
}

#[test]
fn a_session_is_kept_where_its_owner_is() {
    let (space, session) = (space(), SessionId::from(Uuid::from_u128(9)));
    let paris = OrganizationId::from(Uuid::from_u128(1));
    assert!(space.session(session, Some(paris)).as_str().contains(&format!(":org:{paris}:")));
    assert!(space.session(session, None).as_str().contains(":all:session:"));
}

proptest! {
    #[test]
    fn every_name_of_an_organization_begins_with_its_id_and_no_other_takes_it(
        own in any::<u128>(), other in any::<u128>(), session in any::<u128>(),
    ) {
        prop_assume!(own != other);
        let space = space();
        let (own, other) = (Uuid::from_u128(own).into(), Uuid::from_u128(other).into());
        let (ours, theirs) = (space.organization(own), space.organization(other));
        for key in [ours.session(Uuid::from_u128(session).into()), ours.news()] {
            let begins_with_id = key.as_str().split_once(":org:").unwrap().1.starts_with(&own.to_string());
            prop_assert!(begins_with_id);
            prop_assert_eq!(ours.adopt(key.to_string()), Ok(key.clone()));
            prop_assert_eq!(theirs.adopt(key.to_string()), Err(ForeignKey));
        }
        prop_assert_eq!(ours.admit(Some(own)), Ok(()));
        prop_assert_eq!(ours.admit(Some(other)), Err(ForeignKey));
        prop_assert_eq!(ours.admit(None), Err(ForeignKey));
    }

    #[test]
    fn nothing_but_an_own_name_is_taken(own in any::<u128>(), text in ".{0,120}") {
        let ours = space().organization(Uuid::from_u128(own).into());
        prop_assert_eq!(ours.adopt(text), Err(ForeignKey));
        prop_assert_eq!(ours.adopt(ours.all().trim_end_matches('*').to_owned()), Err(ForeignKey));
    }
}
