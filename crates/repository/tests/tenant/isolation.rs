//! Nothing crosses from one organization to another.

use crate::common::Engine;
use crate::on_both_engines;
use crate::rig::{a_kpi, first_page, kpis, measured};
use vigie_kpis::{DashboardFilter, KpiError, KpiService};

on_both_engines!(an_organization_sees_its_own_only, async |engine: Engine| {
    let paris = engine.organization_named("paris").await;
    let lyon = engine.organization_named("lyon").await;
    let secret = a_kpi(&engine, &paris, "Secret").await;
    let service = kpis(&engine);
    service.add_value(&paris, measured(secret.id(), "2026-09", "1")).await.unwrap();
    let there = service.kpi(&lyon, secret.id()).await;
    assert!(matches!(there, Err(KpiError::KpiNotFound(_))), "{there:?}");
    let written = service.put_value(&lyon, measured(secret.id(), "2026-09", "2")).await;
    assert!(matches!(written, Err(KpiError::KpiNotFound(_))), "{written:?}");
    let listed = service.dashboards(&lyon, DashboardFilter::default(), first_page(100)).await.unwrap();
    assert!(listed.items.is_empty());
});
