//! What a run tells others when it ends.

use super::service::{World, actor};
use super::support::{kpi, of};
use crate::*;
use serde_json::json;
use vigie_jobs::Job;
use vigie_kernel::{Frequency, Permission};

fn ends(world: &World) -> Vec<ImportRunEnded> {
    let announced = world.store.outbox().into_iter();
    announced
        .filter(|message| message.name == ImportRunEnded::NAME)
        .map(|message| serde_json::from_value(message.payload).unwrap())
        .collect()
}

fn large() -> String {
    let start = chrono::NaiveDate::from_ymd_opt(2010, 1, 1).unwrap();
    (0..3_000).fold("kpi;date;value\n".to_owned(), |file, day| {
        file + &format!("K;{};{day}\n", start + chrono::Days::new(day))
    })
}

#[tokio::test]
async fn a_small_import_tells_only_what_it_turned_red_and_a_dry_run_nothing() {
    let world = World::new(vec![kpi("A")]);
    let file = "kpi;date;value\nA;2026-01;1\n";
    world.start(file, json!({})).await;
    assert_eq!(ends(&world), []);
    let january = "2026-01-01".parse().unwrap();
    world.store.turn_red(kpi("A").id, january);
    world.start_as(file.as_bytes().to_vec(), json!({}), true).await;
    assert_eq!(ends(&world), []);
    let run = world.start(file, json!({})).await;
    let told = ends(&world);
    assert_eq!((told.len(), told[0].run, told[0].in_background), (1, run.id, false));
    assert_eq!(told[0].turned_red, [RedKpi { kpi: kpi("A").id, period_start: january }]);
}

#[tokio::test]
async fn a_large_import_tells_its_end_once() {
    let world = World::new(vec![of(Frequency::Daily, "K")]);
    let run = world.start(&large(), json!({})).await;
    assert_eq!(ends(&world), [], "nothing has ended yet");
    assert!(world.work().await.iter().all(Result::is_ok));
    assert!(world.work().await.iter().all(Result::is_ok), "the job may be attempted again");
    let told = ends(&world);
    assert_eq!(told.len(), 1);
    assert_eq!((told[0].run, told[0].by, told[0].in_background), (run.id, run.created_by, true));
}

#[tokio::test]
async fn who_cancels_a_run_ends_it() {
    let world = World::new(vec![of(Frequency::Daily, "K")]);
    let run = world.start(&large(), json!({})).await;
    let manager = actor(2, &[Permission::ImportManage]);
    world.service.cancel(&manager, CancelImport { run: run.id }).await.unwrap();
    assert!(world.work().await.iter().all(Result::is_ok));
    let told = ends(&world);
    assert_eq!((told.len(), told[0].by, told[0].in_background), (1, manager.actor(), true));
}
