//! Tokens that are mailed, sign-ups that wait for a proof, and jobs that are added with a change.

use crate::common::{Engine, count};
use crate::on_both_engines;
use chrono::TimeDelta;
use serde_json::json;
use tokio::task::JoinSet;
use vigie_auth::{
    ConsumedToken, IdentityStore, IdentityUpkeep, OneTimeToken, PasswordHash, PendingSignUp, TokenHash,
    TokenPurpose,
};
use vigie_jobs::{Lane, OutboxMessage};
use vigie_kernel::{Clock, EmailAddress, Locale, SignUpId, Slug, UserId};

fn hash(byte: u8) -> TokenHash {
    TokenHash::from_bytes([byte; 32])
}

fn token(engine: &Engine, user: UserId, byte: u8) -> OneTimeToken {
    let now = engine.clock.now();
    OneTimeToken {
        id: engine.ids.next(),
        hash: hash(byte),
        purpose: TokenPurpose::VerifyEmail,
        user,
        organization: None,
        email_key: Some("marie@example.org".to_owned()),
        created_at: now,
        expires_at: now + TimeDelta::hours(24),
    }
}

fn sign_up(engine: &Engine, email: &str) -> PendingSignUp {
    PendingSignUp {
        id: engine.ids.next(),
        email: EmailAddress::parse(email).unwrap(),
        full_name: "Marie Curie".to_owned(),
        organization_name: "Radium".to_owned(),
        slug: Some(Slug::parse("radium").unwrap()),
        password_hash: PasswordHash::from_phc("$argon2id$x".to_owned()),
        locale: Some(Locale::Fr),
        created_at: engine.clock.now(),
    }
}

async fn waiting(engine: &Engine, email: &str, byte: u8) -> PendingSignUp {
    let sign_up = sign_up(engine, email);
    let mut work = IdentityStore::begin(&engine.control).await.unwrap();
    work.sign_ups().insert(&sign_up).await.unwrap();
    let until = engine.clock.now() + TimeDelta::hours(24);
    work.sign_ups().set_token(sign_up.id, &hash(byte), until).await.unwrap();
    work.commit().await.unwrap();
    sign_up
}

on_both_engines!(a_mailed_token_is_used_once_and_tells_its_address, async |engine: Engine| {
    let marie = engine.account("marie@example.org").await;
    let mut work = IdentityStore::begin(&engine.control).await.unwrap();
    work.one_time_tokens().insert(&token(&engine, marie.id(), 1)).await.unwrap();
    work.commit().await.unwrap();
    let now = engine.clock.now();
    let mut rivals = JoinSet::new();
    for _ in 0..8 {
        let control = engine.control.clone();
        rivals.spawn(async move {
            let mut work = IdentityStore::begin(&control).await.unwrap();
            let used = work.one_time_tokens().consume(&hash(1), TokenPurpose::VerifyEmail, now).await;
            work.commit().await.unwrap();
            used.unwrap()
        });
    }
    let used: Vec<_> = rivals.join_all().await.into_iter().flatten().collect();
    let email_key = Some("marie@example.org".to_owned());
    assert_eq!(used, [ConsumedToken { user: marie.id(), email_key }]);
});

on_both_engines!(a_sign_up_comes_back_as_it_was_and_its_token_works_once, async |engine: Engine| {
    let kept = waiting(&engine, "Marie@example.org", 1).await;
    engine.clock.advance(TimeDelta::seconds(1));
    let later = waiting(&engine, "marie@EXAMPLE.org", 2).await;
    let now = engine.clock.now();
    let mut work = IdentityStore::begin(&engine.control).await.unwrap();
    let since = now - TimeDelta::days(3);
    let latest = work.sign_ups().latest_of("marie@example.org", since).await.unwrap();
    assert_eq!(latest, Some(later.id));
    assert_eq!(work.sign_ups().latest_of("marie@example.org", now).await.unwrap(), None);
    assert_eq!(work.sign_ups().find_for_update(kept.id).await.unwrap().as_ref(), Some(&kept));

    assert_eq!(work.sign_ups().consume(&hash(9), now).await.unwrap(), None);
    let expired = now + TimeDelta::hours(24);
    assert_eq!(work.sign_ups().consume(&hash(1), expired).await.unwrap(), None);
    assert_eq!(work.sign_ups().consume(&hash(1), now).await.unwrap().as_ref(), Some(&kept));
    assert_eq!(work.sign_ups().consume(&hash(1), now).await.unwrap(), None);
    assert_eq!(work.sign_ups().find_for_update(kept.id).await.unwrap(), None);
    work.sign_ups().give_back(kept.id).await.unwrap();
    assert!(work.sign_ups().consume(&hash(1), now).await.unwrap().is_some());
    work.sign_ups().remove(kept.id).await.unwrap();
    work.sign_ups().remove(kept.id).await.unwrap();
    let absent: SignUpId = engine.ids.next();
    assert!(work.sign_ups().set_token(absent, &hash(3), now).await.is_err());
});

on_both_engines!(tokens_and_sign_ups_are_forgotten_after_their_time, async |engine: Engine| {
    let marie = engine.account("marie@example.org").await;
    let mut work = IdentityStore::begin(&engine.control).await.unwrap();
    work.one_time_tokens().insert(&token(&engine, marie.id(), 1)).await.unwrap();
    work.commit().await.unwrap();
    waiting(&engine, "pierre@example.org", 2).await;
    let now = engine.clock.now();
    assert_eq!(engine.control.forget_tokens(now, 10).await.unwrap(), 0);
    assert_eq!(engine.control.forget_tokens(now + TimeDelta::days(2), 10).await.unwrap(), 2);
    assert_eq!(engine.control.forget_tokens(now + TimeDelta::days(2), 10).await.unwrap(), 0);
});

on_both_engines!(a_job_is_there_with_its_change_or_not_at_all, async |engine: Engine| {
    let message = |id| OutboxMessage {
        id,
        name: "auth.send-mail".to_owned(),
        lane: Lane::Security,
        once: None,
        exclusive: None,
        payload: json!({ "kind": "reset_password" }),
        max_attempts: 10,
        run_at: engine.clock.now(),
        request_id: "request-1".to_owned(),
    };
    let mut dropped = IdentityStore::begin(&engine.control).await.unwrap();
    dropped.jobs().add(None, &message(engine.ids.next())).await.unwrap();
    drop(dropped);
    assert_eq!(count(engine.control.connection(), "FROM jobs").await, 0);

    let mut work = IdentityStore::begin(&engine.control).await.unwrap();
    work.jobs().add(None, &message(engine.ids.next())).await.unwrap();
    work.commit().await.unwrap();
    let claimed = engine.queue.claim().await.unwrap().unwrap();
    assert_eq!((claimed.name.as_str(), claimed.organization), ("auth.send-mail", None));
});
