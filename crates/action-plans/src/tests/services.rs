use super::{ANA, BOB, MANAGER, USER, World, day, field_codes, kpi_id, organization, tenant, user};
use crate::{
    Action, ActionFilter, ActionPlanError, ActionPlanService, ActionStatus, ActionWarning, ChangeAction,
    ChangeComment, CommentTarget, CreateAction, WriteComment,
};
use chrono::TimeDelta;
use uuid::Uuid;
use vigie_kernel::{
    ActionId, CommentId, DashboardId, PageRequest, Permission, PermissionDenied, PermissionSet, Role,
    testing::member,
};

async fn given(world: &World, who: u128, command: CreateAction) -> Action {
    world.plans.create_action(&tenant(who, USER), command).await.unwrap().action
}

fn titled(kpi: u128, title: &str) -> CreateAction {
    CreateAction::titled(kpi_id(kpi), title)
}

fn retitled(title: &str) -> ChangeAction {
    ChangeAction { title: Some(title.to_owned()), ..ChangeAction::default() }
}

fn unknown() -> ActionId {
    ActionId::from(Uuid::from_u128(404))
}

#[tokio::test]
async fn an_action_is_created_read_changed_and_deleted() {
    let world = World::new();
    let ana = tenant(ANA, MANAGER);
    let created = given(&world, ANA, titled(1, "Clean the filter")).await;
    let id = created.snapshot().id;
    assert_eq!(world.plans.action(&ana, id).await.unwrap(), created);

    world.clock.advance(TimeDelta::hours(1));
    let changed = world.plans.change_action(&ana, id, retitled("Clean both")).await.unwrap().action;
    assert_eq!(world.plans.action(&ana, id).await.unwrap(), changed);
    assert!(changed.snapshot().updated_at > created.snapshot().updated_at);

    world.plans.delete_action(&ana, id, None).await.unwrap();
    assert!(matches!(world.plans.action(&ana, id).await, Err(ActionPlanError::ActionNotFound)));
    let twice = world.plans.delete_action(&ana, id, None).await;
    assert!(matches!(twice, Err(ActionPlanError::ActionNotFound)));
}

#[tokio::test]
async fn what_changes_an_action_is_audited_and_what_does_not_is_not() {
    let world = World::new();
    let ana = tenant(ANA, MANAGER);
    let id = given(&world, ANA, titled(1, "Clean")).await.snapshot().id;
    let done = ChangeAction { status: Some(ActionStatus::Done), ..ChangeAction::default() };
    world.plans.change_action(&ana, id, done.clone()).await.unwrap();
    world.plans.change_action(&ana, id, done).await.unwrap();
    world.plans.delete_action(&ana, id, None).await.unwrap();
    let trail = world.store.audited(organization(1));
    let actions: Vec<_> = trail.iter().map(|entry| entry.action).collect();
    assert_eq!(actions, ["action.created", "action.changed", "action.deleted"]);
    assert!(trail.iter().all(|entry| entry.actor == Some(user(ANA)) && entry.subject_id == id.as_uuid()));
    let expected =
        serde_json::json!({ "fields": ["progress", "status"], "status": { "from": "OPEN", "to": "DONE" } });
    assert_eq!(trail[1].details, expected);
}

