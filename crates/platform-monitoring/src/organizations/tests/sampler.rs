use super::rig::{World, operator, small, start};
use crate::{
    Gap, Health, HealthRule, PACE, RETRY_AFTER, SAMPLE_EVERY, SAMPLE_LEASE, SampleError, SampleNow,
    SampleService, SampleStep, SampleStore, Sampler,
};
use chrono::TimeDelta;
use vigie_kernel::{Clock, OrganizationId, OrganizationStatus};

/// Steps until nobody is due, moving the clock when the pace asks for it.
async fn round(world: &World, samplers: &[Sampler]) {
    let mut turn = 0;
    loop {
        match samplers[turn % samplers.len()].step().await.unwrap() {
            SampleStep::Idle => return,
            SampleStep::Wait(time) => world.clock.advance(TimeDelta::from_std(time).unwrap()),
            SampleStep::Sampled(..) | SampleStep::Retired(_) => {}
        }
        turn += 1;
    }
}

fn order(world: &World) -> Vec<OrganizationId> {
    world.opened().into_iter().map(|(id, _)| id).collect()
}

#[tokio::test]
async fn several_processes_together_open_two_databases_a_second() {
    let world = World::of(7);
    round(&world, &[world.sampler(), world.sampler(), world.sampler()]).await;
    let opened = world.opened();
    assert_eq!(order(&world), world.ids, "each once");
    for pair in opened.windows(2) {
        assert!(pair[1].1 - pair[0].1 >= PACE, "{pair:?}");
    }
}

#[tokio::test]
async fn each_is_sampled_hourly_and_the_oldest_sample_first() {
    let world = World::of(3);
    let sampler = [world.sampler()];
    round(&world, &sampler).await;
    round(&world, &sampler).await;
    assert_eq!(world.opened().len(), 3, "nobody is due");
    let now = operator();
    let again = sampler[0].sample_now(&now, world.ids[0]).await.unwrap();
    let SampleNow::Wait(time) = again else { panic!("{again:?}") };
    world.clock.advance(TimeDelta::from_std(time).unwrap());
    let SampleNow::Taken(sample) = sampler[0].sample_now(&now, world.ids[0]).await.unwrap() else {
        panic!("the time is over")
    };
    assert_eq!((sample.organization, sample.health()), (world.ids[0], Health::Healthy));

    world.clock.advance(SAMPLE_EVERY);
    round(&world, &sampler).await;
    let [first, second, third] = world.ids[..] else { panic!("three") };
    assert_eq!(order(&world)[4..], [second, third, first]);
}

#[tokio::test]
async fn a_database_that_does_not_answer_is_asked_again_soon_and_then_hourly() {
    let world = World::of(1);
    let sampler = world.sampler();
    let id = world.ids[0];
    world.answer(Err(Gap::Timeout));
    world.memory.enrol(start()).await.unwrap();
    for (pause, rule) in [
        (RETRY_AFTER, HealthRule::SampleFailed),
        (RETRY_AFTER, HealthRule::SampleFailed),
        (SAMPLE_EVERY, HealthRule::DatabaseUnreachable),
        (SAMPLE_EVERY, HealthRule::DatabaseUnreachable),
    ] {
        assert_eq!(sampler.step().await.unwrap(), SampleStep::Sampled(id, Some(Gap::Timeout)));
        assert_eq!(world.due_at(id), Some(world.clock.now() + pause));
        let seen = sampler.samples(&operator(), &[id]).await.unwrap();
        assert_eq!((seen[0].rule, seen[0].measured.kpis), (Some(rule), None));
        world.clock.advance(pause);
    }
    world.answer(Ok(small()));
    assert_eq!(sampler.step().await.unwrap(), SampleStep::Sampled(id, None));
    let seen = sampler.samples(&operator(), &[id]).await.unwrap();
    assert_eq!((seen[0].rule, seen[0].failures_in_a_row, seen[0].measured), (None, 0, small()));
}

#[tokio::test]
async fn who_leaves_service_leaves_the_row_and_comes_back_into_it() {
    let world = World::of(2);
    let sampler = [world.sampler()];
    let id = world.ids[0];
    round(&world, &sampler).await;
    world.facts(id, |facts| facts.status = OrganizationStatus::Archived);
    world.clock.advance(SAMPLE_EVERY);
    round(&world, &sampler).await;
    assert_eq!(order(&world), [id, world.ids[1], world.ids[1]]);
    assert_eq!(sampler[0].samples(&operator(), &world.ids).await.unwrap().len(), 1);
    let refused = sampler[0].sample_now(&operator(), id).await;
    assert!(matches!(refused, Err(SampleError::NotInService)), "{refused:?}");

    world.facts(id, |facts| facts.status = OrganizationStatus::Active);
    round(&world, &sampler).await;
    assert_eq!(order(&world).last(), Some(&id));
}

#[tokio::test]
async fn a_failed_organization_is_told_without_a_database() {
    let world = World::of(1);
    world.facts(world.ids[0], |facts| facts.status = OrganizationStatus::Failed);
    round(&world, &[world.sampler()]).await;
    let seen = world.sampler().samples(&operator(), &world.ids).await.unwrap();
    assert_eq!((seen[0].rule, seen[0].gap), (Some(HealthRule::OrganizationFailed), None));
    assert!(world.opened().is_empty());
}

#[tokio::test]
async fn a_turn_that_nobody_ends_is_given_to_another() {
    let world = World::of(1);
    let id = world.ids[0];
    let sampler = world.sampler();
    world.memory.enrol(start()).await.unwrap();
    // A process takes the turn and dies.
    world.memory.claim(start()).await.unwrap();
    assert_eq!(sampler.step().await.unwrap(), SampleStep::Idle);
    world.clock.advance(SAMPLE_LEASE);
    assert_eq!(sampler.step().await.unwrap(), SampleStep::Sampled(id, None));
}

#[tokio::test]
async fn samples_that_nobody_renews_are_stale() {
    let world = World::of(1);
    let sampler = world.sampler();
    round(&world, &[world.sampler()]).await;
    world.clock.advance(TimeDelta::hours(3));
    let seen = sampler.samples(&operator(), &world.ids).await.unwrap();
    assert_eq!((seen[0].health(), seen[0].rule), (Health::Warning, Some(HealthRule::SampleStale)));
    assert!(seen[0].sampled_at < sampler.stale_before());
}
