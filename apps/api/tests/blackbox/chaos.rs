//! Processes are killed at random while imports are under way: every job is done once in effect, and none is lost.
//!
//! `VIGIE_CHAOS_SECONDS` says for how long (20 by default), `VIGIE_CHAOS_SEED` repeats the choices of an earlier run.

use crate::client::{Client, Upload};
use crate::member::{Member, has_ended, text};
use crate::place::Place;
use crate::server::{GLANCE, PATIENCE, Server, Worker, operate};
use serde_json::{Value, json};
use std::fmt::Write;
use std::time::{Duration, Instant};
use tokio::sync::watch;

const KPIS: usize = 25;
/// Days of one file: enough for a job, too few for one that outlives the test.
const DAYS: usize = 90;
/// Files of one organization at most; they reach from 2015 to the day of the test.
const FILES: usize = 45;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_workers_and_servers_lose_no_job_on_postgres() {
    killed_processes_lose_no_job(Place::postgres().await, 2).await;
}

/// With SQLite one process is the whole product.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_process_loses_no_job_on_sqlite() {
    killed_processes_lose_no_job(Place::sqlite(), 0).await;
}

/// Choices that a seed repeats (xorshift).
struct Chance(u64);

impl Chance {
    fn below(&mut self, end: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % end
    }
}

fn number_of(variable: &str, default: u64) -> u64 {
    std::env::var(variable).map_or(default, |text| text.parse().unwrap())
}

/// The file of that number: days that no other file has.
fn file(number: usize) -> String {
    let mut file = String::from("code;date;valeur\n");
    for day in number * DAYS..(number + 1) * DAYS {
        let date = chrono::NaiveDate::from_ymd_opt(2015, 1, 1).unwrap()
            + chrono::Days::new(u64::try_from(day).unwrap());
        for kpi in 0..KPIS {
            let _ = writeln!(file, "K{kpi};{date};{}", (kpi * 31 + day * 7) % 1_009);
        }
    }
    file
}

/// An organization with the KPIs that the files are about; their ids.
async fn prepared(server: &Server, slug: &str) -> (Member, Vec<String>) {
    let member = server.sign_up(slug).await;
    let dashboard = member.dashboard("Atelier", None).await;
    let mut kpis = Vec::new();
    for number in 0..KPIS {
        let kpi = json!({
            "name": format!("Mesure {number}"), "code": format!("K{number}"), "frequency": "DAILY",
            "direction": "UP_IS_BETTER", "threshold_green": 600, "threshold_orange": 300,
        });
        kpis.push(member.kpi(&dashboard, kpi).await);
    }
    (member, kpis)
}

/// Uploads one file after the other until the end, each until the server has said that it has it. They are spread over the whole time.
/// Answers how many that were.
async fn upload(
    token: String,
    servers: watch::Receiver<Client>,
    stop: watch::Receiver<bool>,
    time: Duration,
) -> usize {
    let mut pace = tokio::time::interval(time / u32::try_from(FILES).unwrap());
    pace.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    for number in 0..FILES {
        pace.tick().await;
        let content = file(number);
        loop {
            let client = servers.borrow().with_token(&token);
            let upload = Upload::new("mesures.csv", content.as_bytes());
            match client.try_import("/imports/kpi-values", upload).await {
                Some(answer) if answer.status() == 202 => break,
                // Killed before or after it took the file: whoever does not know asks again, and the same file changes nothing.
                Some(answer) => assert!(answer.status() >= 500, "{} {}", answer.status(), answer.text()),
                None => {}
            }
            tokio::time::sleep(GLANCE).await;
        }
        if *stop.borrow() {
            return number + 1;
        }
    }
    FILES
}

struct Fleet<'p> {
    place: &'p Place,
    embedded: &'static str,
    server: Option<Server>,
    workers: Vec<Option<Worker>>,
    servers: watch::Sender<Client>,
}

