//! Forgetting what nobody needs any more.

use crate::common::{Engine, count, session};
use crate::on_both_engines;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use vigie_auth::{
    ForgottenSessions, IdentityStore, IdentityUpkeep, RefreshToken, RefreshTokenSnapshot, Session,
    SessionEnd, SessionEndReason, TokenHash,
};
use vigie_kernel::{Clock, SessionId};

/// A session that expires so many days from now, was ended so many days ago, and has so many tokens, all but the last one used.
async fn stored(engine: &Engine, expires: i64, ended: Option<i64>, tokens: i32) -> SessionId {
    let now = engine.clock.now();
    let user = engine.account(&format!("{}@example.org", engine.ids.next_uuid())).await;
    let mut snapshot = session(engine, user.id(), None).snapshot().clone();
    snapshot.created_at = now - TimeDelta::days(60);
    snapshot.expires_at = now + TimeDelta::days(expires);
    snapshot.ended =
        ended.map(|days| SessionEnd { at: now - TimeDelta::days(days), reason: SessionEndReason::Logout });
    let id = snapshot.id;
    let mut work = IdentityStore::begin(&engine.control).await.unwrap();
    work.sessions().insert(&Session::restore(snapshot)).await.unwrap();
    for generation in 1..=tokens {
        let mut hash = [0; 32];
        hash[..16].copy_from_slice(engine.ids.next_uuid().as_bytes());
        let token = RefreshToken::restore(RefreshTokenSnapshot {
            id: engine.ids.next(),
            session_id: id,
            token_hash: TokenHash::from_bytes(hash),
            generation,
            issued_at: now - TimeDelta::days(40),
            expires_at: now - TimeDelta::days(33),
            used_at: (generation < tokens).then_some(now - TimeDelta::days(35)),
            successor_sealed: None,
        });
        work.refresh_tokens().insert(&token).await.unwrap();
    }
    work.commit().await.unwrap();
    id
}

fn a_week_ago(engine: &Engine) -> DateTime<Utc> {
    engine.clock.now() - TimeDelta::days(7)
}

async fn tokens_of(engine: &Engine, session: SessionId) -> usize {
    let mut work = IdentityStore::begin(&engine.control).await.unwrap();
    let mut found = 0;
    while work
        .refresh_tokens()
        .of_generation(session, i32::try_from(found).unwrap() + 1)
        .await
        .unwrap()
        .is_some()
    {
        found += 1;
    }
    found
}

on_both_engines!(long_dead_sessions_go_with_their_tokens_and_no_others, async |engine: Engine| {
    let live = stored(&engine, 3, None, 5).await;
    let just_ended = stored(&engine, 3, Some(6), 2).await;
    let just_expired = stored(&engine, -6, None, 2).await;
    let ended = stored(&engine, 3, Some(8), 2).await;
    let expired = stored(&engine, -8, None, 3).await;
    let both = stored(&engine, -9, Some(20), 1).await;

    let gone = engine.control.forget_sessions(a_week_ago(&engine), 500).await.unwrap();
    assert_eq!(gone, ForgottenSessions { sessions: 3, refresh_tokens: 6 });
    let again = engine.control.forget_sessions(a_week_ago(&engine), 500).await.unwrap();
    assert_eq!(again, ForgottenSessions::default());
    let mut work = IdentityStore::begin(&engine.control).await.unwrap();
    for (session, is_kept) in [
        (live, true),
        (just_ended, true),
        (just_expired, true),
        (ended, false),
        (expired, false),
        (both, false),
    ] {
        assert_eq!(work.sessions().find_for_update(session).await.unwrap().is_some(), is_kept);
    }
    drop(work);
    // Used and expired long ago, they are what tells a stolen one.
    assert_eq!(tokens_of(&engine, live).await, 5);
    assert_eq!(tokens_of(&engine, just_ended).await, 2);
    assert_eq!(count(engine.control.connection(), "FROM refresh_tokens").await, 9);
});

