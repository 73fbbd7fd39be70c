//! Creating, changing and deleting dashboards.

use super::{Kpis, Subject, expect_version};
use crate::commands::{ChangeDashboard, CreateDashboard, DeleteDashboard};
use crate::{Dashboard, KpiError, KpiWork};
use serde_json::json;
use vigie_kernel::{DashboardId, Permission, PermissionDenied, TenantContext};

/// Refuses an actor who may change neither any dashboard nor this one of his own.
pub(super) fn require_change(tenant: &TenantContext, dashboard: &Dashboard) -> Result<(), PermissionDenied> {
    tenant.require_or_own(
        Permission::DashboardChange,
        Permission::DashboardChangeOwn,
        dashboard.is_owned_by(tenant.actor()),
    )
}

pub(super) async fn dashboard_in(work: &mut dyn KpiWork, id: DashboardId) -> Result<Dashboard, KpiError> {
    work.dashboards().find(id).await?.ok_or(KpiError::DashboardNotFound(id))
}

impl Kpis {
    pub(super) async fn do_create_dashboard(
        &self,
        tenant: &TenantContext,
        command: &CreateDashboard,
    ) -> Result<Dashboard, KpiError> {
        tenant.require(Permission::DashboardCreate)?;
        if command.owner_id.is_some_and(|owner| owner != tenant.actor()) {
            tenant.require(Permission::DashboardChange)?;
        }
        let dashboard = Dashboard::create(self.ids.next(), command, self.stamp(tenant))?;
        let mut work = self.store.begin(tenant).await?;
        work.dashboards().insert(&dashboard).await?;
        let subject = Subject::Dashboard(dashboard.id());
        self.audit_in(&mut *work, tenant, "dashboard.created", subject, json!({})).await?;
        work.commit().await?;
        Ok(dashboard)
    }

    pub(super) async fn do_change_dashboard(
        &self,
        tenant: &TenantContext,
        command: &ChangeDashboard,
    ) -> Result<Dashboard, KpiError> {
        let mut work = self.store.begin(tenant).await?;
        let mut dashboard = dashboard_in(&mut *work, command.id).await?;
        require_change(tenant, &dashboard)?;
        expect_version(command.expected_version, dashboard.snapshot().version)?;
        let fields = dashboard.change(command, self.stamp(tenant))?;
        if fields.is_empty() {
            return Ok(dashboard);
        }
        work.dashboards().update(&dashboard).await?;
        let subject = Subject::Dashboard(dashboard.id());
        self.audit_in(&mut *work, tenant, "dashboard.changed", subject, json!({ "fields": fields })).await?;
        work.commit().await?;
        Ok(dashboard)
    }

    pub(super) async fn do_delete_dashboard(
        &self,
        tenant: &TenantContext,
        command: DeleteDashboard,
    ) -> Result<(), KpiError> {
        let mut work = self.store.begin(tenant).await?;
        let dashboard = dashboard_in(&mut *work, command.id).await?;
        require_change(tenant, &dashboard)?;
        expect_version(command.expected_version, dashboard.snapshot().version)?;
        work.dashboards().delete(&dashboard).await?;
        let subject = Subject::Dashboard(dashboard.id());
        self.audit_in(&mut *work, tenant, "dashboard.deleted", subject, json!({})).await?;
        Ok(work.commit().await?)
    }
}
