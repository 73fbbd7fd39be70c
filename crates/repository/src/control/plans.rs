//! Plans, the exceptions made for organizations, and the places that members take.

use super::rows::settings;
use super::store::ControlStore;
use super::work::for_update;
use crate::error::store_error;
use crate::sql::Sql;
use crate::stored::{named, touched};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult};
use serde_json::{Map, Value};
use vigie_auth::Seats;
use vigie_kernel::{Module, ModuleSet, OrganizationId, PlanLimit, PlanLimits, StoreError};
use vigie_tenancy::{
    LimitOverride, ModuleSwitch, OrganizationStatus, Plan, PlanStore, PlanTerms, PlanWork, Subscription,
    SubscriptionRepository, effective_limit,
};

const TERMS: &str = "p.name, p.price_cents, p.members, p.storage_bytes, p.kpis, p.import_values, p.notifications_per_day, p.modules";

#[derive(FromQueryResult)]
struct TermsRow {
    name: String,
    price_cents: Option<i64>,
    members: Option<i64>,
    storage_bytes: Option<i64>,
    kpis: Option<i64>,
    import_values: Option<i64>,
    notifications_per_day: Option<i64>,
    modules: Value,
}

#[derive(FromQueryResult)]
struct HeadRow {
    version: i64,
    settings: Value,
    #[sea_orm(nested)]
    terms: TermsRow,
}

#[derive(FromQueryResult)]
struct LimitRow {
    limit_key: String,
    value: Option<i64>,
    expires_at: Option<DateTime<Utc>>,
}

#[derive(FromQueryResult)]
struct FeatureRow {
    module: String,
    enabled: Option<bool>,
    config: Value,
}

#[derive(FromQueryResult)]
struct PlanRow {
    plan: String,
    members: Option<i64>,
}

#[derive(FromQueryResult)]
struct CountRow {
    members: i64,
}

fn number(column: &str, stored: Option<i64>) -> Result<Option<u64>, StoreError> {
    let read = |number: i64| {
        u64::try_from(number).map_err(|_| StoreError::broken(format!("{column} holds {number}, below zero")))
    };
    stored.map(read).transpose()
}

fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn terms(row: TermsRow) -> Result<PlanTerms, StoreError> {
    let modules: Vec<String> = serde_json::from_value(row.modules)
        .map_err(|error| StoreError::broken(format!("plans.modules: {error}")))?;
    let modules: Result<ModuleSet, StoreError> =
        modules.iter().map(|name| named("plans.modules", name, Module::from_name)).collect();
    Ok(PlanTerms {
        plan: named("plans.name", &row.name, Plan::from_name)?,
        price_cents: number("plans.price_cents", row.price_cents)?,
        limits: PlanLimits {
            members: number("plans.members", row.members)?,
            storage_bytes: number("plans.storage_bytes", row.storage_bytes)?,
            kpis: number("plans.kpis", row.kpis)?,
            import_values: number("plans.import_values", row.import_values)?,
            notifications_per_day: number("plans.notifications_per_day", row.notifications_per_day)?,
        },
        modules: modules?,
    })
}

fn exception(row: &LimitRow) -> Result<LimitOverride, StoreError> {
    Ok(LimitOverride {
        limit: named("organization_limits.limit_key", &row.limit_key, PlanLimit::from_name)?,
        value: number("organization_limits.value", row.value)?,
        expires_at: row.expires_at,
    })
}

fn switch(row: FeatureRow) -> Result<ModuleSwitch, StoreError> {
    let config: Map<String, Value> = serde_json::from_value(row.config)
        .map_err(|error| StoreError::broken(format!("organization_features.config: {error}")))?;
    let module = named("organization_features.module", &row.module, Module::from_name)?;
    Ok(ModuleSwitch { module, enabled: row.enabled, config })
}

async fn limits<C: ConnectionTrait>(
    connection: &C,
    organization: OrganizationId,
) -> Result<Vec<LimitOverride>, StoreError> {
    let rows: Vec<LimitRow> = Sql::new(
        connection,
        "SELECT limit_key, value, expires_at FROM organization_limits WHERE organization_id = $1 ORDER BY limit_key",
    )
    .bind(organization.as_uuid())
    .all(connection)
    .await
    .map_err(store_error)?;
    rows.iter().map(exception).collect()
}

