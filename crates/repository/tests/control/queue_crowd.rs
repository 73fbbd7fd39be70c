//! Many workers at once, some of which die: every job is done once in effect, and no limit is passed on the way.

use crate::common::{Engine, message};
use crate::on_both_engines;
use chrono::TimeDelta;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;
use vigie_jobs::{Lane, Share};
use vigie_kernel::{JobId, OrganizationId};
use vigie_repository::{ClaimedJob, JobStatus, LEASE};

const ORGANIZATIONS: usize = 5;
const JOBS_OF_EACH: usize = 30;
const WORKERS: usize = 8;

/// What the workers see of each other.
#[derive(Default)]
struct Seen {
    /// Running jobs with an exclusive key, by organization.
    exclusive: HashMap<OrganizationId, usize>,
    /// Running jobs of the bulk lane, by organization.
    bulk: HashMap<OrganizationId, usize>,
    /// How often each job was done.
    done: HashMap<JobId, usize>,
    most_exclusive: usize,
    most_bulk: usize,
}

impl Seen {
    fn begin(&mut self, job: &ClaimedJob) {
        let Some(organization) = job.organization else { return };
        if job.name == "exclusive" {
            let running = self.exclusive.entry(organization).or_default();
            *running += 1;
            self.most_exclusive = self.most_exclusive.max(*running);
        }
        if job.lane == Lane::Bulk {
            let running = self.bulk.entry(organization).or_default();
            *running += 1;
            self.most_bulk = self.most_bulk.max(*running);
        }
    }

    fn end(&mut self, job: &ClaimedJob, done: bool) {
        if done {
            *self.done.entry(job.id).or_default() += 1;
        }
        let Some(organization) = job.organization else { return };
        if job.name == "exclusive" {
            *self.exclusive.entry(organization).or_default() -= 1;
        }
        if job.lane == Lane::Bulk {
            *self.bulk.entry(organization).or_default() -= 1;
        }
    }
}

/// When a crowd that does not come to its end gives up, however slow the machine is.
const LONGEST: Duration = Duration::from_mins(1);

/// Works until every job is done. Every seventh job fails at first, every eleventh is given back, as by a worker that stops.
async fn work(engine: Arc<Engine>, share: Share, seen: Arc<Mutex<Seen>>, (number, sent): (usize, usize)) {
    let done = || seen.lock().unwrap_or_else(PoisonError::into_inner).done.len();
    let began = Instant::now();
    let seen = |change: &dyn Fn(&mut Seen)| change(&mut seen.lock().unwrap_or_else(PoisonError::into_inner));
    let mut turn = 0;
    while done() < sent && began.elapsed() < LONGEST {
        let Some(job) = engine.queue.claim_from(share.lanes(turn)).await.unwrap() else {
            tokio::time::sleep(Duration::from_millis(5)).await;
            continue;
        };
        turn += 1;
        seen(&|seen| seen.begin(&job));
        tokio::task::yield_now().await;
        let fate = (usize::try_from(turn).unwrap() * 5 + number) % 77;
        // The notes are made before the queue hears of it: afterwards another worker may have begun.
        if job.attempt == 1 && fate.is_multiple_of(7) {
            seen(&|seen| seen.end(&job, false));
            engine.queue.retry(&job, Duration::ZERO, "at first").await.unwrap();
        } else if fate.is_multiple_of(11) {
            seen(&|seen| seen.end(&job, false));
            engine.queue.release(&job).await.unwrap();
        } else {
            seen(&|seen| seen.end(&job, true));
            engine.queue.finish(&job).await.unwrap();
        }
    }
}

on_both_engines!(a_crowd_of_workers_does_every_job_once_and_keeps_every_limit, async |engine: Engine| {
    let mut sent = 0;
    for number in 0..ORGANIZATIONS {
        let organization = engine.open(&format!("org-{number}")).await;
        let mut batch = Vec::new();
        for number in 0..JOBS_OF_EACH {
            let mut job = message(&engine, if number % 3 == 0 { "exclusive" } else { "free" });
            job.lane = Lane::ALL[number % 2 + 1];
            job.exclusive = (job.name == "exclusive").then(|| "key".to_owned());
            batch.push(job);
        }
        sent += engine.queue.enqueue_all(Some(organization), &batch).await.unwrap();
    }
    let platform: Vec<_> = (0..JOBS_OF_EACH)
        .map(|_| {
            let mut job = message(&engine, "security");
            job.lane = Lane::Security;
            job
        })
        .collect();
    sent += engine.queue.enqueue_all(None, &platform).await.unwrap();
    assert_eq!(sent, (ORGANIZATIONS + 1) * JOBS_OF_EACH);
    // Some are held by workers that died before.
    for _ in 0..6 {
        engine.queue.claim().await.unwrap().unwrap();
    }
    engine.clock.advance(TimeDelta::from_std(LEASE).unwrap() + TimeDelta::seconds(1));

    let (engine, seen) = (Arc::new(engine), Arc::new(Mutex::new(Seen::default())));
    let mut workers = JoinSet::new();
    for (number, share) in Share::split(WORKERS, 1).into_iter().enumerate() {
        workers.spawn(work(engine.clone(), share, seen.clone(), (number, sent)));
    }
    workers.join_all().await;

    let seen = std::mem::take(&mut *seen.lock().unwrap());
    assert_eq!(seen.done.len(), sent, "{} jobs were done", seen.done.len());
    assert!(seen.done.values().all(|times| *times == 1), "some job was done twice");
    assert_eq!(seen.most_exclusive, 1, "two jobs that exclude each other ran at once");
    assert!(seen.most_bulk <= 2, "{} bulk jobs of one organization ran at once", seen.most_bulk);
    assert_eq!(engine.jobs(JobStatus::Done).await.len(), sent);
});
