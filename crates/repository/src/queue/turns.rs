//! Whose turn it is.
//!
//! `job_turns.ready_at` says: before this instant no job of this owner and lane can run, as far as is known; NULL when none waits.
//! **Only a claim raises it**, holding the row's lock and having looked at the jobs since. Everybody else only lowers it, after writing the
//! job and in the same transaction. So a job can never wait behind a turn that is later than it; a turn that is too early costs one look.

use super::{JobQueue, organization_of};
use crate::error::store_error;
use crate::server::is_postgres;
use crate::sql::Sql;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;
use vigie_jobs::Lane;
use vigie_kernel::StoreError;

/// The row (called `t`) is the platform's own, or its organization is open: the jobs of a locked one wait.
pub(crate) const OPEN: &str = "(t.organization_id IS NULL OR EXISTS (SELECT 1 FROM organizations o \
    WHERE o.id = t.organization_id AND o.status IN ('active', 'read_only')))";

/// What there is to do, without taking any of it.
#[derive(Debug)]
pub(super) struct Due {
    lanes: [bool; 3],
    /// Whether leases ran out.
    pub(super) lost: bool,
}

#[derive(FromQueryResult)]
struct DueRow {
    ready: i32,
}

/// The mark of leases that ran out, among the ranks of lanes.
const LOST: i32 = -1;

impl Due {
    pub(super) fn in_lane(&self, lane: Lane) -> bool {
        Lane::ALL.into_iter().zip(self.lanes).any(|(each, due)| each == lane && due)
    }
}

#[derive(FromQueryResult)]
struct Turn {
    owner_id: Uuid,
}

/// What there is to do: one statement that locks nothing, which is all that an idle worker costs.
pub(super) async fn due<C: ConnectionTrait>(connection: &C, now: DateTime<Utc>) -> Result<Due, StoreError> {
    let ready = Lane::ALL.map(|lane| {
        let rank = lane.rank();
        format!(
            "SELECT {rank} AS ready WHERE EXISTS \
             (SELECT 1 FROM job_turns t WHERE t.lane_rank = {rank} AND t.ready_at <= $1 AND {OPEN}) UNION ALL "
        )
    });
    let text = format!(
        "{}SELECT {LOST} WHERE EXISTS (SELECT 1 FROM jobs WHERE status = 'running' AND lease_until < $1)",
        ready.concat()
    );
    let rows: Vec<DueRow> =
        Sql::new(connection, text).bind(now).all(connection).await.map_err(store_error)?;
    let has = |mark: i32| rows.iter().any(|row| row.ready == mark);
    Ok(Due { lanes: Lane::ALL.map(|lane| has(lane.rank())), lost: has(LOST) })
}

/// Locks the turn of the owner who was served the longest time ago, of those that may have something to run. Turns that another claim
/// holds are passed over. On SQLite the transaction keeps other claims out.
pub(super) async fn lock_next<C: ConnectionTrait>(
    txn: &C,
    lane: Lane,
    now: DateTime<Utc>,
) -> Result<Option<Uuid>, StoreError> {
    let lock = if is_postgres(txn) { " FOR UPDATE OF t SKIP LOCKED" } else { "" };
    let text = format!(
        "SELECT t.owner_id FROM job_turns t WHERE t.lane_rank = $1 AND t.ready_at <= $2 AND {OPEN} \
         ORDER BY t.turn, t.owner_id LIMIT 1{lock}"
    );
    let turn: Option<Turn> =
        Sql::new(txn, text).bind(lane.rank()).bind(now).one(txn).await.map_err(store_error)?;
    Ok(turn.map(|turn| turn.owner_id))
}

/// Puts an owner behind all others of the lane.
pub(super) async fn served<C: ConnectionTrait>(
    txn: &C,
    owner: Uuid,
    lane: Lane,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    // Microseconds: two claims in one and the same still take turns.
    Sql::new(
        txn,
        "UPDATE job_turns SET turn = CASE WHEN turn >= $3 THEN turn + 1 ELSE $3 END \
         WHERE owner_id = $1 AND lane_rank = $2",
    )
    .bind(owner)
    .bind(lane.rank())
    .bind(now.timestamp_micros())
    .execute(txn)
    .await
    .map(|_| ())
    .map_err(store_error)
}

