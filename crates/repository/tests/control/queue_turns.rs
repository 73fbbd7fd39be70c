//! Whose turn it is: lanes, organizations, and jobs that exclude each other.

use crate::common::{Engine, message};
use crate::on_both_engines;
use chrono::TimeDelta;
use std::time::Duration;
use vigie_jobs::{Lane, Share};
use vigie_kernel::{Clock, OrganizationId};
use vigie_repository::{ClaimedJob, Hold, JobQueue, JobStatus, LEASE, QueueLimits};

async fn enqueue(engine: &Engine, organization: Option<OrganizationId>, name: &str, lane: Lane) {
    let mut sent = message(engine, name);
    sent.lane = lane;
    assert!(engine.queue.enqueue(organization, &sent).await.unwrap());
}

async fn exclusive(engine: &Engine, organization: OrganizationId, name: &str, lane: Lane, key: &str) {
    let mut sent = message(engine, name);
    (sent.lane, sent.exclusive) = (lane, Some(key.to_owned()));
    assert!(engine.queue.enqueue(Some(organization), &sent).await.unwrap());
}

/// The names of all that can be claimed, in their order, none of it ending.
async fn held(engine: &Engine) -> Vec<String> {
    claims(&engine.queue).await.into_iter().map(|job| job.name).collect()
}

async fn claims(queue: &JobQueue) -> Vec<ClaimedJob> {
    let mut claimed = Vec::new();
    while let Some(job) = queue.claim().await.unwrap() {
        claimed.push(job);
    }
    claimed
}

/// The names of all that is done one after the other.
async fn done(engine: &Engine) -> Vec<String> {
    let mut names = Vec::new();
    while let Some(job) = engine.queue.claim().await.unwrap() {
        engine.queue.finish(&job).await.unwrap();
        names.push(job.name);
    }
    names
}

on_both_engines!(organizations_take_turns_whatever_they_have_waiting, async |engine: Engine| {
    let (paris, lyon) = (engine.open("paris").await, engine.open("lyon").await);
    for number in 1..=4 {
        enqueue(&engine, Some(paris), &format!("paris.{number}"), Lane::Transactional).await;
        engine.clock.advance(TimeDelta::milliseconds(1));
    }
    for number in 1..=2 {
        enqueue(&engine, Some(lyon), &format!("lyon.{number}"), Lane::Transactional).await;
        engine.clock.advance(TimeDelta::milliseconds(1));
    }
    enqueue(&engine, None, "platform", Lane::Transactional).await;

    let order = done(&engine).await;

    // The nil UUID of the platform sorts first among those never served.
    assert_eq!(order, ["platform", "paris.1", "lyon.1", "paris.2", "lyon.2", "paris.3", "paris.4"]);
});

on_both_engines!(who_was_served_last_waits_for_the_others, async |engine: Engine| {
    let (paris, lyon) = (engine.open("paris").await, engine.open("lyon").await);
    enqueue(&engine, Some(paris), "paris.1", Lane::Security).await;
    assert_eq!(done(&engine).await, ["paris.1"]);

    // Nothing is running: only the order in which they were served can tell.
    engine.clock.advance(TimeDelta::minutes(10));
    enqueue(&engine, Some(paris), "paris.2", Lane::Security).await;
    engine.clock.advance(TimeDelta::minutes(10));
    enqueue(&engine, Some(lyon), "lyon.1", Lane::Security).await;

    assert_eq!(done(&engine).await, ["lyon.1", "paris.2"]);
});

on_both_engines!(urgent_lanes_go_first, async |engine: Engine| {
    let paris = engine.open("paris").await;
    enqueue(&engine, Some(paris), "bulk", Lane::Bulk).await;
    enqueue(&engine, Some(paris), "transactional", Lane::Transactional).await;
    enqueue(&engine, None, "security", Lane::Security).await;

    assert_eq!(held(&engine).await, ["security", "transactional", "bulk"]);
});

