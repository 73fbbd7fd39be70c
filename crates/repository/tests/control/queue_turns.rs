//! Whose turn it is: lanes first, then organizations.

use crate::common::{Engine, message};
use crate::on_both_engines;
use chrono::TimeDelta;
use vigie_jobs::Lane;
use vigie_kernel::{Clock, OrganizationId};

async fn enqueue(engine: &Engine, organization: Option<OrganizationId>, name: &str, lane: Lane) {
    let mut sent = message(engine, name);
    sent.lane = lane;
    engine.queue.enqueue(organization, &sent).await.unwrap();
}

async fn claimed(engine: &Engine) -> Vec<String> {
    let mut names = Vec::new();
    while let Some(job) = engine.queue.claim().await.unwrap() {
        names.push(job.name);
    }
    names
}

on_both_engines!(a_flood_of_one_organization_does_not_hold_up_another, async |engine: Engine| {
    let paris = engine.reserved("paris").await.id();
    let lyon = engine.reserved("lyon").await.id();
    for number in 1..=4 {
        enqueue(&engine, Some(paris), &format!("paris.{number}"), Lane::Bulk).await;
        engine.clock.advance(TimeDelta::milliseconds(1));
    }
    for number in 1..=2 {
        enqueue(&engine, Some(lyon), &format!("lyon.{number}"), Lane::Bulk).await;
        engine.clock.advance(TimeDelta::milliseconds(1));
    }

    let order = claimed(&engine).await;

    assert_eq!(order, ["paris.1", "lyon.1", "paris.2", "lyon.2", "paris.3", "paris.4"]);
});

on_both_engines!(urgent_lanes_go_first, async |engine: Engine| {
    let paris = engine.reserved("paris").await.id();
    enqueue(&engine, Some(paris), "bulk", Lane::Bulk).await;
    enqueue(&engine, Some(paris), "transactional", Lane::Transactional).await;
    enqueue(&engine, None, "security", Lane::Security).await;

    assert_eq!(claimed(&engine).await, ["security", "transactional", "bulk"]);
});

on_both_engines!(the_depth_of_each_lane_is_told, async |engine: Engine| {
    let paris = engine.reserved("paris").await.id();
    let since = engine.clock.now();
    for _ in 0..3 {
        enqueue(&engine, Some(paris), "bulk", Lane::Bulk).await;
        engine.clock.advance(TimeDelta::seconds(1));
    }
    enqueue(&engine, None, "security", Lane::Security).await;

    let mut depth = engine.queue.depth().await.unwrap();
    depth.sort_by(|a, b| a.lane.cmp(&b.lane));

    let told: Vec<_> = depth.iter().map(|lane| (lane.lane.as_str(), lane.waiting)).collect();
    assert_eq!(told, [("bulk", 3), ("security", 1)]);
    assert_eq!(depth[0].oldest, Some(since));
});

on_both_engines!(jobs_of_a_suspended_organization_wait_until_it_is_resumed, async |engine: Engine| {
    let (paris, lyon) = (engine.reserved("paris").await.id(), engine.reserved("lyon").await.id());
    for organization in [paris, lyon] {
        engine.queue.enqueue(Some(organization), &message(&engine, "kpis.recompute")).await.unwrap();
    }
    engine.control_sql("UPDATE organizations SET status = 'suspended' WHERE slug = 'paris'").await;
    assert!(engine.queue.is_paused(paris).await.unwrap() && !engine.queue.is_paused(lyon).await.unwrap());

    assert_eq!(engine.queue.claim().await.unwrap().unwrap().organization, Some(lyon));
    assert!(engine.queue.claim().await.unwrap().is_none());

    engine.control_sql("UPDATE organizations SET status = 'active' WHERE slug = 'paris'").await;
    assert_eq!(engine.queue.claim().await.unwrap().unwrap().organization, Some(paris));
});
