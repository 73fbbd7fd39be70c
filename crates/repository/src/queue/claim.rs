//! Claiming jobs.

use super::turns::Frees;
use super::{JobQueue, lease, turns};
use crate::error::store_error;
use crate::server::is_postgres;
use crate::sql::Sql;
use crate::transaction;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbErr, FromQueryResult, SqlErr};
use std::collections::HashSet;
use std::time::Duration;
use uuid::Uuid;
use vigie_jobs::Lane;
use vigie_kernel::{JobId, OrganizationId, StoreError};

/// How often a claim tries again when others hold all that there is to take, and how long it waits in between: as long as a claim takes.
const TRIES: u32 = 5;
const PAUSE: Duration = Duration::from_millis(3);
/// What has to wait for a lease that should have ended is looked at again after this time.
const SOON: TimeDelta = TimeDelta::seconds(1);

/// A job that this process holds.
#[derive(Clone, Debug)]
pub struct ClaimedJob {
    /// The job.
    pub id: JobId,
    /// Its name.
    pub name: String,
    /// The lane it came from.
    pub lane: Lane,
    /// Whose job it is; `None` for the platform's own.
    pub organization: Option<OrganizationId>,
    /// The job itself.
    pub payload: serde_json::Value,
    /// The request that caused it.
    pub request_id: String,
    /// Counted from 1.
    pub attempt: u16,
    /// Attempts before it is dead.
    pub max_attempts: u16,
    pub(super) owner: Uuid,
    pub(super) token: Uuid,
    pub(super) started_at: DateTime<Utc>,
    pub(super) frees: Frees,
}

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    name: String,
    owner_id: Uuid,
    organization_id: Option<Uuid>,
    exclusive_key: String,
    payload: serde_json::Value,
    request_id: String,
    attempt: i32,
    max_attempts: i32,
}

/// The first of the jobs of an owner that exclude each other; without a key, of those that exclude nothing.
#[derive(FromQueryResult)]
struct Head {
    id: Uuid,
    run_at: DateTime<Utc>,
    /// While one with the key runs: how long its lease lasts.
    busy_until: Option<DateTime<Utc>>,
}

#[derive(FromQueryResult)]
struct Running {
    count: i64,
    until: Option<DateTime<Utc>>,
}

/// What a look at the jobs of one owner gives.
enum Look {
    /// This one is next.
    Take(Uuid),
    /// None can run before that instant; none waits at all.
    Until(Option<DateTime<Utc>>),
}

enum Attempt {
    Claimed(ClaimedJob),
    Nothing,
    /// There is something, which others are busy with at this moment.
    Busy,
}

/// The head of each exclusive key of an owner's lane. One step along the index for each key, not for each job.
const HEADS: &str = "WITH RECURSIVE keys (k) AS ( \
        SELECT MIN(exclusive_key) FROM jobs WHERE status = 'queued' AND lane_rank = $1 AND owner_id = $2 \
        UNION ALL \
        SELECT (SELECT MIN(n.exclusive_key) FROM jobs n \
            WHERE n.status = 'queued' AND n.lane_rank = $1 AND n.owner_id = $2 AND n.exclusive_key > keys.k) \
        FROM keys WHERE keys.k IS NOT NULL) \
    SELECT h.id, h.run_at, CASE WHEN h.exclusive_key = '' THEN NULL ELSE (SELECT MAX(r.lease_until) FROM jobs r \
        WHERE r.status = 'running' AND r.owner_id = $2 AND r.exclusive_key = h.exclusive_key) END AS busy_until \
    FROM jobs h WHERE h.id IN (SELECT (SELECT f.id FROM jobs f \
        WHERE f.status = 'queued' AND f.lane_rank = $1 AND f.owner_id = $2 AND f.exclusive_key = keys.k \
        ORDER BY f.run_at, f.id LIMIT 1) FROM keys WHERE keys.k IS NOT NULL)";

impl JobQueue {
    /// Takes the next job that is due, urgent lanes first.
    pub async fn claim(&self) -> Result<Option<ClaimedJob>, StoreError> {
        self.claim_from(&Lane::ALL).await
    }

    /// Takes the next job that is due in these lanes, the first one first: of the organization that was served the longest time ago, the
    /// job that waits longest. Organizations that are not open wait, and so do those that have as many jobs under way as they may
    /// ([`super::QueueLimits`]), and jobs whose exclusive key runs. Jobs whose lease ran out go back into the queue before.
    pub async fn claim_from(&self, lanes: &[Lane]) -> Result<Option<ClaimedJob>, StoreError> {
        for _ in 0..TRIES {
            match self.try_claim(lanes).await? {
                Attempt::Claimed(job) => return Ok(Some(job)),
                Attempt::Nothing => return Ok(None),
                Attempt::Busy => tokio::time::sleep(PAUSE).await,
            }
        }
        Ok(None)
    }

    async fn try_claim(&self, lanes: &[Lane]) -> Result<Attempt, StoreError> {
        let now = self.clock.now();
        let mut due = turns::due(&self.control, now).await?;
        if due.lost && self.take_back_lost().await? > 0 {
            due = turns::due(&self.control, now).await?;
        }
        let mut busy = false;
        for lane in lanes.iter().filter(|lane| due.in_lane(**lane)) {
            match self.claim_in(*lane, now).await? {
                Attempt::Claimed(job) => return Ok(Attempt::Claimed(job)),
                Attempt::Nothing => {}
                Attempt::Busy => busy = true,
            }
        }
        Ok(if busy { Attempt::Busy } else { Attempt::Nothing })
    }

