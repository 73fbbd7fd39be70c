use super::support::{Org, cuts, dec, denied, errors_of, number, record};
use crate::{
    ChangeDashboard, ChangeKpi, CreateDashboard, DashboardFilter, DefineKpi, DeleteDashboard, DeleteKpi,
    Direction, KpiError, KpiService, KpiStore, SetThresholds, ThresholdFields, ThresholdPatch,
};
use vigie_kernel::{Frequency, IdSource, KpiId, PageRequest, Permission, TenantContext};

fn nothing_of(dashboard: &crate::Dashboard) -> ChangeDashboard {
    ChangeDashboard {
        id: dashboard.id(),
        expected_version: None,
        title: None,
        description: None,
        process_name: None,
        owner_id: None,
    }
}

async fn define(org: &Org, tenant: &TenantContext, command: DefineKpi) -> Result<crate::Kpi, KpiError> {
    org.kpis.define_kpi(tenant, command).await
}

#[tokio::test]
async fn a_dashboard_lives_and_dies() {
    let org = Org::new();
    let created = org.dashboard(&org.manager, " Quality ", "Operations").await;
    assert_eq!(created.snapshot().title, "Quality");
    let change = ChangeDashboard {
        description: Some(Some("What leaves the plant".to_owned())),
        process_name: Some(None),
        expected_version: Some(1),
        ..nothing_of(&created)
    };
    let changed = org.kpis.change_dashboard(&org.manager, change.clone()).await.unwrap();
    assert_eq!(changed.snapshot().version, 2);
    assert_eq!(changed.snapshot().process_name, None);
    let stale = org.kpis.change_dashboard(&org.manager, change).await;
    assert!(matches!(stale, Err(KpiError::Stale)));
    let same = org.kpis.change_dashboard(&org.manager, nothing_of(&created)).await.unwrap();
    assert_eq!(same, changed);
    assert_eq!(org.kpis.dashboard(&org.manager, created.id()).await.unwrap(), changed);
    let delete = DeleteDashboard { id: created.id(), expected_version: Some(2) };
    org.kpis.delete_dashboard(&org.manager, delete).await.unwrap();
    let again = org.kpis.delete_dashboard(&org.manager, delete).await;
    assert!(matches!(again, Err(KpiError::DashboardNotFound(_))));
    let actions: Vec<&str> = org.store.audit_trail(org.id).iter().map(|entry| entry.action).collect();
    assert_eq!(actions, ["dashboard.created", "dashboard.changed", "dashboard.deleted"]);
}

#[tokio::test]
async fn dashboards_are_listed_by_title_in_pages() {
    let org = Org::new();
    for (title, process) in [("C", "Sales"), ("A", "Sales"), ("B", "Plant"), ("D", "Sales")] {
        org.dashboard(&org.manager, title, process).await;
    }
    let filter = DashboardFilter { process_name: Some("Sales".to_owned()) };
    let first = PageRequest { limit: 2, after: None };
    let page = org.kpis.dashboards(&org.manager, filter.clone(), first).await.unwrap();
    let titles = |page: &vigie_kernel::Page<crate::Dashboard>| -> Vec<String> {
        page.items.iter().map(|item| item.snapshot().title.clone()).collect()
    };
    assert_eq!(titles(&page), ["A", "C"]);
    let second = PageRequest { limit: 2, after: page.next };
    let page = org.kpis.dashboards(&org.manager, filter, second).await.unwrap();
    assert_eq!((titles(&page), page.next), (vec!["D".to_owned()], None));
}

