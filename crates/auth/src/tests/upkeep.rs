use super::*;
use std::sync::Arc;

const EMAIL: &str = "jean@example.org";
const DAY: i64 = 86_400;

async fn forget(world: &World) -> Forgotten {
    Upkeep::new(Arc::new(world.store.clone()), world.clock.clone()).run().await.unwrap()
}

#[tokio::test]
async fn an_ended_session_is_forgotten_after_a_week_and_a_live_one_keeps_its_tokens() {
    let world = World::new();
    let first = world.sign_up("Paris", EMAIL).await;
    let mut held = world.log_in(EMAIL).await.unwrap();
    let stolen = held.refresh_token.clone();
    held = world.refresh(&held.refresh_token).await.unwrap();
    world.auth.logout(&world.caller(&first).await.unwrap()).await.unwrap();
    for _ in 0..7 {
        assert_eq!(forget(&world).await, Forgotten::default());
        world.later(DAY);
        held = world.refresh(&held.refresh_token).await.unwrap();
    }
    world.later(1);
    assert_eq!(
        forget(&world).await,
        Forgotten { sessions: 1, refresh_tokens: 1, login_attempts: 0, tokens: 0 }
    );

    // Used and past its own expiry, the stolen token still gives itself away.
    assert!(matches!(world.refresh(&stolen).await, Err(AuthError::InvalidToken)));
    assert_eq!(world.store.audited().await.last(), Some(&"auth.refresh_reuse"));
    assert!(matches!(world.refresh(&held.refresh_token).await, Err(AuthError::InvalidToken)));
}

#[tokio::test]
async fn a_session_that_nobody_ended_is_forgotten_a_week_after_its_time() {
    let world = World::new();
    world.sign_up("Paris", EMAIL).await;
    world.later(37 * DAY);
    assert_eq!(forget(&world).await, Forgotten::default());
    world.later(1);
    assert_eq!(
        forget(&world).await,
        Forgotten { sessions: 1, refresh_tokens: 1, login_attempts: 0, tokens: 0 }
    );
    world.log_in(EMAIL).await.unwrap();
}

#[tokio::test]
async fn failed_logins_are_forgotten_a_month_after_the_last() {
    let world = World::new();
    for attempt in 0..1_200 {
        let email = format!("nobody{attempt}@example.org");
        world.log_in_with(&email, "not this one at all", None).await.unwrap_err();
    }
    world.later(15 * DAY);
    world.log_in_with("nobody7@example.org", "not this one at all", None).await.unwrap_err();
    world.later(15 * DAY + 1);
    assert_eq!(forget(&world).await.login_attempts, 1_199);
    assert_eq!(world.store.state().await.login_attempts.values().next().unwrap().failures, 2);
}