on_both_engines!(a_flood_of_long_bulk_jobs_leaves_a_worker_for_each_other_lane, async |engine: Engine| {
    let queue = &engine.queue;
    for number in 0..20 {
        let organization = engine.open(&format!("org-{number}")).await;
        enqueue(&engine, Some(organization), "bulk", Lane::Bulk).await;
    }
    // Every worker takes what it may, and none of it ends.
    let mut idle = Vec::new();
    for (turn, share) in Share::split(4, 1).into_iter().enumerate() {
        if queue.claim_from(share.lanes(u64::try_from(turn).unwrap())).await.unwrap().is_none() {
            idle.push(share);
        }
    }
    assert_eq!(idle, [Share::Security, Share::Prompt]);

    enqueue(&engine, None, "transactional", Lane::Transactional).await;
    enqueue(&engine, None, "security", Lane::Security).await;
    let prompt = queue.claim_from(Share::Prompt.lanes(3)).await.unwrap().unwrap();
    let security = queue.claim_from(Share::Security.lanes(0)).await.unwrap().unwrap();
    assert_eq!((prompt.name.as_str(), security.name.as_str()), ("transactional", "security"));
});

on_both_engines!(a_flood_of_security_jobs_leaves_turns_for_the_other_lanes, async |engine: Engine| {
    for lane in Lane::ALL {
        for _ in 0..40 {
            enqueue(&engine, None, lane.name(), lane).await;
        }
    }
    let mut served = Vec::new();
    for turn in 0..40 {
        let job = engine.queue.claim_from(Share::Any.lanes(turn)).await.unwrap().unwrap();
        engine.queue.finish(&job).await.unwrap();
        served.push(job.lane);
    }
    let of = |lane: Lane| served.iter().filter(|served| **served == lane).count();
    assert_eq!(Lane::ALL.map(of), [25, 10, 5]);
});

on_both_engines!(one_organization_runs_two_bulk_jobs_at_once_over_all_workers, async |engine: Engine| {
    let (paris, lyon) = (engine.open("paris").await, engine.open("lyon").await);
    for number in 1..=4 {
        enqueue(&engine, Some(paris), &format!("paris.{number}"), Lane::Bulk).await;
    }
    let other_process = engine.queue_with(QueueLimits::default());
    let first = other_process.claim().await.unwrap().unwrap();
    assert_eq!(held(&engine).await, ["paris.2"]);

    // It keeps nobody else waiting, nor its own more urgent jobs, nor the platform's.
    enqueue(&engine, Some(lyon), "lyon.1", Lane::Bulk).await;
    enqueue(&engine, Some(paris), "paris.prompt", Lane::Transactional).await;
    for _ in 0..3 {
        enqueue(&engine, None, "platform", Lane::Bulk).await;
    }
    assert_eq!(held(&engine).await, ["paris.prompt", "platform", "lyon.1", "platform", "platform"]);

    // The end of one, and no time, lets the next one go.
    other_process.finish(&first).await.unwrap();
    assert_eq!(held(&engine).await, ["paris.3"]);
    let more = engine.queue_with(QueueLimits { bulk_per_organization: 3 });
    engine.clock.advance(TimeDelta::seconds(2));
    enqueue(&engine, Some(paris), "paris.5", Lane::Bulk).await;
    engine.clock.advance(TimeDelta::seconds(14));
    // (The leases of all have run out by now.)
    assert_eq!(claims(&more).await.iter().filter(|job| job.organization == Some(paris)).count(), 4);
});

on_both_engines!(jobs_that_exclude_each_other_run_one_after_the_other, async |engine: Engine| {
    let (paris, lyon) = (engine.open("paris").await, engine.open("lyon").await);
    for number in 1..=3 {
        exclusive(&engine, paris, &format!("import.{number}"), Lane::Bulk, "imports").await;
        engine.clock.advance(TimeDelta::milliseconds(1));
    }
    exclusive(&engine, lyon, "import.lyon", Lane::Bulk, "imports").await;
    exclusive(&engine, paris, "export", Lane::Bulk, "exports").await;

    let running = claims(&engine.queue).await;
    let names: Vec<&str> = running.iter().map(|job| job.name.as_str()).collect();
    assert_eq!(names, ["import.1", "import.lyon", "export"]);

    engine.queue.finish(&running[2]).await.unwrap();
    assert_eq!(held(&engine).await, [""; 0], "the import still runs");
    engine.queue.retry(&running[0], Duration::from_mins(1), "later").await.unwrap();
    let second = engine.queue.claim().await.unwrap().unwrap();
    assert_eq!(second.name, "import.2", "who waits for his next attempt keeps nobody waiting");
    engine.queue.bury(&second, "no").await.unwrap();
    assert_eq!(held(&engine).await, ["import.3"]);
});