#[tokio::test]
async fn a_user_works_on_what_is_his_own() {
    let org = Org::new();
    let (owner, other) = (org.user(), org.user());
    let own = org.dashboard(&owner, "Mine", "Plant").await;
    let draft = DefineKpi::new(own.id(), "Scrap", Frequency::Weekly, Direction::DownIsBetter);
    let kpi = define(&org, &owner, draft.clone()).await.unwrap();
    let change = ChangeKpi { critical: Some(true), ..ChangeKpi::of(kpi.id()) };
    org.kpis.change_kpi(&owner, change.clone()).await.unwrap();

    assert_eq!(denied(define(&org, &other, draft).await), Permission::DashboardChange);
    assert_eq!(denied(org.kpis.change_kpi(&other, change).await), Permission::DashboardChange);
    let grab = nothing_of(&own);
    assert_eq!(denied(org.kpis.change_dashboard(&other, grab).await), Permission::DashboardChange);
    let value = record(&kpi, "2026-W40", number("1"));
    assert_eq!(denied(org.kpis.add_value(&other, value.clone()).await), Permission::ValueRecord);
    org.kpis.add_value(&owner, value).await.unwrap();

    let theirs = org.dashboard(&org.manager, "Theirs", "Plant").await;
    let moved = ChangeKpi { dashboard_id: Some(theirs.id()), ..ChangeKpi::of(kpi.id()) };
    assert_eq!(denied(org.kpis.change_kpi(&owner, moved).await), Permission::DashboardChange);
    let for_another = CreateDashboard {
        title: "Yours".to_owned(),
        owner_id: Some(other.actor()),
        ..CreateDashboard::default()
    };
    assert_eq!(denied(org.kpis.create_dashboard(&owner, for_another).await), Permission::DashboardChange);
}

#[tokio::test]
async fn the_owner_of_a_kpi_records_on_it() {
    let org = Org::new();
    let kpi = org.service_rate().await;
    let owner = org.user();
    let hand_over = ChangeKpi { owner_id: Some(owner.actor()), ..ChangeKpi::of(kpi.id()) };
    org.kpis.change_kpi(&org.manager, hand_over).await.unwrap();
    org.kpis.add_value(&owner, record(&kpi, "2026-10", number("1"))).await.unwrap();
    let change = ChangeKpi { critical: Some(true), ..ChangeKpi::of(kpi.id()) };
    assert_eq!(denied(org.kpis.change_kpi(&owner, change).await), Permission::DashboardChange);
}

#[tokio::test]
async fn an_owner_is_a_member() {
    let org = Org::new();
    let stranger = org.user().actor();
    org.store.set_members(org.id, [org.manager.actor()]);
    let command =
        CreateDashboard { title: "A".to_owned(), owner_id: Some(stranger), ..CreateDashboard::default() };
    let outcome = org.kpis.create_dashboard(&org.manager, command).await;
    assert_eq!(errors_of(outcome), ["owner_id:owner_unknown"]);
    let kpi = org.service_rate().await;
    let change = ChangeKpi { owner_id: Some(stranger), ..ChangeKpi::of(kpi.id()) };
    assert_eq!(errors_of(org.kpis.change_kpi(&org.manager, change).await), ["owner_id:owner_unknown"]);
}

#[tokio::test]
async fn codes_are_unique_and_made_up_ones_give_way() {
    let org = Org::new();
    let first = org.service_rate().await;
    let again = DefineKpi::new(
        first.snapshot().dashboard_id,
        "Service rate",
        Frequency::Monthly,
        Direction::UpIsBetter,
    );
    assert_eq!(define(&org, &org.manager, again.clone()).await.unwrap().snapshot().code, "SERVICE_RATE_2");
    assert_eq!(define(&org, &org.manager, again.clone()).await.unwrap().snapshot().code, "SERVICE_RATE_3");
    let named = DefineKpi { code: Some("service_rate".to_owned()), ..again };
    assert!(matches!(define(&org, &org.manager, named).await, Err(KpiError::CodeTaken)));
    let rename = ChangeKpi { code: Some("Service_Rate_2".to_owned()), ..ChangeKpi::of(first.id()) };
    assert!(matches!(org.kpis.change_kpi(&org.manager, rename).await, Err(KpiError::CodeTaken)));
}

