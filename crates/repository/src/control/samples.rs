//! Samples of organizations, and whose turn it is.

use super::plans;
use super::store::ControlStore;
use crate::error::store_error;
use crate::sql::{Sql, push_in};
use crate::stored::{named, narrow};
use crate::transaction;
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;
use vigie_kernel::{Health, OrganizationId, OrganizationStatus, PlanLimit, PlanLimits, StoreError};
use vigie_migrations::TenantMigrator;
use vigie_platform_monitoring::{
    Gap, HealthRule, Measured, OrganizationFacts, OrganizationSample, PACE, SAMPLE_LEASE, SampleClaim,
    SampleFigures, SampleLease, SampleStore, SchemaState,
};
use vigie_tenancy::HealthWanted;

/// Organizations that are taken into the row at a time.
const ENROLLED_AT_ONCE: i64 = 1_000;
/// Nobody takes the next turn for so far ahead: whoever did had a clock that was wrong.
const NO_PACE: TimeDelta = TimeDelta::minutes(1);

#[derive(FromQueryResult)]
struct Turn {
    organization_id: Uuid,
}

#[derive(FromQueryResult)]
struct Pace {
    next_at: Option<DateTime<Utc>>,
}

#[derive(FromQueryResult)]
struct FactsRow {
    database_name: String,
    status: String,
    created_at: DateTime<Utc>,
    schema_version: Option<i32>,
    members: i64,
    users: i64,
    last_used_at: Option<DateTime<Utc>>,
    last_backup_at: Option<DateTime<Utc>>,
    migration_failures: Option<i32>,
    sample_failures: Option<i32>,
}

#[derive(FromQueryResult)]
struct SampleRow {
    organization_id: Uuid,
    sampled_at: DateTime<Utc>,
    health_rule: Option<String>,
    members: Option<i64>,
    users: Option<i64>,
    kpis: Option<i64>,
    database_size_bytes: Option<i64>,
    active_connections: Option<i64>,
    storage_bytes: Option<i64>,
    last_activity: Option<DateTime<Utc>>,
    gap: Option<String>,
    failures_in_a_row: i32,
}

#[derive(FromQueryResult)]
struct StatusRow {
    status: String,
    organizations: i64,
}

#[derive(FromQueryResult)]
struct SuccessRow {
    last_success_at: Option<DateTime<Utc>>,
}

fn count(column: &str, stored: i64) -> Result<u64, StoreError> {
    u64::try_from(stored).map_err(|_| StoreError::broken(format!("{column} holds {stored}, below zero")))
}

