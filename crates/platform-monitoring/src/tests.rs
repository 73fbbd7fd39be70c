use crate::HealthStatus::{Degraded, Healthy, Unhealthy};
use crate::{
    HealthProbe, HealthService, HealthStatus, Impact, PlatformHealth, Readiness, SteadyStatus, overall,
};
use async_trait::async_trait;
use chrono::TimeDelta;
use proptest::prelude::*;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use vigie_kernel::testing::FixedClock;

struct Probe {
    name: &'static str,
    impact: Impact,
    down: AtomicBool,
    asked: AtomicU32,
}

impl Probe {
    fn new(name: &'static str, impact: Impact) -> Arc<Self> {
        Arc::new(Self { name, impact, down: AtomicBool::new(false), asked: AtomicU32::new(0) })
    }
}

#[async_trait]
impl HealthProbe for Probe {
    fn name(&self) -> &'static str {
        self.name
    }

    fn impact(&self) -> Impact {
        self.impact
    }

    async fn check(&self) -> Result<(), String> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if self.down.load(Ordering::Relaxed) { Err("connection refused".to_owned()) } else { Ok(()) }
    }
}

fn world() -> (Arc<Probe>, Arc<Probe>, Arc<FixedClock>, PlatformHealth) {
    let control = Probe::new("control_database", Impact::Critical);
    let mail = Probe::new("mail", Impact::Degrading);
    let clock = Arc::new(FixedClock::at_text("2026-11-20T09:00:00Z"));
    let health = PlatformHealth::new(vec![control.clone(), mail.clone()], clock.clone());
    (control, mail, clock, health)
}

#[tokio::test]
async fn a_process_whose_critical_parts_work_is_ready() {
    let (control, mail, clock, health) = world();
    mail.down.store(true, Ordering::Relaxed);
    assert!(health.live());
    let readiness = health.ready().await;
    assert_eq!((readiness.http_status(), readiness.is_degraded()), (200, true));
    assert_eq!(readiness, Readiness { missing: vec!["mail"], ..Readiness::default() });

    control.down.store(true, Ordering::Relaxed);
    clock.advance(TimeDelta::seconds(1));
    let readiness = health.ready().await;
    assert!(!readiness.is_degraded(), "it is worse than that");
    assert_eq!((readiness.http_status(), readiness.failing), (503, vec!["control_database"]));

    control.down.store(false, Ordering::Relaxed);
    mail.down.store(false, Ordering::Relaxed);
    clock.advance(TimeDelta::seconds(1));
    assert_eq!(health.ready().await, Readiness::default());
}

#[tokio::test]
async fn probes_are_asked_once_a_second() {
    let (control, _, clock, health) = world();
    for _ in 0..50 {
        health.ready().await;
    }
    assert_eq!(control.asked.load(Ordering::Relaxed), 1);
    clock.advance(TimeDelta::milliseconds(1000));
    health.ready().await;
    assert_eq!(control.asked.load(Ordering::Relaxed), 2);
}

#[tokio::test]
async fn a_draining_process_lives_and_is_not_ready() {
    let (control, _, _, health) = world();
    assert!(health.ready().await.is_ready());
    health.drain();
    assert_eq!(health.ready().await, Readiness { draining: true, ..Readiness::default() });
    assert!(health.live());
    assert_eq!(control.asked.load(Ordering::Relaxed), 1);
}

fn series(start: HealthStatus, observed: &[HealthStatus]) -> Vec<HealthStatus> {
    let mut status = SteadyStatus::starting(start);
    observed.iter().map(|observed| status.observe(*observed)).collect()
}

#[test]
fn three_bad_observations_worsen() {
    let bad = [Unhealthy, Unhealthy, Unhealthy];
    assert_eq!(series(Healthy, &bad), [Healthy, Healthy, Unhealthy]);
    let fluttering = [Unhealthy, Unhealthy, Healthy, Unhealthy, Unhealthy];
    assert_eq!(series(Healthy, &fluttering), [Healthy; 5]);
}

#[test]
fn two_good_observations_recover() {
    assert_eq!(series(Unhealthy, &[Healthy, Healthy]), [Unhealthy, Healthy]);
    assert_eq!(series(Degraded, &[Healthy, Degraded, Healthy]), [Degraded; 3]);
}

#[test]
fn it_goes_only_as_far_as_every_observation_bears_out() {
    let worsening = [Degraded, Unhealthy, Unhealthy, Unhealthy];
    assert_eq!(series(Healthy, &worsening), [Healthy, Healthy, Degraded, Unhealthy]);
    assert_eq!(series(Unhealthy, &[Degraded, Healthy, Healthy]), [Unhealthy, Degraded, Healthy]);
}

#[test]
fn the_whole_is_as_bad_as_its_worst_part() {
    assert_eq!(overall([]), Healthy);
    assert_eq!(overall([Healthy, Degraded]), Degraded);
    assert_eq!(overall([Unhealthy, Degraded, Healthy]), Unhealthy);
    assert_eq!(Impact::Critical.observed(false), Unhealthy);
    assert_eq!(Impact::Degrading.observed(false), Degraded);
    assert_eq!(Impact::Critical.observed(true), Healthy);
    assert_eq!([Healthy, Degraded, Unhealthy].map(HealthStatus::http_status), [200, 200, 503]);
}

fn any_status() -> impl Strategy<Value = HealthStatus> {
    prop_oneof![Just(Healthy), Just(Degraded), Just(Unhealthy)]
}

proptest! {
    #[test]
    fn the_status_is_always_one_that_was_seen_often_enough(
        start in any_status(),
        observed in prop::collection::vec(any_status(), 0..40),
    ) {
        let mut before = start;
        for (index, after) in series(start, &observed).into_iter().enumerate() {
            let worse = observed[..=index].iter().rev().take_while(|seen| **seen > before).count();
            let better = observed[..=index].iter().rev().take_while(|seen| **seen < before).count();
            prop_assert_eq!(after > before, worse >= 3);
            prop_assert_eq!(after < before, better >= 2);
            before = after;
        }
    }

    #[test]
    fn a_lasting_state_is_reached(start in any_status(), lasting in any_status()) {
        prop_assert_eq!(series(start, &[lasting; 3])[2], lasting);
    }
}
