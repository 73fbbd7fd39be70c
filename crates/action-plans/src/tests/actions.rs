use super::{ANA, BOB, create, day, field_codes, kpi_id, now, user};
use crate::ActionStatus::{Cancelled, Done, InProgress, Open};
use crate::{
    Action, ActionHint, ActionPlanError, ActionSnapshot, ActionStatus, ChangeAction, CreateAction,
    plan_progress,
};
use chrono::TimeDelta;
use proptest::prelude::*;

fn action(status: ActionStatus, progress: u8) -> Action {
    let fresh = create(&CreateAction::titled(kpi_id(1), "Clean the filter")).unwrap();
    let done = status == Done;
    Action::restore(ActionSnapshot {
        status,
        progress,
        done_at: done.then(now),
        done_by: done.then(|| user(ANA)),
        ..fresh.snapshot().clone()
    })
}

fn to(status: ActionStatus) -> ChangeAction {
    ChangeAction { status: Some(status), ..ChangeAction::default() }
}

fn progress(progress: i64) -> ChangeAction {
    ChangeAction { progress: Some(progress), ..ChangeAction::default() }
}

fn because(command: ChangeAction) -> ChangeAction {
    ChangeAction { reason: Some("the machine is sold".to_owned()), ..command }
}

fn change(action: &mut Action, command: &ChangeAction) -> Result<Vec<&'static str>, ActionPlanError> {
    action.change(command, user(BOB), now() + TimeDelta::hours(1)).map(|change| change.fields)
}

fn state(action: &Action) -> (ActionStatus, u8) {
    (action.snapshot().status, action.snapshot().progress)
}

#[test]
fn an_open_action_is_in_progress_once_it_has_begun() {
    for (given, expected) in [(0, Open), (1, InProgress), (99, InProgress), (100, Open)] {
        let mut action = action(Open, 0);
        change(&mut action, &progress(given)).unwrap();
        assert_eq!(action.snapshot().status, expected, "{given}");
    }
    let mut begun = action(InProgress, 40);
    change(&mut begun, &progress(0)).unwrap();
    assert_eq!(state(&begun), (InProgress, 0), "work that was begun is not undone");
    let mut open = action(Open, 0);
    change(&mut open, &to(InProgress)).unwrap();
    assert_eq!(state(&open), (InProgress, 0));
}

#[test]
fn done_is_complete_and_remembers_when_and_by_whom() {
    for from in [Open, InProgress] {
        let mut action = action(from, 40);
        let fields = change(&mut action, &to(Done)).unwrap();
        assert_eq!(fields, ["progress", "status"]);
        assert_eq!(state(&action), (Done, 100));
        assert_eq!(action.snapshot().done_at, Some(now() + TimeDelta::hours(1)));
        assert_eq!(action.snapshot().done_by, Some(user(BOB)));
    }
}

#[test]
fn done_with_less_than_everything_is_refused() {
    for from in [Open, InProgress, Done] {
        let mut action = action(from, if from == Done { 100 } else { 40 });
        let before = action.clone();
        let refused = change(&mut action, &ChangeAction { progress: Some(80), ..to(Done) });
        assert_eq!(field_codes(refused), [("progress".to_owned(), "action_progress_mismatch")]);
        assert_eq!(action, before, "nothing changed");
    }
    let mut finished = action(Open, 40);
    change(&mut finished, &ChangeAction { progress: Some(100), ..to(Done) }).unwrap();
    assert_eq!(state(&finished), (Done, 100));
}

#[test]
fn giving_up_needs_a_reason_and_keeps_the_progress() {
    for from in [Open, InProgress] {
        let mut action = action(from, 40);
        assert_eq!(field_codes(change(&mut action, &to(Cancelled))), [("reason".to_owned(), "required")]);
        let both = change(&mut action, &ChangeAction { progress: Some(50), ..to(Cancelled) });
        let told = [("progress".to_owned(), "action_progress_mismatch"), ("reason".to_owned(), "required")];
        assert_eq!(field_codes(both), told);
        change(&mut action, &because(to(Cancelled))).unwrap();
        assert_eq!(state(&action), (Cancelled, 40));
        assert_eq!(action.snapshot().status_reason.as_deref(), Some("the machine is sold"));
    }
}

