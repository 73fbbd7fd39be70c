use super::service::{World, attempt, numbers};
use super::support::{kpi, of};
use crate::*;
use proptest::prelude::*;
use serde_json::json;
use std::fmt::Write as _;
use vigie_jobs::{Handle, JobError};
use vigie_kernel::Frequency;

/// Three years of days for some KPIs, with blanks, duplicates and errors in between.
fn large(kpis: u32, days: u32) -> String {
    let mut file = "kpi;date;value\n".to_owned();
    for day in 0..days {
        let date = chrono::NaiveDate::from_ymd_opt(2020, 1, 1).unwrap() + chrono::Days::new(u64::from(day));
        for kpi in 0..kpis {
            let cell = match (day * kpis + kpi) % 97 {
                0 => "x".to_owned(),
                1 => "-".to_owned(),
                n => format!("{n},5"),
            };
            writeln!(file, "K{kpi};{date};{cell}").unwrap();
        }
        if day % 50 == 49 {
            writeln!(file, "K0;{date};7").unwrap();
        }
    }
    file
}

fn world() -> World {
    World::new((0..8).map(|n| of(Frequency::Daily, &format!("K{n}"))).collect())
}

#[tokio::test]
async fn a_large_file_is_applied_by_a_job_in_chunks() {
    let world = world();
    let file = large(8, 1_500);
    let run = world.start(&file, json!({})).await;
    assert_eq!((run.status, run.phase), (RunStatus::Pending, RunPhase::Parsed));
    assert_eq!(run.progress.total, 12_030);
    assert!(world.store.values().is_empty());
    let announced = world.store.outbox();
    assert_eq!(
        announced.iter().map(|message| message.name.as_str()).collect::<Vec<_>>(),
        ["imports.apply-run"]
    );
    assert!(world.work().await.iter().all(Result::is_ok));
    let done = world.get(run.id).await;
    assert_eq!(done.status, RunStatus::Partial);
    assert!(done.counts.is_balanced());
    assert_eq!((done.counts.rows_total, done.progress.percent()), (12_030, 100));
    // Room for the file, the start, three chunks, the end.
    assert_eq!(world.store.commits(), 6);
    assert_eq!(u64::try_from(world.store.values().len()).unwrap(), done.counts.inserted);
    // Running the job again changes nothing.
    assert!(world.work().await.iter().all(Result::is_ok));
    assert_eq!(world.get(run.id).await, done);
    let again = world.start(&file, json!({})).await;
    world
        .runner
        .handle(&attempt(&world.tenant, 1), ApplyImportRun { run: again.id, actor: again.created_by })
        .await
        .unwrap();
    let again = world.get(again.id).await;
    assert_eq!((again.counts.inserted, again.counts.updated), (0, 0));
    assert_eq!(world.store.revisions(), done.counts.inserted);
}

#[tokio::test]
async fn a_large_all_or_nothing_file_is_one_transaction() {
    let world = world();
    let run = world.start(&large(8, 400), json!({"atomicity": "ALL"})).await;
    world.work().await.pop().unwrap().unwrap();
    let done = world.get(run.id).await;
    assert_eq!((done.status, done.counts.inserted), (RunStatus::Failed, 0));
    assert!(done.counts.is_balanced() && world.store.values().is_empty());
    let file = large(8, 400);
    let sound = |line: &&str| !line.ends_with('x') && !line.ends_with(";7");
    let clean = file.lines().filter(sound).collect::<Vec<_>>().join("\n");
    let run = world.start(&clean, json!({"atomicity": "ALL"})).await;
    let job = ApplyImportRun { run: run.id, actor: run.created_by };
    world.runner.handle(&attempt(&world.tenant, 1), job).await.unwrap();
    assert_eq!(world.get(run.id).await.status, RunStatus::Success);
}

