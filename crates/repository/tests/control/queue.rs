//! What becomes of a job: leases, fencing, retries, death and replay.

use crate::common::{Engine, message};
use crate::on_both_engines;
use chrono::TimeDelta;
use std::collections::HashSet;
use std::time::Duration;
use tokio::task::JoinSet;
use vigie_jobs::OutboxMessage;
use vigie_kernel::{Clock, OrganizationId};
use vigie_kpis::KpiStore;
use vigie_repository::{Hold, JobStatus, LEASE};

async fn enqueue(engine: &Engine, organization: Option<OrganizationId>, message: &OutboxMessage) {
    engine.queue.enqueue(organization, message).await.unwrap();
}

async fn in_status(engine: &Engine, status: JobStatus) -> usize {
    engine.jobs(status).await.len()
}

fn past_the_lease() -> TimeDelta {
    TimeDelta::from_std(LEASE).unwrap() + TimeDelta::seconds(1)
}

on_both_engines!(eight_workers_never_hold_the_same_job, async |engine: Engine| {
    let organization = engine.open("paris").await;
    for _ in 0..40 {
        enqueue(&engine, Some(organization), &message(&engine, "kpis.recompute")).await;
    }
    let mut workers = JoinSet::new();
    for _ in 0..8 {
        let queue = engine.queue.clone();
        workers.spawn(async move {
            let mut held = Vec::new();
            while let Some(job) = queue.claim().await.unwrap() {
                held.push(job.id);
            }
            held
        });
    }
    let mut held = Vec::new();
    while let Some(worker) = workers.join_next().await {
        held.extend(worker.unwrap());
    }

    assert_eq!(held.len(), 40);
    assert_eq!(held.into_iter().collect::<HashSet<_>>().len(), 40);
    assert_eq!(in_status(&engine, JobStatus::Running).await, 40);
});

on_both_engines!(a_job_runs_not_before_its_time, async |engine: Engine| {
    let mut later = message(&engine, "kpis.recompute");
    later.run_at = engine.clock.now() + TimeDelta::minutes(5);
    enqueue(&engine, None, &later).await;

    assert!(engine.queue.claim().await.unwrap().is_none());
    engine.clock.advance(TimeDelta::minutes(5));
    assert!(engine.queue.claim().await.unwrap().is_some());
});

// A job that comes while another with its key runs is dropped, not put behind it (`Job::once`).
on_both_engines!(a_once_key_waits_or_runs_one_at_a_time, async |engine: Engine| {
    let paris = engine.open("paris").await;
    let lyon = engine.open("lyon").await;
    let keyed = || {
        let mut keyed = message(&engine, "kpis.recompute");
        keyed.once = Some("K-1".to_owned());
        keyed
    };
    assert!(engine.queue.enqueue(Some(paris), &keyed()).await.unwrap());
    for _ in 0..2 {
        assert!(!engine.queue.enqueue(Some(paris), &keyed()).await.unwrap());
    }
    enqueue(&engine, Some(lyon), &keyed()).await;
    assert_eq!(in_status(&engine, JobStatus::Queued).await, 2);

    let first = engine.queue.claim().await.unwrap().unwrap();
    enqueue(&engine, first.organization, &keyed()).await;
    assert_eq!(in_status(&engine, JobStatus::Queued).await, 1);
    engine.queue.finish(&first).await.unwrap();
    enqueue(&engine, first.organization, &keyed()).await;
    assert_eq!(in_status(&engine, JobStatus::Queued).await, 2);

    // Another kind of job with the same key is another thing; in one batch the first counts.
    let mut other = keyed();
    other.name = "kpis.forget".to_owned();
    let (mut one, mut two) = (keyed(), keyed());
    (one.once, two.once) = (Some("K-2".to_owned()), Some("K-2".to_owned()));
    assert_eq!(engine.queue.enqueue_all(Some(paris), &[other, one, two]).await.unwrap(), 2);
});

