//! Dashboards and KPIs.

use crate::common::{Engine, count};
use crate::on_both_engines;
use crate::rig::{a_dashboard, a_kpi, dec, first_page, kpis, measured};
use vigie_kernel::{DashboardId, Frequency, PageRequest, StoreError, UserId};
use vigie_kpis::{
    ChangeDashboard, ChangeKpi, CreateDashboard, DashboardFilter, DefineKpi, DeleteDashboard, DeleteKpi,
    Direction, KpiError, KpiService, KpiStore, ThresholdFields,
};

on_both_engines!(a_dashboard_reads_back_as_it_was_written, async |engine: Engine| {
    let tenant = engine.organization().await;
    let written = a_dashboard(&engine, &tenant, "Qualité – « atelier »").await;
    let read = kpis(&engine).dashboard(&tenant, written.snapshot().id).await.unwrap();
    assert_eq!(read, written);
});

on_both_engines!(a_kpi_reads_back_as_it_was_written, async |engine: Engine| {
    let tenant = engine.organization().await;
    let dashboard = a_dashboard(&engine, &tenant, "Ventes").await;
    let mut define =
        DefineKpi::new(dashboard.snapshot().id, "Marge brute", Frequency::Weekly, Direction::DownIsBetter);
    define.code = Some("marge".to_owned());
    define.unit = Some("k€".to_owned());
    define.weight = Some(dec("2.5"));
    define.critical = true;
    define.start_period = Some("2024-W01".to_owned());
    define.thresholds = ThresholdFields::cuts(Some(dec("-2")), Some(dec("0.0000000001")), None);
    let written = kpis(&engine).define_kpi(&tenant, define).await.unwrap();
    assert_eq!(written.snapshot().code, "MARGE");
    let read = kpis(&engine).kpi(&tenant, written.id()).await.unwrap();
    assert_eq!(read, written);
    let versions = kpis(&engine).threshold_versions(&tenant, written.id()).await.unwrap();
    assert_eq!(versions.len(), 1);
    assert_eq!(versions[0].thresholds, written.snapshot().thresholds);
    assert_eq!(versions[0].effective_from, None);
});

on_both_engines!(a_code_is_unique_whatever_its_case, async |engine: Engine| {
    let tenant = engine.organization().await;
    let dashboard = a_dashboard(&engine, &tenant, "D").await.snapshot().id;
    let named = |code: Option<&str>| {
        let mut define =
            DefineKpi::new(dashboard, "Taux de service", Frequency::Monthly, Direction::UpIsBetter);
        define.code = code.map(ToOwned::to_owned);
        define
    };
    kpis(&engine).define_kpi(&tenant, named(Some("ts"))).await.unwrap();
    let again = kpis(&engine).define_kpi(&tenant, named(Some("TS"))).await;
    assert!(matches!(again, Err(KpiError::CodeTaken)), "{again:?}");
    let made = kpis(&engine).define_kpi(&tenant, named(None)).await.unwrap();
    let next = kpis(&engine).define_kpi(&tenant, named(None)).await.unwrap();
    assert_ne!(made.snapshot().code, next.snapshot().code, "a code that is made takes the next free one");
});

on_both_engines!(what_a_kpi_points_at_must_be_there, async |engine: Engine| {
    let tenant = engine.organization().await;
    let nowhere: DashboardId = engine.ids.next();
    let define = DefineKpi::new(nowhere, "K", Frequency::Monthly, Direction::UpIsBetter);
    let lost = kpis(&engine).define_kpi(&tenant, define).await;
    assert!(matches!(lost, Err(KpiError::DashboardNotFound(_))), "{lost:?}");

    let stranger: UserId = engine.ids.next();
    let command =
        CreateDashboard { title: "D".to_owned(), owner_id: Some(stranger), ..CreateDashboard::default() };
    let Err(KpiError::Invalid(errors)) = kpis(&engine).create_dashboard(&tenant, command).await else {
        panic!("an owner who is no member was accepted")
    };
    assert_eq!(
        (errors.as_slice()[0].field.as_str(), errors.as_slice()[0].code),
        ("owner_id", "owner_unknown")
    );
});