#[tokio::test]
async fn a_cancelled_run_stops_and_keeps_what_it_wrote() {
    let world = world();
    let run = world.start(&large(8, 1_500), json!({})).await;
    world.store.die_after(Some(1));
    assert!(matches!(world.work().await.pop(), Some(Err(JobError::Retry(_)))));
    world.store.die_after(None);
    let cancelled = world.service.cancel(&world.tenant, CancelImport { run: run.id }).await.unwrap();
    assert_eq!(cancelled.snapshot().status, RunStatus::Cancelled);
    let kept = world.store.values().len();
    assert!(kept > 4_000);
    assert!(world.work().await.iter().all(Result::is_ok));
    assert_eq!(world.store.values().len(), kept);
    let twice = world.service.cancel(&world.tenant, CancelImport { run: run.id }).await;
    assert!(matches!(twice, Err(ImportError::Ended(_))));
}

#[tokio::test]
async fn a_run_whose_store_stays_away_is_marked_at_its_last_attempt() {
    let world = world();
    let run = world.start(&large(8, 400), json!({})).await;
    let job = ApplyImportRun { run: run.id, actor: run.created_by };
    world.files_are_lost(&run).await;
    world.runner.handle(&attempt(&world.tenant, 1), job).await.unwrap();
    let failed = world.get(run.id).await;
    assert_eq!((failed.status, failed.error_message.as_deref()), (RunStatus::Failed, Some("FILE_DAMAGED")));
}

impl World {
    async fn files_are_lost(&self, run: &ImportRunSnapshot) {
        self.files.delete(self.tenant.organization(), &run.file_sha256).await.unwrap();
    }
}

#[tokio::test]
async fn kpis_made_meanwhile_do_not_change_the_plan() {
    let world = World::new(vec![kpi("GOLD")]);
    let mut file = "Relevé 2026\nMois;GOLD;Autre\n".to_owned();
    for month in 0..2_500 {
        writeln!(file, "{}-{:02};{month};1", 1_700 + month / 12, month % 12 + 1).unwrap();
    }
    let run = world.start(&file, json!({})).await;
    assert_eq!(run.status, RunStatus::Pending);
    world.work().await.pop().unwrap().unwrap();
    let done = world.get(run.id).await;
    assert_eq!(numbers(&done.counts), [5_000, 2_500, 0, 0, 2_500, 0, 0]);
}

#[tokio::test]
async fn a_large_single_measure_named_by_its_file_is_applied() {
    let world = World::new(vec![of(Frequency::Daily, "FICHIER"), of(Frequency::Daily, "AUTRE")]);
    let mut file = "jour;valeur\n".to_owned();
    for day in 0..6_000 {
        let date = chrono::NaiveDate::from_ymd_opt(2005, 1, 1).unwrap() + chrono::Days::new(day);
        writeln!(file, "{date};{day},5").unwrap();
    }
    let run = world.start(&file, json!({})).await;
    assert_eq!(run.status, RunStatus::Pending);
    world.work().await.pop().unwrap().unwrap();
    let done = world.get(run.id).await;
    assert_eq!((done.status, done.counts.inserted), (RunStatus::Success, 6_000));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(6))]

    /// Killed after any number of commits, any number of times, a run ends as if nothing had happened.
    #[test]
    fn a_killed_run_ends_as_an_undisturbed_one(deaths in prop::collection::vec(0_u64..4, 1..5)) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let file = large(8, 1_400);
            let calm = world();
            let expected = calm.start(&file, json!({})).await;
            calm.work().await.pop().unwrap().unwrap();
            let expected = calm.get(expected.id).await;

            let wild = world();
            let run = wild.start(&file, json!({})).await;
            for commits in deaths {
                wild.store.die_after(Some(commits));
                let _ = wild.work().await;
            }
            wild.store.die_after(None);
            wild.work().await.pop().unwrap().unwrap();
            let ended = wild.get(run.id).await;
            prop_assert_eq!(ended.status, expected.status);
            prop_assert_eq!(ended.counts, expected.counts);
            prop_assert_eq!(ended.report, expected.report);
            prop_assert_eq!(ended.checkpoint.issue_files, expected.checkpoint.issue_files);
            prop_assert_eq!(wild.store.values(), calm.store.values());
            prop_assert_eq!(wild.store.revisions(), calm.store.revisions());
            Ok(())
        })?;
    }
}

