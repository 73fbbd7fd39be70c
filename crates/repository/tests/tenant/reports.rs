//! What reports read.

use crate::common::Engine;
use crate::on_both_engines;
use crate::rig::{a_kpi, actions, dec, kpis, measured, reporting};
use vigie_action_plans::{ActionPlanService, CreateAction};
use vigie_kpis::{ChangeKpi, KpiService, OverviewQuery, Policy, ReportingService, TopRisksQuery};

on_both_engines!(the_overview_counts_the_latest_closed_value, async |engine: Engine| {
    let tenant = engine.organization().await;
    let red = a_kpi(&engine, &tenant, "Red").await;
    let green = a_kpi(&engine, &tenant, "Green").await;
    let _silent = a_kpi(&engine, &tenant, "Silent").await;
    let archived = a_kpi(&engine, &tenant, "Archived").await;
    let service = kpis(&engine);
    service.add_value(&tenant, measured(red.id(), "2026-09", "99")).await.unwrap();
    service.add_value(&tenant, measured(red.id(), "2026-10", "10")).await.unwrap();
    // November still runs on the 20th: it must not count.
    service.add_value(&tenant, measured(red.id(), "2026-11", "99")).await.unwrap();
    service.add_value(&tenant, measured(green.id(), "2026-10", "95")).await.unwrap();
    service.add_value(&tenant, measured(archived.id(), "2026-10", "10")).await.unwrap();
    let mut archive = ChangeKpi::of(archived.id());
    archive.archived = Some(true);
    service.change_kpi(&tenant, archive).await.unwrap();

    let query = OverviewQuery { as_of: None, policy: Some(Policy::Weighted) };
    let before = reporting(&engine).overview(&tenant, query).await.unwrap();
    let counts = before.organization.roll_up.counts;
    assert_eq!((counts.green, counts.orange, counts.red, counts.no_data), (1, 0, 1, 1));
    assert_eq!(before.organization.kpis, 3);
    assert_eq!(before.organization.red_without_action, 1);
    assert_eq!(before.organization.roll_up.score, Some(dec("33.3333")));

    let mut create = CreateAction::titled(red.id(), "Agir");
    create.due_date = Some("2026-11-01".parse().unwrap());
    actions(&engine).create_action(&tenant, create).await.unwrap();
    let after = reporting(&engine).overview(&tenant, query).await.unwrap();
    assert_eq!(after.organization.red_without_action, 0);
    assert_eq!((after.organization.actions.open, after.organization.actions.late), (1, 1));

    let risks =
        reporting(&engine).top_risks(&tenant, TopRisksQuery { limit: Some(10), as_of: None }).await.unwrap();
    let codes: Vec<_> = risks.iter().map(|risk| risk.kpi.name.as_str()).collect();
    assert_eq!(codes, ["Red"]);
});
