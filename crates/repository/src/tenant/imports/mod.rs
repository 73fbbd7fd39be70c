//! Import runs, the catalogue of KPIs that imports look up, and the writing of their values.

mod red;
mod runs;
mod writer;

use super::TenantStore;
use super::usage::{SeaStoredFiles, SeaUsage};
use super::work::TenantWork;
use async_trait::async_trait;
use runs::SeaImportRuns;
use vigie_imports::{ImportReads, ImportRunRepository, ImportStore, ImportWork, StoredFiles, ValueWriter};
use vigie_jobs::Outbox;
use vigie_kernel::{AuditLog, StoreError, TenantContext, UsageCounters};
use writer::SeaValueWriter;

#[async_trait]
impl ImportStore for TenantStore {
    async fn begin(&self, tenant: &TenantContext) -> Result<Box<dyn ImportWork>, StoreError> {
        Ok(self.work(tenant).await?)
    }

    async fn read(&self, tenant: &TenantContext) -> Result<Box<dyn ImportReads>, StoreError> {
        Ok(self.reads(tenant).await?)
    }
}

impl ImportWork for TenantWork {
    fn runs(&mut self) -> Box<dyn ImportRunRepository + '_> {
        Box::new(SeaImportRuns(&self.txn))
    }

    fn values(&mut self) -> Box<dyn ValueWriter + '_> {
        Box::new(SeaValueWriter { connection: &self.txn, tenant: &self.tenant, ids: self.ids.as_ref() })
    }

    fn stored_files(&mut self) -> Box<dyn StoredFiles + '_> {
        Box::new(SeaStoredFiles(&self.txn))
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
