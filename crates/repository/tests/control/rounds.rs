//! Going round the outboxes in case a signal was lost.

use crate::common::{Engine, message};
use crate::on_both_engines;
use chrono::TimeDelta;
use std::sync::Arc;
use vigie_kernel::{OrganizationId, TenantContext};
use vigie_kpis::KpiStore;
use vigie_repository::{Registry, RegistryLimits, Relay, RelaySignal, TenantStore};

/// A process of the installation: a registry of its own, and a relay over it.
struct Process {
    registry: Arc<Registry>,
    relay: Relay,
    tenants: TenantStore,
}

impl Process {
    fn new(engine: &Engine) -> Self {
        Self::with(engine, RegistryLimits::default())
    }

    fn with(engine: &Engine, limits: RegistryLimits) -> Self {
        let registry = engine.registry_with(limits);
        let (control, queue) = (engine.control.connection().clone(), Arc::clone(&engine.queue));
        let relay = Relay::new(control, Arc::clone(&registry), queue, RelaySignal::default());
        let tenants =
            TenantStore::new(Arc::clone(&registry), RelaySignal::default(), Arc::clone(&engine.ids));
        Self { registry, relay, tenants }
    }

    /// A message whose signal nobody hears.
    async fn announce(&self, engine: &Engine, tenant: &TenantContext) {
        let mut work = KpiStore::begin(&self.tenants, tenant).await.unwrap();
        work.outbox().add(&message(engine, "kpis.recompute")).await.unwrap();
        work.commit().await.unwrap();
    }

    /// Every look that is due, whatever the pace.
    async fn look_at_all(&self) -> usize {
        let mut relayed = 0;
        while let Some(found) = self.relay.look_at_next().await.unwrap() {
            relayed += found;
        }
        relayed
    }
}

/// Organizations whose databases nobody should need: the names of those that were opened are known by the count.
async fn idle(engine: &Engine, count: usize) -> Vec<OrganizationId> {
    let mut made = Vec::new();
    for number in 0..count {
        made.push(engine.organization_named(&format!("idle-{number}")).await.organization());
    }
    made
}

on_both_engines!(one_process_goes_round_at_a_time, async |engine: Engine| {
    let (one, other) = (Process::new(&engine), Process::new(&engine));
    assert_eq!(one.relay.round().await.unwrap(), Some(0));
    assert_eq!(other.relay.round().await.unwrap(), None);
    engine.clock.advance(TimeDelta::seconds(10));
    assert_eq!(one.relay.round().await.unwrap(), Some(0));
    engine.clock.advance(TimeDelta::seconds(10));
    assert_eq!(other.relay.round().await.unwrap(), None, "the lease was prolonged");
    // It dies.
    engine.clock.advance(TimeDelta::seconds(5));
    assert_eq!(other.relay.round().await.unwrap(), Some(0));
    assert_eq!(one.relay.round().await.unwrap(), None);
    // It ends in order.
    other.relay.end_rounds().await.unwrap();
    assert_eq!(one.relay.round().await.unwrap(), Some(0));
});

on_both_engines!(a_lost_signal_of_one_in_use_is_found_within_a_minute, async |engine: Engine| {
    idle(&engine, 12).await;
    let used = engine.organization_named("used").await;
    let (working, going_round) = (Process::new(&engine), Process::new(&engine));
    working.announce(&engine, &used).await;
    working.relay.note_use().await.unwrap();
    drop(working);

    assert_eq!(going_round.relay.round().await.unwrap(), Some(1), "before any of the idle ones");

    // In use again, a moment after it was looked at, by a process that dies.
    let working = Process::new(&engine);
    engine.clock.advance(TimeDelta::seconds(1));
    working.announce(&engine, &used).await;
    working.relay.note_use().await.unwrap();
    drop(working);
    let mut waited = 0;
    while going_round.relay.round().await.unwrap() != Some(1) {
        engine.clock.advance(TimeDelta::seconds(5));
        waited += 5;
        assert!(waited < 60, "it is not found");
    }
});

on_both_engines!(one_that_was_used_is_looked_at_once_more_after_a_standstill, async |engine: Engine| {
    let used = engine.organization_named("used").await;
    let working = Process::new(&engine);
    working.announce(&engine, &used).await;
    working.relay.note_use().await.unwrap();
    assert_eq!(working.relay.round().await.unwrap(), Some(1));
    engine.clock.advance(TimeDelta::seconds(20));
    working.announce(&engine, &used).await;
    drop(working);
    // Nobody is there for a while.
    engine.clock.advance(TimeDelta::minutes(20));
    assert_eq!(Process::new(&engine).relay.round().await.unwrap(), Some(1));
});

