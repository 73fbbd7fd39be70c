//! What this crate asks of a store. The contract is the same on every engine; the in-memory store of feature `testing` keeps it too.

use crate::{
    Dashboard, Kpi, KpiDefinition, KpiRow, KpiStanding, PeriodClosing, ReportRows, Revision, Status,
    ThresholdVersion, Value,
};
use async_trait::async_trait;
use chrono::NaiveDate;
use vigie_jobs::Outbox;
use vigie_kernel::{
    AuditLog, DashboardId, Frequency, KpiId, Page, PageRequest, Rule, StoreError, TenantContext, UnitOfWork,
    UsageCounters,
};

/// The code of a KPI is unique in the organization (stored in upper case).
pub const RULE_KPI_CODE: Rule = Rule("kpi_code");
/// The owner of a dashboard or KPI is a member of the organization.
pub const RULE_OWNER_MEMBER: Rule = Rule("owner_member");
/// A KPI's dashboard exists.
pub const RULE_KPI_DASHBOARD: Rule = Rule("kpi_dashboard");
/// A dashboard with KPIs is not deleted.
pub const RULE_DASHBOARD_NOT_EMPTY: Rule = Rule("dashboard_not_empty");
/// A KPI with values is not deleted.
pub const RULE_KPI_HAS_VALUES: Rule = Rule("kpi_has_values");
/// A KPI with actions is not deleted.
pub const RULE_KPI_HAS_ACTIONS: Rule = Rule("kpi_has_actions");
/// A KPI has one threshold version of each number.
pub const RULE_THRESHOLD_VERSION: Rule = Rule("threshold_version");
/// A KPI has one value for each period.
pub const RULE_VALUE_PERIOD: Rule = Rule("kpi_value_period");

/// Which dashboards are listed, by title and then id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DashboardFilter {
    /// Only those of this process, spelt exactly so.
    pub process_name: Option<String>,
}

/// Which KPIs are listed, by name and then id.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KpiFilter {
    /// Only those of this dashboard.
    pub dashboard: Option<DashboardId>,
    /// Only archived ones, or only the others; `None` lists both.
    pub archived: Option<bool>,
}

/// Values by the first dates of their periods, both bounds included.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ValueRange {
    /// No earlier period start than this.
    pub from: Option<NaiveDate>,
    /// No later period start than this.
    pub to: Option<NaiveDate>,
}

/// How a row that is read in a unit of work is kept until its end, on engines that run several at a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RowLock {
    /// Others may change it.
    None,
    /// Nobody may change it, others may read it with the same lock: values are recorded under it.
    Shared,
    /// Nobody else may change it or hold a lock on it: the definition is changed under it.
    Exclusive,
}

/// Opens the organization's data.
#[async_trait]
pub trait KpiStore: Send + Sync {
    /// Begins a transaction.
    async fn begin(&self, tenant: &TenantContext) -> Result<Box<dyn KpiWork>, StoreError>;
    /// Reads without a transaction, so that a plain GET costs no more than its statements.
    async fn read(&self, tenant: &TenantContext) -> Result<Box<dyn KpiReads>, StoreError>;
}

/// One transaction on dashboards, KPIs and values.
pub trait KpiWork: UnitOfWork {
    /// The dashboards.
    fn dashboards(&mut self) -> Box<dyn DashboardRepository + '_>;
    /// The KPIs.
    fn kpis(&mut self) -> Box<dyn KpiRepository + '_>;
    /// The threshold versions.
    fn thresholds(&mut self) -> Box<dyn ThresholdRepository + '_>;
    /// The values.
    fn values(&mut self) -> Box<dyn ValueRepository + '_>;
    /// The revisions of values.
    fn revisions(&mut self) -> Box<dyn RevisionRepository + '_>;
    /// The closings.
    fn closings(&mut self) -> Box<dyn ClosingRepository + '_>;
    /// Counts KPIs.
    fn usage(&mut self) -> Box<dyn UsageCounters + '_>;
    /// Announces jobs.
    fn outbox(&mut self) -> Box<dyn Outbox + '_>;
    /// Writes the audit trail.
    fn audit(&mut self) -> Box<dyn AuditLog + '_>;
}

/// Dashboards of the organization.
#[async_trait]
pub trait DashboardRepository: Send {
    /// `None` when absent.
    async fn find(&mut self, id: DashboardId) -> Result<Option<Dashboard>, StoreError>;
    /// Breaks [`RULE_OWNER_MEMBER`].
    async fn insert(&mut self, dashboard: &Dashboard) -> Result<(), StoreError>;
    /// [`StoreError::Stale`] when the stored version is not the one before; breaks [`RULE_OWNER_MEMBER`].
    async fn update(&mut self, dashboard: &Dashboard) -> Result<(), StoreError>;
    /// [`StoreError::Stale`] when the stored version is another; breaks [`RULE_DASHBOARD_NOT_EMPTY`].
    async fn delete(&mut self, dashboard: &Dashboard) -> Result<(), StoreError>;
}