#[tokio::test]
async fn an_unknown_kpi_is_not_found_by_any_way() {
    let world = World::new();
    let ana = tenant(ANA, MANAGER);
    let all = PageRequest::default();
    let created = world.plans.create_action(&ana, titled(9, "Clean")).await;
    assert!(matches!(created, Err(ActionPlanError::KpiNotFound)));
    let listed = world.plans.actions_of_kpi(&ana, kpi_id(9), &all).await;
    assert!(matches!(listed, Err(ActionPlanError::KpiNotFound)));
    let commented = world.plans.write_comment(&ana, WriteComment::on_kpi(kpi_id(9), "hello")).await;
    assert!(matches!(commented, Err(ActionPlanError::KpiNotFound)));
    let comments = world.plans.comments(&ana, CommentTarget::Kpi(kpi_id(9)), &all).await;
    assert!(matches!(comments, Err(ActionPlanError::KpiNotFound)));
    let commented = world.plans.write_comment(&ana, WriteComment::on_action(unknown(), "hello")).await;
    assert!(matches!(commented, Err(ActionPlanError::ActionNotFound)));
    let comments = world.plans.comments(&ana, CommentTarget::Action(unknown()), &all).await;
    assert!(matches!(comments, Err(ActionPlanError::ActionNotFound)));
    assert!(world.plans.actions_of_kpi(&ana, kpi_id(1), &all).await.unwrap().items.is_empty());
    assert!(world.plans.comments(&ana, CommentTarget::Kpi(kpi_id(1)), &all).await.unwrap().items.is_empty());
    assert!(world.store.audited(organization(1)).is_empty());
}

#[tokio::test]
async fn another_organization_sees_nothing() {
    let world = World::new();
    let id = given(&world, ANA, titled(1, "Clean")).await.snapshot().id;
    let stranger = member(organization(2), user(ANA), Role::Owner, PermissionSet::of(MANAGER));
    let all = PageRequest::default();
    assert!(matches!(world.plans.action(&stranger, id).await, Err(ActionPlanError::ActionNotFound)));
    let changed = world.plans.change_action(&stranger, id, retitled("mine")).await;
    assert!(matches!(changed, Err(ActionPlanError::ActionNotFound)));
    let listed = world.plans.actions(&stranger, &ActionFilter::default(), &all).await.unwrap();
    assert!(listed.items.is_empty());
}

#[tokio::test]
async fn an_owner_has_to_be_a_member() {
    let world = World::new();
    let foreign = CreateAction { owner_id: Some(user(0xdead)), ..titled(1, "Clean") };
    let refused = world.plans.create_action(&tenant(ANA, USER), foreign).await;
    assert_eq!(field_codes(refused), [("owner_id".to_owned(), "owner_no_access")]);
    let id = given(&world, ANA, titled(1, "Clean")).await.snapshot().id;
    let handed = ChangeAction { owner_id: Some(Some(user(0xdead))), ..ChangeAction::default() };
    let refused = world.plans.change_action(&tenant(ANA, USER), id, handed).await;
    assert_eq!(field_codes(refused), [("owner_id".to_owned(), "owner_no_access")]);
}

#[tokio::test]
async fn a_past_due_date_is_accepted_with_a_warning() {
    let world = World::new();
    let ana = tenant(ANA, USER);
    let due = |text: &str| CreateAction { due_date: Some(day(text)), ..titled(1, "Clean") };
    let past = world.plans.create_action(&ana, due("2026-11-19")).await.unwrap();
    assert_eq!(past.warnings.iter().map(|warning| warning.name()).collect::<Vec<_>>(), ["DUE_DATE_PAST"]);
    assert!(past.action.late(day("2026-11-20")));
    assert_eq!(world.plans.create_action(&ana, due("2026-11-20")).await.unwrap().warnings, []);

    let id = past.action.snapshot().id;
    let renamed = world.plans.change_action(&ana, id, retitled("Still late")).await.unwrap();
    assert_eq!(renamed.warnings, [], "only what is given now is warned about");
    let moved = ChangeAction { due_date: Some(Some(day("2026-11-18"))), ..ChangeAction::default() };
    let moved = world.plans.change_action(&ana, id, moved).await.unwrap();
    assert_eq!(moved.warnings, [ActionWarning::DueDatePast]);
}

