//! Killed in the middle of a large import, the product ends it after the next start, with exactly the rows that an
//! undisturbed run gives.

use crate::client::Upload;
use crate::member::{Member, has_ended, text};
use crate::place::Place;
use crate::server::Server;
use serde_json::{Value, json};
use std::fmt::Write;

on_both_engines!(a_killed_import_ends_by_itself_like_an_undisturbed_one);

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

/// Every value with all that was made of it; a second version would be a row that was applied twice.
async fn everything(member: &Member, kpis: &[String]) -> Vec<String> {
    let mut all = Vec::new();
    for kpi in kpis {
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

/// What must be true of a run, disturbed or not.
fn assert_complete(report: &Value) {
    let rows = u64::try_from(KPIS * DAYS).unwrap();
    let counts = json!({
        "rows_total": rows, "inserted": rows, "updated": 0, "unchanged": 0, "skipped": 0, "blank": 0, "rejected": 0,
    });
    assert_eq!((&report["status"], &report["counts"]), (&json!("SUCCESS"), &counts), "{report}");
    assert_eq!((percent(report), &report["phase"]), (100, &json!("done")));
}

async fn a_killed_import_ends_by_itself_like_an_undisturbed_one(place: Place) {
    let file = long_file();
    let t0 = std::time::Instant::now();
    let server = Server::start(&place).await;
    eprintln!("TT 2 {:?}", t0.elapsed());
    let (calm, struck) = (server.sign_up("calm").await, server.sign_up("struck").await);
    eprintln!("TT 3 {:?}", t0.elapsed());
    let (calm_kpis, struck_kpis) = (kpis(&calm).await, kpis(&struck).await);
    eprintln!("TT 4 {:?}", t0.elapsed());
    let undisturbed = start_import(&calm, &file).await;
    eprintln!("TT 5 {:?}", t0.elapsed());
    assert_complete(&calm.import_ended(&undisturbed).await);
    eprintln!("TT 6 {:?}", t0.elapsed());

    let job = start_import(&struck, &file).await;
    eprintln!("TT 8 {:?}", t0.elapsed());
    in_the_middle(&struck, &job).await;
    eprintln!("TT 9 {:?}", t0.elapsed());
    server.kill();
    eprintln!("TT 10 {:?}", t0.elapsed());

    let server = Server::start(&place).await;
    eprintln!("TT 12 {:?}", t0.elapsed());
    let (calm, struck) = (calm.at(&server), struck.at(&server));
    eprintln!("TT 13 {:?}", t0.elapsed());
    assert_complete(&struck.import_ended(&job).await);
    eprintln!("TT 14 {:?}", t0.elapsed());
    let (wanted, told) = (everything(&calm, &calm_kpis).await, everything(&struck, &struck_kpis).await);
    eprintln!("TT 15 {:?}", t0.elapsed());
    assert_eq!(wanted.len(), KPIS * DAYS);
    eprintln!("TT 16 {:?}", t0.elapsed());
    assert!(wanted == told, "the values differ from those of an undisturbed run");
    eprintln!("TT 17 {:?}", t0.elapsed());
    for (kpi, day) in [(0, "2022-01-01"), (50, "2023-05-17"), (99, "2024-09-26")] {
        let revisions = struck.all(&format!("/kpis/{}/values/{day}/revisions", struck_kpis[kpi])).await;
        assert_eq!(revisions.len(), 1, "one revision for one row: {revisions:?}");
    }
    let again = start_import(&struck, &file).await;
    eprintln!("TT 22 {:?}", t0.elapsed());
    let again = struck.import_ended(&again).await;
    eprintln!("TT 23 {:?}", t0.elapsed());
    assert_eq!(again["counts"]["unchanged"], KPIS * DAYS, "{}", again["counts"]);
    eprintln!("TT 24 {:?}", t0.elapsed());
}
