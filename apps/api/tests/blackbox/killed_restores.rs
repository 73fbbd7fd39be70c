//! Restores that are killed leave nothing half: neither an organization, nor a database, nor data.

use crate::client::{Client, Upload};
use crate::creations::admin;
use crate::member::{Member, text};
use crate::place::Place;
use crate::server::{GLANCE, PATIENCE, Server, Worker, operate, try_operate};
use serde_json::{Value, json};
use std::fmt::Write;
use std::time::{Duration, Instant};
use tokio::task::block_in_place;

on_both_engines!(
    a_killed_restore_leaves_a_whole_organization_or_none,
    an_exchange_that_is_killed_leaves_the_old_data_or_the_new,
);

const KPIS: usize = 12;
const DAYS: usize = 150;
/// How often a restore is killed.
const ROUNDS: u32 = 6;
/// As if nobody had said for long that it goes on.
const LONG_AGO: &str = "2001-01-01T00:00:00+00:00";

/// An organization with values, and an archive of it.
struct Source {
    claire: Member,
    kpi: String,
    archive: String,
}

async fn source(place: &Place, server: &Server) -> Source {
    let claire = server.sign_up("source").await;
    let dashboard = claire.dashboard("Atelier", None).await;
    let mut file = String::from("code;date;valeur\n");
    let mut kpis = Vec::new();
    for number in 0..KPIS {
        let kpi = json!({
            "name": format!("Mesure {number}"), "code": format!("K{number}"), "frequency": "DAILY",
            "direction": "UP_IS_BETTER",
        });
        kpis.push(claire.kpi(&dashboard, kpi).await);
        for day in 0..DAYS {
            let _ = writeln!(file, "K{number};{};{}", date(day), number + day);
        }
    }
    let run = claire.import("/imports/kpi-values", Upload::new("mesures.csv", file.as_bytes())).await.json();
    assert_eq!(claire.import_ended(&text(&run["id"])).await["status"], "SUCCESS");
    let backup = block_in_place(|| operate(place, &["tenant", "backup", "--slug", "source"]));
    Source { claire, kpi: kpis.remove(0), archive: text(&backup["path"]) }
}

fn date(day: usize) -> String {
    let days = chrono::Days::new(u64::try_from(day).unwrap());
    (chrono::NaiveDate::from_ymd_opt(2020, 1, 1).unwrap() + days).to_string()
}

async fn values(member: &Member, kpi: &str) -> usize {
    member.all(&format!("/kpis/{kpi}/values?limit=1000")).await.len()
}

fn show(place: &Place, slug: &str) -> Value {
    block_in_place(|| operate(place, &["tenant", "show", "--slug", slug]))
}

/// The organization of that slug as the platform sees it, or null.
async fn listed(admin: &Client, slug: &str) -> Value {
    let list = admin.get(&format!("/admin/organizations?search={slug}")).await.expect(200);
    list["items"].as_array().unwrap().iter().find(|one| one["slug"] == slug).cloned().unwrap_or_default()
}

/// How long recovery may take: what cannot be undone at the start, because the killed one's session has not ended on the server, is
/// tried again every minute.
const RECOVERED_WITHIN: Duration = Duration::from_secs(150);

/// Nothing belongs to nobody, and nobody lacks anything, once recovery has run.
fn assert_tidy(place: &Place) {
    let begun = Instant::now();
    loop {
        let (_, found, errors) = block_in_place(|| try_operate(place, &["tenant", "doctor"]));
        if found["findings"] == json!([]) {
            return;
        }
        eprintln!("after {:?}: {found} {errors}", begun.elapsed());
        assert!(begun.elapsed() < RECOVERED_WITHIN, "{found} {errors}");
        std::thread::sleep(Duration::from_secs(5));
    }
}

async fn a_killed_restore_leaves_a_whole_organization_or_none(place: Place) {
    let mut server = Server::start(&place).await;
    admin(&place, &server).await;
    let Source { mut claire, kpi, archive } = source(&place, &server).await;
    let restore = |slug: &str| -> Vec<String> {
        let words = ["tenant", "restore", &archive, "--slug", slug, "--admin-email", &claire.email, "--json"];
        words.map(str::to_owned).to_vec()
    };
    let (whole, again) =
        (restore("whole"), (0..ROUNDS).map(|round| restore(&format!("copy-{round}"))).collect::<Vec<_>>());
    let begun = Instant::now();
    block_in_place(|| operate(&place, &words(&whole[..7])));
    let undisturbed = begun.elapsed();

    let client = admin(&place, &server).await;
    let mut caught = 0;
    for (round, arguments) in (0..ROUNDS).zip(&again) {
        let slug = format!("copy-{round}");
        let mut restoring = Worker::start_command(&place, &words(arguments));
        let begun = Instant::now();
        // The first one is killed as soon as it has reserved its slug, the others ever later.
        while listed(&client, &slug).await.is_null() && !restoring.has_ended() {
            assert!(begun.elapsed() < PATIENCE, "the restore does not begin");
            tokio::time::sleep(GLANCE).await;
        }
        tokio::time::sleep(undisturbed.saturating_sub(begun.elapsed()) * round / ROUNDS).await;
        restoring.kill();
        let status = listed(&client, &slug).await["status"].clone();
        if status == "failed" {
            caught += 1;
            assert!(claire.in_organization(&server, &slug).await.is_none(), "half an organization is served");
        } else {
            assert_eq!(status, "active");
        }
    }
    eprintln!("{caught} of {ROUNDS} restores were killed in the middle");
    assert!(caught > 0, "every restore was quicker than its end");

    // Nobody says any more that they go on: the next start removes them.
    place
        .control_execute(&format!(
            "UPDATE organizations SET updated_at = '{LONG_AGO}' WHERE status = 'failed'"
        ))
        .await;
    server.stop().await;
    server = Server::start(&place).await;
    claire = claire.at(&server);
    assert_tidy(&place);
    let client = admin(&place, &server).await;
    let (mut databases, mut gone) = (Vec::new(), Vec::new());
    let slugs =
        ["source".to_owned(), "whole".to_owned()].into_iter().chain((0..ROUNDS).map(|n| format!("copy-{n}")));
    for slug in slugs {
        if listed(&client, &slug).await.is_null() {
            gone.push(slug);
        } else {
            let there = show(&place, &slug);
            assert_eq!(there["status"], "active");
            databases.push(text(&there["database_name"]));
        }
    }
    databases.sort();
    assert_eq!(place.tenant_databases().await, databases);
    assert_eq!(gone.len(), caught);

    // What is gone can be made again under the same slug, and is whole.
    let slug = gone.first().unwrap();
    let number: usize = slug.trim_start_matches("copy-").parse().unwrap();
    let restored = block_in_place(|| operate(&place, &words(&again[number][..7])));
    assert_eq!(restored["status"], "active");
    for slug in ["whole", slug] {
        let copy = claire.in_organization(&server, slug).await.unwrap();
        assert_eq!(values(&copy, &kpi).await, DAYS, "{slug}");
    }
    assert_eq!(values(&claire, &kpi).await, DAYS);
}

