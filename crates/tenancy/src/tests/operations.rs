use super::{World, operator};
use crate::{
    ListOperations, OPERATION_LEASE, OperationKind, OperationState, OperationStep, OrganizationStore,
    Patience, StepOutcome, TenancyError, TenancyService,
};
use chrono::TimeDelta;
use std::collections::BTreeSet;
use uuid::Uuid;
use vigie_kernel::{Clock, OperationId, PageRequest, StoreError};

#[test]
fn names_are_read_back_and_every_step_is_in_order_once() {
    for kind in OperationKind::ALL {
        assert_eq!(OperationKind::from_name(kind.name()), Some(*kind));
        let steps: BTreeSet<_> = kind.steps().iter().map(|step| step.name()).collect();
        assert_eq!(steps.len(), kind.steps().len());
        assert!(kind.undone_in_order().iter().all(|step| kind.steps().contains(step)));
        assert_eq!(kind.undone_in_order().last(), Some(&OperationStep::Reserve), "the rows go last");
    }
    for step in OperationStep::ALL {
        assert_eq!(OperationStep::from_name(step.name()), Some(*step));
    }
    for state in OperationState::ALL {
        assert_eq!(OperationState::from_name(state.name()), Some(*state));
    }
    for outcome in StepOutcome::ALL {
        assert_eq!(StepOutcome::from_name(outcome.name()), Some(*outcome));
    }
}

#[tokio::test]
async fn a_held_operation_is_not_taken_and_a_late_write_changes_nothing() {
    let world = World::new();
    let held = world.begin("Paris").await.operation;
    let now = world.clock.now();
    let other = Uuid::from_u128(1);
    assert_eq!(world.store.take_operation(held.id(), other, now, true).await.unwrap(), None);
    let refused = world.tenancy.retry(&operator(), held.id()).await;
    assert!(matches!(refused, Err(TenancyError::OperationHeld)));

    let later = now + OPERATION_LEASE;
    let taken = world.store.take_operation(held.id(), other, later, false).await.unwrap().unwrap();
    assert_eq!((taken.snapshot().fence, taken.snapshot().attempt), (2, 2));
    assert!(matches!(world.store.record(&held).await, Err(StoreError::Stale)));
    assert!(matches!(world.store.prolong(&held, later).await, Err(StoreError::Stale)));
    world.store.record(&taken).await.unwrap();
}

#[tokio::test]
async fn an_operation_under_way_can_be_undone_by_the_operator() {
    let world = World::new();
    world.databases.fail_at("files", || StoreError::broken("unused"));
    world.databases.fail_at("probe", || StoreError::Unavailable("down".into()));
    let id = world.create("Paris").await.operation.id();
    let undone = world.tenancy.undo(&operator(), id).await.unwrap();
    assert_eq!(undone.operation.state(), OperationState::Undone);
    world.assert_empty().await;
    let done: Vec<_> = world.store.audited().iter().map(|entry| entry.action).collect();
    assert!(done.contains(&"operation.undone") && done.contains(&"organization.discarded"), "{done:?}");
}

#[tokio::test]
async fn operations_are_listed_newest_first() {
    let world = World::new();
    let mut ids = Vec::new();
    for name in ["Paris", "Lyon", "Nice"] {
        ids.push(world.create(name).await.operation.id());
        world.clock.advance(TimeDelta::seconds(1));
    }
    let begun = world.begin("Brest").await;
    let page = PageRequest { limit: 2, after: None };
    let first = world.tenancy.operations(&operator(), &ListOperations::default(), &page).await.unwrap();
    let told: Vec<OperationId> = first.items.iter().map(crate::Operation::id).collect();
    assert_eq!(told, [begun.operation.id(), ids[2]]);
    let rest = PageRequest { limit: 9, after: first.next };
    let rest = world.tenancy.operations(&operator(), &ListOperations::default(), &rest).await.unwrap();
    assert_eq!(rest.items.iter().map(crate::Operation::id).collect::<Vec<_>>(), [ids[1], ids[0]]);
    let open = ListOperations { state: Some(OperationState::Running), organization: None };
    let open = world.tenancy.operations(&operator(), &open, &page).await.unwrap();
    assert_eq!(open.items.len(), 1);
    let unknown = OperationId::from(Uuid::from_u128(404));
    assert!(matches!(
        world.tenancy.operation(&operator(), unknown).await,
        Err(TenancyError::OperationNotFound)
    ));
    world.tenancy.run(begun, Patience::Patient).await.unwrap();
}
