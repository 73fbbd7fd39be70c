//! Refresh tokens.

use crate::common::{Engine, session};
use crate::on_both_engines;
use chrono::TimeDelta;
use tokio::task::JoinSet;
use vigie_auth::{IdentityStore, RefreshToken, RefreshTokenSnapshot, TokenHash};
use vigie_kernel::{Clock, SessionId, StoreError};
use vigie_repository::ControlStore;

fn token(engine: &Engine, session: SessionId, generation: i32, hash: u8) -> RefreshToken {
    let now = engine.clock.now();
    RefreshToken::restore(RefreshTokenSnapshot {
        id: engine.ids.next(),
        session_id: session,
        token_hash: TokenHash::from_bytes([hash; 32]),
        generation,
        issued_at: now,
        expires_at: now + TimeDelta::days(30),
        used_at: None,
        successor_sealed: None,
    })
}

async fn family(engine: &Engine) -> RefreshToken {
    let marie = engine.account("marie@example.org").await;
    let opened = session(engine, marie.id(), None);
    let first = token(engine, opened.snapshot().id, 1, 1);
    let mut work = IdentityStore::begin(&engine.control).await.unwrap();
    work.sessions().insert(&opened).await.unwrap();
    work.refresh_tokens().insert(&first).await.unwrap();
    work.commit().await.unwrap();
    first
}

/// What a refresh does: looks at the token under its lock, and exchanges it when nobody has.
async fn exchange(control: ControlStore, successor: RefreshToken) -> Result<bool, StoreError> {
    let mut work = IdentityStore::begin(&control).await?;
    let hash = TokenHash::from_bytes([1; 32]);
    let found = work.refresh_tokens().find_for_update(&hash).await?.unwrap();
    if found.snapshot().used_at.is_some() {
        return Ok(false);
    }
    let mut used = found.snapshot().clone();
    used.used_at = Some(successor.snapshot().issued_at);
    used.successor_sealed = Some(vec![7; 60]);
    work.refresh_tokens().update(&RefreshToken::restore(used)).await?;
    work.refresh_tokens().insert(&successor).await?;
    work.commit().await?;
    Ok(true)
}

on_both_engines!(a_token_is_exchanged_once_however_many_ask_at_the_same_time, async |engine: Engine| {
    let first = family(&engine).await;
    let session = first.snapshot().session_id;
    let mut asking = JoinSet::new();
    for rival in 0..10 {
        asking.spawn(exchange(engine.control.clone(), token(&engine, session, 2, 100 + rival)));
    }
    let mut exchanged = 0;
    while let Some(answer) = asking.join_next().await {
        exchanged += u32::from(answer.unwrap().unwrap());
    }

    assert_eq!(exchanged, 1);
    let mut work = IdentityStore::begin(&engine.control).await.unwrap();
    let used = work.refresh_tokens().of_generation(session, 1).await.unwrap().unwrap();
    assert_eq!(used.snapshot().used_at, Some(engine.clock.now()));
    assert_eq!(used.snapshot().successor_sealed, Some(vec![7; 60]));
    let successor = work.refresh_tokens().of_generation(session, 2).await.unwrap().unwrap();
    assert_eq!(successor.snapshot().used_at, None);
    assert_eq!(work.refresh_tokens().of_generation(session, 3).await.unwrap(), None);
});

on_both_engines!(a_token_comes_back_as_it_was_stored, async |engine: Engine| {
    let first = family(&engine).await;
    let mut work = IdentityStore::begin(&engine.control).await.unwrap();

    let found = work.refresh_tokens().find_for_update(&first.snapshot().token_hash).await.unwrap();

    assert_eq!(found, Some(first));
    assert_eq!(work.refresh_tokens().find_for_update(&TokenHash::from_bytes([9; 32])).await.unwrap(), None);
});