/// What the worker tells a handler that is to stop at the given report.
struct StopsAt(std::sync::atomic::AtomicU32, fn() -> JobError);

#[async_trait::async_trait]
impl vigie_jobs::Progress for StopsAt {
    async fn report(&self, _: u64, _: Option<u64>) -> Result<(), JobError> {
        let left = self.0.fetch_sub(1, std::sync::atomic::Ordering::Relaxed);
        if left <= 1 { Err(self.1()) } else { Ok(()) }
    }
}

#[tokio::test]
async fn a_job_that_is_cancelled_while_it_runs_ends_its_run_at_the_next_chunk() {
    for (atomicity, kept) in [("PARTIAL", true), ("ALL", false)] {
        let world = world();
        let run = world.start(&large(8, 1_500), json!({ "atomicity": atomicity })).await;
        let job = ApplyImportRun { run: run.id, actor: run.created_by };
        let stops = StopsAt(2.into(), || JobError::Cancelled);
        let told = vigie_jobs::JobRun { progress: std::sync::Arc::new(stops), ..attempt(&world.tenant, 1) };

        let ended = world.runner.handle(&told, job).await;

        assert!(matches!(ended, Err(JobError::Cancelled)), "{ended:?}");
        let stopped = world.get(run.id).await;
        assert_eq!(stopped.status, RunStatus::Cancelled);
        assert_eq!(!world.store.values().is_empty(), kept, "{atomicity}: what was applied stays");
        assert_eq!(world.store.audit().last().unwrap().action, "import.cancelled");
        // The worker may say it again: nothing more happens.
        world.runner.abandoned(&told, job, vigie_jobs::Abandoned::Cancelled).await.unwrap();
        assert_eq!(world.get(run.id).await, stopped);
    }
}

#[tokio::test]
async fn a_job_that_is_paused_goes_on_where_it_was() {
    let world = world();
    let file = large(8, 1_500);
    let run = world.start(&file, json!({})).await;
    let job = ApplyImportRun { run: run.id, actor: run.created_by };
    let stops = StopsAt(1.into(), || JobError::Paused);
    let told = vigie_jobs::JobRun { progress: std::sync::Arc::new(stops), ..attempt(&world.tenant, 1) };
    assert!(matches!(world.runner.handle(&told, job).await, Err(JobError::Paused)));
    assert_eq!(world.get(run.id).await.status, RunStatus::Running);

    world.runner.handle(&attempt(&world.tenant, 1), job).await.unwrap();

    let done = world.get(run.id).await;
    assert_eq!((done.status, done.counts.rows_total), (RunStatus::Partial, 12_030));
    assert_eq!(world.store.revisions(), done.counts.inserted);
}

#[tokio::test]
async fn a_run_whose_job_is_gone_does_not_look_as_if_it_went_on() {
    for (how, status) in [
        (vigie_jobs::Abandoned::Cancelled, RunStatus::Cancelled),
        (vigie_jobs::Abandoned::Dead, RunStatus::Failed),
    ] {
        let world = world();
        let run = world.start(&large(8, 400), json!({})).await;
        let job = ApplyImportRun { run: run.id, actor: run.created_by };
        world.runner.abandoned(&attempt(&world.tenant, 3), job, how).await.unwrap();
        assert_eq!(world.get(run.id).await.status, status);
    }
}

#[tokio::test]
async fn imports_of_an_organization_exclude_each_other() {
    let world = world();
    world.start(&large(8, 400), json!({})).await;
    let message = world.store.outbox().pop().unwrap();
    assert_eq!(message.exclusive.as_deref(), Some("imports.apply-run"));
    assert_ne!(message.once, message.exclusive, "a second import is not dropped, it waits");
}
