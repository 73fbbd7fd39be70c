use super::*;

const EMAIL: &str = "jean@example.org";

#[tokio::test]
async fn the_right_password_opens_a_session_of_the_organization() {
    let world = World::new();
    let signed_up = world.sign_up("Paris", EMAIL).await;
    let signed_in = world.log_in("JEAN@example.org").await.unwrap();
    assert_eq!(organization_of(&signed_in), organization_of(&signed_up));
    assert_ne!(signed_in.refresh_token, signed_up.refresh_token);
}

#[tokio::test]
async fn unknown_wrong_disabled_and_foreign_cost_and_answer_the_same() {
    let world = World::new();
    let signed_up = world.sign_up("Paris", EMAIL).await;
    world.sign_up("Lyon", "autre@example.org").await;
    let lyon = organization_of(&world.log_in("autre@example.org").await.unwrap());
    let mut answers = Vec::new();
    let before = world.hasher.verified();
    answers.push(world.log_in("personne@example.org").await.unwrap_err().to_string());
    answers.push(world.log_in_with(EMAIL, "not the password", None).await.unwrap_err().to_string());
    answers.push(world.log_in_with(EMAIL, PASSWORD, Some(lyon)).await.unwrap_err().to_string());
    world
        .store
        .change(|state| {
            let user = state.users.get_mut(&signed_up.user.id).unwrap();
            let disabled = UserSnapshot { is_active: false, ..user.snapshot().clone() };
            *user = User::restore(disabled);
        })
        .await;
    answers.push(world.log_in(EMAIL).await.unwrap_err().to_string());
    assert_eq!(world.hasher.verified() - before, 4);
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    let failed = world.store.state().await.audit.into_iter().filter(|e| e.action == "auth.login_failed");
    for entry in failed {
        assert_eq!((entry.actor, entry.subject_kind), (None, "user"));
        assert_eq!(entry.details, serde_json::json!({}));
    }
}

#[tokio::test]
async fn failures_in_a_row_earn_a_growing_delay_for_any_address() {
    for email in [EMAIL, "personne@example.org"] {
        let world = World::new();
        world.sign_up("Paris", EMAIL).await;
        for _ in 0..5 {
            let failed = world.log_in_with(email, "not the password", None).await;
            assert!(matches!(failed, Err(AuthError::InvalidCredentials)));
        }
        let waits = [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900];
        for wait in waits {
            let told = world.log_in_with(email, "not the password", None).await;
            assert!(
                matches!(told, Err(AuthError::Throttled { retry_after }) if retry_after == wait),
                "{told:?}"
            );
            world.later(i64::try_from(wait).unwrap());
            let failed = world.log_in_with(email, "not the password", None).await;
            assert!(matches!(failed, Err(AuthError::InvalidCredentials)), "after {wait}");
        }
    }
}

#[tokio::test]
async fn a_success_forgets_the_failures() {
    let world = World::new();
    world.sign_up("Paris", EMAIL).await;
    for _ in 0..5 {
        world.log_in_with(EMAIL, "not the password", None).await.unwrap_err();
    }
    assert!(matches!(world.log_in(EMAIL).await, Err(AuthError::Throttled { retry_after: 1 })));
    world.later(1);
    world.log_in(EMAIL).await.unwrap();
    assert!(world.store.state().await.login_attempts.is_empty());
}

#[tokio::test]
async fn delays_can_be_switched_off() {
    let world = World::under(AuthPolicy { login_delays: false, ..AuthPolicy::default() });
    world.sign_up("Paris", EMAIL).await;
    for _ in 0..20 {
        let failed = world.log_in_with(EMAIL, "not the password", None).await;
        assert!(matches!(failed, Err(AuthError::InvalidCredentials)));
    }
    world.log_in(EMAIL).await.unwrap();
}

#[tokio::test]
async fn wrong_form_is_named() {
    let world = World::new();
    let error = world.log_in_with(" ", "", None).await.unwrap_err();
    assert_eq!(codes(&error), ["email: required", "password: required"]);
    let error = world.log_in_with("nobody", &"é".repeat(129), None).await.unwrap_err();
    assert_eq!(codes(&error), ["email: email_invalid", "password: password_too_long"]);
    assert_eq!(world.hasher.verified(), 0);
}

#[tokio::test]
async fn without_a_name_the_organization_used_last_is_taken() {
    let world = World::new();
    world.sign_up("Paris", EMAIL).await;
    let lyon = organization_of(&world.sign_up("Lyon", "autre@example.org").await);
    world.later(5);
    world.join("lyon", EMAIL, Role::User).await.unwrap();
    assert_eq!(world.log_in(EMAIL).await.unwrap().role, Some(Role::Owner));
    world.later(5);
    let named = world.log_in_with(EMAIL, PASSWORD, Some(lyon)).await.unwrap();
    assert_eq!((organization_of(&named), named.role), (lyon, Some(Role::User)));
    world.later(5);
    assert_eq!(organization_of(&world.log_in(EMAIL).await.unwrap()), lyon);
    world.store.set_status(lyon, OrganizationStatus::Suspended).await;
    assert_eq!(world.log_in(EMAIL).await.unwrap().role, Some(Role::Owner));
}