fn counted(column: &str, stored: Option<i64>) -> Result<Option<u64>, StoreError> {
    stored.map(|stored| count(column, stored)).transpose()
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// `AND` the organization `o` is sampled. What a restore is making is `failed` too, until it is done.
fn push_sampled(sql: &mut Sql, o: &str) {
    sql.push(" AND ");
    push_in(sql, &format!("{o}status"), OrganizationFacts::SAMPLED.map(OrganizationStatus::name));
    sql.push(&format!(
        " AND ({o}status <> 'failed' OR {o}status_reason IS NULL OR {o}status_reason <> 'restoring')"
    ));
}

/// `AND` the organization has that health at its latest sample.
pub(super) fn with_health(sql: &mut Sql, o: &str, wanted: &HealthWanted) {
    push_sampled(sql, o);
    sql.push(&format!(
        " AND EXISTS (SELECT 1 FROM organization_samples s WHERE s.organization_id = {o}id AND "
    ));
    match wanted.health {
        Health::Healthy => {
            sql.push("s.health = 'healthy' AND s.sampled_at >= ").push_value(wanted.stale_before);
        }
        Health::Warning => {
            sql.push("(s.health = 'warning' OR (s.health = 'healthy' AND s.sampled_at < ");
            sql.push_value(wanted.stale_before).push("))");
        }
        Health::Critical => {
            sql.push("s.health = 'critical'");
        }
    }
    sql.push(")");
}

fn sample(row: &SampleRow) -> Result<OrganizationSample, StoreError> {
    let rule = row.health_rule.as_deref();
    let rule = rule.map(|rule| named("organization_samples.health_rule", rule, HealthRule::from_name));
    let gap = row.gap.as_deref().map(|gap| named("organization_samples.gap", gap, Gap::from_name));
    Ok(OrganizationSample {
        organization: row.organization_id.into(),
        sampled_at: row.sampled_at,
        members: count("organization_samples.members", row.members.unwrap_or_default())?,
        users: count("organization_samples.users", row.users.unwrap_or_default())?,
        measured: Measured {
            database_size_bytes: counted(
                "organization_samples.database_size_bytes",
                row.database_size_bytes,
            )?,
            active_connections: counted("organization_samples.active_connections", row.active_connections)?,
            kpis: counted("organization_samples.kpis", row.kpis)?,
            storage_bytes: counted("organization_samples.storage_bytes", row.storage_bytes)?,
            last_activity: row.last_activity,
        },
        gap: gap.transpose()?,
        failures_in_a_row: narrow("organization_samples.failures_in_a_row", row.failures_in_a_row)?,
        rule: rule.transpose()?,
    })
}

const FACTS: &str = "SELECT o.database_name, o.status, o.created_at, o.schema_version, \
    (SELECT COUNT(*) FROM memberships m WHERE m.organization_id = o.id AND m.is_active) AS members, \
    (SELECT COUNT(*) FROM memberships m JOIN users u ON u.id = m.user_id \
        WHERE m.organization_id = o.id AND m.is_active AND u.is_active) AS users, \
    (SELECT e.last_used_at FROM sessions e WHERE e.organization_id = o.id ORDER BY e.last_used_at DESC LIMIT 1) AS last_used_at, \
    (SELECT b.created_at FROM backups b WHERE b.organization_id = o.id AND b.status = 'done' \
        ORDER BY b.created_at DESC, b.id DESC LIMIT 1) AS last_backup_at, \
    (SELECT f.failures_in_a_row FROM migration_failures f WHERE f.organization_id = o.id) AS migration_failures, \
    (SELECT s.failures_in_a_row FROM organization_samples s WHERE s.organization_id = o.id) AS sample_failures \
    FROM organizations o WHERE o.id = ";

impl FactsRow {
    fn facts(
        self,
        organization: OrganizationId,
        limits: PlanLimits,
    ) -> Result<OrganizationFacts, StoreError> {
        let schema = match (self.schema_version, self.migration_failures) {
            (Some(version), _) if version >= TenantMigrator::COUNT => SchemaState::Current,
            (Some(_) | None, Some(1..)) => SchemaState::MigrationFailed,
            (Some(_) | None, Some(_) | None) => SchemaState::Behind,
        };
        let failures = self.sample_failures.unwrap_or_default();
        Ok(OrganizationFacts {
            organization,
            database_name: self.database_name,
            status: named("organizations.status", &self.status, OrganizationStatus::from_name)?,
            created_at: self.created_at,
            schema,
            limits,
            members: count("memberships", self.members)?,
            users: count("memberships", self.users)?,
            last_used_at: self.last_used_at,
            last_backup_at: self.last_backup_at,
            failures_in_a_row: narrow("organization_samples.failures_in_a_row", failures)?,
        })
    }
}

/// Takes the installation's next turn for somebody; `Some` when it is not before that instant.
async fn take_pace<C: ConnectionTrait>(
    txn: &C,
    now: DateTime<Utc>,
) -> Result<Option<DateTime<Utc>>, StoreError> {
    let taken = Sql::new(
        txn,
        "UPDATE sampling SET next_at = $1 WHERE id = 1 AND (next_at IS NULL OR next_at <= $2 OR next_at > $3)",
    )
    .bind(now + PACE)
    .bind(now)
    .bind(now + NO_PACE)
    .execute(txn)
    .await
    .map_err(store_error)?;
    if taken == 1 {
        return Ok(None);
    }
    let pace: Option<Pace> =
        Sql::new(txn, "SELECT next_at FROM sampling WHERE id = 1").one(txn).await.map_err(store_error)?;
    let pace = pace.ok_or_else(|| StoreError::broken("sampling has no row"))?;
    Ok(Some(pace.next_at.unwrap_or(now)))
}

#[async_trait]
impl SampleStore for ControlStore {
    async fn enrol(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut sql = Sql::new(
            self.connection(),
            "INSERT INTO organization_samples (organization_id, due_at, failures_in_a_row) SELECT o.id, ",
        );
        sql.push_value(now).push(", 0 FROM organizations o WHERE NOT EXISTS ");
        sql.push("(SELECT 1 FROM organization_samples s WHERE s.organization_id = o.id)");
        push_sampled(&mut sql, "o.");
        sql.push(" LIMIT ").push_value(ENROLLED_AT_ONCE).push(" ON CONFLICT (organization_id) DO NOTHING");
        sql.execute(self.connection()).await.map_err(store_error)
    }

    async fn claim(&self, now: DateTime<Utc>) -> Result<SampleClaim, StoreError> {
        // Who has nothing to do takes no lock.
        let is_due = Sql::new(
            self.connection(),
            "SELECT organization_id FROM organization_samples WHERE due_at <= $1 ORDER BY due_at LIMIT 1",
        )
        .bind(now)
        .exists(self.connection())
        .await
        .map_err(store_error)?;
        if !is_due {
            return Ok(SampleClaim::Nothing);
        }
        let until = now + SAMPLE_LEASE;
        let txn = transaction::begin(self.connection()).await?;
        if let Some(next) = take_pace(&txn, now).await? {
            return Ok(SampleClaim::Wait(next));
        }
        let turn: Option<Turn> = Sql::new(
            &txn,
            "UPDATE organization_samples SET due_at = $1 WHERE due_at <= $2 AND organization_id = \
             (SELECT organization_id FROM organization_samples WHERE due_at <= $2 ORDER BY due_at, organization_id LIMIT 1) \
             RETURNING organization_id",
        )
        .bind(until)
        .bind(now)
        .one(&txn)
        .await
        .map_err(store_error)?;
        // Somebody has just taken it: then the pace is not spent either.
        let Some(turn) = turn else { return Ok(SampleClaim::Nothing) };
        txn.commit().await.map_err(store_error)?;
        Ok(SampleClaim::Taken(SampleLease { organization: turn.organization_id.into(), until }))
    }

    async fn claim_one(
        &self,
        organization: OrganizationId,
        now: DateTime<Utc>,
    ) -> Result<SampleClaim, StoreError> {
        let until = now + SAMPLE_LEASE;
        let txn = transaction::begin(self.connection()).await?;
        if let Some(next) = take_pace(&txn, now).await? {
            return Ok(SampleClaim::Wait(next));
        }
        Sql::new(
            &txn,
            "INSERT INTO organization_samples (organization_id, due_at, failures_in_a_row) VALUES ($1, $2, 0) \
             ON CONFLICT (organization_id) DO UPDATE SET due_at = excluded.due_at",
        )
        .bind(organization.as_uuid())
        .bind(until)
        .execute(&txn)
        .await
        .map_err(store_error)?;
        txn.commit().await.map_err(store_error)?;
        Ok(SampleClaim::Taken(SampleLease { organization, until }))
    }

    async fn facts(
        &self,
        organization: OrganizationId,
        now: DateTime<Utc>,
    ) -> Result<Option<OrganizationFacts>, StoreError> {
        let control = self.connection();
        let mut sql = Sql::new(control, FACTS);
        sql.push_value(organization.as_uuid());
        push_sampled(&mut sql, "o.");
        let row: Option<FactsRow> = sql.one(control).await.map_err(store_error)?;
        let Some(row) = row else { return Ok(None) };
        let Some(terms) = plans::subscription(control, organization).await? else { return Ok(None) };
        let limits = PlanLimit::ALL
            .into_iter()
            .fold(PlanLimits::NONE, |all, limit| all.with(limit, terms.limit(limit, now)));
        row.facts(organization, limits).map(Some)
    }

    async fn record(
        &self,
        lease: &SampleLease,
        sample: &OrganizationSample,
        due_at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let control = self.connection();
        let of = |number: Option<u64>| number.map(signed);
        let measured = &sample.measured;
        let stored = Sql::new(
            control,
            "UPDATE organization_samples SET due_at = $3, sampled_at = $4, health = $5, health_rule = $6, members = $7, \
             users = $8, kpis = $9, database_size_bytes = $10, active_connections = $11, storage_bytes = $12, \
             last_activity = $13, gap = $14, failures_in_a_row = $15 WHERE organization_id = $1 AND due_at = $2",
        )
        .bind(lease.organization.as_uuid())
        .bind(lease.until)
        .bind(due_at)
        .bind(sample.sampled_at)
        .bind(sample.health().name())
        .bind(sample.rule.map(HealthRule::name))
        .bind(signed(sample.members))
        .bind(signed(sample.users))
        .bind(of(measured.kpis))
        .bind(of(measured.database_size_bytes))
        .bind(of(measured.active_connections))
        .bind(of(measured.storage_bytes))
        .bind(measured.last_activity)
        .bind(sample.gap.map(Gap::name))
        .bind(i32::try_from(sample.failures_in_a_row).unwrap_or(i32::MAX))
        .execute(control)
        .await
        .map_err(store_error)?;
        if stored == 1 && sample.gap.is_none() && measured.database_size_bytes.is_some() {
            Sql::new(
                control,
                "UPDATE sampling SET last_success_at = $1 WHERE id = 1 AND (last_success_at IS NULL OR last_success_at < $1)",
            )
            .bind(sample.sampled_at)
            .execute(control)
            .await
            .map_err(store_error)?;
        }
        Ok(stored == 1)
    }

    async fn retire(&self, lease: &SampleLease) -> Result<(), StoreError> {
        Sql::new(
            self.connection(),
            "DELETE FROM organization_samples WHERE organization_id = $1 AND due_at = $2",
        )
        .bind(lease.organization.as_uuid())
        .bind(lease.until)
        .execute(self.connection())
        .await
        .map(|_| ())
        .map_err(store_error)
    }

    async fn samples(&self, organizations: &[OrganizationId]) -> Result<Vec<OrganizationSample>, StoreError> {
        if organizations.is_empty() {
            return Ok(Vec::new());
        }
        let mut sql = Sql::new(
            self.connection(),
            "SELECT s.organization_id, s.sampled_at, s.health_rule, s.members, s.users, s.kpis, s.database_size_bytes, \
             s.active_connections, s.storage_bytes, s.last_activity, s.gap, s.failures_in_a_row \
             FROM organization_samples s JOIN organizations o ON o.id = s.organization_id \
             WHERE s.sampled_at IS NOT NULL AND ",
        );
        push_in(&mut sql, "s.organization_id", organizations.iter().map(|id| id.as_uuid()));
        push_sampled(&mut sql, "o.");
        let rows: Vec<SampleRow> = sql.all(self.connection()).await.map_err(store_error)?;
        rows.iter().map(sample).collect()
    }

    async fn figures(&self) -> Result<SampleFigures, StoreError> {
        let control = self.connection();
        let rows: Vec<StatusRow> = Sql::new(
            control,
            "SELECT status, COUNT(*) AS organizations FROM organizations GROUP BY status ORDER BY status",
        )
        .all(control)
        .await
        .map_err(store_error)?;
        let success: Option<SuccessRow> =
            Sql::new(control, "SELECT last_success_at FROM sampling WHERE id = 1")
                .one(control)
                .await
                .map_err(store_error)?;
        let organizations = rows.into_iter().map(|row| {
            let status = named("organizations.status", &row.status, OrganizationStatus::from_name)?;
            Ok((status, count("organizations", row.organizations)?))
        });
        Ok(SampleFigures {
            organizations: organizations.collect::<Result<_, StoreError>>()?,
            last_success_at: success.and_then(|row| row.last_success_at),
        })
    }
}