on_both_engines!(a_lease_that_ran_out_is_claimed_again, async |engine: Engine| {
    enqueue(&engine, None, &message(&engine, "kpis.recompute")).await;
    let killed = engine.queue.claim().await.unwrap().unwrap();
    assert!(engine.queue.claim().await.unwrap().is_none());

    engine.clock.advance(past_the_lease());
    let second = engine.queue.claim().await.unwrap().unwrap();

    assert_eq!((second.id, second.attempt), (killed.id, 2));
});

on_both_engines!(telling_progress_keeps_the_lease, async |engine: Engine| {
    enqueue(&engine, None, &message(&engine, "kpis.recompute")).await;
    let job = engine.queue.claim().await.unwrap().unwrap();
    for done in 1..=3 {
        engine.clock.advance(TimeDelta::seconds(20));
        assert_eq!(engine.queue.heartbeat(&job, Some((done, Some(3)))).await.unwrap(), Hold::Held);
        assert_eq!(engine.queue.heartbeat(&job, None).await.unwrap(), Hold::Held);
    }
    assert!(engine.queue.claim().await.unwrap().is_none());
});

on_both_engines!(who_lost_the_lease_changes_nothing_any_more, async |engine: Engine| {
    enqueue(&engine, None, &message(&engine, "kpis.recompute")).await;
    let old = engine.queue.claim().await.unwrap().unwrap();
    engine.clock.advance(past_the_lease());
    let new = engine.queue.claim().await.unwrap().unwrap();

    assert_eq!(engine.queue.heartbeat(&old, Some((1, None))).await.unwrap(), Hold::Lost);
    assert_eq!(engine.queue.look_at(&old).await.unwrap(), Hold::Lost);
    engine.queue.finish(&old).await.unwrap();
    engine.queue.bury(&old, "late").await.unwrap();
    engine.queue.retry(&old, Duration::from_secs(1), "late").await.unwrap();
    engine.queue.release(&old).await.unwrap();

    assert_eq!(in_status(&engine, JobStatus::Running).await, 1);
    assert_eq!(engine.queue.heartbeat(&new, None).await.unwrap(), Hold::Held);
    engine.queue.finish(&new).await.unwrap();
    assert_eq!(in_status(&engine, JobStatus::Done).await, 1);
});

on_both_engines!(a_failed_attempt_is_tried_again_later_until_none_is_left, async |engine: Engine| {
    enqueue(&engine, None, &message(&engine, "kpis.recompute")).await;
    for attempt in 1..=3_u16 {
        let job = engine.queue.claim().await.unwrap().unwrap();
        assert_eq!(job.attempt, attempt);
        engine.queue.retry(&job, Duration::from_secs(10), "mail server down").await.unwrap();
        assert!(engine.queue.claim().await.unwrap().is_none());
        engine.clock.advance(TimeDelta::seconds(10));
    }

    assert!(engine.queue.claim().await.unwrap().is_none());
    let dead = engine.jobs(JobStatus::Dead).await;
    assert_eq!(dead.len(), 1);
    assert_eq!((dead[0].attempt, dead[0].last_error.as_deref()), (3, Some("mail server down")));
});

on_both_engines!(a_dead_job_comes_back_when_it_is_replayed, async |engine: Engine| {
    enqueue(&engine, None, &message(&engine, "kpis.recompute")).await;
    let job = engine.queue.claim().await.unwrap().unwrap();
    assert!(!engine.queue.replay(job.id).await.unwrap(), "it is not dead yet");
    engine.queue.bury(&job, "cannot succeed").await.unwrap();
    assert!(engine.queue.claim().await.unwrap().is_none());

    assert!(engine.queue.replay(job.id).await.unwrap());

    let again = engine.queue.claim().await.unwrap().unwrap();
    assert_eq!((again.id, again.attempt), (job.id, 1));
});