#[tokio::test]
async fn what_is_in_use_is_not_deleted() {
    let org = Org::new();
    let kpi = org.service_rate().await;
    let dashboard = kpi.snapshot().dashboard_id;
    let delete = DeleteDashboard { id: dashboard, expected_version: None };
    let outcome = org.kpis.delete_dashboard(&org.manager, delete).await;
    assert!(matches!(outcome, Err(KpiError::DashboardNotEmpty)));
    org.put(&kpi, "2026-10", "90").await;
    let delete_kpi = DeleteKpi { id: kpi.id(), expected_version: None };
    let outcome = org.kpis.delete_kpi(&org.manager, delete_kpi).await;
    assert!(matches!(outcome, Err(KpiError::KpiHasValues)));
    let command = crate::DeleteValue {
        kpi_id: kpi.id(),
        period: "2026-10".into(),
        source: crate::Source::Manual,
        override_reason: None,
        expected_version: None,
    };
    org.kpis.delete_value(&org.manager, command).await.unwrap();
    org.kpis.delete_kpi(&org.manager, delete_kpi).await.unwrap();
    org.kpis.delete_dashboard(&org.manager, delete).await.unwrap();
    assert!(matches!(org.kpis.kpi(&org.manager, kpi.id()).await, Err(KpiError::KpiNotFound(_))));
}

#[tokio::test]
async fn an_archived_kpi_is_read_but_takes_no_values() {
    let org = Org::new();
    let kpi = org.service_rate().await;
    org.put(&kpi, "2026-09", "90").await;
    let archive = |archived| ChangeKpi { archived: Some(archived), ..ChangeKpi::of(kpi.id()) };
    org.kpis.change_kpi(&org.manager, archive(true)).await.unwrap();
    let put = org.kpis.put_value(&org.manager, record(&kpi, "2026-10", number("1"))).await;
    assert!(matches!(put, Err(KpiError::KpiArchived)));
    assert!(org.kpis.value(&org.manager, kpi.id(), "2026-09".into()).await.is_ok());
    let listed = async |archived| {
        let page = PageRequest::default();
        let dashboard = kpi.snapshot().dashboard_id;
        org.kpis.kpis(&org.manager, dashboard, archived, page).await.unwrap().items.len()
    };
    assert_eq!((listed(Some(false)).await, listed(Some(true)).await, listed(None).await), (0, 1, 1));
    org.kpis.change_kpi(&org.manager, archive(false)).await.unwrap();
    org.put(&kpi, "2026-10", "1").await;
}

#[tokio::test]
async fn values_freeze_the_frequency_and_guard_the_direction() {
    let org = Org::new();
    let kpi = org.service_rate().await;
    let weekly = ChangeKpi { frequency: Some(Frequency::Weekly), ..ChangeKpi::of(kpi.id()) };
    let monthly = ChangeKpi { frequency: Some(Frequency::Monthly), ..ChangeKpi::of(kpi.id()) };
    let turn = ChangeKpi { direction: Some(Direction::DownIsBetter), ..ChangeKpi::of(kpi.id()) };
    org.kpis.change_kpi(&org.manager, weekly.clone()).await.unwrap();
    org.kpis.change_kpi(&org.manager, monthly.clone()).await.unwrap();
    let outcome = org.kpis.change_kpi(&org.manager, turn.clone()).await;
    assert_eq!(errors_of(outcome), ["threshold_orange:threshold_order"]);

    org.put(&kpi, "2026-10", "90").await;
    let outcome = org.kpis.change_kpi(&org.manager, weekly).await;
    assert!(matches!(outcome, Err(KpiError::FrequencyFrozen)));
    org.kpis.change_kpi(&org.manager, monthly).await.unwrap();
    let outcome = org.kpis.change_kpi(&org.manager, turn.clone()).await;
    assert!(matches!(outcome, Err(KpiError::DirectionNeedsThresholds)));
    let with_thresholds = ChangeKpi {
        thresholds: ThresholdPatch { green: Some(Some(dec("5"))), orange: Some(Some(dec("10"))), red: None },
        ..turn
    };
    let turned = org.kpis.change_kpi(&org.manager, with_thresholds).await.unwrap();
    assert_eq!((turned.direction(), turned.snapshot().threshold_version), (Direction::DownIsBetter, Some(2)));
    let versions = org.kpis.threshold_versions(&org.manager, kpi.id()).await.unwrap();
    assert_eq!(versions[1].effective_from, Some("2026-11-01".parse().unwrap()));
}

