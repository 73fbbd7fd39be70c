use super::*;

#[tokio::test]
async fn signing_up_opens_the_owners_session() {
    let world = World::new();
    let signed_in = world.sign_up("GMAH Paris", "jean@gmah.fr").await;
    assert_eq!(signed_in.role, Some(Role::Owner));
    assert!((570..=600).contains(&signed_in.expires_in));
    let organization = signed_in.organization.clone().unwrap();
    assert_eq!(organization.slug.as_str(), "gmah-paris");
    assert_eq!(organization.status, OrganizationStatus::Active);
    assert_eq!(organization.settings.locale.code(), "fr");
    let caller = world.caller(&signed_in).await.unwrap();
    assert_eq!(caller.profile().user.full_name, "Jean Martin");
    assert_eq!(world.store.audited().await, ["auth.signup", "auth.login"]);
}

#[tokio::test]
async fn every_wrong_field_is_named_at_once() {
    let world = World::new();
    let command = SignUp {
        organization_name: " ".to_owned(),
        organization_slug: Some("A".to_owned()),
        full_name: String::new(),
        email: "nobody".to_owned(),
        password: SecretText::new("short"),
        locale: Some("xx".to_owned()),
    };
    let error = world.auth.sign_up(command, &client()).await.unwrap_err();
    assert_eq!(
        codes(&error),
        [
            "organization_name: required",
            "organization_slug: slug_invalid",
            "full_name: required",
            "email: email_invalid",
            "locale: locale_unknown",
            "password: password_too_short",
        ]
    );
    assert!(world.store.state().await.organizations.is_empty());
}

#[tokio::test]
async fn a_name_without_latin_letters_asks_for_a_slug() {
    let world = World::new();
    let error = world.auth.sign_up(form("日本", "a@b.fr"), &client()).await.unwrap_err();
    assert_eq!(codes(&error), ["organization_slug: required"]);
}

#[tokio::test]
async fn a_given_slug_is_taken_or_not() {
    let world = World::new();
    world.sign_up("Paris", "a@example.org").await;
    let mut command = form("Autre", "b@example.org");
    command.organization_slug = Some("paris".to_owned());
    assert!(matches!(world.auth.sign_up(command, &client()).await, Err(AuthError::SlugTaken)));
    assert_eq!(world.store.state().await.users.len(), 1);
}

#[tokio::test]
async fn a_taken_address_is_told_whatever_its_case() {
    let world = World::new();
    world.sign_up("Paris", "jean@example.org").await;
    let error = world.auth.sign_up(form("Lyon", "Jean@Example.org"), &client()).await;
    assert!(matches!(error, Err(AuthError::EmailTaken)));
    assert_eq!(world.store.state().await.organizations.len(), 1);
}

#[tokio::test]
async fn nothing_is_left_when_the_database_cannot_be_made() {
    let world = World::new();
    world.provisioning.set_broken(true);
    let error = world.auth.sign_up(form("Paris", "jean@example.org"), &client()).await;
    assert!(matches!(error, Err(AuthError::ProvisioningFailed(_))));
    let state = world.store.state().await;
    assert!(state.organizations.is_empty() && state.users.is_empty() && state.memberships.is_empty());
    world.provisioning.set_broken(false);
    let signed_in = world.sign_up("Paris", "jean@example.org").await;
    assert_eq!(signed_in.organization.unwrap().slug.as_str(), "paris");
}

#[tokio::test]
async fn a_closed_installation_takes_nobody() {
    let world = World::under(AuthPolicy { signup: SignupMode::Closed, ..AuthPolicy::default() });
    let error = world.auth.sign_up(form("Paris", "a@b.fr"), &client()).await;
    assert!(matches!(error, Err(AuthError::SignupClosed)));
}

#[tokio::test]
async fn a_busy_hasher_is_told_and_reserves_nothing() {
    let world = World::new();
    world.hasher.set_busy(true);
    let error = world.auth.sign_up(form("Paris", "a@b.fr"), &client()).await;
    assert!(matches!(error, Err(AuthError::Busy)));
    assert!(world.store.state().await.organizations.is_empty());
}

#[tokio::test]
async fn an_address_signs_up_so_often_under_a_key_that_does_not_tell_it() {
    let world = World::new();
    world.throttle.set_limit(Some(2));
    world.sign_up("Paris", "jean@example.org").await;
    let again = async |email: &str| world.auth.sign_up(form("Lyon", email), &client()).await.unwrap_err();
    assert!(matches!(again("Jean@Example.org").await, AuthError::EmailTaken));
    assert!(matches!(again("jean@example.org").await, AuthError::TooMany(_)));
    assert!(matches!(again("JEAN@example.org").await, AuthError::TooMany(_)), "however it is written");
    world.sign_up("Lyon", "marie@example.org").await;
    let counted = format!("{:?}", world.throttle.counted());
    assert!(!counted.contains("jean") && !counted.contains("example"), "{counted}");
    // What is not valid is not counted: it makes nothing.
    let mut wrong = form("Nice", "paul@example.org");
    wrong.full_name = String::new();
    for _ in 0..5 {
        let refused = world.auth.sign_up(wrong.clone(), &client()).await.unwrap_err();
        assert!(matches!(refused, AuthError::Invalid(_)));
    }
    world.sign_up("Nice", "paul@example.org").await;
}