fn words(arguments: &[String]) -> Vec<&str> {
    arguments.iter().map(String::as_str).collect()
}

/// What an exchange is at, as the control database says.
async fn states(place: &Place) -> Vec<String> {
    place.control_texts("SELECT state AS text FROM database_moves ORDER BY created_at, id").await
}

/// When an exchange is killed.
#[derive(Clone, Copy)]
enum Kill {
    /// As soon as it stands there.
    At(&'static str),
    /// After that share of the time that one takes, in tenths.
    After(u32),
}

async fn an_exchange_that_is_killed_leaves_the_old_data_or_the_new(place: Place) {
    let mut server = Server::start(&place).await;
    let Source { mut claire, kpi, archive } = source(&place, &server).await;
    let arguments = ["tenant", "restore", &archive, "--slug", "source", "--in-place", "--yes", "source"];
    let begun = Instant::now();
    block_in_place(|| operate(&place, &arguments));
    let undisturbed = begun.elapsed();
    let mut switched = 1;
    server.stop().await;
    server = Server::start(&place).await;
    claire = claire.at(&server);

    for kill in
        [Kill::At("loading"), Kill::After(5), Kill::After(8), Kill::At("fenced"), Kill::At("switched")]
    {
        // Something that the archive does not have tells the old data from the new.
        let before = values(&claire, &kpi).await;
        let old = before + 1;
        claire
            .post(&format!("/kpis/{kpi}/values"), json!({ "period": date(2 * DAYS + before), "value": 1 }))
            .await
            .expect(201);
        let database = text(&show(&place, "source")["database_name"]);
        let earlier = states(&place).await.len();

        let mut restoring = Worker::start_command(&place, &arguments);
        let begun = Instant::now();
        let mut seen = false;
        while !restoring.has_ended() && !seen {
            assert!(begun.elapsed() < PATIENCE * 2, "the exchange does not go on");
            seen = match kill {
                Kill::At(state) => states(&place).await.get(earlier).is_some_and(|now| now == state),
                Kill::After(tenths) => {
                    tokio::time::sleep(GLANCE).await;
                    begun.elapsed() >= undisturbed * tenths / 10
                }
            };
        }
        restoring.kill();
        // Whatever it was at: what is read is the one or the other, whole.
        let now = values(&claire, &kpi).await;
        assert!(now == old || now == DAYS, "{now} values");
        let at = states(&place).await.get(earlier).cloned();
        eprintln!("killed after {:?}, while it was {at:?}", begun.elapsed());

        place
            .control_execute(&format!(
                "UPDATE database_moves SET lease_until = '{LONG_AGO}' WHERE state IN ('loading', 'fenced')"
            ))
            .await;
        server.stop().await;
        server = Server::start(&place).await;
        claire = claire.at(&server);

        let there = text(&show(&place, "source")["database_name"]);
        let has_switched = there != database;
        assert_eq!(has_switched, at.as_deref() == Some("switched"), "{at:?}");
        let wanted = if has_switched { DAYS } else { old };
        assert_eq!(values(&claire, &kpi).await, wanted, "{at:?}");
        // It takes writes again; databases of exchanges that came to nothing are gone, those of the others are kept for an undo.
        claire
            .post(&format!("/kpis/{kpi}/values"), json!({ "period": date(3 * DAYS + before), "value": 2 }))
            .await
            .expect(201);
        switched += usize::from(has_switched);
        assert_eq!(place.tenant_databases().await.len(), 1 + switched, "{at:?}");
        assert_tidy(&place);
    }

    // And it can still be done, and be undone.
    let before = values(&claire, &kpi).await;
    block_in_place(|| operate(&place, &arguments));
    block_in_place(|| operate(&place, &["tenant", "restore", "--undo", "--slug", "source"]));
    let begun = Instant::now();
    while values(&claire, &kpi).await != before {
        assert!(begun.elapsed() < Duration::from_secs(20), "the server does not follow");
        tokio::time::sleep(GLANCE * 5).await;
    }
}
