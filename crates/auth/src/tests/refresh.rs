use super::*;
use futures_util::future::join_all;

const EMAIL: &str = "jean@example.org";

#[tokio::test]
async fn each_exchange_gives_a_successor() {
    let world = World::new();
    let mut held = world.sign_up("Paris", EMAIL).await;
    for _ in 0..5 {
        world.later(3600);
        let next = world.refresh(&held.refresh_token).await.unwrap();
        assert_ne!(next.refresh_token, held.refresh_token);
        assert_eq!(next.role, Some(Role::Owner));
        world.caller(&next).await.unwrap();
        held = next;
    }
    let state = world.store.state().await;
    let mut generations: Vec<i32> = state.refresh_tokens.values().map(|t| t.snapshot().generation).collect();
    generations.sort_unstable();
    assert_eq!(generations, [1, 2, 3, 4, 5, 6]);
}

#[tokio::test]
async fn ten_at_once_get_one_successor() {
    let world = World::new();
    let held = world.sign_up("Paris", EMAIL).await.refresh_token;
    let answers = join_all((0..10).map(|_| world.refresh(&held))).await;
    let tokens: Vec<SecretText> = answers.into_iter().map(|answer| answer.unwrap().refresh_token).collect();
    assert!(tokens.iter().all(|token| *token == tokens[0]));
    assert_eq!(world.store.state().await.refresh_tokens.len(), 2);
}

#[tokio::test]
async fn a_lost_answer_can_be_asked_for_again_for_thirty_seconds() {
    let world = World::new();
    let held = world.sign_up("Paris", EMAIL).await.refresh_token;
    let first = world.refresh(&held).await.unwrap();
    world.later(30);
    let again = world.refresh(&held).await.unwrap();
    assert_eq!(again.refresh_token, first.refresh_token);
    world.caller(&again).await.unwrap();
}

#[tokio::test]
async fn a_used_token_that_comes_back_late_ends_the_session() {
    let world = World::new();
    let held = world.sign_up("Paris", EMAIL).await.refresh_token;
    let next = world.refresh(&held).await.unwrap();
    world.caller(&next).await.unwrap();
    world.later(31);
    assert!(matches!(world.refresh(&held).await, Err(AuthError::InvalidToken)));
    assert!(matches!(world.caller(&next).await, Err(AuthError::InvalidToken)));
    assert!(matches!(world.refresh(&next.refresh_token).await, Err(AuthError::InvalidToken)));
    assert_eq!(world.store.audited().await.last(), Some(&"auth.refresh_reuse"));
    let state = world.store.state().await;
    let ended = state.sessions.values().next().unwrap().snapshot().ended.unwrap();
    assert_eq!(ended.reason, SessionEndReason::RefreshReuse);
}

#[tokio::test]
async fn a_used_token_whose_successor_is_used_ends_the_session_even_early() {
    let world = World::new();
    let held = world.sign_up("Paris", EMAIL).await.refresh_token;
    let next = world.refresh(&held).await.unwrap();
    let third = world.refresh(&next.refresh_token).await.unwrap();
    assert!(matches!(world.refresh(&held).await, Err(AuthError::InvalidToken)));
    assert!(matches!(world.refresh(&third.refresh_token).await, Err(AuthError::InvalidToken)));
}

#[tokio::test]
async fn another_session_survives_the_end_of_one() {
    let world = World::new();
    let held = world.sign_up("Paris", EMAIL).await.refresh_token;
    let other = world.log_in(EMAIL).await.unwrap();
    world.refresh(&held).await.unwrap();
    world.later(31);
    world.refresh(&held).await.unwrap_err();
    world.refresh(&other.refresh_token).await.unwrap();
}

#[tokio::test]
async fn an_idle_token_dies_after_seven_days() {
    let world = World::new();
    let held = world.sign_up("Paris", EMAIL).await;
    world.later(7 * 86_400 - 1);
    let held = world.refresh(&held.refresh_token).await.unwrap();
    world.later(7 * 86_400);
    assert!(matches!(world.refresh(&held.refresh_token).await, Err(AuthError::InvalidToken)));
}

#[tokio::test]
async fn no_refresh_goes_beyond_thirty_days() {
    let world = World::new();
    let mut held = world.sign_up("Paris", EMAIL).await;
    for _ in 0..29 {
        world.later(86_400);
        held = world.refresh(&held.refresh_token).await.unwrap();
    }
    world.later(86_400);
    assert!(matches!(world.refresh(&held.refresh_token).await, Err(AuthError::InvalidToken)));
}