#[test]
fn reopening_needs_a_reason_and_is_not_complete() {
    for (from, before, after) in [(Done, 100, 99), (Cancelled, 40, 40), (Cancelled, 100, 99)] {
        let mut action = action(from, before);
        assert_eq!(field_codes(change(&mut action, &to(InProgress))), [("reason".to_owned(), "required")]);
        change(&mut action, &because(to(InProgress))).unwrap();
        assert_eq!(state(&action), (InProgress, after));
        assert_eq!((action.snapshot().done_at, action.snapshot().done_by), (None, None));
    }
    let mut reopened = action(Done, 100);
    let complete = because(ChangeAction { progress: Some(100), ..to(InProgress) });
    assert_eq!(
        field_codes(change(&mut reopened, &complete)),
        [("progress".to_owned(), "action_progress_mismatch")]
    );
    change(&mut reopened, &because(ChangeAction { progress: Some(60), ..to(InProgress) })).unwrap();
    assert_eq!(state(&reopened), (InProgress, 60));
}

#[test]
fn other_moves_do_not_exist() {
    for (from, target) in
        [(InProgress, Open), (Done, Open), (Cancelled, Open), (Done, Cancelled), (Cancelled, Done)]
    {
        let mut action = action(from, if from == Done { 100 } else { 40 });
        let before = action.clone();
        let refused = change(&mut action, &because(to(target)));
        assert!(matches!(refused, Err(ActionPlanError::Transition { .. })), "{from:?} -> {target:?}");
        assert_eq!(action, before);
    }
}

#[test]
fn a_closed_action_keeps_its_progress_until_it_is_reopened() {
    for (status, kept) in [(Done, 100), (Cancelled, 40)] {
        let mut action = action(status, kept);
        let refused = change(&mut action, &progress(10));
        assert_eq!(field_codes(refused), [("progress".to_owned(), "action_progress_mismatch")]);
        let title = ChangeAction { title: Some("Clean both".to_owned()), ..ChangeAction::default() };
        assert_eq!(change(&mut action, &title).unwrap(), ["title"]);
    }
}

#[test]
fn complete_is_not_closed_but_says_so() {
    for from in [Open, InProgress] {
        let mut action = action(from, 40);
        change(&mut action, &progress(100)).unwrap();
        assert_eq!(action.snapshot().progress, 100);
        assert!(action.snapshot().status.is_live());
        assert_eq!(action.hint().map(ActionHint::name), Some("READY_TO_CLOSE"));
    }
    assert_eq!(action(Done, 100).hint(), None);
    assert_eq!(action(InProgress, 99).hint(), None);
}

#[test]
fn late_is_after_the_due_date_while_work_is_expected() {
    for (status, due, expected) in [
        (Open, Some("2026-11-19"), true),
        (InProgress, Some("2026-11-19"), true),
        (Open, Some("2026-11-20"), false),
        (Open, Some("2026-11-21"), false),
        (Open, None, false),
        (Done, Some("2026-11-19"), false),
        (Cancelled, Some("2026-11-19"), false),
    ] {
        let snapshot = ActionSnapshot { due_date: due.map(day), ..action(status, 0).snapshot().clone() };
        assert_eq!(Action::restore(snapshot).late(day("2026-11-20")), expected, "{status:?} {due:?}");
    }
}

#[test]
fn a_history_can_be_created_in_any_status() {
    let command = |status, progress, reason: Option<&str>| CreateAction {
        status: Some(status),
        progress,
        reason: reason.map(str::to_owned),
        ..CreateAction::titled(kpi_id(1), "Clean")
    };
    assert_eq!(state(&create(&command(Open, None, None)).unwrap()), (Open, 0));
    assert_eq!(state(&create(&command(Open, Some(30), None)).unwrap()), (InProgress, 30));
    assert_eq!(state(&create(&command(InProgress, None, None)).unwrap()), (InProgress, 0));
    let done = create(&command(Done, None, None)).unwrap();
    assert_eq!((state(&done), done.snapshot().done_by), ((Done, 100), Some(user(ANA))));
    assert_eq!(state(&create(&command(Cancelled, Some(30), Some("sold"))).unwrap()), (Cancelled, 30));
    let refused = create(&command(Cancelled, Some(30), None));
    assert_eq!(field_codes(refused), [("reason".to_owned(), "required")]);
    let refused = create(&command(Done, Some(30), None));
    assert_eq!(field_codes(refused), [("progress".to_owned(), "action_progress_mismatch")]);
}