on_both_engines!(a_postponed_job_waits_and_is_not_charged_an_attempt, async |engine: Engine| {
    engine.queue.enqueue(None, &message(&engine, "kpis.recompute")).await.unwrap();
    let job = engine.queue.claim().await.unwrap().unwrap();

    let status = engine.queue.postpone(&job, Duration::from_secs(30)).await.unwrap();

    assert_eq!(status, JobStatus::Queued);
    engine.clock.advance(TimeDelta::seconds(29));
    assert!(engine.queue.claim().await.unwrap().is_none());
    engine.clock.advance(TimeDelta::seconds(2));
    let again = engine.queue.claim().await.unwrap().unwrap();
    assert_eq!((again.id, again.attempt), (job.id, 1));
    let details = engine.queue.show(again.id).await.unwrap().unwrap();
    assert!(details.attempts.is_empty(), "no failed attempt is told");
});

on_both_engines!(a_released_job_is_not_charged_an_attempt, async |engine: Engine| {
    enqueue(&engine, None, &message(&engine, "kpis.recompute")).await;
    let job = engine.queue.claim().await.unwrap().unwrap();

    engine.queue.release(&job).await.unwrap();

    assert_eq!(engine.queue.claim().await.unwrap().unwrap().attempt, 1);
});

on_both_engines!(a_job_that_kills_every_worker_ends_dead, async |engine: Engine| {
    let mut deadly = message(&engine, "imports.apply-run");
    deadly.max_attempts = 2;
    enqueue(&engine, None, &deadly).await;
    for attempt in 1..=2 {
        assert_eq!(engine.queue.claim().await.unwrap().unwrap().attempt, attempt);
        engine.clock.advance(past_the_lease());
    }

    assert!(engine.queue.claim().await.unwrap().is_none());
    assert_eq!(in_status(&engine, JobStatus::Dead).await, 1);
});

on_both_engines!(jobs_that_ended_well_are_forgotten_after_a_week, async |engine: Engine| {
    enqueue(&engine, None, &message(&engine, "done")).await;
    let job = engine.queue.claim().await.unwrap().unwrap();
    engine.queue.finish(&job).await.unwrap();
    enqueue(&engine, None, &message(&engine, "dead")).await;
    let job = engine.queue.claim().await.unwrap().unwrap();
    engine.queue.bury(&job, "no").await.unwrap();

    assert_eq!(engine.queue.prune().await.unwrap(), 0);
    engine.clock.advance(TimeDelta::days(8));
    assert_eq!(engine.queue.prune().await.unwrap(), 1);
    assert_eq!(in_status(&engine, JobStatus::Dead).await, 1);
});

on_both_engines!(a_platform_job_waits_once_only, async |engine: Engine| {
    for _ in 0..2 {
        let mut once = message(&engine, "platform.sweep");
        once.once = Some("nightly".to_owned());
        enqueue(&engine, None, &once).await;
    }

    assert_eq!(in_status(&engine, JobStatus::Queued).await, 1);
});

on_both_engines!(a_dead_job_does_not_come_back_beside_its_successor, async |engine: Engine| {
    let mut first = message(&engine, "platform.sweep");
    first.once = Some("nightly".to_owned());
    enqueue(&engine, None, &first).await;
    let job = engine.queue.claim().await.unwrap().unwrap();
    engine.queue.bury(&job, "no").await.unwrap();
    let mut second = message(&engine, "platform.sweep");
    second.once = Some("nightly".to_owned());
    enqueue(&engine, None, &second).await;

    assert!(!engine.queue.replay(job.id).await.unwrap());
});

on_both_engines!(more_than_one_statement_takes_are_forgotten_all, async |engine: Engine| {
    let tenant = engine.organization().await;
    let mut work = KpiStore::begin(&engine.tenants, &tenant).await.unwrap();
    for _ in 0..1_005 {
        work.outbox().add(&message(&engine, "done")).await.unwrap();
    }
    work.commit().await.unwrap();
    engine.relay.relay(tenant.organization()).await.unwrap();
    engine.control_sql("UPDATE jobs SET status = 'done', finished_at = created_at").await;
    engine.clock.advance(TimeDelta::days(8));
    assert_eq!(engine.queue.prune().await.unwrap(), 1_005);
});