#[tokio::test]
async fn a_platform_administrators_session_is_short() {
    let world = World::new();
    let admin = CreatePlatformAdmin {
        email: "root@example.org".to_owned(),
        full_name: "Root".to_owned(),
        password: SecretText::new(PASSWORD),
    };
    world.auth.create_platform_admin(&operator(), admin).await.unwrap();
    let held = world.log_in("root@example.org").await.unwrap();
    assert_eq!((held.role, held.organization.is_none()), (None, true));
    world.later(8 * 3600 - 1);
    let held = world.refresh(&held.refresh_token).await.unwrap();
    world.later(4 * 3600 + 1);
    assert!(matches!(world.refresh(&held.refresh_token).await, Err(AuthError::InvalidToken)));
}

#[tokio::test]
async fn what_is_no_token_of_ours_is_refused() {
    let world = World::new();
    let held = world.sign_up("Paris", EMAIL).await.refresh_token;
    let unknown = RefreshSecret::new(&[7; 32]);
    for text in ["", "rt_", "not a token", &held.expose()[1..], unknown.text().expose()] {
        let answer = world.refresh(&SecretText::new(text)).await;
        assert!(matches!(answer, Err(AuthError::InvalidToken)), "{text}");
    }
    world.refresh(&held).await.unwrap();
}

#[tokio::test]
async fn a_suspended_organization_refreshes_nobody_and_burns_no_token() {
    let world = World::new();
    let held = world.sign_up("Paris", EMAIL).await;
    let id = organization_of(&held);
    world.store.set_status(id, OrganizationStatus::Suspended).await;
    let answer = world.refresh(&held.refresh_token).await;
    assert!(matches!(answer, Err(AuthError::Organization(OrganizationRefusal::Suspended { .. }))));
    world.store.set_status(id, OrganizationStatus::Active).await;
    world.refresh(&held.refresh_token).await.unwrap();
}

#[tokio::test]
async fn a_refresh_token_is_for_its_own_organization() {
    let world = World::new();
    let paris = world.sign_up("Paris", EMAIL).await;
    let lyon = organization_of(&world.sign_up("Lyon", "autre@example.org").await);
    let refresh = Refresh { refresh_token: paris.refresh_token.clone(), organization: Some(lyon) };
    let answer = world.auth.refresh(refresh, &client()).await;
    assert!(matches!(answer, Err(AuthError::InvalidToken)));
    world.refresh(&paris.refresh_token).await.unwrap();
}

#[tokio::test]
async fn the_store_holds_no_token_in_the_clear() {
    let world = World::new();
    let held = world.sign_up("Paris", EMAIL).await.refresh_token;
    let next = world.refresh(&held).await.unwrap().refresh_token;
    for stored in world.store.state().await.refresh_tokens.values() {
        let stored = stored.snapshot();
        let sealed = stored.successor_sealed.clone().unwrap_or_default();
        for secret in [&held, &next] {
            let secret = secret.expose().as_bytes();
            assert!(!sealed.windows(secret.len()).any(|part| part == secret));
            assert_ne!(&stored.token_hash.as_bytes()[..], secret);
        }
    }
}

#[tokio::test]
async fn a_session_is_renewed_so_often_and_nothing_happens_to_its_token_after() {
    let world = World::new();
    let paris = world.sign_up("Paris", EMAIL).await;
    let other = world.log_in(EMAIL).await.unwrap();
    world.throttle.set_limit(Some(2));
    let held = world.refresh(&paris.refresh_token).await.unwrap().refresh_token;
    let held = world.refresh(&held).await.unwrap().refresh_token;
    for _ in 0..3 {
        let refused = world.refresh(&held).await.unwrap_err();
        assert!(matches!(refused, AuthError::TooMany(TooMany { retry_after: 7 })), "{refused:?}");
    }
    world.refresh(&other.refresh_token).await.unwrap();
    world.throttle.set_limit(None);
    world.later(60);
    let next = world.refresh(&held).await.unwrap();
    world.caller(&next).await.unwrap();
    // A token that nobody knows is nobody's: the network address counts it.
    let before = world.throttle.counted();
    let unknown = RefreshSecret::new(&[9; 32]);
    assert!(matches!(world.refresh(unknown.text()).await, Err(AuthError::InvalidToken)));
    assert_eq!(world.throttle.counted(), before);
}