#[test]
fn every_field_error_is_told_at_once() {
    let refused = create(&CreateAction {
        title: "x".repeat(201),
        description: Some("x".repeat(4001)),
        progress: Some(101),
        reason: Some("why".to_owned()),
        ..CreateAction::titled(kpi_id(1), "")
    });
    let told = field_codes(refused);
    let expected = [
        ("title", "too_long"),
        ("description", "too_long"),
        ("progress", "out_of_range"),
        ("reason", "status_required"),
    ];
    assert_eq!(told, expected.map(|(field, code)| (field.to_owned(), code)));
    assert_eq!(
        field_codes(create(&CreateAction::titled(kpi_id(1), " "))),
        [("title".to_owned(), "required")]
    );
}

#[test]
fn a_change_has_three_states_for_what_can_be_empty() {
    let mut action = action(Open, 0);
    let filled = ChangeAction {
        description: Some(Some(" every Monday ".to_owned())),
        owner_id: Some(Some(user(BOB))),
        due_date: Some(Some(day("2026-12-01"))),
        ..ChangeAction::default()
    };
    assert_eq!(change(&mut action, &filled).unwrap(), ["description", "owner_id", "due_date"]);
    assert_eq!(action.snapshot().description.as_deref(), Some("every Monday"));
    assert_eq!((action.snapshot().version, action.snapshot().updated_by), (2, user(BOB)));
    assert!(action.belongs_to(user(BOB)) && action.belongs_to(user(ANA)));

    assert_eq!(change(&mut action, &filled).unwrap(), [""; 0]);
    assert_eq!(change(&mut action, &ChangeAction::default()).unwrap(), [""; 0]);
    assert_eq!(action.snapshot().version, 2, "what changes nothing counts nothing");

    let emptied = ChangeAction {
        description: Some(None),
        owner_id: Some(None),
        due_date: Some(None),
        ..ChangeAction::default()
    };
    change(&mut action, &emptied).unwrap();
    let snapshot = action.snapshot();
    assert_eq!((&snapshot.description, snapshot.owner_id, snapshot.due_date), (&None, None, None));
}

#[test]
fn the_plan_is_the_mean_of_what_is_not_given_up() {
    let of = |parts: &[(ActionStatus, u8)]| {
        let parts: Vec<_> = parts.iter().map(|(status, progress)| action(*status, *progress)).collect();
        plan_progress(parts.iter().map(Action::snapshot)).map(|progress| progress.to_string())
    };
    assert_eq!(of(&[]), None);
    assert_eq!(of(&[(Cancelled, 50)]), None);
    assert_eq!(of(&[(Open, 0), (Done, 100), (Cancelled, 90)]).as_deref(), Some("50"));
    assert_eq!(of(&[(Open, 0), (Open, 0), (Done, 100)]).as_deref(), Some("33.3333333333"));
}

#[test]
fn names_are_read_back() {
    for status in ActionStatus::ALL {
        assert_eq!(ActionStatus::from_name(status.name()), Some(status));
    }
    assert_eq!(ActionStatus::from_name("open"), None);
}

fn any_status() -> impl Strategy<Value = ActionStatus> {
    prop_oneof![Just(Open), Just(InProgress), Just(Done), Just(Cancelled)]
}

proptest! {
    #[test]
    fn whatever_is_asked_the_action_stays_consistent(
        asks in prop::collection::vec((prop::option::of(-5_i64..110), prop::option::of(any_status()), any::<bool>()), 0..20),
    ) {
        let mut action = action(Open, 0);
        for (progress, status, reasoned) in asks {
            let command = ChangeAction { progress, status, ..ChangeAction::default() };
            let command = if reasoned { because(command) } else { command };
            let before = action.clone();
            let changed = change(&mut action, &command).is_ok_and(|fields| !fields.is_empty());
            let now = action.snapshot();
            prop_assert_eq!(now.version, before.snapshot().version + i64::from(changed));
            prop_assert_eq!(changed, action != before);
            prop_assert_eq!(now.status == Done, now.done_at.is_some() && now.done_by.is_some());
            prop_assert!(now.status != Done || now.progress == 100);
            prop_assert!(now.status != Cancelled || now.status_reason.is_some());
            prop_assert!(now.status != Open || now.progress == 0 || now.progress == 100);
        }
    }
}
