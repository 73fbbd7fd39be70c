//! The use cases of dashboards, KPIs and values.

mod dashboards;
mod kpis;
mod series;
mod thresholds;
mod values;

use crate::commands::{
    ChangeDashboard, ChangeKpi, CreateDashboard, DefineKpi, DeleteDashboard, DeleteKpi, DeleteValue,
    HistoryQuery, PeriodInput, PutClosing, Recompute, RecordValue, SeriesQuery, SetThresholds,
};
use crate::dashboard::Stamp;
use crate::{
    Dashboard, DashboardFilter, Kpi, KpiDefinition, KpiError, KpiReads, KpiStore, KpiWork, PeriodClosing,
    Revision, RowLock, ThresholdVersion,
};
use async_trait::async_trait;
use std::sync::Arc;
use vigie_kernel::{
    AuditEntry, Clock, DashboardId, IdSource, KpiId, OrganizationId, Page, PageRequest, Permission,
    TenantContext,
};

pub use series::{Series, SeriesPoint};
pub use thresholds::{Recomputation, RecomputedPeriod};
pub use values::{Outcome, Recorded, ShownValue};

/// Dashboards, KPIs, thresholds and values of the tenant's organization.
///
/// Reading takes [`Permission::DashboardRead`]; what else a method takes stands with it. A thing of another organization is
/// absent. Every `expected_version` that does not match answers [`KpiError::Stale`].
#[async_trait]
pub trait KpiService: Send + Sync {
    /// Creates a dashboard. Takes `DashboardCreate`, and `DashboardChange` to name another owner than oneself.
    async fn create_dashboard(
        &self,
        tenant: &TenantContext,
        command: CreateDashboard,
    ) -> Result<Dashboard, KpiError>;
    /// One dashboard.
    async fn dashboard(&self, tenant: &TenantContext, id: DashboardId) -> Result<Dashboard, KpiError>;
    /// Dashboards by title.
    async fn dashboards(
        &self,
        tenant: &TenantContext,
        filter: DashboardFilter,
        page: PageRequest,
    ) -> Result<Page<Dashboard>, KpiError>;
    /// Changes a dashboard. Takes `DashboardChange`, or `DashboardChangeOwn` for the owner.
    async fn change_dashboard(
        &self,
        tenant: &TenantContext,
        command: ChangeDashboard,
    ) -> Result<Dashboard, KpiError>;
    /// Deletes a dashboard without KPIs. Rights as for changing.
    async fn delete_dashboard(
        &self,
        tenant: &TenantContext,
        command: DeleteDashboard,
    ) -> Result<(), KpiError>;

    /// Defines a KPI. Takes `DashboardChange`, or `DashboardChangeOwn` for the dashboard's owner.
    async fn define_kpi(&self, tenant: &TenantContext, command: DefineKpi) -> Result<Kpi, KpiError>;
    /// One KPI.
    async fn kpi(&self, tenant: &TenantContext, id: KpiId) -> Result<Kpi, KpiError>;
    /// KPIs of a dashboard by name; archived ones, the others, or (with `None`) both.
    async fn kpis(
        &self,
        tenant: &TenantContext,
        dashboard: DashboardId,
        archived: Option<bool>,
        page: PageRequest,
    ) -> Result<Page<Kpi>, KpiError>;
    /// Changes, archives or restores a KPI. Rights as for defining.
    async fn change_kpi(&self, tenant: &TenantContext, command: ChangeKpi) -> Result<Kpi, KpiError>;
    /// Deletes a KPI without values. Rights as for defining.
    async fn delete_kpi(&self, tenant: &TenantContext, command: DeleteKpi) -> Result<(), KpiError>;

    /// Adds the value of a period, which must have none. Takes `ValueRecord`, or `ValueRecordOwn` for the owner of the KPI or
    /// of its dashboard, and `PeriodClose` to write into a closed period.
    async fn add_value(&self, tenant: &TenantContext, command: RecordValue) -> Result<Recorded, KpiError>;
    /// Adds or replaces the value of a period; the same value again changes nothing. Rights as for adding.
    async fn put_value(&self, tenant: &TenantContext, command: RecordValue) -> Result<Recorded, KpiError>;
    /// Deletes the value of a period; its history stays. Rights as for adding.
    async fn delete_value(&self, tenant: &TenantContext, command: DeleteValue) -> Result<(), KpiError>;
    /// The value of a period.
    async fn value(
        &self,
        tenant: &TenantContext,
        kpi: KpiId,
        period: PeriodInput,
    ) -> Result<ShownValue, KpiError>;
    /// Values by period.
    async fn history(
        &self,
        tenant: &TenantContext,
        query: HistoryQuery,
    ) -> Result<Page<ShownValue>, KpiError>;
    /// Everything that happened to the value of a period, the oldest first.
    async fn revisions(
        &self,
        tenant: &TenantContext,
        kpi: KpiId,
        period: PeriodInput,
    ) -> Result<Vec<Revision>, KpiError>;
    /// Chart data: each period from the first to the last with its value, thresholds, colour and state.
    async fn series(&self, tenant: &TenantContext, query: SeriesQuery) -> Result<Series, KpiError>;