on_both_engines!(a_stale_writer_is_told_so, async |engine: Engine| {
    let tenant = engine.organization().await;
    let dashboard = a_dashboard(&engine, &tenant, "Before").await;
    let rename = |title: &str, expected_version| ChangeDashboard {
        id: dashboard.snapshot().id,
        expected_version,
        title: Some(title.to_owned()),
        description: None,
        process_name: None,
        owner_id: None,
    };
    kpis(&engine).change_dashboard(&tenant, rename("After", Some(1))).await.unwrap();
    let late = kpis(&engine).change_dashboard(&tenant, rename("Too late", Some(1))).await;
    assert!(matches!(late, Err(KpiError::Stale)), "{late:?}");
    let read = kpis(&engine).dashboard(&tenant, dashboard.snapshot().id).await.unwrap();
    assert_eq!(read.snapshot().title, "After");
    // And below the service: an update of a version that is gone touches nothing.
    let mut work = KpiStore::begin(&engine.tenants, &tenant).await.unwrap();
    assert!(matches!(work.dashboards().update(&dashboard).await, Err(StoreError::Stale)));
});

on_both_engines!(nothing_that_is_used_is_deleted, async |engine: Engine| {
    let tenant = engine.organization().await;
    let kpi = a_kpi(&engine, &tenant, "Rendement").await;
    let service = kpis(&engine);
    let dashboard = DeleteDashboard { id: kpi.snapshot().dashboard_id, expected_version: None };
    let full = service.delete_dashboard(&tenant, dashboard).await;
    assert!(matches!(full, Err(KpiError::DashboardNotEmpty)), "{full:?}");
    service.add_value(&tenant, measured(kpi.id(), "2026-09", "93")).await.unwrap();
    let delete = DeleteKpi { id: kpi.id(), expected_version: None };
    let measured_kpi = service.delete_kpi(&tenant, delete).await;
    assert!(matches!(measured_kpi, Err(KpiError::KpiHasValues)), "{measured_kpi:?}");
    let unused = a_kpi(&engine, &tenant, "Unused").await;
    service.delete_kpi(&tenant, DeleteKpi { id: unused.id(), expected_version: Some(1) }).await.unwrap();
    let gone = service.kpi(&tenant, unused.id()).await;
    assert!(matches!(gone, Err(KpiError::KpiNotFound(_))), "{gone:?}");
});

on_both_engines!(lists_are_ordered_filtered_and_paged, async |engine: Engine| {
    let tenant = engine.organization().await;
    for title in ["Delta", "Alpha", "Charlie", "Bravo", "Alpha"] {
        a_dashboard(&engine, &tenant, title).await;
    }
    let mut titles = Vec::new();
    let mut page = first_page(2);
    loop {
        let read = kpis(&engine).dashboards(&tenant, DashboardFilter::default(), page).await.unwrap();
        titles.extend(read.items.iter().map(|dashboard| dashboard.snapshot().title.clone()));
        let Some(next) = read.next else { break };
        page = PageRequest { limit: 2, after: Some(next) };
    }
    assert_eq!(titles, ["Alpha", "Alpha", "Bravo", "Charlie", "Delta"]);
    let other = DashboardFilter { process_name: Some("Ventes".to_owned()) };
    assert!(kpis(&engine).dashboards(&tenant, other, first_page(10)).await.unwrap().items.is_empty());

    let kpi = a_kpi(&engine, &tenant, "Archived").await;
    let mut archive = ChangeKpi::of(kpi.id());
    archive.archived = Some(true);
    kpis(&engine).change_kpi(&tenant, archive).await.unwrap();
    let dashboard = kpi.snapshot().dashboard_id;
    for (archived, expected) in [(None, 1), (Some(true), 1), (Some(false), 0)] {
        let listed = kpis(&engine).kpis(&tenant, dashboard, archived, first_page(10)).await.unwrap();
        assert_eq!(listed.items.len(), expected, "{archived:?}");
    }
});

on_both_engines!(every_change_leaves_a_line_in_the_audit_trail, async |engine: Engine| {
    let tenant = engine.organization().await;
    let kpi = a_kpi(&engine, &tenant, "Audited").await;
    kpis(&engine).delete_kpi(&tenant, DeleteKpi { id: kpi.id(), expected_version: None }).await.unwrap();
    let raw = engine.raw(tenant.organization()).await;
    assert_eq!(count(&raw, "FROM audit_log WHERE subject_kind = 'kpi'").await, 2);
    assert_eq!(count(&raw, "FROM audit_log WHERE subject_kind = 'dashboard'").await, 1);
});

on_both_engines!(a_unit_of_work_that_is_dropped_leaves_nothing, async |engine: Engine| {
    let tenant = engine.organization().await;
    let dashboard = a_dashboard(&engine, &tenant, "Kept").await;
    {
        let mut work = KpiStore::begin(&engine.tenants, &tenant).await.unwrap();
        work.dashboards().delete(&dashboard).await.unwrap();
        assert_eq!(work.dashboards().find(dashboard.snapshot().id).await.unwrap(), None);
    }
    assert!(kpis(&engine).dashboard(&tenant, dashboard.snapshot().id).await.is_ok());
});
