//! Cancelling, the history of attempts, handlers that were not asked, lists.

use crate::common::{Engine, message};
use crate::on_both_engines;
use chrono::TimeDelta;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use vigie_jobs::{Abandoned, Lane, WakeUp};
use vigie_kernel::{Clock, JobId, PageRequest};
use vigie_repository::{Cancellation, Hold, JobFilter, JobQueue, JobStatus, LEASE};

async fn enqueued(engine: &Engine) -> JobId {
    let message = message(engine, "kpis.recompute");
    engine.queue.enqueue(None, &message).await.unwrap();
    JobId::from(message.id.as_uuid())
}

fn past_the_lease() -> TimeDelta {
    TimeDelta::from_std(LEASE).unwrap() + TimeDelta::seconds(1)
}

async fn status(engine: &Engine, job: JobId) -> String {
    engine.queue.show(job).await.unwrap().unwrap().job.status
}

/// How each attempt that did not end well is told.
async fn history(engine: &Engine, job: JobId) -> Vec<(i32, String, String)> {
    let details = engine.queue.show(job).await.unwrap().unwrap();
    details.attempts.into_iter().map(|it| (it.attempt, it.outcome, it.error.unwrap_or_default())).collect()
}

async fn unsettled(engine: &Engine) -> Vec<(JobId, Abandoned)> {
    engine.queue.unsettled(10).await.unwrap().into_iter().map(|ended| (ended.id, ended.how)).collect()
}

on_both_engines!(a_job_that_waits_is_cancelled_at_once, async |engine: Engine| {
    let job = enqueued(&engine).await;

    assert_eq!(engine.queue.cancel(job).await.unwrap(), Cancellation::Cancelled);

    assert!(engine.queue.claim().await.unwrap().is_none());
    assert_eq!(engine.queue.cancel(job).await.unwrap(), Cancellation::Ended(JobStatus::Cancelled));
    assert_eq!(unsettled(&engine).await, [(job, Abandoned::Cancelled)]);
    engine.queue.settled(job).await.unwrap();
    assert_eq!(unsettled(&engine).await, []);
});

on_both_engines!(a_job_that_runs_is_told_and_ends_as_cancelled, async |engine: Engine| {
    let job = enqueued(&engine).await;
    let held = engine.queue.claim().await.unwrap().unwrap();

    assert_eq!(engine.queue.cancel(job).await.unwrap(), Cancellation::Requested);

    assert_eq!(engine.queue.look_at(&held).await.unwrap(), Hold::Cancelled);
    assert_eq!(engine.queue.heartbeat(&held, Some((1, None))).await.unwrap(), Hold::Cancelled);
    assert_eq!(status(&engine, job).await, "running");
    engine.queue.cancelled(&held, true).await.unwrap();
    assert_eq!(status(&engine, job).await, "cancelled");
    assert_eq!(history(&engine, job).await, [(1, "cancelled".to_owned(), "cancelled".to_owned())]);
    assert_eq!(unsettled(&engine).await, [], "its handler stopped by itself");
});

on_both_engines!(a_cancelled_job_does_not_come_back_however_its_attempt_ends, async |engine: Engine| {
    let (failing, killed, stopped) =
        (enqueued(&engine).await, enqueued(&engine).await, enqueued(&engine).await);
    let mut held = Vec::new();
    for job in [failing, killed, stopped] {
        held.push(engine.queue.claim().await.unwrap().unwrap());
        assert_eq!(engine.queue.cancel(job).await.unwrap(), Cancellation::Requested);
    }
    let after = engine.queue.retry(&held[0], Duration::from_secs(1), "mail server down").await.unwrap();
    assert_eq!(after, JobStatus::Cancelled);
    engine.queue.release(&held[2]).await.unwrap();
    engine.clock.advance(past_the_lease());

    assert!(engine.queue.claim().await.unwrap().is_none());
    for job in [failing, killed, stopped] {
        assert_eq!(status(&engine, job).await, "cancelled");
    }
    assert_eq!(unsettled(&engine).await.len(), 3);
});

on_both_engines!(a_job_that_is_done_before_it_hears_of_the_cancelling_is_done, async |engine: Engine| {
    let job = enqueued(&engine).await;
    let held = engine.queue.claim().await.unwrap().unwrap();
    engine.queue.cancel(job).await.unwrap();
    engine.queue.finish(&held).await.unwrap();
    assert_eq!(engine.queue.cancel(job).await.unwrap(), Cancellation::Ended(JobStatus::Done));

    let nobody = engine.ids.next();
    assert_eq!(engine.queue.cancel(nobody).await.unwrap(), Cancellation::Unknown);
});

