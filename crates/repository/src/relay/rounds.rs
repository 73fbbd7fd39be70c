//! Going round the organizations' outboxes, in case a signal was lost with its process.
//!
//! One process of the installation does so at a time, whoever has the lease. Organizations that somebody has used lately are looked at
//! every half minute until nobody has for a while; the others seldom and slowly. A look is no use: it keeps no organization open and
//! pushes none out.

use super::Relay;
use crate::error::store_error;
use crate::sql::{Sql, push_in};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::{StreamExt as _, stream};
use sea_orm::FromQueryResult;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use uuid::Uuid;
use vigie_kernel::{OrganizationId, StoreError};

/// What the lease is called.
const LEASE: &str = "outbox-rounds";
/// How long it holds without a round. A process that dies has a successor after so long.
const HELD: TimeDelta = TimeDelta::seconds(15);
/// How long an organization is watched after somebody has used it.
const WATCHED: TimeDelta = TimeDelta::minutes(2);
/// What is noted lasts so much longer at least: an organization in steady use is written down once in a while, not at every look.
const NOTED_AGAIN: TimeDelta = TimeDelta::seconds(30);
/// Between two looks at an organization that is watched.
const WATCH_EVERY: TimeDelta = TimeDelta::seconds(30);
/// Organizations that are watched, of one round.
const WATCHED_AT_ONCE: i64 = 200;
/// Looks at the same time.
const AT_ONCE: usize = 4;
/// Between two looks at one of the others.
const LOOK_EVERY: TimeDelta = TimeDelta::hours(1);
/// Of the others, at most so many wait for their look.
const NEXT: usize = 10;
/// Rows that are read to find them: those of closed organizations are only passed.
const READ: i64 = 100;
/// How often organizations are looked for that have no row yet.
const FILL_EVERY: TimeDelta = TimeDelta::minutes(5);
/// Organizations written down in one statement.
const CHUNK: usize = 500;

/// What this process remembers between two rounds.
#[derive(Default)]
pub(super) struct Rounds {
    next: VecDeque<OrganizationId>,
    filled_at: Option<DateTime<Utc>>,
    noted: Option<Instant>,
}

#[derive(FromQueryResult)]
struct Due {
    organization_id: Uuid,
    status: String,
}

impl Due {
    fn is_open(&self) -> bool {
        matches!(self.status.as_str(), "active" | "read_only")
    }
}

impl Relay {
    /// Writes down which organizations this process has used since the last call, and those whose messages could not be relayed, so that
    /// they are watched even when this process goes away. Every few seconds.
    pub async fn note_use(&self) -> Result<(), StoreError> {
        let since = {
            let mut rounds = self.rounds.lock().await;
            rounds.noted.replace(Instant::now())
        };
        let mut used = self.registry.used_since(since);
        used.extend(self.stuck());
        used.sort();
        used.dedup();
        let now = self.queue.now();
        for some in used.chunks(CHUNK) {
            let mut sql = Sql::new(
                &self.control,
                "INSERT INTO outbox_rounds (organization_id, watched_until, looked_at) SELECT o.id, ",
            );
            sql.push_value(now + WATCHED).push(", ").push_value(DateTime::<Utc>::UNIX_EPOCH);
            sql.push(" FROM organizations o WHERE ");
            push_in(&mut sql, "o.id", some.iter().map(|id| id.as_uuid()));
            sql.push(
                " ON CONFLICT (organization_id) DO UPDATE SET watched_until = excluded.watched_until \
                 WHERE outbox_rounds.watched_until < ",
            );
            sql.push_value(now + WATCHED - NOTED_AGAIN);
            sql.execute(&self.control).await.map_err(store_error)?;
        }
        Ok(())
    }

    /// Takes or keeps the lease; with it, relays what organizations that are watched have waiting, and finds out which of the others are
    /// next for [`Relay::look_at_next`]. How many messages were relayed; `None` when another process goes round. Every few seconds.
    pub async fn round(&self) -> Result<Option<usize>, StoreError> {
        let now = self.queue.now();
        let mut rounds = self.rounds.lock().await;
        if !self.holds_lease(now).await? {
            *rounds = Rounds { noted: rounds.noted, ..Rounds::default() };
            return Ok(None);
        }
        if rounds.filled_at.is_none_or(|at| now - at >= FILL_EVERY) {
            self.fill().await?;
            rounds.filled_at = Some(now);
        }
        if rounds.next.is_empty() {
            rounds.next = self.others(now).await?;
        }
        drop(rounds);
        self.watch(now).await.map(Some)
    }

    /// Looks at the next organization that nobody has used lately; how many messages it had, `None` when none is due. The caller lets
    /// half a second pass between two calls.
    pub async fn look_at_next(&self) -> Result<Option<usize>, StoreError> {
        let now = self.queue.now();
        let Some(next) = self.rounds.lock().await.next.pop_front() else { return Ok(None) };
        let relayed = self.look(next).await.unwrap_or_default();
        self.mark(&[next.as_uuid()], now).await?;
        Ok(Some(relayed))
    }

    /// Lets another process go round at once: for the end of this one.
    pub async fn end_rounds(&self) -> Result<(), StoreError> {
        Sql::new(&self.control, "DELETE FROM leases WHERE name = $1 AND holder = $2")
            .bind(LEASE)
            .bind(self.holder)
            .execute(&self.control)
            .await
            .map(|_| ())
            .map_err(store_error)
    }

