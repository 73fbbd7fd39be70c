//! Defining, changing and deleting KPIs.

use super::dashboards::{dashboard_in, require_change};
use super::{Kpis, Subject, definition_in, expect_version};
use crate::commands::{ChangeKpi, DefineKpi, DeleteKpi};
use crate::kpi_change::{Facts, needs_history};
use crate::{Kpi, KpiError, KpiFilter, KpiWork, RowLock};
use serde_json::json;
use vigie_kernel::{DashboardId, FieldError, Page, PageRequest, PlanLimit, TenantContext};

/// Codes that are tried for a KPI that names none.
const MAX_CODE_ATTEMPTS: u32 = 200;

impl Kpis {
    /// Defines the KPI; where its code is made from its name and taken, the next one is tried in a new unit of work.
    pub(super) async fn do_define_kpi(
        &self,
        tenant: &TenantContext,
        command: &DefineKpi,
    ) -> Result<Kpi, KpiError> {
        let mut attempt = 1;
        loop {
            match self.define_once(tenant, command, attempt).await {
                Err(KpiError::CodeTaken) if command.code.is_none() && attempt < MAX_CODE_ATTEMPTS => {
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn define_once(
        &self,
        tenant: &TenantContext,
        command: &DefineKpi,
        attempt: u32,
    ) -> Result<Kpi, KpiError> {
        let mut work = self.store.begin(tenant).await?;
        let dashboard = dashboard_in(&mut *work, command.dashboard_id).await?;
        require_change(tenant, &dashboard)?;
        let (kpi, version) = Kpi::define(command, attempt, self.stamp(tenant), &*self.ids)?;
        work.kpis().insert(&kpi).await?;
        if let Some(version) = &version {
            work.thresholds().insert(version).await?;
        }
        let details = json!({ "code": kpi.snapshot().code, "dashboard_id": command.dashboard_id });
        self.audit_in(&mut *work, tenant, "kpi.created", Subject::Kpi(kpi.id()), details).await?;
        count_one_more(&mut *work, tenant).await?;
        work.commit().await?;
        Ok(kpi)
    }

    pub(super) async fn do_list_kpis(
        &self,
        tenant: &TenantContext,
        dashboard: DashboardId,
        archived: Option<bool>,
        page: &PageRequest,
    ) -> Result<Page<Kpi>, KpiError> {
        let mut reads = self.reader(tenant).await?;
        reads.dashboard(dashboard).await?.ok_or(KpiError::DashboardNotFound(dashboard))?;
        Ok(reads.kpis(&KpiFilter { dashboard: Some(dashboard), archived }, page).await?)
    }

    pub(super) async fn do_change_kpi(
        &self,
        tenant: &TenantContext,
        command: &ChangeKpi,
    ) -> Result<Kpi, KpiError> {
        let stamp = self.stamp(tenant);
        let mut work = self.store.begin(tenant).await?;
        let definition = definition_in(&mut *work, command.id, RowLock::Exclusive).await?;
        definition.require_change(tenant)?;
        let mut kpi = definition.kpi;
        expect_version(command.expected_version, kpi.snapshot().version)?;
        if let Some(target) = command.dashboard_id.filter(|target| *target != kpi.snapshot().dashboard_id) {
            let target = work.dashboards().find(target).await?;
            let target = target.ok_or_else(|| FieldError::new("dashboard_id", "dashboard_unknown"))?;
            require_change(tenant, &target)?;
        }
        let facts = Facts {
            has_values: needs_history(&kpi, command) && work.values().any(command.id).await?,
            closed_through: definition.closed_through,
            today: tenant.today(stamp.at),
        };
        let was_archived = kpi.snapshot().archived;
        let change = kpi.change(command, facts, stamp, &*self.ids)?;
        if change.fields.is_empty() {
            return Ok(kpi);
        }
        work.kpis().update(&kpi).await?;
        if let Some(version) = &change.version {
            work.thresholds().insert(version).await?;
        }
        let details = json!({ "fields": change.fields });
        self.audit_in(&mut *work, tenant, "kpi.changed", Subject::Kpi(kpi.id()), details).await?;
        match (was_archived, kpi.snapshot().archived) {
            (true, false) => count_one_more(&mut *work, tenant).await?,
            (false, true) => work.usage().give_back(PlanLimit::Kpis, 1).await?,
            (true, true) | (false, false) => {}
        }
        work.commit().await?;
        Ok(kpi)
    }

    pub(super) async fn do_delete_kpi(
        &self,
        tenant: &TenantContext,
        command: DeleteKpi,
    ) -> Result<(), KpiError> {
        let mut work = self.store.begin(tenant).await?;
        let definition = definition_in(&mut *work, command.id, RowLock::Exclusive).await?;
        definition.require_change(tenant)?;
        let kpi = definition.kpi;
        expect_version(command.expected_version, kpi.snapshot().version)?;
        work.kpis().delete(&kpi).await?;
        let details = json!({ "code": kpi.snapshot().code });
        self.audit_in(&mut *work, tenant, "kpi.deleted", Subject::Kpi(kpi.id()), details).await?;
        if !kpi.snapshot().archived {
            work.usage().give_back(PlanLimit::Kpis, 1).await?;
        }
        Ok(work.commit().await?)
    }
}

/// Counts a KPI that is defined or restored, unless the plan allows no more. Archived ones do not count.
async fn count_one_more(work: &mut dyn KpiWork, tenant: &TenantContext) -> Result<(), KpiError> {
    let limit = PlanLimit::Kpis;
    let taken = work.usage().take(limit, 1, tenant.entitlements().max(limit)).await?;
    Ok(tenant.entitlements().granted(limit, taken)?)
}
