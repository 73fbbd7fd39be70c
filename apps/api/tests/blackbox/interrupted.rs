//! Killed in the middle of a large import, the product ends it after the next start, with exactly the rows that an
//! undisturbed run gives.

use crate::client::Upload;
use crate::member::{Member, has_ended, text};
use crate::place::Place;
use crate::server::{GLANCE, PATIENCE, Server, Worker};
use serde_json::{Value, json};
use std::fmt::Write;
use std::time::Instant;

on_both_engines!(a_killed_import_ends_by_itself_like_an_undisturbed_one);

/// With SQLite there is one process only.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_import_outlives_its_worker_on_postgres() {
    an_import_outlives_its_worker(Place::postgres().await).await;
}

const KPIS: usize = 100;
const DAYS: usize = 1_000;

/// One row for each KPI and day; the values repeat nowhere near.
fn long_file() -> String {
    let mut file = String::from("code;date;valeur\n");
    for day in 0..DAYS {
        let date = chrono::NaiveDate::from_ymd_opt(2022, 1, 1).unwrap()
            + chrono::Days::new(u64::try_from(day).unwrap());
        for kpi in 0..KPIS {
            let number = (kpi * 7_919 + day * 104_729) % 1_000_003;
            let _ = writeln!(file, "K{kpi};{date};{},{:02}", number / 100, number % 100);
        }
    }
    file
}

/// The ids of the KPIs that the file is about.
async fn kpis(member: &Member) -> Vec<String> {
    let dashboard = member.dashboard("Atelier", None).await;
    let mut ids = Vec::new();
    for number in 0..KPIS {
        let kpi = json!({
            "name": format!("Mesure {number}"), "code": format!("K{number}"), "frequency": "DAILY",
            "direction": "UP_IS_BETTER", "threshold_green": 6000, "threshold_orange": 3000,
        });
        ids.push(member.kpi(&dashboard, kpi).await);
    }
    ids
}

async fn start_import(member: &Member, file: &str) -> String {
    let report =
        member.import("/imports/kpi-values", Upload::new("mesures.csv", file.as_bytes())).await.expect(202);
    text(&report["id"])
}

/// Waits until a tenth is done and makes sure that there is something left to do.
async fn in_the_middle(member: &Member, job: &str) {
    let report = member.import_until(job, |report| has_ended(report) || percent(report) >= 10).await;
    assert!(
        !has_ended(&report) && percent(&report) <= 80,
        "too late to interrupt it: {}",
        report["progress"]
    );
}

fn percent(report: &Value) -> u64 {
    report["progress"]["percent"].as_u64().unwrap()
}

/// The values of every tenth KPI with all that was made of them; a second version would be a row that was applied twice.
async fn a_tenth(member: &Member, kpis: &[String]) -> Vec<String> {
    let mut all = Vec::new();
    for kpi in kpis.iter().step_by(10) {
        for value in member.all(&format!("/kpis/{kpi}/values?limit=1000")).await {
            let Value::Object(mut value) = value else { panic!("a value is an object") };
            value.retain(|name, _| {
                ["period_key", "value", "status", "score", "source", "version"].contains(&name.as_str())
            });
            all.push(Value::from(value).to_string());
        }
    }
    all
}

/// Importing the file again finds every single value of it in place.
async fn assert_nothing_is_missing(member: &Member, file: &str) {
    let again = start_import(member, file).await;
    let again = member.import_ended(&again).await;
    assert_eq!(again["counts"]["unchanged"], KPIS * DAYS, "{}", again["counts"]);
}

/// What must be true of a run, disturbed or not.
fn assert_complete(report: &Value) {
    let rows = u64::try_from(KPIS * DAYS).unwrap();
    let counts = json!({
        "rows_total": rows, "inserted": rows, "updated": 0, "unchanged": 0, "skipped": 0, "blank": 0, "rejected": 0,
    });
    assert_eq!((&report["status"], &report["counts"]), (&json!("SUCCESS"), &counts), "{report}");
    assert_eq!((percent(report), &report["phase"]), (100, &json!("done")));
}

/// Whoever started an import is told of its end, and once, however often a process was struck on the way.
async fn assert_told_once(member: &Member, job: &str) {
    let begun = Instant::now();
    let ends = loop {
        let told = member.all("/user/notifications").await.into_iter();
        let ends: Vec<Value> = told.filter(|entry| entry["category"] == "import_ended").collect();
        if !ends.is_empty() {
            break ends;
        }
        assert!(begun.elapsed() < PATIENCE, "nobody is told of the end");
        tokio::time::sleep(GLANCE).await;
    };
    let about: Vec<&Value> = ends.iter().map(|entry| &entry["subject"]["id"]).collect();
    assert_eq!(about, [job]);
}

async fn a_killed_import_ends_by_itself_like_an_undisturbed_one(place: Place) {
    let file = long_file();
    let server = Server::start(&place).await;
    let (calm, struck) = (server.sign_up("calm").await, server.sign_up("struck").await);
    let (calm_kpis, struck_kpis) = (kpis(&calm).await, kpis(&struck).await);
    let undisturbed = start_import(&calm, &file).await;
    assert_complete(&calm.import_ended(&undisturbed).await);

    let job = start_import(&struck, &file).await;
    in_the_middle(&struck, &job).await;
    server.kill();

    let server = Server::start(&place).await;
    let (calm, struck) = (calm.at(&server), struck.at(&server));
    assert_complete(&struck.import_ended(&job).await);
    assert_told_once(&struck, &job).await;
    let (wanted, told) = (a_tenth(&calm, &calm_kpis).await, a_tenth(&struck, &struck_kpis).await);
    assert_eq!(wanted.len(), KPIS / 10 * DAYS);
    assert!(wanted == told, "the values differ from those of an undisturbed run");
    for (kpi, day) in [(0, "2022-01-01"), (50, "2023-05-17"), (99, "2024-09-26")] {
        let revisions = struck.all(&format!("/kpis/{}/values/{day}/revisions", struck_kpis[kpi])).await;
        assert_eq!(revisions.len(), 1, "one revision for one row: {revisions:?}");
    }
    assert_nothing_is_missing(&struck, &file).await;
}

async fn an_import_outlives_its_worker(place: Place) {
    let file = long_file();
    let server = Server::start_with(&place, &[("VIGIE__WORKER__EMBEDDED", "false")]).await;
    let struck = server.sign_up("struck").await;
    kpis(&struck).await;
    let worker = Worker::start(&place);
    let job = start_import(&struck, &file).await;
    in_the_middle(&struck, &job).await;
    worker.kill();
    assert!(
        !has_ended(&struck.get(&format!("/imports/jobs/{job}")).await.expect(200)),
        "nobody is there to end it"
    );

    let _successor = Worker::start(&place);
    assert_complete(&struck.import_ended(&job).await);
    assert_told_once(&struck, &job).await;
    assert_nothing_is_missing(&struck, &file).await;
}
