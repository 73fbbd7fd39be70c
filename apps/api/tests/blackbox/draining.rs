//! A worker that is asked to stop gives back what it holds; the next one goes on, and tells its figures.

use crate::client::{Client, Upload};
use crate::member::text;
use crate::place::Place;
use crate::server::{GLANCE, PATIENCE, Server, Worker, operate};
use serde_json::{Value, json};
use std::fmt::Write;
use std::time::Instant;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_worker_that_is_asked_to_stop_gives_its_jobs_back_on_postgres() {
    a_worker_that_is_asked_to_stop_gives_its_jobs_back(Place::postgres().await).await;
}

fn jobs(place: &Place) -> Vec<Value> {
    operate(place, &["jobs", "list", "--name", "imports.apply-run"])["jobs"].as_array().unwrap().clone()
}

async fn a_worker_that_is_asked_to_stop_gives_its_jobs_back(place: Place) {
    let server = Server::start_with(&place, &[("VIGIE__WORKER__EMBEDDED", "false")]).await;
    let claire = server.sign_up("angers").await;
    let dashboard = claire.dashboard("Atelier", None).await;
    let mut file = String::from("code;date;valeur\n");
    for number in 0..50 {
        let kpi = json!({
            "name": format!("Mesure {number}"), "code": format!("K{number}"), "frequency": "DAILY",
            "direction": "UP_IS_BETTER", "threshold_green": 60, "threshold_orange": 30,
        });
        claire.kpi(&dashboard, kpi).await;
        for day in 0..1_500 {
            let date = chrono::NaiveDate::from_ymd_opt(2020, 1, 1).unwrap() + chrono::Days::new(day);
            let _ = writeln!(file, "K{number};{date};{day}");
        }
    }
    let worker = Worker::start(&place);
    let upload = Upload::new("mesures.csv", file.as_bytes());
    let run = text(&claire.import("/imports/kpi-values", upload).await.expect(202)["id"]);
    let begun = |report: &Value| report["progress"]["percent"].as_u64().unwrap() >= 5;
    let report = claire.import_until(&run, begun).await;
    assert_eq!(report["status"], "RUNNING", "too late to stop in the middle: {}", report["progress"]);

    assert_eq!(worker.stop().await.code(), Some(0));

    // At once, not when its lease would have ended; and the attempt does not count.
    let given_back = &jobs(&place)[0];
    assert_eq!((&given_back["status"], &given_back["attempt"]), (&json!("queued"), &json!(0)));
    let (successor, address) = Worker::start_with_figures(&place);
    let done = claire.import_ended(&run).await;
    assert_eq!((&done["status"], &done["counts"]["inserted"]), (&json!("SUCCESS"), &json!(50 * 1_500)));

    let scraped = Client::new(&format!("http://{address}"));
    let wanted = r#"jobs_total{kind="imports.apply-run",result="done"} 1"#;
    let begun = Instant::now();
    let figures = loop {
        let figures = scraped.get("/metrics").await;
        if figures.text().contains(wanted) {
            break figures.expect_text(200);
        }
        assert!(begun.elapsed() < PATIENCE, "{}", figures.text());
        tokio::time::sleep(GLANCE).await;
    };
    for name in ["job_duration_seconds_bucket", "job_queue_depth", "job_oldest_age_seconds", "dead_letters"] {
        assert!(figures.contains(name), "{name} is missing:\n{figures}");
    }
    assert!(figures.contains(r#"outbox_lag_seconds{lane="bulk"}"#), "{figures}");
    assert_eq!(scraped.get("/").await.status(), 404);
    let job = &jobs(&place)[0];
    assert_eq!((&job["status"], &job["attempt"]), (&json!("done"), &json!(1)));
    assert_eq!(successor.stop().await.code(), Some(0));
}