/// Three small statements; who asks often remembers the answer.
pub(super) async fn subscription<C: ConnectionTrait>(
    connection: &C,
    organization: OrganizationId,
) -> Result<Option<Subscription>, StoreError> {
    let head: Option<HeadRow> = Sql::new(
        connection,
        format!(
            "SELECT o.version, o.settings, {TERMS} FROM organizations o JOIN plans p ON p.name = o.plan \
             WHERE o.id = $1 AND o.status <> $2"
        ),
    )
    .bind(organization.as_uuid())
    .bind(OrganizationStatus::Deleted.name())
    .one(connection)
    .await
    .map_err(store_error)?;
    let Some(head) = head else { return Ok(None) };
    let overrides = limits(connection, organization).await?;
    let switches: Vec<FeatureRow> = Sql::new(
        connection,
        "SELECT module, enabled, config FROM organization_features WHERE organization_id = $1 ORDER BY module",
    )
    .bind(organization.as_uuid())
    .all(connection)
    .await
    .map_err(store_error)?;
    Ok(Some(Subscription {
        organization,
        version: head.version,
        terms: terms(head.terms)?,
        overrides,
        switches: switches.into_iter().map(switch).collect::<Result<_, _>>()?,
        outgoing_paused: settings(head.settings)?.outgoing_paused,
    }))
}

/// The invitations of an organization that can still be accepted: each holds a place.
async fn invited<C: ConnectionTrait>(
    connection: &C,
    organization: OrganizationId,
    now: DateTime<Utc>,
) -> Result<u64, StoreError> {
    let row: Option<CountRow> = Sql::new(
        connection,
        "SELECT COUNT(*) AS members FROM invitations WHERE organization_id = $1 AND status = 'pending' AND expires_at > $2",
    )
    .bind(organization.as_uuid())
    .bind(now)
    .one(connection)
    .await
    .map_err(store_error)?;
    Ok(number("invitations", row.map(|row| row.members))?.unwrap_or_default())
}

/// The active members of an organization.
async fn members<C: ConnectionTrait>(
    connection: &C,
    organization: OrganizationId,
) -> Result<u64, StoreError> {
    let row: Option<CountRow> = Sql::new(
        connection,
        "SELECT COUNT(*) AS members FROM memberships WHERE organization_id = $1 AND is_active",
    )
    .bind(organization.as_uuid())
    .one(connection)
    .await
    .map_err(store_error)?;
    let members = number("memberships", row.map(|row| row.members))?;
    members.ok_or_else(|| StoreError::broken("a count that always answers gave no row"))
}

/// Locks an organization's row until the transaction ends. SQLite's immediate transaction is alone anyway.
async fn lock<C: ConnectionTrait>(txn: &C, organization: OrganizationId) -> Result<bool, StoreError> {
    Sql::new(txn, format!("SELECT 1 FROM organizations WHERE id = $1{}", for_update(txn)))
        .bind(organization.as_uuid())
        .exists(txn)
        .await
        .map_err(store_error)
}

/// The places of an organization, counted with its row locked.
pub(super) async fn seats<C: ConnectionTrait>(
    txn: &C,
    organization: OrganizationId,
    now: DateTime<Utc>,
) -> Result<Seats, StoreError> {
    // Each of the following statements sees what was committed before the lock was had.
    lock(txn, organization).await?;
    let plan: Option<PlanRow> = Sql::new(
        txn,
        "SELECT o.plan, p.members FROM organizations o JOIN plans p ON p.name = o.plan WHERE o.id = $1",
    )
    .bind(organization.as_uuid())
    .one(txn)
    .await
    .map_err(store_error)?;
    let plan = plan.ok_or(StoreError::TenantUnavailable("tenant_unknown"))?;
    let overrides = limits(txn, organization).await?;
    let exception = overrides.iter().find(|exception| exception.limit == PlanLimit::Members);
    let of_plan = number("plans.members", plan.members)?;
    Ok(Seats {
        plan: named("organizations.plan", &plan.plan, Plan::from_name)?.name(),
        max: effective_limit(of_plan, exception, now),
        taken: members(txn, organization).await?,
        invited: invited(txn, organization, now).await?,
    })
}