#[tokio::test]
async fn an_organization_that_is_closed_says_why_to_who_knows_the_password() {
    let world = World::new();
    let id = organization_of(&world.sign_up("Paris", EMAIL).await);
    for (status, refusal) in [
        (OrganizationStatus::Suspended, OrganizationRefusal::Suspended { reason: None }),
        (OrganizationStatus::Provisioning, OrganizationRefusal::Provisioning),
        (OrganizationStatus::Archived, OrganizationRefusal::Archived),
        (OrganizationStatus::Failed, OrganizationRefusal::Failed),
    ] {
        world.store.set_status(id, status).await;
        let told = world.log_in(EMAIL).await;
        assert!(matches!(&told, Err(AuthError::Organization(why)) if *why == refusal), "{told:?}");
        let wrong = world.log_in_with(EMAIL, "not the password", None).await;
        assert!(matches!(wrong, Err(AuthError::InvalidCredentials)));
        world.log_in_with("x@y.fr", "not the password", None).await.unwrap_err();
        world.store.change(|state| state.login_attempts.clear()).await;
    }
    world.store.set_status(id, OrganizationStatus::Deleted).await;
    assert!(matches!(world.log_in(EMAIL).await, Err(AuthError::InvalidCredentials)));
}

#[tokio::test]
async fn a_weak_hash_is_replaced_at_the_next_login() {
    let world = World::new();
    let id = world.sign_up("Paris", EMAIL).await.user.id;
    world.hasher.set_weak(true);
    world.log_in(EMAIL).await.unwrap();
    let state = world.store.state().await;
    assert_eq!(state.users[&id].snapshot().version, 2);
}

#[tokio::test]
async fn the_eleventh_session_ends_the_longest_unused_one() {
    let world = World::new();
    let first = world.sign_up("Paris", EMAIL).await;
    world.later(1);
    let second = world.log_in(EMAIL).await.unwrap();
    world.later(1);
    let first = world.refresh(&first.refresh_token).await.unwrap();
    for _ in 0..9 {
        world.later(1);
        world.log_in(EMAIL).await.unwrap();
    }
    assert!(matches!(world.caller(&second).await, Err(AuthError::InvalidToken)));
    world.caller(&first).await.unwrap();
    assert_eq!(world.store.audited().await.iter().filter(|a| **a == "auth.session_evicted").count(), 1);
}

#[tokio::test]
async fn logging_out_ends_the_session_at_once() {
    let world = World::new();
    let signed_in = world.sign_up("Paris", EMAIL).await;
    let other = world.log_in(EMAIL).await.unwrap();
    let caller = world.caller(&signed_in).await.unwrap();
    world.auth.logout(&caller).await.unwrap();
    assert!(matches!(world.caller(&signed_in).await, Err(AuthError::InvalidToken)));
    assert!(matches!(world.refresh(&signed_in.refresh_token).await, Err(AuthError::InvalidToken)));
    world.caller(&other).await.unwrap();
    assert_eq!(world.store.audited().await.last(), Some(&"auth.logout"));
}

#[tokio::test]
async fn logging_out_everywhere_ends_them_all() {
    let world = World::new();
    let one = world.sign_up("Paris", EMAIL).await;
    let two = world.log_in(EMAIL).await.unwrap();
    let caller = world.caller(&one).await.unwrap();
    world.caller(&two).await.unwrap();
    world.auth.logout_all(&caller).await.unwrap();
    for session in [&one, &two] {
        assert!(matches!(world.caller(session).await, Err(AuthError::InvalidToken)));
        assert!(matches!(world.refresh(&session.refresh_token).await, Err(AuthError::InvalidToken)));
    }
}

#[tokio::test]
async fn a_password_changed_while_it_is_compared_opens_nothing() {
    let world = World::new();
    let id = world.sign_up("Paris", EMAIL).await.user.id;
    let state = world.store.state().await;
    let known = state.users[&id].clone();
    let changed = UserSnapshot {
        password_hash: PasswordHash::from_phc("plain:another one".to_owned()),
        version: known.snapshot().version + 1,
        ..known.snapshot().clone()
    };
    let before = state.sessions.len();
    world.store.change(|state| drop(state.users.insert(id, User::restore(changed)))).await;
    assert!(matches!(world.log_in(EMAIL).await, Err(AuthError::InvalidCredentials)));
    assert_eq!(world.store.state().await.sessions.len(), before);
}

#[tokio::test]
async fn the_profile_is_brought_up_to_date_and_a_failure_of_that_stops_no_login() {
    let world = World::new();
    world.sign_up("Paris", EMAIL).await;
    world.log_in(EMAIL).await.unwrap();
    assert_eq!(world.members.profiles().len(), 1);
    world.members.set_broken(true);
    world.log_in(EMAIL).await.unwrap();
}
