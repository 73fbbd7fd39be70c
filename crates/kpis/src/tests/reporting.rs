use super::support::{Org, cuts, date, dec, errors_of};
use crate::{
    ActionCounts, ChangeKpi, Counts, DefineKpi, Direction, Kpi, KpiService, OverviewQuery, Policy,
    ReportingService, Risk, Status, TopRisksQuery,
};
use vigie_kernel::{DashboardId, Frequency};

async fn kpi(org: &Org, dashboard: DashboardId, code: &str, weight: &str, value: Option<&str>) -> Kpi {
    let command = DefineKpi {
        code: Some(code.to_owned()),
        thresholds: cuts("95/90"),
        weight: Some(dec(weight)),
        ..DefineKpi::new(dashboard, code, Frequency::Monthly, Direction::UpIsBetter)
    };
    let kpi = org.kpis.define_kpi(&org.manager, command).await.unwrap();
    if let Some(value) = value {
        org.put(&kpi, "2026-10", value).await;
    }
    kpi
}

async fn risks(org: &Org, limit: i64) -> Vec<Risk> {
    let query = TopRisksQuery { limit: Some(limit), as_of: None };
    org.reporting.top_risks(&org.manager, query).await.unwrap()
}

#[tokio::test]
async fn the_overview_rolls_up_by_dashboard_and_process() {
    let org = Org::new();
    let plant = org.dashboard(&org.manager, "Plant", "Make").await.id();
    let lines = org.dashboard(&org.manager, "Lines", "Make").await.id();
    org.dashboard(&org.manager, "Empty", "Sell").await;
    kpi(&org, plant, "A", "2", Some("95")).await;
    let red = kpi(&org, plant, "B", "1", Some("80")).await;
    kpi(&org, plant, "C", "1", None).await;
    kpi(&org, lines, "D", "1", Some("80")).await;
    let archived = kpi(&org, lines, "E", "1", Some("80")).await;
    let archive = ChangeKpi { archived: Some(true), ..ChangeKpi::of(archived.id()) };
    org.kpis.change_kpi(&org.manager, archive).await.unwrap();
    org.store.set_actions(org.id, red.id(), ActionCounts { open: 2, late: 1 });
    // The open period does not count.
    org.put(&red, "2026-11", "99").await;

    let query = OverviewQuery { as_of: None, policy: Some(Policy::Weighted) };
    let overview = org.reporting.overview(&org.manager, query).await.unwrap();
    let titles: Vec<&str> = overview.dashboards.iter().map(|row| row.dashboard.title.as_str()).collect();
    assert_eq!(titles, ["Empty", "Lines", "Plant"]);
    let plant = &overview.dashboards[2].section;
    assert_eq!(plant.roll_up.counts, Counts { green: 1, red: 1, no_data: 1, ..Counts::default() });
    assert_eq!(plant.roll_up.score, Some(dec("44.4444")));
    assert_eq!((plant.roll_up.coverage, plant.roll_up.headline), (dec("0.75"), Some(Status::Orange)));
    assert_eq!((plant.actions, plant.red_without_action), (ActionCounts { open: 2, late: 1 }, 0));
    assert_eq!(overview.dashboards[1].section.red_without_action, 1);
    assert_eq!(overview.dashboards[0].section.kpis, 0);

    let processes: Vec<(Option<&str>, u32, u32)> = overview
        .processes
        .iter()
        .map(|process| (process.process_name.as_deref(), process.dashboards, process.section.kpis))
        .collect();
    assert_eq!(processes, [(Some("Make"), 2, 4), (Some("Sell"), 1, 0)]);
    let all = &overview.organization;
    assert_eq!((all.kpis, all.roll_up.counts.red, all.red_without_action), (4, 2, 1));
    assert_eq!(all.roll_up.score, Some(dec("33.3333")));
}

#[tokio::test]
async fn a_date_looks_back_and_never_ahead() {
    let org = Org::new();
    let board = org.dashboard(&org.manager, "Plant", "Make").await.id();
    let measured = kpi(&org, board, "A", "1", Some("99")).await;
    org.put(&measured, "2026-09", "80").await;
    let headline = async |as_of: &str| {
        let query = OverviewQuery { as_of: Some(date(as_of)), policy: None };
        org.reporting.overview(&org.manager, query).await.map(|overview| overview.organization.roll_up)
    };
    assert_eq!(headline("2026-11-01").await.unwrap().headline, Some(Status::Green));
    assert_eq!(headline("2026-10-31").await.unwrap().headline, Some(Status::Red));
    assert_eq!(headline("2026-09-30").await.unwrap().counts.no_data, 1);
    assert_eq!(errors_of(headline("2026-11-21").await), ["as_of:date_in_future"]);
}

#[tokio::test]
async fn stale_kpis_are_counted() {
    let org = Org::new();
    let board = org.dashboard(&org.manager, "Plant", "Make").await.id();
    let late = kpi(&org, board, "A", "1", None).await;
    org.put(&late, "2026-08", "99").await;
    kpi(&org, board, "B", "1", Some("99")).await;
    let start = ChangeKpi {
        start_period: Some(Some("2026-01".to_owned())),
        ..ChangeKpi::of(kpi(&org, board, "C", "1", None).await.id())
    };
    org.kpis.change_kpi(&org.manager, start).await.unwrap();
    let overview = org.reporting.overview(&org.manager, OverviewQuery::default()).await.unwrap();
    let counts = overview.organization.roll_up.counts;
    assert_eq!((counts.green, counts.no_data, counts.stale), (2, 1, 2));
}

#[tokio::test]
async fn the_worst_come_first() {
    let org = Org::new();
    let board = org.dashboard(&org.manager, "Plant", "Make").await.id();
    for (code, weight, value) in [
        ("ORANGE", "9", "90"),
        ("GREEN", "9", "99"),
        ("RED_MILD", "9", "89"),
        ("RED_B", "1", "10"),
        ("RED_A", "1", "20"),
        ("RED_HEAVY", "3", "30"),
    ] {
        kpi(&org, board, code, weight, Some(value)).await;
    }
    kpi(&org, board, "NO_DATA", "1", None).await;
    let listed = risks(&org, 10).await;
    let codes: Vec<&str> = listed.iter().map(|risk| risk.kpi.code.as_str()).collect();
    assert_eq!(codes, ["RED_HEAVY", "RED_A", "RED_B", "RED_MILD", "ORANGE"]);
    assert_eq!(listed[0].display.as_deref(), Some("30.00"));
    assert_eq!(listed[0].dashboard.title, "Plant");
    assert!(listed[0].red_without_action && !listed[4].red_without_action);
    assert_eq!(risks(&org, 2).await.len(), 2);
    for limit in [0, 101] {
        let query = TopRisksQuery { limit: Some(limit), as_of: None };
        assert_eq!(errors_of(org.reporting.top_risks(&org.manager, query).await), ["limit:out_of_range"]);
    }
}
