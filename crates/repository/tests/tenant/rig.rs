//! The services on an engine's store, and things to begin with.

use crate::common::Engine;
use std::sync::Arc;
use vigie_action_plans::ActionPlans;
use vigie_kernel::{Clock, Dec, Frequency, KpiId, PageRequest, TenantContext};
use vigie_kpis::{
    CreateDashboard, Dashboard, DefineKpi, Direction, Entry, Kpi, KpiService, Kpis, RecordValue, Reporting,
    Source, ThresholdFields,
};
use vigie_notifications::Notifications;

pub(crate) fn kpis(engine: &Engine) -> Kpis {
    Kpis::new(Arc::new(engine.tenants.clone()), clock(engine), Arc::clone(&engine.ids))
}

pub(crate) fn reporting(engine: &Engine) -> Reporting {
    Reporting::new(Arc::new(engine.tenants.clone()), clock(engine))
}

pub(crate) fn actions(engine: &Engine) -> ActionPlans {
    ActionPlans::new(Arc::new(engine.tenants.clone()), clock(engine), Arc::clone(&engine.ids))
}

pub(crate) fn notifications(engine: &Engine) -> Notifications {
    Notifications::new(Arc::new(engine.tenants.clone()), clock(engine), Arc::clone(&engine.ids))
}

pub(crate) fn clock(engine: &Engine) -> Arc<dyn Clock> {
    engine.clock.clone()
}

pub(crate) fn dec(text: &str) -> Dec {
    Dec::parse(text).unwrap()
}

pub(crate) fn first_page(limit: u16) -> PageRequest {
    PageRequest { limit, after: None }
}

pub(crate) async fn a_dashboard(engine: &Engine, tenant: &TenantContext, title: &str) -> Dashboard {
    let command = CreateDashboard {
        title: title.to_owned(),
        process_name: Some("Production".to_owned()),
        ..CreateDashboard::default()
    };
    kpis(engine).create_dashboard(tenant, command).await.unwrap()
}

/// A monthly KPI, the higher the better, green from 95, orange from 90.
pub(crate) async fn a_kpi(engine: &Engine, tenant: &TenantContext, name: &str) -> Kpi {
    let dashboard = a_dashboard(engine, tenant, &format!("Dashboard of {name}")).await;
    let thresholds = ThresholdFields::cuts(Some(dec("95")), Some(dec("90")), Some(dec("80")));
    let mut define = DefineKpi::new(dashboard.snapshot().id, name, Frequency::Monthly, Direction::UpIsBetter);
    define.thresholds = thresholds;
    kpis(engine).define_kpi(tenant, define).await.unwrap()
}

pub(crate) fn measured(kpi: KpiId, period: &str, value: &str) -> RecordValue {
    RecordValue {
        kpi_id: kpi,
        period: period.into(),
        entry: Entry::Number(dec(value)),
        comment: None,
        source: Source::Manual,
        override_reason: None,
        expected_version: None,
    }
}