on_both_engines!(a_dead_job_tells_its_last_error_and_every_attempt, async |engine: Engine| {
    let job = enqueued(&engine).await;
    let held = engine.queue.claim().await.unwrap().unwrap();
    engine.queue.retry(&held, Duration::from_secs(1), "no route to host").await.unwrap();
    engine.clock.advance(TimeDelta::seconds(1));
    engine.queue.claim().await.unwrap().unwrap();
    engine.clock.advance(past_the_lease());
    let held = engine.queue.claim().await.unwrap().unwrap();
    engine.clock.advance(TimeDelta::seconds(3));
    engine.queue.retry(&held, Duration::from_secs(1), &"x".repeat(10_000)).await.unwrap();

    let lost = "the worker died or lost its connection".to_owned();
    let told = [
        (1, "failed".to_owned(), "no route to host".to_owned()),
        (2, "lost".to_owned(), lost),
        (3, "failed".to_owned(), "x".repeat(2_000)),
    ];
    assert_eq!(history(&engine, job).await, told);
    let details = engine.queue.show(job).await.unwrap().unwrap();
    assert_eq!(details.job.last_error, Some("x".repeat(2_000)));
    assert_eq!(details.job.finished_at, Some(engine.clock.now()));
    assert_eq!(details.attempts[2].started_at, Some(engine.clock.now() - TimeDelta::seconds(3)));
    assert_eq!(
        unsettled(&engine).await,
        [(job, Abandoned::Dead)],
        "its handler thought that there was another"
    );

    // A replay begins anew and keeps the history; the handler is not told of an end that was undone.
    assert!(engine.queue.replay(job).await.unwrap());
    assert_eq!(unsettled(&engine).await, []);
    let held = engine.queue.claim().await.unwrap().unwrap();
    assert_eq!(held.attempt, 1);
    engine.queue.finish(&held).await.unwrap();
    assert_eq!(history(&engine, job).await.len(), 3);
});

on_both_engines!(a_handler_that_cannot_be_told_is_left_alone_after_a_day, async |engine: Engine| {
    let paris = engine.open("paris").await;
    let sent = message(&engine, "kpis.recompute");
    engine.queue.enqueue(Some(paris), &sent).await.unwrap();
    engine.queue.cancel(JobId::from(sent.id.as_uuid())).await.unwrap();

    engine.control_sql("UPDATE organizations SET status = 'suspended'").await;
    assert_eq!(unsettled(&engine).await, []);
    engine.control_sql("UPDATE organizations SET status = 'active'").await;
    engine.clock.advance(TimeDelta::hours(23));
    assert_eq!(unsettled(&engine).await.len(), 1);
    engine.clock.advance(TimeDelta::hours(2));
    assert_eq!(unsettled(&engine).await, []);
});

on_both_engines!(a_job_that_ends_dead_by_its_handler_is_settled, async |engine: Engine| {
    enqueued(&engine).await;
    let held = engine.queue.claim().await.unwrap().unwrap();
    engine.queue.bury(&held, "the address is refused").await.unwrap();
    assert_eq!(unsettled(&engine).await, []);
});

on_both_engines!(lists_are_filtered_and_cut_into_pages, async |engine: Engine| {
    let (paris, lyon) = (engine.open("paris").await, engine.open("lyon").await);
    for number in 0..7 {
        let mut sent = message(&engine, if number % 2 == 0 { "even" } else { "odd" });
        sent.lane = if number < 3 { Lane::Bulk } else { Lane::Transactional };
        let owner = if number == 6 { None } else { Some(if number < 4 { paris } else { lyon }) };
        engine.queue.enqueue(owner, &sent).await.unwrap();
    }
    let first = engine.queue.claim_from(&[Lane::Bulk]).await.unwrap().unwrap();
    engine.queue.bury(&first, "no").await.unwrap();
    let count = async |filter: JobFilter| {
        engine.queue.list(&filter, &PageRequest::default()).await.unwrap().items.len()
    };
    assert_eq!(count(JobFilter::default()).await, 7);
    assert_eq!(count(JobFilter { lane: Some(Lane::Bulk), ..JobFilter::default() }).await, 3);
    assert_eq!(count(JobFilter { lane: Some(Lane::Bulk), ..JobFilter::status(JobStatus::Queued) }).await, 2);
    assert_eq!(count(JobFilter { organization: Some(lyon), ..JobFilter::default() }).await, 2);
    let odd = JobFilter { name: Some("odd".to_owned()), organization: Some(paris), ..JobFilter::default() };
    assert_eq!(count(odd).await, 2);

    let (mut page, mut seen, mut pages) = (PageRequest { limit: 3, after: None }, Vec::new(), 0);
    loop {
        let found = engine.queue.list(&JobFilter::default(), &page).await.unwrap();
        seen.extend(found.items.into_iter().map(|job| job.id));
        pages += 1;
        page.after = found.next;
        if page.after.is_none() {
            break;
        }
    }
    assert_eq!((pages, seen.len()), (3, 7));
    assert!(seen.is_sorted_by(|newer, older| newer > older));
});

struct Counted(AtomicUsize);

impl WakeUp for Counted {
    fn enqueued(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

on_both_engines!(workers_here_and_elsewhere_are_woken_after_the_commit, async |engine: Engine| {
    let elsewhere = Arc::new(Counted(AtomicUsize::new(0)));
    let (connection, clock) = (engine.control.connection().clone(), engine.clock.clone());
    let queue = JobQueue::new(connection, clock, engine.ids.clone()).with_wake_up(elsewhere.clone());
    let told = || elsewhere.0.load(Ordering::Relaxed);
    let (mut here, mut beside) = (queue.waiter(), queue.waiter());
    let sent = message(&engine, "kpis.recompute");

    queue.enqueue(None, &sent).await.unwrap();
    queue.enqueue(None, &sent).await.unwrap();

    assert_eq!(told(), 1, "nothing was added the second time");
    // Both return at once: an hour would be the end of the test.
    here.wait(Duration::from_hours(1)).await;
    beside.wait(Duration::from_hours(1)).await;
    let job = queue.claim().await.unwrap().unwrap();
    queue.retry(&job, Duration::ZERO, "again").await.unwrap();
    assert_eq!(told(), 2);
    here.wait(Duration::from_hours(1)).await;
    // What another process tells wakes the workers of this one and is not told again.
    queue.wake();
    here.wait(Duration::from_hours(1)).await;
    assert_eq!(told(), 2);
});