    /// The threshold versions of a KPI, by number.
    async fn threshold_versions(
        &self,
        tenant: &TenantContext,
        kpi: KpiId,
    ) -> Result<Vec<ThresholdVersion>, KpiError>;
    /// Adds a threshold version. Values keep the colours they have. Rights as for changing the KPI.
    async fn set_thresholds(
        &self,
        tenant: &TenantContext,
        command: SetThresholds,
    ) -> Result<ThresholdVersion, KpiError>;
    /// Judges the values of periods that are not closed again. Takes `PeriodClose`.
    async fn recompute(&self, tenant: &TenantContext, command: Recompute) -> Result<Recomputation, KpiError>;

    /// The closings, at most one for each frequency.
    async fn closings(&self, tenant: &TenantContext) -> Result<Vec<PeriodClosing>, KpiError>;
    /// Closes or opens the periods of a frequency. Takes `PeriodClose`.
    async fn put_closing(
        &self,
        tenant: &TenantContext,
        command: PutClosing,
    ) -> Result<Option<PeriodClosing>, KpiError>;
}

/// What a line of the audit trail is about.
#[derive(Clone, Copy)]
enum Subject {
    Dashboard(DashboardId),
    Kpi(KpiId),
    Organization(OrganizationId),
}

/// The implementation of [`KpiService`].
pub struct Kpis {
    store: Arc<dyn KpiStore>,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn IdSource>,
}

impl Kpis {
    /// The use cases on what the store holds.
    #[must_use]
    pub fn new(store: Arc<dyn KpiStore>, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> Self {
        Self { store, clock, ids }
    }

    fn stamp(&self, tenant: &TenantContext) -> Stamp {
        Stamp { at: self.clock.now(), by: tenant.actor() }
    }

    /// Opens the data for a reader.
    async fn reader(&self, tenant: &TenantContext) -> Result<Box<dyn KpiReads>, KpiError> {
        tenant.require(Permission::DashboardRead)?;
        Ok(self.store.read(tenant).await?)
    }

    /// Appends a line to the audit trail of the unit of work.
    async fn audit_in(
        &self,
        work: &mut dyn KpiWork,
        tenant: &TenantContext,
        action: &'static str,
        subject: Subject,
        details: serde_json::Value,
    ) -> Result<(), KpiError> {
        let (kind, id) = match subject {
            Subject::Dashboard(id) => ("dashboard", id.as_uuid()),
            Subject::Kpi(id) => ("kpi", id.as_uuid()),
            Subject::Organization(id) => ("organization", id.as_uuid()),
        };
        let entry = AuditEntry {
            id: self.ids.next(),
            at: self.clock.now(),
            actor: Some(tenant.actor()),
            action,
            subject_kind: kind,
            subject_id: id,
            request_id: tenant.request_id().to_owned(),
            details,
        };
        Ok(work.audit().record(&entry).await?)
    }
}

/// The KPI of a unit of work with everything around it.
async fn definition_in(work: &mut dyn KpiWork, id: KpiId, lock: RowLock) -> Result<KpiDefinition, KpiError> {
    work.kpis().definition(id, lock).await?.ok_or(KpiError::KpiNotFound(id))
}

/// Refuses a caller who has seen another version.
fn expect_version(expected: Option<i64>, actual: i64) -> Result<(), KpiError> {
    if expected.is_none_or(|expected| expected == actual) { Ok(()) } else { Err(KpiError::Stale) }
}

#[async_trait]
impl KpiService for Kpis {
    async fn create_dashboard(
        &self,
        tenant: &TenantContext,
        command: CreateDashboard,
    ) -> Result<Dashboard, KpiError> {
        self.do_create_dashboard(tenant, &command).await
    }

    async fn dashboard(&self, tenant: &TenantContext, id: DashboardId) -> Result<Dashboard, KpiError> {
        let mut reads = self.reader(tenant).await?;
        reads.dashboard(id).await?.ok_or(KpiError::DashboardNotFound(id))
    }

