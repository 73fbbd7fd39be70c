//! From the organizations' outboxes to the queue.

use crate::common::{Engine, count, message};
use crate::on_both_engines;
use chrono::TimeDelta;
use vigie_jobs::{Lane, OutboxMessage};
use vigie_kernel::TenantContext;
use vigie_kpis::KpiStore;
use vigie_repository::JobStatus;

async fn announce(engine: &Engine, tenant: &TenantContext, message: &OutboxMessage) {
    let mut work = KpiStore::begin(&engine.tenants, tenant).await.unwrap();
    work.outbox().add(message).await.unwrap();
    work.commit().await.unwrap();
}

async fn queued(engine: &Engine) -> usize {
    engine.jobs(JobStatus::Queued).await.len()
}

on_both_engines!(an_announced_job_reaches_the_queue_as_it_was_announced, async |engine: Engine| {
    let tenant = engine.organization().await;
    let mut sent = message(&engine, "kpis.recompute");
    sent.exclusive = Some("kpis".to_owned());
    announce(&engine, &tenant, &sent).await;

    assert_eq!(engine.signal.wait().await, [tenant.organization()]);
    assert_eq!(engine.relay.relay(tenant.organization()).await.unwrap(), 1);

    let job = engine.queue.claim().await.unwrap().unwrap();
    assert_eq!(job.id.as_uuid(), sent.id.as_uuid());
    assert_eq!((job.name.as_str(), job.payload), ("kpis.recompute", sent.payload));
    assert_eq!(job.organization, Some(tenant.organization()));
    assert_eq!((job.request_id.as_str(), job.attempt, job.max_attempts), ("request-1", 1, 3));
    assert_eq!(engine.queue.show(job.id).await.unwrap().unwrap().exclusive.as_deref(), Some("kpis"));
    assert_eq!(engine.relay.relay(tenant.organization()).await.unwrap(), 0);
});

on_both_engines!(a_job_that_was_rolled_back_is_never_announced, async |engine: Engine| {
    let tenant = engine.organization().await;
    let mut work = KpiStore::begin(&engine.tenants, &tenant).await.unwrap();
    work.outbox().add(&message(&engine, "kpis.recompute")).await.unwrap();
    drop(work);

    assert_eq!(engine.relay.sweep().await.unwrap(), 0);
    assert_eq!(queued(&engine).await, 0);
});

on_both_engines!(a_crash_between_enqueuing_and_forgetting_enqueues_once, async |engine: Engine| {
    let tenant = engine.organization().await;
    let sent = message(&engine, "kpis.recompute");
    announce(&engine, &tenant, &sent).await;
    // What the relay had done before it was killed: the queue has the job, the outbox still has the message.
    engine.queue.enqueue(Some(tenant.organization()), &sent).await.unwrap();

    engine.relay.relay(tenant.organization()).await.unwrap();

    assert_eq!(queued(&engine).await, 1);
    let outbox = engine.raw(tenant.organization()).await;
    assert_eq!(count(&outbox, "FROM outbox").await, 0);
});

on_both_engines!(a_job_that_is_done_is_not_done_again_by_a_late_relay, async |engine: Engine| {
    let tenant = engine.organization().await;
    let sent = message(&engine, "kpis.recompute");
    announce(&engine, &tenant, &sent).await;
    engine.queue.enqueue(Some(tenant.organization()), &sent).await.unwrap();
    let job = engine.queue.claim().await.unwrap().unwrap();
    engine.queue.finish(&job).await.unwrap();

    engine.relay.relay(tenant.organization()).await.unwrap();

    assert!(engine.queue.claim().await.unwrap().is_none());
    assert_eq!(count(engine.control.connection(), "FROM jobs").await, 1);
});

on_both_engines!(a_sweep_relays_what_every_organization_has_waiting, async |engine: Engine| {
    let (paris, lyon) = (engine.organization().await, engine.organization().await);
    let unreachable = engine.organization_named("unreachable").await;
    for tenant in [&paris, &lyon, &lyon] {
        announce(&engine, tenant, &message(&engine, "kpis.recompute")).await;
    }
    engine.registry.forget(unreachable.organization());
    engine.control_sql("UPDATE organizations SET database_name = 'gone' WHERE slug = 'unreachable'").await;

    assert_eq!(engine.relay.sweep().await.unwrap(), 3);

    assert_eq!(queued(&engine).await, 3);
});

on_both_engines!(more_messages_than_a_batch_are_all_relayed_in_order, async |engine: Engine| {
    let tenant = engine.organization().await;
    let mut work = KpiStore::begin(&engine.tenants, &tenant).await.unwrap();
    for _ in 0..450 {
        work.outbox().add(&message(&engine, "kpis.recompute")).await.unwrap();
    }
    work.commit().await.unwrap();

    assert_eq!(engine.relay.relay(tenant.organization()).await.unwrap(), 450);
    assert_eq!(count(engine.control.connection(), "FROM jobs").await, 450);
});

on_both_engines!(how_late_messages_are_is_told, async |engine: Engine| {
    let tenant = engine.organization().await;
    let lost = engine.organization_named("lost").await;
    announce(&engine, &tenant, &message(&engine, "kpis.recompute")).await;
    engine.registry.forget(lost.organization());
    engine.control_sql("UPDATE organizations SET database_name = 'gone' WHERE slug = 'lost'").await;
    engine.clock.advance(TimeDelta::seconds(7));
    let lag = |engine: &Engine| engine.relay.take_lag().map(|(lane, lag)| (lane, lag.num_seconds()));

    engine.relay.relay_announced(tenant.organization()).await.unwrap();
    assert_eq!(lag(&engine), [(Lane::Security, 0), (Lane::Transactional, 7), (Lane::Bulk, 0)]);
    assert_eq!(lag(&engine), Lane::ALL.map(|lane| (lane, 0)));

    engine.relay.relay_announced(lost.organization()).await.unwrap_err();
    engine.clock.advance(TimeDelta::seconds(90));
    assert_eq!(lag(&engine), Lane::ALL.map(|lane| (lane, 90)));
});
