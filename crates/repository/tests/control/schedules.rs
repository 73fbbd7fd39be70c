//! Schedules: one job for each tick, whatever the number of processes that look.

use crate::common::Engine;
use crate::on_both_engines;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use std::sync::Arc;
use vigie_jobs::{CronExpression, JobTemplate, Lane};
use vigie_kernel::{Clock, OperatorContext, OrganizationId};
use vigie_repository::{JobStatus, NewSchedule, Schedules};

fn schedules(engine: &Engine) -> Schedules {
    let (connection, clock) = (engine.control.connection().clone(), engine.clock.clone());
    Schedules::new(connection, engine.queue.clone(), clock, Arc::clone(&engine.ids))
}

fn schedule(organization: Option<OrganizationId>, cron: &str, once: Option<&str>) -> NewSchedule {
    NewSchedule {
        organization,
        name: "nightly".to_owned(),
        job: JobTemplate {
            name: "reports.send".to_owned(),
            lane: Lane::Bulk,
            once: once.map(str::to_owned),
            exclusive: Some("reports".to_owned()),
            payload: json!({ "kind": "weekly" }),
            max_attempts: 4,
        },
        cron: CronExpression::parse(cron).unwrap(),
        zone: chrono_tz::Europe::Paris,
    }
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// Moves the clock to that instant.
fn go_to(engine: &Engine, text: &str) {
    engine.clock.advance(at(text) - engine.clock.now());
}

async fn waiting(engine: &Engine) -> usize {
    engine.jobs(JobStatus::Queued).await.len()
}

on_both_engines!(three_schedulers_fire_once_for_each_tick, async |engine: Engine| {
    let paris = engine.open("paris").await;
    let processes: Vec<Arc<Schedules>> = (0..3).map(|_| Arc::new(schedules(&engine))).collect();
    // The clock of the tests stands at 09:00 in Paris.
    for process in &processes {
        process.register(&schedule(Some(paris), "*/10 * * * *", None)).await.unwrap();
    }
    for tick in 1..=6 {
        engine.clock.advance(TimeDelta::minutes(10));
        let fired = processes.iter().map(async |process| process.fire_due().await.unwrap());
        let fired: usize = futures_util::future::join_all(fired).await.into_iter().sum();
        assert_eq!((fired, waiting(&engine).await), (1, tick));
        // Nothing is due until the next one.
        assert_eq!(processes[0].fire_due().await.unwrap(), 0);
    }
});

on_both_engines!(the_job_of_a_schedule_is_what_was_asked_for, async |engine: Engine| {
    let paris = engine.open("paris").await;
    let schedules = schedules(&engine);
    schedules.register(&schedule(Some(paris), "30 3 * * *", None)).await.unwrap();
    go_to(&engine, "2026-11-21T02:29:59Z");
    assert_eq!(schedules.fire_due().await.unwrap(), 0);
    go_to(&engine, "2026-11-21T02:30:00Z");
    assert_eq!(schedules.fire_due().await.unwrap(), 1);

    let job = engine.queue.claim().await.unwrap().unwrap();
    assert_eq!((job.name.as_str(), job.lane, job.organization), ("reports.send", Lane::Bulk, Some(paris)));
    assert_eq!((job.payload.clone(), job.max_attempts), (json!({ "kind": "weekly" }), 4));
    assert_eq!(engine.queue.show(job.id).await.unwrap().unwrap().exclusive.as_deref(), Some("reports"));
    let listed = schedules.list(Some(paris)).await.unwrap();
    assert_eq!(listed.len(), 1);
    assert_eq!(listed[0].next_run_at, at("2026-11-22T02:30:00Z"));
    assert_eq!(listed[0].last_run_at, Some(engine.clock.now()));
});

on_both_engines!(a_standstill_is_made_up_for_once, async |engine: Engine| {
    let schedules = schedules(&engine);
    schedules.register(&schedule(None, "0 * * * *", None)).await.unwrap();
    engine.clock.advance(TimeDelta::days(3) + TimeDelta::minutes(20));

    assert_eq!(schedules.fire_due().await.unwrap(), 1);

    assert_eq!(schedules.fire_due().await.unwrap(), 0);
    assert_eq!(waiting(&engine).await, 1);
    assert_eq!(schedules.list(None).await.unwrap()[0].next_run_at, at("2026-11-23T09:00:00Z"));
});

on_both_engines!(the_clocks_of_the_zone_decide_also_when_they_change, async |engine: Engine| {
    let schedules = schedules(&engine);
    schedules.register(&schedule(None, "30 2 * * *", None)).await.unwrap();
    // In Paris the hour from 02:00 to 03:00 is left out on 28 March 2027 and comes twice on 31 October 2027.
    let mut fired = Vec::new();
    for (from, hours) in [("2027-03-26T12:00:00Z", 72), ("2027-10-29T12:00:00Z", 72)] {
        go_to(&engine, from);
        schedules.fire_due().await.unwrap();
        for _ in 0..hours * 2 {
            engine.clock.advance(TimeDelta::minutes(30));
            if schedules.fire_due().await.unwrap() > 0 {
                fired.push(engine.clock.now().format("%m-%dT%H:%M").to_string());
            }
        }
    }
    assert_eq!(
        fired,
        ["03-27T01:30", "03-28T01:00", "03-29T00:30", "10-30T00:30", "10-31T00:30", "11-01T01:30"]
    );
});

on_both_engines!(a_tick_is_left_out_while_the_job_of_the_last_one_runs, async |engine: Engine| {
    let schedules = schedules(&engine);
    schedules.register(&schedule(None, "0 * * * *", Some("reports"))).await.unwrap();
    engine.clock.advance(TimeDelta::hours(1));
    schedules.fire_due().await.unwrap();
    let running = engine.queue.claim().await.unwrap().unwrap();
    engine.clock.advance(TimeDelta::hours(1));
    schedules.fire_due().await.unwrap();
    assert_eq!(waiting(&engine).await, 0);
    engine.queue.finish(&running).await.unwrap();
    engine.clock.advance(TimeDelta::hours(1));
    schedules.fire_due().await.unwrap();
    assert_eq!(waiting(&engine).await, 1);
});

on_both_engines!(a_locked_organization_fires_once_when_it_is_open_again, async |engine: Engine| {
    let (paris, lyon) = (engine.open("paris").await, engine.open("lyon").await);
    let schedules = schedules(&engine);
    for organization in [paris, lyon] {
        schedules.register(&schedule(Some(organization), "0 * * * *", None)).await.unwrap();
    }
    engine.control_sql("UPDATE organizations SET status = 'suspended' WHERE slug = 'paris'").await;
    engine.clock.advance(TimeDelta::hours(5));
    assert_eq!(schedules.fire_due().await.unwrap(), 1);
    engine.control_sql("UPDATE organizations SET status = 'active' WHERE slug = 'paris'").await;
    assert_eq!(schedules.fire_due().await.unwrap(), 1);
    assert_eq!(schedules.fire_due().await.unwrap(), 0);
});

on_both_engines!(nothing_fires_in_a_copy_until_it_is_confirmed, async |engine: Engine| {
    let (paris, copy) = (engine.open("paris").await, engine.open("copy").await);
    let schedules = schedules(&engine);
    for organization in [None, Some(paris), Some(copy)] {
        schedules.register(&schedule(organization, "0 * * * *", None)).await.unwrap();
    }
    engine.set_outgoing_paused(copy, true).await;
    engine.clock.advance(TimeDelta::hours(5));
    assert_eq!(schedules.fire_due().await.unwrap(), 2);
    engine.set_outgoing_paused(copy, false).await;
    assert_eq!(schedules.fire_due().await.unwrap(), 1);
    assert_eq!(schedules.fire_due().await.unwrap(), 0);
    // Rows of a version that did not know the setting.
    engine.control_sql("UPDATE organizations SET settings = '{}'").await;
    engine.clock.advance(TimeDelta::hours(1));
    assert_eq!(schedules.fire_due().await.unwrap(), 3);
});

on_both_engines!(a_schedule_is_switched_off_changed_and_removed, async |engine: Engine| {
    let schedules = schedules(&engine);
    schedules.register(&schedule(None, "0 * * * *", None)).await.unwrap();
    assert!(schedules.enable(None, "nightly", false).await.unwrap());
    assert!(!schedules.enable(None, "daily", false).await.unwrap());
    // A start of the same version changes neither the switch nor the next time.
    let next = schedules.list(None).await.unwrap()[0].next_run_at;
    engine.clock.advance(TimeDelta::hours(3));
    schedules.register(&schedule(None, "0 * * * *", None)).await.unwrap();
    let listed = schedules.list(None).await.unwrap();
    assert_eq!((listed[0].enabled, listed[0].next_run_at), (false, next));
    assert_eq!(schedules.fire_due().await.unwrap(), 0);

    // Switched on, it goes on with its next tick. Another expression counts from now.
    schedules.enable(None, "nightly", true).await.unwrap();
    assert_eq!(schedules.fire_due().await.unwrap(), 0);
    schedules.register(&schedule(None, "15 * * * *", None)).await.unwrap();
    assert_eq!(schedules.list(None).await.unwrap()[0].next_run_at, at("2026-11-20T11:15:00Z"));
    assert!(schedules.remove(None, "nightly").await.unwrap());
    engine.clock.advance(TimeDelta::hours(3));
    assert_eq!((schedules.fire_due().await.unwrap(), waiting(&engine).await), (0, 0));
});

on_both_engines!(a_schedule_that_cannot_fire_does_not_hold_up_the_others, async |engine: Engine| {
    let schedules = schedules(&engine);
    for name in ["broken", "nightly"] {
        let named = NewSchedule { name: name.to_owned(), ..schedule(None, "0 * * * *", None) };
        schedules.register(&named).await.unwrap();
    }
    engine.control_sql("UPDATE schedules SET zone = 'Europe/Nowhere' WHERE name = 'broken'").await;
    engine.clock.advance(TimeDelta::hours(1));
    assert_eq!(schedules.fire_due().await.unwrap(), 1);
});

on_both_engines!(who_switches_a_schedule_is_written_down, async |engine: Engine| {
    let schedules = schedules(&engine);
    let operator = OperatorContext::new(None, "request-1".to_owned());
    schedules.register(&schedule(None, "*/10 * * * *", None)).await.unwrap();
    assert!(schedules.switch(&operator, None, "daily", false).await.unwrap().is_none());
    let off = schedules.switch(&operator, None, "nightly", false).await.unwrap().unwrap();
    assert!(!off.enabled);
    schedules.switch(&operator, None, "nightly", false).await.unwrap();
    engine.clock.advance(TimeDelta::minutes(25));
    assert_eq!(schedules.fire_due().await.unwrap(), 0);
    let on = schedules.switch(&operator, None, "nightly", true).await.unwrap().unwrap();
    assert!(on.enabled && on.next_run_at > engine.clock.now(), "what it missed it has missed");

    let lines = async |action: &str| {
        let query = format!("FROM platform_audit WHERE action = '{action}' AND subject_kind = 'schedule'");
        crate::common::count(engine.control.connection(), &query).await
    };
    assert_eq!(lines("schedule.switched-off").await, 1, "what changes nothing is not written down");
    assert_eq!(lines("schedule.switched-on").await, 1);
});