on_both_engines!(the_others_are_looked_at_seldom_and_a_few_at_a_time, async |engine: Engine| {
    idle(&engine, 14).await;
    let forgotten = engine.organization_named("forgotten").await;
    let closed = engine.organization_named("closed").await;
    Process::new(&engine).announce(&engine, &forgotten).await;
    Process::new(&engine).announce(&engine, &closed).await;
    let process = Process::new(&engine);
    let before = process.registry.opened();

    let mut looks = 0;
    let mut relayed = 0;
    for round in 0..3 {
        if round == 1 {
            engine.control_sql("UPDATE organizations SET status = 'suspended' WHERE slug = 'closed'").await;
        }
        assert_eq!(process.relay.round().await.unwrap(), Some(0), "nobody uses them");
        let mut of_round = 0;
        while let Some(found) = process.relay.look_at_next().await.unwrap() {
            (of_round, relayed) = (of_round + 1, relayed + found);
        }
        assert!(of_round <= 10, "two a second, with rounds of five seconds");
        looks += of_round;
        engine.clock.advance(TimeDelta::seconds(5));
    }
    assert!((15..=16).contains(&looks) && relayed >= 1, "each of them once: {looks}, {relayed}");
    assert_eq!((process.registry.opened(), process.registry.open_organizations()), (before, 0));

    engine.clock.advance(TimeDelta::minutes(50));
    process.relay.round().await.unwrap();
    assert_eq!(process.relay.look_at_next().await.unwrap(), None, "not again so soon");
    Process::new(&engine).announce(&engine, &forgotten).await;
    engine.clock.advance(TimeDelta::minutes(11));
    let mut found = 0;
    for _ in 0..2 {
        process.relay.round().await.unwrap();
        found += process.look_at_all().await;
    }
    assert_eq!(found, 1, "within about an hour");
});

on_both_engines!(one_in_use_that_does_not_answer_is_tried_again, async |engine: Engine| {
    let used = engine.organization_named("used").await;
    let process = Process::new(&engine);
    process.announce(&engine, &used).await;
    process.relay.note_use().await.unwrap();
    process.registry.forget(used.organization());
    let renamed = |name: &str| format!("UPDATE organizations SET database_name = {name} WHERE slug = 'used'");
    engine.control_sql(&renamed("database_name || '_gone'")).await;
    engine.clock.advance(TimeDelta::minutes(3));
    assert_eq!(process.relay.round().await.unwrap(), Some(0));
    engine.control_sql(&renamed("REPLACE(database_name, '_gone', '')")).await;
    assert_eq!(process.relay.round().await.unwrap(), Some(0), "not at once");
    engine.clock.advance(TimeDelta::seconds(30));
    assert_eq!(process.relay.round().await.unwrap(), Some(1));
});

on_both_engines!(a_look_pushes_nobody_out_and_keeps_nobody_open, async |engine: Engine| {
    let used = engine.organization_named("used").await;
    idle(&engine, 3).await;
    let limits = RegistryLimits { open_organizations: 1, ..RegistryLimits::default() };
    let process = Process::with(&engine, limits);
    drop(KpiStore::begin(&process.tenants, &used).await.unwrap());
    assert_eq!((process.registry.opened(), process.registry.open_organizations()), (1, 1));

    process.relay.note_use().await.unwrap();
    process.relay.round().await.unwrap();
    process.look_at_all().await;

    assert_eq!((process.registry.opened(), process.registry.open_organizations()), (1, 1));
    drop(KpiStore::begin(&process.tenants, &used).await.unwrap());
    assert_eq!(process.registry.opened(), 1, "it was open all the time");
    // A look is no use: what nobody uses any more is not watched for ever.
    process.relay.note_use().await.unwrap();
    engine.clock.advance(TimeDelta::minutes(5));
    process.relay.round().await.unwrap();
    process.relay.note_use().await.unwrap();
    engine.clock.advance(TimeDelta::minutes(1));
    let watched = "FROM outbox_rounds WHERE watched_until > looked_at";
    assert_eq!(crate::common::count(engine.control.connection(), watched).await, 0);
});