    async fn claim_in(&self, lane: Lane, now: DateTime<Utc>) -> Result<Attempt, StoreError> {
        let txn = transaction::begin(&self.control).await?;
        let mut looked_at = HashSet::new();
        while let Some(owner) = turns::lock_next(&txn, lane, now).await? {
            if !looked_at.insert(owner) {
                break;
            }
            let head = match self.look(&txn, owner, lane, now).await? {
                Look::Take(head) => head,
                Look::Until(until) => {
                    turns::park(&txn, owner, lane, until).await?;
                    continue;
                }
            };
            let token = self.ids.next_uuid();
            let row = match take(&txn, head, token, now).await {
                // Another lane's claim was quicker with the same exclusive key.
                Err(error) if matches!(error.sql_err(), Some(SqlErr::UniqueConstraintViolation(_))) => {
                    return Ok(Attempt::Busy);
                }
                outcome => outcome.map_err(store_error)?,
            };
            // Nobody else can have claimed it: it is being cancelled, for instance.
            let Some(row) = row else { break };
            turns::served(&txn, owner, lane, now).await?;
            txn.commit().await.map_err(store_error)?;
            return claimed(row, lane, token, now, self.limits.at_once(owner, lane).is_some())
                .map(Attempt::Claimed);
        }
        txn.commit().await.map_err(store_error)?;
        let left = turns::due(&self.control, now).await?.in_lane(lane);
        Ok(if left { Attempt::Busy } else { Attempt::Nothing })
    }

    /// The job of this owner that is next, or until when none can be.
    async fn look(
        &self,
        txn: &DatabaseTransaction,
        owner: Uuid,
        lane: Lane,
        now: DateTime<Utc>,
    ) -> Result<Look, StoreError> {
        let soon = now + SOON;
        if let Some(at_once) = self.limits.at_once(owner, lane) {
            let running = running(txn, owner, lane).await?;
            if running.count >= at_once {
                return Ok(Look::Until(Some(running.until.map_or(soon, |until| until.max(soon)))));
            }
        }
        let heads: Vec<Head> =
            Sql::new(txn, HEADS).bind(lane.rank()).bind(owner).all(txn).await.map_err(store_error)?;
        let ready = heads.iter().filter(|head| head.run_at <= now && head.busy_until.is_none());
        if let Some(next) = ready.min_by_key(|head| (head.run_at, head.id)) {
            return Ok(Look::Take(next.id));
        }
        let until = heads.iter().map(|head| match head.busy_until {
            Some(busy_until) => busy_until.max(soon),
            None => head.run_at,
        });
        Ok(Look::Until(until.min()))
    }
}

async fn running<C: ConnectionTrait>(txn: &C, owner: Uuid, lane: Lane) -> Result<Running, StoreError> {
    let running = Sql::new(
        txn,
        "SELECT COUNT(*) AS count, MIN(lease_until) AS until FROM jobs \
         WHERE status = 'running' AND owner_id = $1 AND lane_rank = $2",
    )
    .bind(owner)
    .bind(lane.rank())
    .one(txn)
    .await
    .map_err(store_error)?;
    running.ok_or_else(|| StoreError::broken("a count gave no row"))
}

/// Takes the job, unless somebody holds its row: a claim holds a turn and must not wait for who may be waiting for that turn.
async fn take(
    txn: &DatabaseTransaction,
    job: Uuid,
    token: Uuid,
    now: DateTime<Utc>,
) -> Result<Option<Row>, DbErr> {
    let lock = if is_postgres(txn) { " FOR UPDATE SKIP LOCKED" } else { "" };
    let text = format!(
        "UPDATE jobs SET status = 'running', attempt = attempt + 1, lease_until = $2, lease_token = $3, started_at = $4 \
         WHERE id = (SELECT f.id FROM jobs f WHERE f.id = $1 AND f.status = 'queued'{lock}) \
         RETURNING id, name, owner_id, organization_id, exclusive_key, payload, request_id, attempt, max_attempts"
    );
    Sql::new(txn, text).bind(job).bind(now + lease::length()).bind(token).bind(now).one(txn).await
}

fn claimed(
    row: Row,
    lane: Lane,
    token: Uuid,
    started_at: DateTime<Utc>,
    limited: bool,
) -> Result<ClaimedJob, StoreError> {
    let frees = match (row.exclusive_key.as_str(), limited) {
        ("", false) => Frees::Nobody,
        ("", true) => Frees::Lane,
        (_, _) => Frees::Owner,
    };
    let small = |number: i32| u16::try_from(number).map_err(|error| StoreError::Broken(Box::new(error)));
    Ok(ClaimedJob {
        id: row.id.into(),
        name: row.name,
        lane,
        organization: row.organization_id.map(Into::into),
        payload: row.payload,
        request_id: row.request_id,
        attempt: small(row.attempt)?,
        max_attempts: small(row.max_attempts)?,
        owner: row.owner_id,
        token,
        started_at,
        frees,
    })
}