on_both_engines!(so_many_go_at_a_time_however_many_there_are, async |engine: Engine| {
    let large = stored(&engine, 3, Some(30), 7).await;
    for _ in 0..4 {
        stored(&engine, 3, Some(10), 0).await;
    }
    let mut rounds = Vec::new();
    loop {
        let gone = engine.control.forget_sessions(a_week_ago(&engine), 3).await.unwrap();
        if gone == ForgottenSessions::default() {
            break;
        }
        rounds.push((gone.sessions, gone.refresh_tokens));
        assert!(gone.sessions <= 3 && gone.refresh_tokens <= 3, "{gone:?}");
    }
    // The large one waits for its tokens; the small ones beside it do not.
    assert_eq!(rounds, [(2, 3), (2, 3), (1, 1)]);
    assert_eq!(tokens_of(&engine, large).await, 0);
    assert_eq!(count(engine.control.connection(), "FROM sessions").await, 0);
});

on_both_engines!(processes_that_forget_at_the_same_time_do_not_disturb_each_other, async |engine: Engine| {
    for _ in 0..20 {
        stored(&engine, 3, Some(10), 3).await;
    }
    let before = a_week_ago(&engine);
    let mut forgetting = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let control = engine.control.clone();
        forgetting.spawn(async move {
            let mut sum = (0, 0);
            for _ in 0..30 {
                let gone = control.forget_sessions(before, 7).await.unwrap();
                sum = (sum.0 + gone.sessions, sum.1 + gone.refresh_tokens);
            }
            sum
        });
    }
    let mut sum = (0, 0);
    while let Some(gone) = forgetting.join_next().await {
        let gone = gone.unwrap();
        sum = (sum.0 + gone.0, sum.1 + gone.1);
    }
    assert_eq!(sum, (20, 60));
    assert_eq!(count(engine.control.connection(), "FROM sessions").await, 0);
});

on_both_engines!(old_failures_go_and_fresh_ones_stay, async |engine: Engine| {
    let now = engine.clock.now();
    let mut work = IdentityStore::begin(&engine.control).await.unwrap();
    for number in 0..5 {
        work.login_attempts()
            .count_failure(&format!("old-{number}"), now - TimeDelta::days(31))
            .await
            .unwrap();
    }
    work.login_attempts().count_failure("old-3", now - TimeDelta::days(2)).await.unwrap();
    work.login_attempts().count_failure("fresh", now).await.unwrap();
    work.commit().await.unwrap();
    let forget = async || engine.control.forget_login_attempts(now - TimeDelta::days(30), 3).await.unwrap();
    assert_eq!((forget().await, forget().await, forget().await), (3, 1, 0));
    let mut reads = IdentityStore::read(&engine.control).await.unwrap();
    assert_eq!(reads.login_attempts("old-3").await.unwrap().unwrap().failures, 2);
    assert!(reads.login_attempts("fresh").await.unwrap().is_some());
    assert!(reads.login_attempts("old-0").await.unwrap().is_none());
});

on_both_engines!(what_is_to_be_forgotten_is_found_along_an_index, async |engine: Engine| {
    let control = engine.control.connection();
    let backend = control.get_database_backend();
    let explain = if backend == DbBackend::Postgres { "EXPLAIN" } else { "EXPLAIN QUERY PLAN" };
    for (table, column, index) in [
        ("sessions", "revoked_at", "sessions_revoked_idx"),
        ("sessions", "expires_at", "sessions_expires_idx"),
        ("login_attempts", "last_failed_at", "login_attempts_failed_idx"),
    ] {
        let query = format!(
            "{explain} SELECT * FROM {table} WHERE {column} < '2026-11-01 00:00:00+00:00' ORDER BY {column} LIMIT 5"
        );
        let txn = sea_orm::TransactionTrait::begin(control).await.unwrap();
        if backend == DbBackend::Postgres {
            // An empty table is read whole otherwise.
            txn.execute_unprepared("SET LOCAL enable_seqscan = off").await.unwrap();
            txn.execute_unprepared("SET LOCAL enable_sort = off").await.unwrap();
        }
        let rows = txn.query_all_raw(Statement::from_string(backend, query)).await.unwrap();
        let column = if backend == DbBackend::Postgres { "QUERY PLAN" } else { "detail" };
        let plan: Vec<String> = rows.iter().map(|row| row.try_get("", column).unwrap()).collect();
        assert!(plan.iter().any(|line| line.contains(index)), "{plan:?}");
    }
});