#[tokio::test]
async fn rights_decide_who_changes_what() {
    let world = World::new();
    let of_ana = given(&world, ANA, titled(1, "Ana's")).await.snapshot().id;
    let for_bob = CreateAction { owner_id: Some(user(BOB)), ..titled(1, "For Bob") };
    let for_bob = given(&world, ANA, for_bob).await.snapshot().id;
    let bob = tenant(BOB, USER);
    let denied = |result: Result<_, ActionPlanError>, missing| matches!(result, Err(ActionPlanError::Denied(PermissionDenied(permission))) if permission == missing);

    let foreign = world.plans.change_action(&bob, of_ana, retitled("mine now")).await;
    assert!(denied(foreign, Permission::ActionChange));
    world.plans.change_action(&bob, for_bob, retitled("I carry it")).await.unwrap();
    world.plans.change_action(&tenant(BOB, MANAGER), of_ana, retitled("by the manager")).await.unwrap();

    let reader = tenant(BOB, &[Permission::DashboardRead]);
    assert!(denied(world.plans.create_action(&reader, titled(1, "no")).await, Permission::ActionCreate));
    assert!(denied(
        world.plans.change_action(&reader, for_bob, retitled("no")).await,
        Permission::ActionChange
    ));
    let deleted = world.plans.delete_action(&bob, for_bob, None).await;
    assert!(matches!(deleted, Err(ActionPlanError::Denied(PermissionDenied(Permission::ActionChange)))));
    let nobody = tenant(BOB, &[]);
    let listed = world.plans.actions(&nobody, &ActionFilter::default(), &PageRequest::default()).await;
    assert!(matches!(listed, Err(ActionPlanError::Denied(PermissionDenied(Permission::DashboardRead)))));
}

#[tokio::test]
async fn an_old_version_is_refused() {
    let world = World::new();
    let ana = tenant(ANA, MANAGER);
    let id = given(&world, ANA, titled(1, "Clean")).await.snapshot().id;
    let seen = |version| ChangeAction { expected_version: Some(version), ..retitled("Clean both") };
    world.plans.change_action(&ana, id, seen(1)).await.unwrap();
    let stale = world.plans.change_action(&ana, id, seen(1)).await;
    assert!(matches!(stale, Err(ActionPlanError::ChangedMeanwhile)));
    let stale = world.plans.delete_action(&ana, id, Some(1)).await;
    assert!(matches!(stale, Err(ActionPlanError::ChangedMeanwhile)));
    world.plans.delete_action(&ana, id, Some(2)).await.unwrap();
}

#[tokio::test]
async fn the_list_over_all_kpis_can_be_narrowed() {
    let world = World::new();
    let ana = tenant(ANA, MANAGER);
    let late = CreateAction { due_date: Some(day("2026-11-01")), ..titled(1, "late") };
    given(&world, ANA, late).await;
    given(&world, ANA, CreateAction { owner_id: Some(user(BOB)), ..titled(2, "Bob's") }).await;
    given(&world, ANA, CreateAction { status: Some(ActionStatus::Done), ..titled(2, "done") }).await;
    let every = ActionFilter::default;
    let dashboard = |number| Some(DashboardId::from(Uuid::from_u128(number)));
    for (filter, expected) in [
        (every(), vec!["done", "Bob's", "late"]),
        (ActionFilter { owner: Some(user(BOB)), ..every() }, vec!["Bob's"]),
        (ActionFilter { status: Some(ActionStatus::Done), ..every() }, vec!["done"]),
        (ActionFilter { late: Some(true), ..every() }, vec!["late"]),
        (ActionFilter { late: Some(false), ..every() }, vec!["done", "Bob's"]),
        (ActionFilter { dashboard: dashboard(1), ..every() }, vec!["late"]),
        (ActionFilter { process_name: Some("Process 2".to_owned()), ..every() }, vec!["done", "Bob's"]),
        (ActionFilter { dashboard: dashboard(1), status: Some(ActionStatus::Done), ..every() }, vec![]),
    ] {
        let found = world.plans.actions(&ana, &filter, &PageRequest::default()).await.unwrap();
        let titles: Vec<_> = found.items.iter().map(|item| item.action.snapshot().title.as_str()).collect();
        assert_eq!(titles, expected, "{filter:?}");
    }
    let found = world.plans.actions(&ana, &every(), &PageRequest::default()).await.unwrap();
    let first = &found.items[0];
    assert_eq!((first.kpi_code.as_str(), first.kpi_name.as_str()), ("KPI-2", "Indicator 2"));
}