#[tokio::test]
async fn a_wrong_direction_is_put_right_from_the_beginning_before_there_are_values() {
    let org = Org::new();
    let kpi = org.service_rate().await;
    let command = SetThresholds {
        direction: Some(Direction::DownIsBetter),
        thresholds: cuts("5/10"),
        ..later_thresholds(&kpi)
    };
    let version = org.kpis.set_thresholds(&org.manager, command).await.unwrap();
    assert_eq!((version.version_no, version.effective_from), (2, None));
    let shown = org.put(&kpi, "2024-01", "4").await.shown;
    assert_eq!(shown.value.snapshot().status, Some(crate::Status::Green));
}

fn later_thresholds(kpi: &crate::Kpi) -> SetThresholds {
    SetThresholds {
        kpi_id: kpi.id(),
        expected_version: None,
        direction: None,
        threshold_mode: None,
        thresholds: ThresholdFields::default(),
        effective_from: None,
    }
}

#[tokio::test]
async fn thresholds_are_patched_one_by_one() {
    let org = Org::new();
    let kpi = org.service_rate().await;
    let patch = |thresholds| ChangeKpi { thresholds, ..ChangeKpi::of(kpi.id()) };
    let red = ThresholdPatch { red: Some(Some(dec("80"))), ..ThresholdPatch::default() };
    let changed = org.kpis.change_kpi(&org.manager, patch(red)).await.unwrap();
    assert_eq!(changed.snapshot().thresholds.fields(), cuts("95/90/80"));
    let no_orange = ThresholdPatch { orange: Some(None), ..ThresholdPatch::default() };
    let outcome = org.kpis.change_kpi(&org.manager, patch(no_orange)).await;
    assert_eq!(errors_of(outcome), ["threshold_orange:threshold_incomplete"]);
    let none = ThresholdPatch { green: Some(None), orange: Some(None), red: Some(None) };
    let cleared = org.kpis.change_kpi(&org.manager, patch(none)).await.unwrap();
    assert!(!cleared.snapshot().thresholds.is_set());
    assert_eq!(cleared.snapshot().threshold_version, Some(3));
    let same = org.kpis.change_kpi(&org.manager, patch(none)).await.unwrap();
    assert_eq!(same, cleared);
}

#[tokio::test]
async fn nothing_of_a_failed_unit_of_work_stays() {
    let org = Org::new();
    let kpi = org.service_rate().await;
    let trail = org.store.audit_trail(org.id).len();
    let mut work = org.store.begin(&org.manager).await.unwrap();
    work.kpis().delete(&kpi).await.unwrap();
    drop(work);
    assert!(org.kpis.kpi(&org.manager, kpi.id()).await.is_ok());
    let bad = ChangeKpi { name: Some(String::new()), critical: Some(true), ..ChangeKpi::of(kpi.id()) };
    assert_eq!(errors_of(org.kpis.change_kpi(&org.manager, bad).await), ["name:required"]);
    assert_eq!(org.kpis.kpi(&org.manager, kpi.id()).await.unwrap(), kpi);
    assert_eq!(org.store.audit_trail(org.id).len(), trail);
    assert!(org.store.announced(org.id).is_empty());
}

#[tokio::test]
async fn what_another_organization_has_is_absent() {
    let org = Org::new();
    let kpi = org.service_rate().await;
    let elsewhere = vigie_kernel::testing::member(
        vigie_kernel::OrganizationId::from(org.ids.next_uuid()),
        org.manager.actor(),
        org.manager.role(),
        org.manager.permissions(),
    );
    assert!(matches!(org.kpis.kpi(&elsewhere, kpi.id()).await, Err(KpiError::KpiNotFound(_))));
    let put = org.kpis.put_value(&elsewhere, record(&kpi, "2026-10", number("1"))).await;
    assert!(matches!(put, Err(KpiError::KpiNotFound(_))));
    let unknown = KpiId::from(org.ids.next_uuid());
    assert!(matches!(org.kpis.kpi(&org.manager, unknown).await, Err(KpiError::KpiNotFound(_))));
}