impl Fleet<'_> {
    /// Kills one process and starts it again.
    async fn strike(&mut self, chance: &mut Chance) {
        let victims = u64::try_from(self.workers.len()).unwrap() + 1;
        let victim = usize::try_from(chance.below(victims)).unwrap();
        let Some(worker) = self.workers.get_mut(victim) else {
            self.server.take().unwrap().kill();
            let server = Server::start_with(self.place, &[("VIGIE__WORKER__EMBEDDED", self.embedded)]).await;
            self.servers.send_replace(server.anonymous());
            self.server = Some(server);
            return;
        };
        if let Some(worker) = worker.take() {
            worker.kill();
        }
        *worker = Some(Worker::start(self.place));
    }
}

/// Waits until every run of the organization has ended; their reports.
async fn all_ended(member: &Member) -> Vec<Value> {
    let begun = Instant::now();
    loop {
        let runs = member.all("/imports/jobs?limit=100").await;
        if runs.iter().all(has_ended) {
            return runs;
        }
        assert!(begun.elapsed() < PATIENCE * 4, "not every import comes to its end: {runs:#?}");
        tokio::time::sleep(GLANCE * 10).await;
    }
}

async fn killed_processes_lose_no_job(place: Place, workers: usize) {
    let seed = number_of("VIGIE_CHAOS_SEED", u64::from(std::process::id()) * 2_654_435_761 + 1);
    let time = Duration::from_secs(number_of("VIGIE_CHAOS_SECONDS", 20));
    eprintln!("VIGIE_CHAOS_SEED={seed}");
    let embedded = if workers == 0 { "true" } else { "false" };
    let server = Server::start_with(&place, &[("VIGIE__WORKER__EMBEDDED", embedded)]).await;
    let mut members = Vec::new();
    for slug in ["nantes", "tours"] {
        members.push(prepared(&server, slug).await);
    }
    let (servers, current) = watch::channel(server.anonymous());
    let (stop, stopped) = watch::channel(false);
    let uploads: Vec<_> = members
        .iter()
        .map(|(member, _)| {
            tokio::spawn(upload(member.access_token.clone(), current.clone(), stopped.clone(), time))
        })
        .collect();
    let mut fleet = Fleet {
        place: &place,
        embedded,
        server: Some(server),
        workers: (0..workers).map(|_| Some(Worker::start(&place))).collect(),
        servers,
    };

    let (mut chance, mut strikes, begun) = (Chance(seed | 1), 0, Instant::now());
    while begun.elapsed() < time {
        tokio::time::sleep(Duration::from_millis(300 + chance.below(1_700))).await;
        fleet.strike(&mut chance).await;
        strikes += 1;
    }
    stop.send_replace(true);
    let mut uploaded = Vec::new();
    for upload in uploads {
        uploaded.push(upload.await.unwrap());
    }
    eprintln!("{strikes} strikes, {uploaded:?} files");
    assert!(strikes > 0 && uploaded.iter().all(|files| *files > 0));

    let server = fleet.server.take().unwrap();
    for ((member, kpis), files) in members.into_iter().zip(uploaded) {
        // An access token outlives this test; the address is another one after each start.
        let member = member.at(&server);
        let runs = all_ended(&member).await;
        assert!(runs.len() >= files, "{} runs of {files} files", runs.len());
        for run in &runs {
            assert_eq!(run["status"], "SUCCESS", "{run:#}");
        }
        let days = files * DAYS;
        for kpi in &kpis {
            let values = member.all(&format!("/kpis/{kpi}/values?limit=1000")).await;
            assert_eq!(values.len(), days, "values of {kpi}");
            // A second version would be a row that was applied twice.
            assert!(values.iter().all(|value| value["version"] == 1), "something was applied twice");
        }
        let some = member.get(&format!("/kpis/{}/values?limit=1", kpis[0])).await.expect(200);
        let day = text(&some["items"][0]["period_key"]);
        let revisions = member.all(&format!("/kpis/{}/values/{day}/revisions", kpis[0])).await;
        assert_eq!(revisions.len(), 1, "{revisions:?}");
    }
    for status in ["queued", "running", "dead", "cancelled"] {
        let left = operate(&place, &["jobs", "list", "--status", status, "--name", "imports.apply-run"]);
        assert_eq!(left["jobs"], json!([]), "{status}");
    }
}
