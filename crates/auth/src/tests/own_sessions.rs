use super::*;

const EMAIL: &str = "jean@example.org";

fn from(agent: &str, network: &str) -> ClientInfo {
    ClientInfo {
        user_agent: Some(agent.to_owned()),
        network: Some(network.to_owned()),
        request_id: "req-1".to_owned(),
    }
}

async fn log_in_from(world: &World, agent: &str, network: &str) -> SignedIn {
    let login = Login { email: EMAIL.to_owned(), password: SecretText::new(PASSWORD), organization: None };
    world.auth.login(login, &from(agent, network)).await.unwrap()
}

#[tokio::test]
async fn a_user_sees_where_he_is_logged_in_the_last_used_first() {
    let world = World::new();
    world.sign_up("Paris", EMAIL).await;
    world.later(60);
    let phone = log_in_from(&world, "Phone", "203.0.113.0/24").await;
    world.later(60);
    log_in_from(&world, "Laptop", "198.51.100.0/24").await;
    world.later(60);
    let refresh = Refresh { refresh_token: phone.refresh_token.clone(), organization: None };
    world.auth.refresh(refresh, &from("Phone", "192.0.2.0/24")).await.unwrap();
    let caller = world.caller(&phone).await.unwrap();

    let seen = world.auth.sessions(&caller).await.unwrap();

    let told: Vec<_> = seen.iter().map(|one| (one.user_agent.as_deref(), one.network.as_deref())).collect();
    let expected = [
        (Some("Phone"), Some("192.0.2.0/24")),
        (Some("Laptop"), Some("198.51.100.0/24")),
        (Some("test"), None),
    ];
    assert_eq!(told, expected);
    assert_eq!(seen[0].id, caller.session());
}

#[tokio::test]
async fn a_user_ends_one_of_his_sessions_and_nobody_elses() {
    let world = World::new();
    let jean = world.sign_up("Paris", EMAIL).await;
    let other = world.log_in(EMAIL).await.unwrap();
    let stranger = world.sign_up("Lyon", "autre@example.org").await;
    let [me, there, theirs] = [&jean, &other, &stranger];
    let me_caller = world.caller(me).await.unwrap();
    let their_session = world.caller(theirs).await.unwrap().session();
    let there_session = world.caller(there).await.unwrap().session();
    for id in [their_session, vigie_kernel::SessionId::from(uuid::Uuid::nil())] {
        let refused = world.auth.end_session(&me_caller, id).await;
        assert!(matches!(refused, Err(AuthError::SessionUnknown)));
    }
    world.auth.end_session(&me_caller, there_session).await.unwrap();
    assert!(matches!(world.caller(there).await, Err(AuthError::InvalidToken)));
    assert!(world.refresh(&there.refresh_token).await.is_err());
    world.caller(theirs).await.unwrap();
    let again = world.auth.end_session(&me_caller, there_session).await;
    assert!(matches!(again, Err(AuthError::SessionUnknown)));
}

#[tokio::test]
async fn all_other_sessions_end_at_once() {
    let world = World::new();
    let here = world.sign_up("Paris", EMAIL).await;
    let others = [world.log_in(EMAIL).await.unwrap(), world.log_in(EMAIL).await.unwrap()];
    let caller = world.caller(&here).await.unwrap();
    world.auth.end_other_sessions(&caller).await.unwrap();
    world.caller(&here).await.unwrap();
    for other in &others {
        assert!(matches!(world.caller(other).await, Err(AuthError::InvalidToken)));
    }
}

#[tokio::test]
async fn a_member_of_two_organizations_goes_from_one_to_the_other() {
    let world = World::new();
    let paris = world.sign_up("Paris", EMAIL).await;
    let lyon = organization_of(&world.sign_up("Lyon", "autre@example.org").await);
    let elsewhere = organization_of(&world.sign_up("Nice", "tiers@example.org").await);
    world.join("lyon", EMAIL, Role::Manager).await.unwrap();
    let caller = world.caller(&paris).await.unwrap();
    let expires = world.auth.sessions(&caller).await.unwrap()[0].expires_at;
    world.later(3600);
    let renewed = world.refresh(&paris.refresh_token).await.unwrap();
    let caller = world.caller(&renewed).await.unwrap();

    for unknown in [elsewhere, OrganizationId::from(uuid::Uuid::nil())] {
        let refused = world.auth.switch_organization(&caller, unknown, &client()).await;
        assert!(matches!(refused, Err(AuthError::Organization(OrganizationRefusal::Unknown))));
    }
    let there = world.auth.switch_organization(&caller, lyon, &client()).await.unwrap();
    assert_eq!((organization_of(&there), there.role), (lyon, Some(Role::Manager)));
    let now_there = world.caller(&there).await.unwrap();
    assert_eq!(world.auth.sessions(&now_there).await.unwrap()[0].expires_at, expires, "no longer life");
    assert!(matches!(world.caller(&renewed).await, Err(AuthError::InvalidToken)));
    assert!(world.refresh(&renewed.refresh_token).await.is_err());
}

#[tokio::test]
async fn nobody_goes_to_an_organization_that_is_closed() {
    let world = World::new();
    let paris = world.sign_up("Paris", EMAIL).await;
    let lyon = organization_of(&world.sign_up("Lyon", "autre@example.org").await);
    world.join("lyon", EMAIL, Role::User).await.unwrap();
    world.store.set_status(lyon, OrganizationStatus::Suspended).await;
    let caller = world.caller(&paris).await.unwrap();
    let refused = world.auth.switch_organization(&caller, lyon, &client()).await;
    assert!(matches!(refused, Err(AuthError::Organization(OrganizationRefusal::Suspended { .. }))));
    world.caller(&paris).await.unwrap();
}
