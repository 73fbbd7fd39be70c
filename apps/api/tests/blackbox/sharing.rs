//! Several processes on one PostgreSQL server, with and without Redis between them.

use crate::client::{Answer, Client, Upload};
use crate::member::{Member, PASSWORD};
use crate::place::Place;
use crate::redis::Redis;
use crate::server::{GLANCE, PATIENCE, Server, operator};
use serde_json::json;
use std::fmt::Write;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// After a change nothing is answered any more as it was before it.
const STALE: Duration = Duration::from_secs(2);

/// Asks until the answer is the wanted one. A request that begins two seconds after the change must get it.
async fn holds_within_two_seconds(client: &Client, changed: Instant, status: u16, code: &str) {
    loop {
        let begun = Instant::now();
        let answer = client.get("/dashboards").await;
        if answer.status() == status {
            answer.refused(status, code);
            return;
        }
        assert!(
            begun - changed < STALE,
            "still {} {:?} after the change",
            answer.status(),
            changed.elapsed()
        );
        tokio::time::sleep(GLANCE).await;
    }
}

/// Log-out in one process and suspension by another program hold in every process.
async fn changes_hold_everywhere(place: &Place, settings: &[(&str, &str)]) {
    let (one, other) = (Server::start_with(place, settings).await, Server::start_with(place, settings).await);
    let claire = one.sign_up("angers").await;
    let there = other.anonymous().with_token(&claire.access_token);
    there.get("/dashboards").await.expect(200);
    claire.get("/dashboards").await.expect(200);
    claire.post("/auth/logout", json!({})).await.status_is(204);
    holds_within_two_seconds(&there, Instant::now(), 401, "invalid_token").await;

    let login = json!({ "email": claire.email, "password": PASSWORD });
    let again = other.anonymous().post("/auth/login", login).await.expect(200);
    let token = again["access_token"].as_str().unwrap();
    let clients = [&one, &other].map(|server| server.anonymous().with_token(token));
    for client in &clients {
        client.with("x-tenant-id", "angers").get("/dashboards").await.expect(200);
    }
    operator(place, settings, &["tenant", "suspend", "--slug", "angers", "--reason", "impayé"]);
    let suspended = Instant::now();
    for client in &clients {
        holds_within_two_seconds(client, suspended, 403, "tenant_suspended").await;
    }
    operator(place, settings, &["tenant", "resume", "--slug", "angers", "--reason", "payé"]);
    let resumed = Instant::now();
    for client in &clients {
        while client.get("/dashboards").await.status() != 200 {
            assert!(resumed.elapsed() < PATIENCE, "it stays suspended");
            tokio::time::sleep(GLANCE).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changes_in_one_process_holds_in_the_others_at_once() {
    let (place, redis) = (Place::postgres().await, Redis::start().await);
    changes_hold_everywhere(&place, &[("VIGIE__REDIS__URL", &redis.url())]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_changes_in_one_process_holds_in_the_others_without_redis() {
    changes_hold_everywhere(&Place::postgres().await, &[]).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn processes_throttle_together() {
    let (place, redis) = (Place::postgres().await, Redis::start().await);
    let url = redis.url();
    let settings = [("VIGIE__REDIS__URL", url.as_str()), ("VIGIE__LIMITS__ENABLED", "true")];
    let servers = [Server::start_with(&place, &settings).await, Server::start_with(&place, &settings).await];
    let begun = Instant::now();
    let mut let_in = 0;
    for attempt in 0..16 {
        let login = json!({ "email": format!("nobody{attempt}@example.com"), "password": PASSWORD });
        let answer = servers[attempt % 2].anonymous().post("/auth/login", login).await;
        if answer.status() == 429 {
            answer.refused(429, "too_many_requests");
        } else {
            answer.refused(401, "invalid_credentials");
            let_in += 1;
        }
    }
    // Ten at once, and one more each six seconds.
    let earned = usize::try_from(begun.elapsed().as_secs() / 6 + 1).unwrap();
    assert!((10..=10 + earned).contains(&let_in), "{let_in} of 16 were let in");
    let clear = ["nobody", "example.com", "127.0.0.1"];
    let dump = redis.dump();
    assert!(dump.contains(":all:rate:login:") && clear.iter().all(|text| !dump.contains(text)), "{dump}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_reads_redis_learns_no_address_and_no_token() {
    let (place, redis) = (Place::postgres().await, Redis::start().await);
    let server = Server::start_with(&place, &[("VIGIE__REDIS__URL", &redis.url())]).await;
    let claire = server.sign_up("vannes").await;
    let refresh = json!({ "refresh_token": claire.refresh_token });
    let session = server.anonymous().post("/auth/refresh", refresh).await.expect(200);
    let claire = server.anonymous().with_token(session["access_token"].as_str().unwrap());
    let (mut dump, begun) = (String::new(), Instant::now());
    // A session is kept for a second.
    while !(dump.contains(":session:") && dump.contains(":name:")) {
        claire.with("x-tenant-id", "vannes").get("/user/me").await.expect(200);
        dump.push_str(&redis.dump());
        assert!(begun.elapsed() < PATIENCE, "nothing is remembered: {dump}");
    }
    let tokens = [&session["access_token"], &session["refresh_token"]].map(|token| token.as_str().unwrap());
    for clear in ["claire", "vannes", "Duval", "example.com", tokens[0], tokens[1]] {
        assert!(!dump.contains(clear), "{clear} is in {dump}");
    }
}

/// Requests that never stop, and what came of them.
struct Traffic {
    stop: Arc<AtomicBool>,
    answered: Arc<AtomicU64>,
    running: Vec<tokio::task::JoinHandle<()>>,
}

impl Traffic {
    fn start(clients: &[Client]) -> Self {
        let (stop, answered) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU64::new(0)));
        let running = clients.iter().cloned().map(|client| {
            let (stop, answered) = (Arc::clone(&stop), Arc::clone(&answered));
            tokio::spawn(async move {
                while !stop.load(Ordering::Relaxed) {
                    client.get("/dashboards").await.expect(200);
                    answered.fetch_add(1, Ordering::Relaxed);
                }
            })
        });
        let running = running.collect();
        Self { stop, answered, running }
    }

    /// Waits until so many more were answered.
    async fn goes_on(&self, more: u64) {
        let wanted = self.answered.load(Ordering::Relaxed) + more;
        let begun = Instant::now();
        while self.answered.load(Ordering::Relaxed) < wanted {
            assert!(begun.elapsed() < PATIENCE, "nothing is answered any more");
            assert!(self.running.iter().all(|running| !running.is_finished()), "a request was refused");
            tokio::time::sleep(GLANCE).await;
        }
    }

    async fn end(self) {
        self.stop.store(true, Ordering::Relaxed);
        for running in self.running {
            running.await.unwrap();
        }
    }
}

/// Waits until both say so.
async fn health_becomes(servers: &[Server], wanted: &str) {
    let begun = Instant::now();
    for server in servers {
        loop {
            // A process without Redis serves: 200, whatever it says.
            let answer: Answer = server.outside().get("/health/ready").await;
            if answer.expect(200)["status"] == wanted {
                break;
            }
            assert!(begun.elapsed() < PATIENCE, "the health does not become {wanted}");
            tokio::time::sleep(GLANCE).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_may_go_and_come_during_traffic() {
    let (place, mut redis) = (Place::postgres().await, Redis::start().await);
    let url = redis.url();
    let settings = [
        ("VIGIE__REDIS__URL", url.as_str()),
        ("VIGIE__LIMITS__ENABLED", "true"),
        ("VIGIE__LIMITS__REQUESTS_PER_MINUTE", "1000000"),
        ("VIGIE__LIMITS__ANONYMOUS_PER_MINUTE", "1000000"),
        ("VIGIE__LIMITS__LOGIN_PER_MINUTE", "1000"),
    ];
    let servers = [Server::start_with(&place, &settings).await, Server::start_with(&place, &settings).await];
    let steady = servers[0].sign_up("steady").await;
    let mut struck: Vec<Member> = Vec::new();
    for slug in ["killed", "frozen", "flushed"] {
        struck.push(servers[0].sign_up(slug).await);
    }
    let everywhere = |member: &Member| {
        servers.each_ref().map(|server| server.anonymous().with_token(&member.access_token))
    };
    let suspend = |slug: &str| {
        operator(&place, &settings, &["tenant", "suspend", "--slug", slug, "--reason", "x"]);
        Instant::now()
    };
    let traffic = Traffic::start(&everywhere(&steady));
    traffic.goes_on(50).await;
    health_becomes(&servers, "ready").await;

    // Killed, with what it remembers saved: it comes back with that.
    for client in everywhere(&struck[0]) {
        client.get("/dashboards").await.expect(200);
    }
    redis.ask(&["SAVE"]);
    redis.kill();
    let suspended = suspend("killed");
    for client in everywhere(&struck[0]) {
        holds_within_two_seconds(&client, suspended, 403, "tenant_suspended").await;
    }
    health_becomes(&servers, "degraded").await;
    traffic.goes_on(50).await;
    redis.start_again().await;
    for client in everywhere(&struck[0]) {
        client.get("/dashboards").await.refused(403, "tenant_suspended");
    }
    health_becomes(&servers, "ready").await;
    traffic.goes_on(50).await;

    // Frozen: connections stay, answers do not come.
    for client in everywhere(&struck[1]) {
        client.get("/dashboards").await.expect(200);
    }
    redis.freeze(true);
    let suspended = suspend("frozen");
    for client in everywhere(&struck[1]) {
        holds_within_two_seconds(&client, suspended, 403, "tenant_suspended").await;
    }
    health_becomes(&servers, "degraded").await;
    traffic.goes_on(20).await;
    redis.freeze(false);
    health_becomes(&servers, "ready").await;
    traffic.goes_on(50).await;

    // Flushed, scripts too.
    for client in everywhere(&struck[2]) {
        client.get("/dashboards").await.expect(200);
    }
    redis.ask(&["FLUSHALL"]);
    redis.ask(&["SCRIPT", "FLUSH"]);
    let suspended = suspend("flushed");
    for client in everywhere(&struck[2]) {
        holds_within_two_seconds(&client, suspended, 403, "tenant_suspended").await;
    }
    traffic.goes_on(50).await;
    traffic.end().await;
    let login = json!({ "email": steady.email, "password": PASSWORD });
    servers[1].anonymous().post("/auth/login", login).await.expect(200);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_process_starts_and_serves_while_redis_is_down() {
    let (place, mut redis) = (Place::sqlite(), Redis::start().await);
    redis.kill();
    let settings = [("VIGIE__REDIS__URL", &*redis.url()), ("VIGIE__LIMITS__ENABLED", "true")];
    let servers = [Server::start_with(&place, &settings).await];
    let claire = servers[0].sign_up("brest").await;
    claire.dashboard("Sans Redis", None).await;
    health_becomes(&servers, "degraded").await;
    redis.start_again().await;
    health_becomes(&servers, "ready").await;
    claire.get("/dashboards").await.expect(200);
}

/// A file with more cells than a request imports itself.
fn long_file() -> String {
    let mut file = String::from("code;date;valeur\n");
    for day in 0..2_500 {
        let date = chrono::NaiveDate::from_ymd_opt(2015, 1, 1).unwrap() + chrono::Days::new(day);
        let _ = writeln!(file, "K;{date};{day}");
    }
    file
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_job_calls_the_workers_of_other_processes() {
    let (place, redis) = (Place::postgres().await, Redis::start().await);
    let mut listening =
        TcpStream::connect(redis.url().trim_start_matches("redis://").trim_end_matches("/0")).await.unwrap();
    listening.write_all(b"PSUBSCRIBE vigie:*:all:calls\r\n").await.unwrap();
    let settings = [("VIGIE__REDIS__URL", &*redis.url()), ("VIGIE__WORKER__EMBEDDED", "false")];
    let server = Server::start_with(&place, &settings).await;
    let claire = server.sign_up("dinan").await;
    let dashboard = claire.dashboard("Atelier", None).await;
    let kpi = json!({ "name": "K", "code": "K", "frequency": "DAILY", "direction": "UP_IS_BETTER" });
    claire.kpi(&dashboard, kpi).await;
    claire.import("/imports/kpi-values", Upload::new("k.csv", long_file().as_bytes())).await.expect(202);
    let mut heard = String::new();
    while !heard.contains(" call\r\n") {
        let mut piece = [0; 1024];
        let read = tokio::time::timeout(PATIENCE, listening.read(&mut piece)).await.expect("nobody calls");
        heard.push_str(&String::from_utf8_lossy(&piece[..read.unwrap()]));
    }
}