#[async_trait]
impl PlanStore for ControlStore {
    async fn begin(&self) -> Result<Box<dyn PlanWork>, StoreError> {
        Ok(self.work().await?)
    }

    async fn plans(&self) -> Result<Vec<PlanTerms>, StoreError> {
        let connection = self.connection();
        let rows: Vec<TermsRow> =
            Sql::new(connection, format!("SELECT {TERMS} FROM plans p ORDER BY p.sort_order, p.name"))
                .all(connection)
                .await
                .map_err(store_error)?;
        rows.into_iter().map(terms).collect()
    }

    async fn subscription(&self, organization: OrganizationId) -> Result<Option<Subscription>, StoreError> {
        subscription(self.connection(), organization).await
    }

    async fn members(&self, organization: OrganizationId, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let control = self.connection();
        Ok(members(control, organization).await? + invited(control, organization, now).await?)
    }
}

pub(super) struct SeaSubscriptions<'a, C>(pub(super) &'a C);

#[async_trait]
impl<C: ConnectionTrait> SubscriptionRepository for SeaSubscriptions<'_, C> {
    async fn find_for_update(
        &mut self,
        organization: OrganizationId,
    ) -> Result<Option<Subscription>, StoreError> {
        lock(self.0, organization).await?;
        subscription(self.0, organization).await
    }

    async fn terms(&mut self, plan: Plan) -> Result<PlanTerms, StoreError> {
        let row: Option<TermsRow> =
            Sql::new(self.0, format!("SELECT {TERMS} FROM plans p WHERE p.name = $1"))
                .bind(plan.name())
                .one(self.0)
                .await
                .map_err(store_error)?;
        terms(row.ok_or_else(|| StoreError::broken(format!("there is no plan {}", plan.name())))?)
    }

    async fn put_plan(&mut self, subscription: &Subscription, now: DateTime<Utc>) -> Result<(), StoreError> {
        let rows = Sql::new(
            self.0,
            "UPDATE organizations SET plan = $2, version = $3, updated_at = $4 WHERE id = $1 AND version = $3 - 1",
        )
        .bind(subscription.organization.as_uuid())
        .bind(subscription.terms.plan.name())
        .bind(subscription.version)
        .bind(now)
        .execute(self.0)
        .await
        .map_err(store_error)?;
        touched(rows)
    }

    async fn put_limit(
        &mut self,
        organization: OrganizationId,
        exception: &LimitOverride,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        Sql::new(
            self.0,
            "INSERT INTO organization_limits (organization_id, limit_key, value, expires_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5) ON CONFLICT (organization_id, limit_key) \
             DO UPDATE SET value = excluded.value, expires_at = excluded.expires_at, updated_at = excluded.updated_at",
        )
        .bind(organization.as_uuid())
        .bind(exception.limit.name())
        .bind(exception.value.map(signed))
        .bind(exception.expires_at)
        .bind(now)
        .execute(self.0)
        .await
        .map(|_| ())
        .map_err(store_error)
    }

    async fn remove_limit(
        &mut self,
        organization: OrganizationId,
        limit: PlanLimit,
    ) -> Result<(), StoreError> {
        Sql::new(self.0, "DELETE FROM organization_limits WHERE organization_id = $1 AND limit_key = $2")
            .bind(organization.as_uuid())
            .bind(limit.name())
            .execute(self.0)
            .await
            .map(|_| ())
            .map_err(store_error)
    }

    async fn put_module(
        &mut self,
        organization: OrganizationId,
        switch: &ModuleSwitch,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let sql = if switch.is_undecided() {
            Sql::new(self.0, "DELETE FROM organization_features WHERE organization_id = $1 AND module = $2")
                .bind(organization.as_uuid())
                .bind(switch.module.name())
        } else {
            Sql::new(
                self.0,
                "INSERT INTO organization_features (organization_id, module, enabled, config, updated_at) \
                 VALUES ($1, $2, $3, $4, $5) ON CONFLICT (organization_id, module) \
                 DO UPDATE SET enabled = excluded.enabled, config = excluded.config, updated_at = excluded.updated_at",
            )
            .bind(organization.as_uuid())
            .bind(switch.module.name())
            .bind(switch.enabled)
            .bind(Value::Object(switch.config.clone()))
            .bind(now)
        };
        sql.execute(self.0).await.map(|_| ()).map_err(store_error)
    }
}