#[tokio::test]
async fn pages_follow_each_other_without_gap_or_repetition() {
    let world = World::new();
    let ana = tenant(ANA, MANAGER);
    for number in 0..5 {
        given(&world, ANA, titled(1, &format!("action {number}"))).await;
    }
    let (mut after, mut seen) = (None, Vec::new());
    loop {
        let page =
            world.plans.actions_of_kpi(&ana, kpi_id(1), &PageRequest { limit: 2, after }).await.unwrap();
        seen.extend(page.items.iter().map(|action| action.snapshot().title.clone()));
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["action 4", "action 3", "action 2", "action 1", "action 0"]);
}

#[tokio::test]
async fn comments_belong_to_their_kpi_or_action_and_their_author() {
    let world = World::new();
    let (ana, bob, boss) = (tenant(ANA, USER), tenant(BOB, USER), tenant(BOB, MANAGER));
    let all = PageRequest::default();
    let action = given(&world, ANA, titled(1, "Clean")).await.snapshot().id;
    let on_kpi =
        world.plans.write_comment(&ana, WriteComment::on_kpi(kpi_id(1), "on the KPI")).await.unwrap();
    let on_action =
        world.plans.write_comment(&bob, WriteComment::on_action(action, "on the action")).await.unwrap();
    let listed = world.plans.comments(&ana, CommentTarget::Kpi(kpi_id(1)), &all).await.unwrap();
    assert_eq!(listed.items, std::slice::from_ref(&on_kpi));
    let listed = world.plans.comments(&ana, CommentTarget::Action(action), &all).await.unwrap();
    assert_eq!(listed.items, std::slice::from_ref(&on_action));

    let id = on_kpi.snapshot().id;
    let change =
        |content: &str, expected_version| ChangeComment { id, content: content.to_owned(), expected_version };
    let foreign = world.plans.change_comment(&boss, change("reworded", None)).await;
    assert!(matches!(foreign, Err(ActionPlanError::NotTheAuthor)));
    let changed = world.plans.change_comment(&ana, change("better", Some(1))).await.unwrap();
    assert_eq!((changed.snapshot().content.as_str(), changed.snapshot().version), ("better", 2));
    let stale = world.plans.change_comment(&ana, change("again", Some(1))).await;
    assert!(matches!(stale, Err(ActionPlanError::ChangedMeanwhile)));

    let denied = world.plans.delete_comment(&bob, id, None).await;
    assert!(matches!(denied, Err(ActionPlanError::Denied(PermissionDenied(Permission::CommentModerate)))));
    world.plans.delete_comment(&boss, id, None).await.unwrap();
    let gone = world.plans.delete_comment(&ana, id, None).await;
    assert!(matches!(gone, Err(ActionPlanError::CommentNotFound)));
    world.plans.delete_comment(&bob, on_action.snapshot().id, Some(1)).await.unwrap();
    let trail = world.store.audited(organization(1));
    let deleted = trail.iter().filter(|entry| entry.action == "comment.deleted").count();
    assert_eq!(deleted, 2);
}

#[tokio::test]
async fn an_action_takes_its_comments_with_it() {
    let world = World::new();
    let ana = tenant(ANA, MANAGER);
    let action = given(&world, ANA, titled(1, "Clean")).await.snapshot().id;
    let comment = world.plans.write_comment(&ana, WriteComment::on_action(action, "hello")).await.unwrap();
    world.plans.delete_action(&ana, action, None).await.unwrap();
    let id: CommentId = comment.snapshot().id;
    let gone = world
        .plans
        .change_comment(&ana, ChangeComment { id, content: "x".to_owned(), expected_version: None });
    assert!(matches!(gone.await, Err(ActionPlanError::CommentNotFound)));
}
