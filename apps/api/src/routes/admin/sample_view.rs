//! How samples of organizations are shown, and what else only one organization is shown with.

use super::view::AdminOrganizationView;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use vigie_platform_monitoring::{Gap, HealthRule, Measured, OrganizationSample};
use vigie_tenancy::LimitOverride;

/// What the background sampler has last found out about an organization. What is not known is null, never zero.
#[derive(Serialize, ToSchema)]
pub(crate) struct SampleView {
    /// `healthy`, `warning` or `critical`.
    health: &'static str,
    /// The rule that fired, such as `backup_overdue`; null when healthy.
    health_rule: Option<&'static str>,
    /// When it was taken. Each is renewed every hour; one that is older than two hours is at `warning` (`sample_stale`).
    sampled_at: DateTime<Utc>,
    /// Why the organization's database told nothing: `timeout`, `unreachable`, `foreign` or `broken`; null when it did.
    gap: Option<&'static str>,
    /// Active members, as the plan counts them.
    members: u64,
    /// Those among them whose accounts may be used.
    users: u64,
    /// KPIs that are not archived.
    kpis: Option<u64>,
    /// Bytes of the database on disk.
    database_size_bytes: Option<u64>,
    /// Connections to the database; not known on SQLite.
    active_connections: Option<u64>,
    /// Bytes of uploaded files.
    storage_bytes: Option<u64>,
    /// When a member was last seen or something last changed.
    last_activity: Option<DateTime<Utc>>,
}

impl From<OrganizationSample> for SampleView {
    fn from(sample: OrganizationSample) -> Self {
        let health = sample.health().name();
        let OrganizationSample {
            organization: _,
            sampled_at,
            members,
            users,
            measured,
            gap,
            failures_in_a_row: _,
            rule,
        } = sample;
        let Measured { database_size_bytes, active_connections, kpis, storage_bytes, last_activity } =
            measured;
        Self {
            health,
            health_rule: rule.map(HealthRule::name),
            sampled_at,
            gap: gap.map(Gap::name),
            members,
            users,
            kpis,
            database_size_bytes,
            active_connections,
            storage_bytes,
            last_activity,
        }
    }
}

/// An exception from a limit of the organization's plan.
#[derive(Serialize, ToSchema)]
pub(crate) struct LimitExceptionView {
    /// `members`, `storage_bytes`, `kpis`, `import_values` or `notifications_per_day`.
    key: &'static str,
    /// The number; null is no limit.
    limit: Option<u64>,
    /// From when on the plan's limit counts again; null is never.
    expires_at: Option<DateTime<Utc>>,
    /// Whether that has come: then the plan's limit counts.
    expired: bool,
}

impl LimitExceptionView {
    pub(super) fn new(exception: &LimitOverride, now: DateTime<Utc>) -> Self {
        let LimitOverride { limit, value, expires_at } = *exception;
        Self { key: limit.name(), limit: value, expires_at, expired: !exception.counts_at(now) }
    }
}

/// One organization, as the operator sees it.
#[derive(Serialize, ToSchema)]
pub(crate) struct AdminOrganizationDetailsView {
    #[serde(flatten)]
    pub(super) organization: AdminOrganizationView,
    /// Exceptions from the limits of its plan, expired ones too until they are taken back.
    pub(super) limit_exceptions: Vec<LimitExceptionView>,
}