/// Notes under the turn's lock that nothing of it can run before an instant, or that nothing waits.
pub(super) async fn park<C: ConnectionTrait>(
    txn: &C,
    owner: Uuid,
    lane: Lane,
    until: Option<DateTime<Utc>>,
) -> Result<(), StoreError> {
    Sql::new(txn, "UPDATE job_turns SET ready_at = $3 WHERE owner_id = $1 AND lane_rank = $2")
        .bind(owner)
        .bind(lane.rank())
        .bind(until)
        .execute(txn)
        .await
        .map(|_| ())
        .map_err(store_error)
}

/// Notes that a job of the owner waits from an instant on.
pub(crate) async fn lower<C: ConnectionTrait>(
    txn: &C,
    owner: Uuid,
    lane: Lane,
    ready_at: DateTime<Utc>,
) -> Result<(), StoreError> {
    Sql::new(
        txn,
        "INSERT INTO job_turns (owner_id, lane_rank, organization_id, turn, ready_at) VALUES ($1, $2, $3, 0, $4) \
         ON CONFLICT (owner_id, lane_rank) DO UPDATE SET ready_at = excluded.ready_at \
         WHERE job_turns.ready_at IS NULL OR job_turns.ready_at > excluded.ready_at",
    )
    .bind(owner)
    .bind(lane.rank())
    .bind(organization_of(owner))
    .bind(ready_at)
    .execute(txn)
    .await
    .map(|_| ())
    .map_err(store_error)
}

/// Whom the end of a job lets go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Frees {
    /// Nobody: it kept nobody waiting.
    Nobody,
    /// Jobs of its owner in its lane, of which only so many may run at once.
    Lane,
    /// Jobs of its owner in any lane, one of which may have the same exclusive key.
    Owner,
}

/// Notes the end of a job's attempt: whom it lets go on, and from when the job itself waits again.
///
/// Turns are written in the order of the lanes, by everybody, so that two transactions never wait for each other.
pub(super) async fn ended<C: ConnectionTrait>(
    txn: &C,
    owner: Uuid,
    lane: Lane,
    frees: Frees,
    waits_from: Option<DateTime<Utc>>,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    for each in Lane::ALL {
        let let_go = match frees {
            Frees::Nobody => false,
            Frees::Lane => each == lane,
            Frees::Owner => true,
        };
        if each == lane
            && let Some(waits_from) = waits_from
        {
            lower(txn, owner, each, waits_from).await?;
        }
        if let_go {
            // No condition on `ready_at` selects the row: a claim that is about to raise it, having seen this job run, is waited for, and
            // what it wrote is lowered. Selected by what it was before, the row would be passed over and the turn kept late.
            Sql::new(
                txn,
                "UPDATE job_turns SET ready_at = CASE WHEN ready_at > $3 THEN $3 ELSE ready_at END \
                 WHERE owner_id = $1 AND lane_rank = $2",
            )
            .bind(owner)
            .bind(each.rank())
            .bind(now)
            .execute(txn)
            .await
            .map_err(store_error)?;
        }
    }
    Ok(())
}

#[derive(FromQueryResult)]
struct Unseen {
    owner_id: Uuid,
    lane_rank: i32,
    run_at: DateTime<Utc>,
}

impl JobQueue {
    /// Gives every owner of waiting jobs his turn, should he have none: an older version of the product, which knows no turns, may still
    /// have been adding jobs after the migration. Answers how many had none.
    pub async fn mend_turns(&self) -> Result<usize, StoreError> {
        Sql::new(
            &self.control,
            "UPDATE jobs SET owner_id = organization_id \
             WHERE status = 'queued' AND owner_id = $1 AND organization_id IS NOT NULL",
        )
        .bind(Uuid::nil())
        .execute(&self.control)
        .await
        .map_err(store_error)?;
        let unseen: Vec<Unseen> = Sql::new(
            &self.control,
            "SELECT j.owner_id, j.lane_rank, MIN(j.run_at) AS run_at FROM jobs j WHERE j.status = 'queued' AND NOT EXISTS \
             (SELECT 1 FROM job_turns t WHERE t.owner_id = j.owner_id AND t.lane_rank = j.lane_rank AND t.ready_at IS NOT NULL) \
             GROUP BY j.owner_id, j.lane_rank",
        )
        .all(&self.control)
        .await
        .map_err(store_error)?;
        for turn in &unseen {
            if let Some(lane) = Lane::from_rank(turn.lane_rank) {
                lower(&self.control, turn.owner_id, lane, turn.run_at).await?;
            }
        }
        if !unseen.is_empty() {
            self.announce();
        }
        Ok(unseen.len())
    }
}
