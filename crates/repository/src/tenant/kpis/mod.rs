//! Dashboards, KPIs, values, and the reports made of them.

mod dashboards;
mod definitions;
mod latest;
mod reads;
mod reporting;
mod rows;
mod values;

pub(super) use definitions::definitions_of;
pub(super) use latest::{keep_latest, renew_latest};
pub(super) use rows::{VALUE_COLUMNS, ValueRow, value};
pub(super) use values::{insert_revisions, insert_values, update_value};

use super::TenantStore;
use super::usage::SeaUsage;
use super::work::TenantWork;
use async_trait::async_trait;
use dashboards::SeaDashboards;
use definitions::{SeaKpis, SeaThresholds};
use values::{SeaClosings, SeaRevisions, SeaValues};
use vigie_jobs::Outbox;
use vigie_kernel::{AuditLog, StoreError, TenantContext, UsageCounters};
use vigie_kpis::{
    ClosingRepository, DashboardRepository, KpiReads, KpiRepository, KpiStore, KpiWork, ReportingReads,
    ReportingStore, RevisionRepository, ThresholdRepository, ValueRepository,
};

#[async_trait]
impl KpiStore for TenantStore {
    async fn begin(&self, tenant: &TenantContext) -> Result<Box<dyn KpiWork>, StoreError> {
        Ok(self.work(tenant).await?)
    }

    async fn read(&self, tenant: &TenantContext) -> Result<Box<dyn KpiReads>, StoreError> {
        Ok(self.reads(tenant).await?)
    }
}

#[async_trait]
impl ReportingStore for TenantStore {
    async fn reporting(&self, tenant: &TenantContext) -> Result<Box<dyn ReportingReads>, StoreError> {
        Ok(self.reads(tenant).await?)
    }
}

impl KpiWork for TenantWork {
    fn dashboards(&mut self) -> Box<dyn DashboardRepository + '_> {
        Box::new(SeaDashboards(&self.txn))
    }

    fn kpis(&mut self) -> Box<dyn KpiRepository + '_> {
        Box::new(SeaKpis(&self.txn))
    }

    fn thresholds(&mut self) -> Box<dyn ThresholdRepository + '_> {
        Box::new(SeaThresholds(&self.txn))
    }

    fn values(&mut self) -> Box<dyn ValueRepository + '_> {
        Box::new(SeaValues(&self.txn))
    }

    fn revisions(&mut self) -> Box<dyn RevisionRepository + '_> {
        Box::new(SeaRevisions(&self.txn))
    }

    fn closings(&mut self) -> Box<dyn ClosingRepository + '_> {
        Box::new(SeaClosings(&self.txn))
    }

    fn usage(&mut self) -> Box<dyn UsageCounters + '_> {
        Box::new(SeaUsage(&self.txn))
    }

    fn outbox(&mut self) -> Box<dyn Outbox + '_> {
        self.sea_outbox()
    }

    fn audit(&mut self) -> Box<dyn AuditLog + '_> {
        self.sea_audit()
    }
}
