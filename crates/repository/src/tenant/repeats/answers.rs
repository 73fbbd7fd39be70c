//! The kept answers of one organization.

use crate::error::store_error;
use crate::server::is_postgres;
use crate::sql::Sql;
use crate::stored::narrow;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult};
use vigie_kernel::{Fingerprint, KeptAnswer, KeyedRequest, Repeat, StoreError, UserId};

/// How long an answer is kept.
const KEPT: TimeDelta = TimeDelta::hours(24);
/// Expired answers that one request clears away at most.
const PRUNED: i64 = 100;

#[derive(FromQueryResult)]
struct Row {
    fingerprint: Vec<u8>,
    status: i32,
    location: Option<String>,
    etag: Option<String>,
    body: Vec<u8>,
}

/// What is known of the actor's key at `now`: the same request's answer, another request, or nothing.
pub(super) async fn find<C: ConnectionTrait>(
    connection: &C,
    actor: UserId,
    request: &KeyedRequest,
    now: DateTime<Utc>,
) -> Result<Option<Repeat>, StoreError> {
    let row: Option<Row> = Sql::new(
        connection,
        "SELECT fingerprint, status, location, etag, body FROM repeatable_requests \
         WHERE actor_id = $1 AND idempotency_key = $2 AND created_at > $3",
    )
    .bind(actor.as_uuid())
    .bind(request.key.as_str())
    .bind(now - KEPT)
    .one(connection)
    .await
    .map_err(store_error)?;
    let Some(row) = row else { return Ok(None) };
    if row.fingerprint != request.fingerprint.as_bytes() {
        return Ok(Some(Repeat::OtherRequest));
    }
    Ok(Some(Repeat::Repeated(KeptAnswer {
        status: narrow("status", row.status)?,
        location: row.location,
        etag: row.etag,
        body: row.body,
    })))
}

/// Keeps an answer; false when the key has one that has not expired.
pub(super) async fn keep<C: ConnectionTrait>(
    connection: &C,
    actor: UserId,
    request: &KeyedRequest,
    answer: &KeptAnswer,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let rows = Sql::new(
        connection,
        "INSERT INTO repeatable_requests (actor_id, idempotency_key, fingerprint, status, location, etag, body, \
         created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (actor_id, idempotency_key) DO UPDATE \
         SET fingerprint = excluded.fingerprint, status = excluded.status, location = excluded.location, \
         etag = excluded.etag, body = excluded.body, created_at = excluded.created_at \
         WHERE repeatable_requests.created_at <= $9",
    )
    .bind(actor.as_uuid())
    .bind(request.key.as_str())
    .bind(request.fingerprint.as_bytes().to_vec())
    .bind(i32::from(answer.status))
    .bind(answer.location.as_deref())
    .bind(answer.etag.as_deref())
    .bind(answer.body.clone())
    .bind(now)
    .bind(now - KEPT)
    .execute(connection)
    .await
    .map_err(store_error)?;
    Ok(rows == 1)
}

/// Clears expired answers away, a few at a time: each request with a key takes more than it adds.
pub(super) async fn prune<C: ConnectionTrait>(connection: &C, now: DateTime<Utc>) -> Result<(), StoreError> {
    // Two requests that clear away at once must not wait for each other.
    let lock = if is_postgres(connection) { " FOR UPDATE SKIP LOCKED" } else { "" };
    Sql::new(
        connection,
        format!(
            "DELETE FROM repeatable_requests WHERE (actor_id, idempotency_key) IN (SELECT actor_id, idempotency_key \
             FROM repeatable_requests WHERE created_at <= $1 ORDER BY created_at LIMIT $2{lock})"
        ),
    )
    .bind(now - KEPT)
    .bind(PRUNED)
    .execute(connection)
    .await
    .map(|_| ())
    .map_err(store_error)
}

/// Takes the turn of the actor's key among all processes, for as long as the transaction lasts; false when another has it. SQLite has
/// one writer anyway.
pub(super) async fn claim<C: ConnectionTrait>(
    connection: &C,
    actor: UserId,
    request: &KeyedRequest,
) -> Result<bool, StoreError> {
    #[derive(FromQueryResult)]
    struct Claim {
        got: bool,
    }
    if !is_postgres(connection) {
        return Ok(true);
    }
    let claim: Option<Claim> = Sql::new(connection, "SELECT pg_try_advisory_xact_lock($1) AS got")
        .bind(lock_number(actor, request))
        .one(connection)
        .await
        .map_err(store_error)?;
    Ok(claim.is_some_and(|claim| claim.got))
}

/// The advisory lock of a key: 64 bits of a hash, for two keys that share one only wait for each other's turn.
fn lock_number(actor: UserId, request: &KeyedRequest) -> i64 {
    let hash =
        Fingerprint::of(&[b"idempotency", actor.as_uuid().as_bytes(), request.key.as_str().as_bytes()]);
    hash.as_bytes().first_chunk().map_or(0, |bytes| i64::from_be_bytes(*bytes))
}
