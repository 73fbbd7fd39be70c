use super::*;

#[tokio::test]
async fn a_new_member_gets_an_account_and_a_place() {
    let world = World::new();
    let paris = organization_of(&world.sign_up("Paris", "jean@example.org").await);
    let added = world.join("paris", "marie@example.org", Role::Manager).await.unwrap();
    assert!(added.account_created);
    assert_eq!(added.organization, paris);
    assert_eq!(world.log_in("marie@example.org").await.unwrap().role, Some(Role::Manager));
    let (place, profile) = world.members.profiles()[0].clone();
    assert_eq!((place, profile.user, profile.role), (paris, added.user, Role::Manager));
    assert!(world.store.audited().await.contains(&"member.added"));
}

#[tokio::test]
async fn an_account_that_exists_gets_a_membership_and_keeps_its_password() {
    let world = World::new();
    let jean = world.sign_up("Paris", "jean@example.org").await.user.id;
    world.sign_up("Lyon", "autre@example.org").await;
    let command = AddMember {
        organization_slug: "lyon".to_owned(),
        email: "Jean@example.org".to_owned(),
        full_name: "Somebody Else".to_owned(),
        role: Role::User,
        password: SecretText::new("x"),
    };
    let added = world.auth.add_member(&operator(), command).await.unwrap();
    assert_eq!((added.user, added.account_created), (jean, false));
    let signed_in = world.log_in_with("jean@example.org", PASSWORD, Some(added.organization)).await.unwrap();
    assert_eq!(signed_in.user.full_name, "Jean Martin");
    let again = world.join("lyon", "jean@example.org", Role::Admin).await;
    assert!(matches!(again, Err(AuthError::AlreadyMember)));
}

#[tokio::test]
async fn what_is_wrong_is_named() {
    let world = World::new();
    world.sign_up("Paris", "jean@example.org").await;
    let unknown = world.join("nowhere", "marie@example.org", Role::User).await;
    assert!(matches!(unknown, Err(AuthError::Organization(OrganizationRefusal::Unknown))));
    assert_eq!(world.store.state().await.users.len(), 1);
    let error = world.join("X", "marie", Role::User).await.unwrap_err();
    assert_eq!(codes(&error), ["organization_slug: slug_invalid", "email: email_invalid"]);
    let command = AddMember {
        organization_slug: "paris".to_owned(),
        email: "marie@example.org".to_owned(),
        full_name: String::new(),
        role: Role::User,
        password: SecretText::new("short"),
    };
    let error = world.auth.add_member(&operator(), command).await.unwrap_err();
    assert_eq!(codes(&error), ["full_name: required", "password: password_too_short"]);
}

#[tokio::test]
async fn a_platform_administrator_needs_an_address_of_his_own() {
    let world = World::new();
    world.sign_up("Paris", "jean@example.org").await;
    let admin = CreatePlatformAdmin {
        email: "jean@example.org".to_owned(),
        full_name: "Jean".to_owned(),
        password: SecretText::new(PASSWORD),
    };
    let answer = world.auth.create_platform_admin(&operator(), admin).await;
    assert!(matches!(answer, Err(AuthError::EmailTaken)));
}