    async fn holds_lease(&self, now: DateTime<Utc>) -> Result<bool, StoreError> {
        let rows = Sql::new(
            &self.control,
            "INSERT INTO leases (name, holder, expires_at) VALUES ($1, $2, $3) ON CONFLICT (name) DO UPDATE SET \
             holder = excluded.holder, expires_at = excluded.expires_at \
             WHERE leases.holder = excluded.holder OR leases.expires_at <= $4",
        )
        .bind(LEASE)
        .bind(self.holder)
        .bind(now + HELD)
        .bind(now)
        .execute(&self.control)
        .await
        .map_err(store_error)?;
        Ok(rows == 1)
    }

    /// Gives organizations that no process has written down a row of their own.
    async fn fill(&self) -> Result<(), StoreError> {
        let mut sql = Sql::new(
            &self.control,
            "INSERT INTO outbox_rounds (organization_id, watched_until, looked_at) SELECT o.id, ",
        );
        sql.push_value(DateTime::<Utc>::UNIX_EPOCH).push(", ").push_value(DateTime::<Utc>::UNIX_EPOCH).push(
            " FROM organizations o WHERE o.status IN ('active', 'read_only') AND NOT EXISTS \
             (SELECT 1 FROM outbox_rounds r WHERE r.organization_id = o.id) ON CONFLICT (organization_id) DO NOTHING",
        );
        sql.execute(&self.control).await.map(|_| ()).map_err(store_error)
    }

    async fn watch(&self, now: DateTime<Utc>) -> Result<usize, StoreError> {
        let due: Vec<Due> = Sql::new(
            &self.control,
            "SELECT r.organization_id, o.status FROM outbox_rounds r JOIN organizations o ON o.id = r.organization_id \
             WHERE r.watched_until > r.looked_at AND r.looked_at <= $1 ORDER BY r.looked_at, r.organization_id LIMIT $2",
        )
        .bind(now - WATCH_EVERY)
        .bind(WATCHED_AT_ONCE)
        .all(&self.control)
        .await
        .map_err(store_error)?;
        let open: Vec<OrganizationId> =
            due.iter().filter(|due| due.is_open()).map(|due| due.organization_id.into()).collect();
        let (relayed, failed) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
        stream::iter(open)
            .for_each_concurrent(AT_ONCE, async |organization| match self.look(organization).await {
                Some(found) => {
                    relayed.fetch_add(found, Ordering::Relaxed);
                }
                None => failed.lock().unwrap_or_else(PoisonError::into_inner).push(organization.as_uuid()),
            })
            .await;
        // Marked when they were looked at, as of before: what came meanwhile is found by the next look, whoever does it.
        let looked_at: Vec<Uuid> = due.iter().map(|due| due.organization_id).collect();
        self.mark(&looked_at, now).await?;
        let failed = failed.into_inner().unwrap_or_else(PoisonError::into_inner);
        self.watch_on(&failed, now).await?;
        Ok(relayed.into_inner())
    }

    /// Goes on watching organizations in use whose databases did not answer.
    async fn watch_on(&self, organizations: &[Uuid], now: DateTime<Utc>) -> Result<(), StoreError> {
        if organizations.is_empty() {
            return Ok(());
        }
        let mut sql = Sql::new(&self.control, "UPDATE outbox_rounds SET watched_until = ");
        sql.push_value(now + WATCHED).push(" WHERE ");
        push_in(&mut sql, "organization_id", organizations.iter().copied());
        sql.execute(&self.control).await.map(|_| ()).map_err(store_error)
    }

    async fn others(&self, now: DateTime<Utc>) -> Result<VecDeque<OrganizationId>, StoreError> {
        let due: Vec<Due> = Sql::new(
            &self.control,
            "SELECT r.organization_id, o.status FROM outbox_rounds r JOIN organizations o ON o.id = r.organization_id \
             WHERE r.looked_at <= $1 ORDER BY r.looked_at, r.organization_id LIMIT $2",
        )
        .bind(now - LOOK_EVERY)
        .bind(READ)
        .all(&self.control)
        .await
        .map_err(store_error)?;
        let mut next = VecDeque::new();
        let mut closed = Vec::new();
        for due in due {
            if !due.is_open() {
                closed.push(due.organization_id);
            } else if next.len() < NEXT {
                next.push_back(due.organization_id.into());
            }
        }
        self.mark(&closed, now).await?;
        Ok(next)
    }

    async fn mark(&self, organizations: &[Uuid], now: DateTime<Utc>) -> Result<(), StoreError> {
        if organizations.is_empty() {
            return Ok(());
        }
        let mut sql = Sql::new(&self.control, "UPDATE outbox_rounds SET looked_at = ");
        sql.push_value(now).push(" WHERE ");
        push_in(&mut sql, "organization_id", organizations.iter().copied());
        sql.execute(&self.control).await.map(|_| ()).map_err(store_error)
    }

    /// Relays what one organization has waiting; `None` when that failed. One whose database does not answer must not hold up the others.
    async fn look(&self, organization: OrganizationId) -> Option<usize> {
        match self.relay_in_passing(organization).await {
            Ok(relayed) => {
                if relayed > 0 {
                    tracing::info!(organization.id = %organization, relayed, "messages were found that nobody had announced");
                }
                Some(relayed)
            }
            Err(error) => {
                tracing::warn!(organization.id = %organization, %error, "its outbox was not looked at");
                None
            }
        }
    }
}

/// How often [`Relay::round`] and [`Relay::note_use`] are to be called, and how long a look waits for the one before it.
#[derive(Clone, Copy, Debug)]
pub struct RoundPace {
    /// Between two rounds.
    pub round: Duration,
    /// Between two looks at organizations that nobody uses.
    pub look: Duration,
}

impl Default for RoundPace {
    /// Rounds every five seconds, two looks a second.
    fn default() -> Self {
        Self { round: Duration::from_secs(5), look: Duration::from_millis(500) }
    }
}