/// KPIs of the organization.
#[async_trait]
pub trait KpiRepository: Send {
    /// The KPI with everything that judging and recording its values needs; `None` when absent. The lock is on the KPI's row.
    async fn definition(&mut self, id: KpiId, lock: RowLock) -> Result<Option<KpiDefinition>, StoreError>;
    /// Breaks [`RULE_KPI_CODE`], [`RULE_KPI_DASHBOARD`], [`RULE_OWNER_MEMBER`].
    async fn insert(&mut self, kpi: &Kpi) -> Result<(), StoreError>;
    /// [`StoreError::Stale`] when the stored version is not the one before; breaks the rules of insertion.
    async fn update(&mut self, kpi: &Kpi) -> Result<(), StoreError>;
    /// Removes the KPI with its threshold versions and revisions; [`StoreError::Stale`] when the stored version is another;
    /// breaks [`RULE_KPI_HAS_VALUES`], [`RULE_KPI_HAS_ACTIONS`].
    async fn delete(&mut self, kpi: &Kpi) -> Result<(), StoreError>;
}

/// Threshold versions, which are only ever added.
#[async_trait]
pub trait ThresholdRepository: Send {
    /// Breaks [`RULE_THRESHOLD_VERSION`].
    async fn insert(&mut self, version: &ThresholdVersion) -> Result<(), StoreError>;
}

/// Current values of KPIs.
#[async_trait]
pub trait ValueRepository: Send {
    /// The value of the period that starts on that date; `None` when there is none.
    async fn find(&mut self, kpi: KpiId, period_start: NaiveDate) -> Result<Option<Value>, StoreError>;
    /// Whether the KPI has any value.
    async fn any(&mut self, kpi: KpiId) -> Result<bool, StoreError>;
    /// The values of the periods that start on or after that date, in their order, all of them.
    async fn since(&mut self, kpi: KpiId, period_start: NaiveDate) -> Result<Vec<Value>, StoreError>;
    /// The newest period with a colour, and the colour, leaving out the period that starts on that date; `None` when there is none.
    async fn newest_colour(
        &mut self,
        kpi: KpiId,
        leaving_out: NaiveDate,
    ) -> Result<Option<(NaiveDate, Status)>, StoreError>;
    /// Breaks [`RULE_VALUE_PERIOD`].
    async fn insert(&mut self, value: &Value) -> Result<(), StoreError>;
    /// [`StoreError::Stale`] when a stored version is not the one before. All or none.
    async fn update(&mut self, values: &[Value]) -> Result<(), StoreError>;
    /// Removes the current value; its revisions stay. [`StoreError::Stale`] when the stored version is another.
    async fn remove(&mut self, value: &Value) -> Result<(), StoreError>;
}

/// Revisions of values, which are only ever added.
#[async_trait]
pub trait RevisionRepository: Send {
    /// Appends them.
    async fn insert(&mut self, revisions: &[Revision]) -> Result<(), StoreError>;
}

/// Closings, at most one for each frequency.
#[async_trait]
pub trait ClosingRepository: Send {
    /// Sets the closing of its frequency.
    async fn put(&mut self, closing: &PeriodClosing) -> Result<(), StoreError>;
    /// Opens all periods of the frequency again.
    async fn remove(&mut self, frequency: Frequency) -> Result<(), StoreError>;
}

/// Reads outside a transaction.
#[async_trait]
pub trait KpiReads: Send {
    /// `None` when absent.
    async fn dashboard(&mut self, id: DashboardId) -> Result<Option<Dashboard>, StoreError>;
    /// Dashboards by title and then id.
    async fn dashboards(
        &mut self,
        filter: &DashboardFilter,
        page: &PageRequest,
    ) -> Result<Page<Dashboard>, StoreError>;
    /// KPIs by name and then id.
    async fn kpis(&mut self, filter: &KpiFilter, page: &PageRequest) -> Result<Page<Kpi>, StoreError>;
    /// The KPI with everything that judging its values needs; `None` when absent.
    async fn definition(&mut self, id: KpiId) -> Result<Option<KpiDefinition>, StoreError>;
    /// The value of the period that starts on that date; `None` when there is none.
    async fn value(&mut self, kpi: KpiId, period_start: NaiveDate) -> Result<Option<Value>, StoreError>;
    /// Values by period; the limit goes up to 1000.
    async fn values(
        &mut self,
        kpi: KpiId,
        range: &ValueRange,
        page: &PageRequest,
    ) -> Result<Page<Value>, StoreError>;
    /// All revisions of the period that starts on that date, the oldest first, also when its value is gone.
    async fn revisions(&mut self, kpi: KpiId, period_start: NaiveDate) -> Result<Vec<Revision>, StoreError>;
    /// All closings, the finest frequency first.
    async fn closings(&mut self) -> Result<Vec<PeriodClosing>, StoreError>;
}

/// Opens the organization's data for reports.
#[async_trait]
pub trait ReportingStore: Send + Sync {
    /// Reads without a transaction.
    async fn reporting(&self, tenant: &TenantContext) -> Result<Box<dyn ReportingReads>, StoreError>;
}

/// What reports are made of.
#[async_trait]
pub trait ReportingReads: Send {
    /// Every dashboard and every KPI that is not archived, each with its latest value of a period that ended before `as_of`
    /// and its actions that are open, and late on `today`. A constant number of statements, however many KPIs there are.
    async fn rows(&mut self, as_of: NaiveDate, today: NaiveDate) -> Result<ReportRows<KpiRow>, StoreError>;
    /// The same with no more of each KPI than roll-ups need.
    async fn standings(
        &mut self,
        as_of: NaiveDate,
        today: NaiveDate,
    ) -> Result<ReportRows<KpiStanding>, StoreError>;
}
