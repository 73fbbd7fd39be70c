//! The reports as use cases.

use crate::{KpiError, Overview, Policy, ReportingStore, Risk, overview, top_risks};
use async_trait::async_trait;
use chrono::NaiveDate;
use std::sync::Arc;
use vigie_kernel::{Clock, FieldError, Permission, TenantContext};

/// The most risks that are listed.
pub const MAX_TOP_RISKS: i64 = 100;
/// Risks listed when the caller does not say.
const DEFAULT_TOP_RISKS: i64 = 10;

/// Asks for the overview.
#[derive(Clone, Copy, Debug, Default)]
pub struct OverviewQuery {
    /// Periods that ended before this date count; today when absent, and not after today.
    pub as_of: Option<NaiveDate>,
    /// How headlines are made; [`Policy::CriticalCap`] when absent.
    pub policy: Option<Policy>,
}

/// Asks for the worst KPIs.
#[derive(Clone, Copy, Debug, Default)]
pub struct TopRisksQuery {
    /// 1 to 100; 10 when absent.
    pub limit: Option<i64>,
    /// Periods that ended before this date count; today when absent, and not after today.
    pub as_of: Option<NaiveDate>,
}

/// Reports over the organization, for whoever may read dashboards.
#[async_trait]
pub trait ReportingService: Send + Sync {
    /// Counts, coverage, score, headline and actions by organization, process and dashboard.
    async fn overview(&self, tenant: &TenantContext, query: OverviewQuery) -> Result<Overview, KpiError>;
    /// The worst KPIs: red then orange, then by score, weight and code.
    async fn top_risks(&self, tenant: &TenantContext, query: TopRisksQuery) -> Result<Vec<Risk>, KpiError>;
}

/// The implementation of [`ReportingService`].
pub struct Reporting {
    store: Arc<dyn ReportingStore>,
    clock: Arc<dyn Clock>,
}

impl Reporting {
    /// Reports over what the store holds.
    #[must_use]
    pub fn new(store: Arc<dyn ReportingStore>, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock }
    }

    /// The date that a report is for, and today.
    fn dates(
        &self,
        tenant: &TenantContext,
        as_of: Option<NaiveDate>,
    ) -> Result<(NaiveDate, NaiveDate), KpiError> {
        let today = tenant.today(self.clock.now());
        let as_of = as_of.unwrap_or(today);
        if as_of > today {
            return Err(FieldError::new("as_of", "date_in_future").with("today", today).into());
        }
        Ok((as_of, today))
    }
}

#[async_trait]
impl ReportingService for Reporting {
    async fn overview(&self, tenant: &TenantContext, query: OverviewQuery) -> Result<Overview, KpiError> {
        tenant.require(Permission::DashboardRead)?;
        let (as_of, today) = self.dates(tenant, query.as_of)?;
        let rows = self.store.reporting(tenant).await?.standings(as_of, today).await?;
        let policy = query.policy.unwrap_or(Policy::CriticalCap);
        Ok(overview(&rows, policy, tenant.settings().working_days, as_of))
    }

    async fn top_risks(&self, tenant: &TenantContext, query: TopRisksQuery) -> Result<Vec<Risk>, KpiError> {
        tenant.require(Permission::DashboardRead)?;
        let limit = query.limit.unwrap_or(DEFAULT_TOP_RISKS);
        let limit = usize::try_from(limit).ok().filter(|_| (1..=MAX_TOP_RISKS).contains(&limit)).ok_or_else(
            || FieldError::new("limit", "out_of_range").with("min", 1).with("max", MAX_TOP_RISKS),
        )?;
        let (as_of, today) = self.dates(tenant, query.as_of)?;
        let rows = self.store.reporting(tenant).await?.rows(as_of, today).await?;
        Ok(top_risks(rows, limit, tenant.settings().working_days, as_of))
    }
}
