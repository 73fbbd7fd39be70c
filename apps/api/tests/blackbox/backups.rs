//! A backup while writes go on, and the organization that is made of it.

use crate::client::Client;
use crate::member::{Member, text};
use crate::place::Place;
use crate::server::{GLANCE, PATIENCE, Server, operate};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::task::{JoinSet, block_in_place};

on_both_engines!(a_backup_under_writes_becomes_a_copy_that_sends_nothing);

const KPIS: usize = 5;
const WRITERS: usize = 8;
/// Together two hundred writes a second, where the machine can.
const PAUSE: Duration = Duration::from_millis(40);
/// Tables that a restore writes anew or empties: who is a member is said by the control database, and what waits to go out does not.
const OWN: &[&str] = &["outbox", "members", "repeatable_requests", "files"];

/// A value: the number of its KPI, and its day.
type Written = (usize, String);

/// Values that nobody has written yet, at a steady pace; what was acknowledged.
struct Writers {
    acknowledged: Arc<Mutex<BTreeSet<Written>>>,
    stop: Arc<AtomicBool>,
    tasks: JoinSet<()>,
    begun: Instant,
}

impl Writers {
    fn start(client: &Client, kpis: &[String]) -> Self {
        let (acknowledged, stop) = (Arc::<Mutex<BTreeSet<Written>>>::default(), Arc::<AtomicBool>::default());
        let next = Arc::new(AtomicUsize::new(0));
        let mut tasks = JoinSet::new();
        for _ in 0..WRITERS {
            let (client, kpis, next) = (client.clone(), kpis.to_vec(), Arc::clone(&next));
            let (acknowledged, stop) = (Arc::clone(&acknowledged), Arc::clone(&stop));
            tasks.spawn(async move {
                let mut pace = tokio::time::interval(PAUSE);
                while !stop.load(Ordering::Relaxed) {
                    pace.tick().await;
                    let number = next.fetch_add(1, Ordering::Relaxed);
                    let (kpi, day) = (number % KPIS, day(number / KPIS));
                    let value = json!({ "period": day, "value": number % 1_009 });
                    client.post(&format!("/kpis/{}/values", kpis[kpi]), value).await.expect(201);
                    acknowledged.lock().unwrap().insert((kpi, day));
                }
            });
        }
        Self { acknowledged, stop, tasks, begun: Instant::now() }
    }

    fn acknowledged(&self) -> BTreeSet<Written> {
        self.acknowledged.lock().unwrap().clone()
    }

    async fn wait_for(&self, count: usize) {
        while self.acknowledged.lock().unwrap().len() < count {
            assert!(self.begun.elapsed() < PATIENCE * 2, "the writers do not get on");
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// All that was acknowledged, and how many that were a second.
    async fn stop(mut self) -> (BTreeSet<Written>, f64) {
        self.stop.store(true, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended.unwrap();
        }
        let all = self.acknowledged();
        let count = f64::from(u32::try_from(all.len()).unwrap());
        (all, count / self.begun.elapsed().as_secs_f64())
    }
}

fn day(number: usize) -> String {
    let days = chrono::Days::new(u64::try_from(number).unwrap());
    (chrono::NaiveDate::from_ymd_opt(2000, 1, 1).unwrap() + days).to_string()
}

async fn values(member: &Member, kpis: &[String]) -> BTreeSet<Written> {
    let mut all = BTreeSet::new();
    for (number, kpi) in kpis.iter().enumerate() {
        all.extend(member.values(kpi).await.into_iter().map(|(day, _)| (number, day)));
    }
    all
}

/// How many rows a backup has of each table that a restore leaves alone.
fn rows(backup: &Value) -> Vec<(String, u64)> {
    let counts = backup["counts"].as_object().unwrap().iter();
    counts
        .filter(|(table, _)| !OWN.contains(&table.as_str()))
        .map(|(table, rows)| (table.clone(), rows.as_u64().unwrap()))
        .collect()
}

async fn a_backup_under_writes_becomes_a_copy_that_sends_nothing(place: Place) {
    let server = Server::start(&place).await;
    let claire = server.sign_up("paris").await;
    let dashboard = claire.dashboard("Atelier", None).await;
    let mut kpis = Vec::new();
    for number in 0..KPIS {
        let kpi = json!({
            "name": format!("Mesure {number}"), "frequency": "DAILY", "direction": "UP_IS_BETTER",
            "threshold_green": 600, "threshold_orange": 300,
        });
        kpis.push(claire.kpi(&dashboard, kpi).await);
    }

    let writers = Writers::start(&claire, &kpis);
    writers.wait_for(150).await;
    let before = writers.acknowledged();
    let backup = block_in_place(|| operate(&place, &["tenant", "backup", "--slug", "paris"]));
    writers.wait_for(writers.acknowledged().len() + 100).await;
    let archive = text(&backup["path"]);
    let arguments =
        ["tenant", "restore", &archive, "--slug", "copy", "--name", "Copie", "--admin-email", &claire.email];
    let restored = block_in_place(|| operate(&place, &arguments));
    writers.wait_for(writers.acknowledged().len() + 50).await;
    let (written, rate) = writers.stop().await;
    eprintln!("{rate:.0} writes a second, {} before the backup, {} in all", before.len(), written.len());
    assert!(rate > 10.0, "{rate} writes a second are no load");

    // The source has all that was acknowledged, and nothing else.
    assert!(values(&claire, &kpis).await == written, "the source is not what was written");

    // The copy has what the manifest says: all from before the backup, and of the rest what the source has too.
    assert_eq!((&restored["status"], &restored["outgoing_paused"]), (&json!("active"), &json!(true)));
    let counted: u64 = rows(&backup).iter().map(|(_, rows)| rows).sum();
    assert!(restored["rows"].as_u64().unwrap() >= counted, "{restored} {backup}");
    let again = block_in_place(|| operate(&place, &["tenant", "backup", "--slug", "copy"]));
    assert_eq!(rows(&again), rows(&backup), "rows of the copy");
    let copy = claire.in_organization(&server, "copy").await.unwrap();
    let copied = values(&copy, &kpis).await;
    assert_eq!(backup["counts"]["kpi_values"], copied.len());
    assert!(before.is_subset(&copied), "something that was acknowledged before the backup is not in it");
    assert!(copied.is_subset(&written), "something is in the copy that was never written");

    // Nothing of the copy waits to be sent, and nothing will be until an operator says so.
    for status in ["queued", "running", "done", "dead"] {
        let jobs = operate(&place, &["jobs", "list", "--status", status]);
        let of_the_copy = |job: &&Value| job["organization_id"] == restored["id"];
        assert_eq!(jobs["jobs"].as_array().unwrap().iter().find(of_the_copy), None, "{status}");
    }
    assert_eq!(operate(&place, &["tenant", "show", "--slug", "copy"])["outgoing_paused"], true);
    assert_eq!(operate(&place, &["tenant", "show", "--slug", "paris"])["outgoing_paused"], false);
    operate(&place, &["tenant", "confirm", "--slug", "copy"]);
    assert_eq!(operate(&place, &["tenant", "show", "--slug", "copy"])["outgoing_paused"], false);
}
