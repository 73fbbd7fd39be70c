//! A process may die anywhere, or stand still and wake up later: every organization ends active or fully gone, and only one
//! holder has an effect.

use super::{World, named, operator};
use crate::{
    Finding, OPERATION_LEASE, OperationState, OrganizationStatus, Outcome, Patience, Tenancy, TenancyError,
    TenancyService,
};
use chrono::TimeDelta;
use futures_util::FutureExt;
use proptest::prelude::*;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll};
use vigie_kernel::StoreError;

fn now_or_stuck<T>(future: impl Future<Output = T>) -> Option<T> {
    future.now_or_never()
}

/// How many points a creation passes from its first to its last.
fn points(failing: Option<&'static str>) -> usize {
    let world = World::new();
    break_at(&world, failing);
    now_or_stuck(create(&world.tenancy)).unwrap().unwrap();
    world.outside.faults.passed().len()
}

fn break_at(world: &World, failing: Option<&'static str>) {
    if let Some(effect) = failing {
        world.databases.fail_at(effect, || StoreError::broken("damaged"));
    }
}

async fn create(tenancy: &Tenancy) -> Result<Outcome, TenancyError> {
    let begun = tenancy.begin(&operator(), named("Paris", None)).await?;
    tenancy.run(begun, Patience::Patient).await
}

/// Lets other processes take up what is left, until nothing is.
fn settle(world: &World) {
    for _ in 0..4 {
        world.clock.advance(TimeDelta::minutes(6));
        now_or_stuck(world.process().resume_unfinished()).unwrap().unwrap();
    }
}

/// Active with everything, or gone with everything.
fn assert_whole(world: &World, what: &str) {
    let operations = world.store.all_operations();
    assert!(operations.iter().all(|operation| operation.state().is_ended()), "{what}: {operations:?}");
    match world.store.all().as_slice() {
        [] => now_or_stuck(world.assert_empty()).unwrap(),
        [organization] => {
            assert_eq!(organization.status(), OrganizationStatus::Active, "{what}");
            assert_eq!(world.databases.names(), ["vigie_org_paris"], "{what}");
            assert_eq!(world.store.addresses(), ["paris@example.org"], "{what}");
        }
        more => panic!("{what}: {more:?}"),
    }
    let found: Vec<Finding> = now_or_stuck(world.tenancy.examine(&operator())).unwrap().unwrap();
    assert_eq!(found, [], "{what}");
}

#[test]
fn killed_at_any_point_it_is_finished_by_the_next_process() {
    for point in 0..points(None) {
        let world = World::new();
        let _never_opened = world.outside.faults.stall_after(point);
        assert!(now_or_stuck(create(&world.tenancy)).is_none(), "{point}");
        let at = world.outside.faults.passed().last().cloned().unwrap();
        settle(&world);
        assert_whole(&world, &at);
        let made = !world.store.all().is_empty();
        assert_eq!(made, at != "before the commit" || point > 0, "{at}: a reserved organization is finished");
    }
}

#[test]
fn killed_at_any_point_of_undoing_it_is_undone_by_the_next_process() {
    for effect in ["create", "migrate", "probe"] {
        for point in 0..points(Some(effect)) {
            let world = World::new();
            break_at(&world, Some(effect));
            let _never_opened = world.outside.faults.stall_after(point);
            assert!(now_or_stuck(create(&world.tenancy)).is_none(), "{effect} {point}");
            let at = world.outside.faults.passed().last().cloned().unwrap();
            settle(&world);
            assert_whole(&world, &at);
            assert!(world.store.all().is_empty(), "{at}");
        }
    }
}

/// One poll of a future that is kept.
fn poll<T>(future: &mut Pin<Box<dyn Future<Output = T> + '_>>) -> Poll<T> {
    future.as_mut().poll(&mut Context::from_waker(std::task::Waker::noop()))
}

#[test]
fn who_wakes_up_after_his_lease_has_no_effect_on_what_another_has_done() {
    let all = points(None);
    for point in 1..all {
        let world = World::new();
        let gate = world.outside.faults.stall_after(point);
        let mut sleeper: Pin<Box<dyn Future<Output = _> + '_>> = Box::pin(create(&world.tenancy));
        assert!(poll(&mut sleeper).is_pending());
        let at = world.outside.faults.passed().last().cloned().unwrap();
        settle(&world);
        assert_whole(&world, &at);
        let before = (world.store.all(), world.store.all_operations(), world.store.audited());

        gate.open();
        let woken = poll(&mut sleeper);

        assert!(woken.is_ready(), "{at}");
        assert_whole(&world, &at);
        assert_eq!((world.store.all(), world.store.all_operations(), world.store.audited()), before, "{at}");
    }
}

#[test]
fn who_wakes_up_after_it_was_undone_leaves_nothing_behind() {
    for point in 1..points(None) {
        let world = World::new();
        let gate = world.outside.faults.stall_after(point);
        let mut sleeper: Pin<Box<dyn Future<Output = _> + '_>> = Box::pin(create(&world.tenancy));
        assert!(poll(&mut sleeper).is_pending());
        let at = world.outside.faults.passed().last().cloned().unwrap();
        let operation = world.store.all_operations()[0].clone();
        if operation.state() == OperationState::Succeeded {
            continue;
        }
        world.clock.advance(OPERATION_LEASE);
        let undone = now_or_stuck(world.process().undo(&operator(), operation.id())).unwrap().unwrap();
        assert_eq!(undone.operation.state(), OperationState::Undone, "{at}");

        gate.open();
        let woken = poll(&mut sleeper);

        assert!(woken.is_ready(), "{at}");
        assert_whole(&world, &at);
        assert!(world.store.all().is_empty(), "{at}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    /// Process after process dies somewhere, with or without an effect that cannot succeed, and the operator may interfere.
    #[test]
    fn however_many_processes_die_it_ends_active_or_gone(
        deaths in proptest::collection::vec(0_usize..40, 1..8),
        failing in proptest::option::of(proptest::sample::select(vec!["create", "configure", "migrate", "seed", "probe"])),
        undo_after in proptest::option::of(0_usize..8),
    ) {
        let world = World::new();
        break_at(&world, failing);
        let _first = world.outside.faults.stall_after(deaths[0]);
        let _ = now_or_stuck(create(&world.tenancy));
        for (turn, death) in deaths.iter().enumerate().skip(1) {
            world.clock.advance(TimeDelta::minutes(6));
            let _next = world.outside.faults.stall_after(*death);
            let process = world.process();
            let id = world.store.all_operations().first().map(crate::Operation::id);
            let _ = match (undo_after == Some(turn), id) {
                (true, Some(id)) => now_or_stuck(process.undo(&operator(), id)).map(|_| ()),
                (true | false, None | Some(_)) => now_or_stuck(process.resume_unfinished()).map(|_| ()),
            };
        }
        world.outside.faults.clear();
        settle(&world);
        assert_whole(&world, &format!("{deaths:?} {failing:?} {undo_after:?}"));
    }
}