    async fn dashboards(
        &self,
        tenant: &TenantContext,
        filter: DashboardFilter,
        page: PageRequest,
    ) -> Result<Page<Dashboard>, KpiError> {
        Ok(self.reader(tenant).await?.dashboards(&filter, &page).await?)
    }

    async fn change_dashboard(
        &self,
        tenant: &TenantContext,
        command: ChangeDashboard,
    ) -> Result<Dashboard, KpiError> {
        self.do_change_dashboard(tenant, &command).await
    }

    async fn delete_dashboard(
        &self,
        tenant: &TenantContext,
        command: DeleteDashboard,
    ) -> Result<(), KpiError> {
        self.do_delete_dashboard(tenant, command).await
    }

    async fn define_kpi(&self, tenant: &TenantContext, command: DefineKpi) -> Result<Kpi, KpiError> {
        self.do_define_kpi(tenant, &command).await
    }

    async fn kpi(&self, tenant: &TenantContext, id: KpiId) -> Result<Kpi, KpiError> {
        let mut reads = self.reader(tenant).await?;
        let definition = reads.definition(id).await?.ok_or(KpiError::KpiNotFound(id))?;
        Ok(definition.kpi)
    }

    async fn kpis(
        &self,
        tenant: &TenantContext,
        dashboard: DashboardId,
        archived: Option<bool>,
        page: PageRequest,
    ) -> Result<Page<Kpi>, KpiError> {
        self.do_list_kpis(tenant, dashboard, archived, &page).await
    }

    async fn change_kpi(&self, tenant: &TenantContext, command: ChangeKpi) -> Result<Kpi, KpiError> {
        self.do_change_kpi(tenant, &command).await
    }

    async fn delete_kpi(&self, tenant: &TenantContext, command: DeleteKpi) -> Result<(), KpiError> {
        self.do_delete_kpi(tenant, command).await
    }

    async fn add_value(&self, tenant: &TenantContext, command: RecordValue) -> Result<Recorded, KpiError> {
        self.do_add_value(tenant, command).await
    }

    async fn put_value(&self, tenant: &TenantContext, command: RecordValue) -> Result<Recorded, KpiError> {
        self.do_put_value(tenant, command).await
    }

    async fn delete_value(&self, tenant: &TenantContext, command: DeleteValue) -> Result<(), KpiError> {
        self.do_delete_value(tenant, command).await
    }

    async fn value(
        &self,
        tenant: &TenantContext,
        kpi: KpiId,
        period: PeriodInput,
    ) -> Result<ShownValue, KpiError> {
        self.do_find_value(tenant, kpi, &period).await
    }

    async fn history(
        &self,
        tenant: &TenantContext,
        query: HistoryQuery,
    ) -> Result<Page<ShownValue>, KpiError> {
        self.do_read_history(tenant, query).await
    }

    async fn revisions(
        &self,
        tenant: &TenantContext,
        kpi: KpiId,
        period: PeriodInput,
    ) -> Result<Vec<Revision>, KpiError> {
        self.do_read_revisions(tenant, kpi, &period).await
    }

    async fn series(&self, tenant: &TenantContext, query: SeriesQuery) -> Result<Series, KpiError> {
        self.do_read_series(tenant, &query).await
    }

    async fn threshold_versions(
        &self,
        tenant: &TenantContext,
        kpi: KpiId,
    ) -> Result<Vec<ThresholdVersion>, KpiError> {
        let mut reads = self.reader(tenant).await?;
        let definition = reads.definition(kpi).await?.ok_or(KpiError::KpiNotFound(kpi))?;
        Ok(definition.thresholds)
    }

    async fn set_thresholds(
        &self,
        tenant: &TenantContext,
        command: SetThresholds,
    ) -> Result<ThresholdVersion, KpiError> {
        self.do_set_thresholds(tenant, &command).await
    }

    async fn recompute(&self, tenant: &TenantContext, command: Recompute) -> Result<Recomputation, KpiError> {
        self.do_recompute(tenant, &command).await
    }

    async fn closings(&self, tenant: &TenantContext) -> Result<Vec<PeriodClosing>, KpiError> {
        Ok(self.reader(tenant).await?.closings().await?)
    }

    async fn put_closing(
        &self,
        tenant: &TenantContext,
        command: PutClosing,
    ) -> Result<Option<PeriodClosing>, KpiError> {
        self.do_put_closing(tenant, command).await
    }
}