on_both_engines!(a_key_excludes_across_lanes_and_dead_workers, async |engine: Engine| {
    let paris = engine.open("paris").await;
    exclusive(&engine, paris, "bulk", Lane::Bulk, "books").await;
    assert_eq!(held(&engine).await, ["bulk"]);
    exclusive(&engine, paris, "urgent", Lane::Security, "books").await;
    assert_eq!(held(&engine).await, [""; 0]);

    engine.clock.advance(TimeDelta::from_std(LEASE).unwrap() + TimeDelta::seconds(1));
    assert_eq!(done(&engine).await, ["urgent", "bulk"]);
});

on_both_engines!(jobs_of_a_locked_organization_wait_until_it_is_open, async |engine: Engine| {
    let (paris, lyon) = (engine.open("paris").await, engine.open("lyon").await);
    let being_made = engine.reserved("new").await.id();
    for organization in [paris, being_made, lyon] {
        enqueue(&engine, Some(organization), "kpis.recompute", Lane::Transactional).await;
    }
    let set = async |status: &str| {
        engine
            .control_sql(&format!("UPDATE organizations SET status = '{status}' WHERE slug = 'paris'"))
            .await;
    };
    let waiting = async || engine.jobs(JobStatus::Queued).await.len();
    for closed in ["suspended", "archived", "migrating"] {
        set(closed).await;
        let job = engine.queue.claim().await.unwrap();
        assert_eq!(job.as_ref().and_then(|job| job.organization), (closed == "suspended").then_some(lyon));
    }
    assert_eq!(waiting().await, 2);

    set("read_only").await;
    let job = engine.queue.claim().await.unwrap().unwrap();
    assert_eq!(job.organization, Some(paris));
    assert_eq!(engine.queue.heartbeat(&job, None).await.unwrap(), Hold::Held);

    // A running one is told, and goes back without having used up an attempt.
    set("suspended").await;
    assert_eq!(engine.queue.look_at(&job).await.unwrap(), Hold::Paused);
    assert_eq!(engine.queue.heartbeat(&job, Some((1, None))).await.unwrap(), Hold::Paused);
    engine.queue.release(&job).await.unwrap();
    assert!(engine.queue.claim().await.unwrap().is_none());
    set("active").await;
    let again = engine.queue.claim().await.unwrap().unwrap();
    assert_eq!((again.id, again.attempt), (job.id, 1));
});

on_both_engines!(a_job_of_an_older_version_gets_its_turn, async |engine: Engine| {
    let paris = engine.open("paris").await;
    enqueue(&engine, Some(paris), "old", Lane::Transactional).await;
    enqueue(&engine, None, "older", Lane::Bulk).await;
    // An older version leaves the owner at its default and knows no turns.
    engine.control_sql("DELETE FROM job_turns").await;
    let nil = "(SELECT owner_id FROM jobs WHERE name = 'older')";
    engine.control_sql(&format!("UPDATE jobs SET owner_id = {nil} WHERE name = 'old'")).await;
    assert!(engine.queue.claim().await.unwrap().is_none());

    assert_eq!(engine.queue.mend_turns().await.unwrap(), 2);

    assert_eq!(done(&engine).await, ["old", "older"]);
    assert_eq!(engine.queue.mend_turns().await.unwrap(), 0);
});

on_both_engines!(the_depth_of_each_lane_is_told, async |engine: Engine| {
    let paris = engine.open("paris").await;
    let since = engine.clock.now();
    enqueue(&engine, None, "dead", Lane::Security).await;
    let dead = engine.queue.claim().await.unwrap().unwrap();
    engine.queue.bury(&dead, "no").await.unwrap();
    for _ in 0..3 {
        enqueue(&engine, Some(paris), "bulk", Lane::Bulk).await;
        engine.clock.advance(TimeDelta::seconds(1));
    }

    let told: Vec<_> = engine
        .queue
        .depth()
        .await
        .unwrap()
        .into_iter()
        .map(|depth| (depth.lane, depth.waiting, depth.oldest, depth.dead))
        .collect();

    let (security, prompt) = ((Lane::Security, 0, None, 1), (Lane::Transactional, 0, None, 0));
    assert_eq!(told, [security, prompt, (Lane::Bulk, 3, Some(since), 0)]);
});
