//! Backups, restores, exchanges, exports and deletions as an operator does them, on both engines.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::too_many_lines,
    reason = "a test that cannot go on fails here"
)]

use clap::Parser;
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use vigie_auth::{ClientInfo, Login, SecretText, SignUp};
use vigie_composition::{App, Config, JobFilter, JobStatus};
use vigie_kernel::{Dec, Frequency, KpiId, OperatorContext, PageRequest, TenantContext};
use vigie_kpis::{CreateDashboard, DefineKpi, Direction, Entry, HistoryQuery, RecordValue, Source};
use vigie_test_support::TestDatabases;
use vigie_worker::{Answer, Cli, CommandError, execute};

const PASSWORD: &str = "trois-chaises-vertes";
const OWNER: &str = "ada@example.org";

/// An installation that goes away with the test.
struct Place {
    folder: tempfile::TempDir,
    databases: Option<TestDatabases>,
}

impl Place {
    fn sqlite() -> Self {
        Self { folder: tempfile::tempdir().unwrap(), databases: None }
    }

    async fn postgres() -> Self {
        let databases = TestDatabases::create().await.unwrap();
        Self { folder: tempfile::tempdir().unwrap(), databases: Some(databases) }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn config(&self) -> Config {
        let mut config = Config { data_dir: self.path("data"), ..Config::default() };
        config.limits.enabled = false;
        if let Some(databases) = &self.databases {
            config.database.url = Some(databases.control_url().into());
            config.database.tenant_prefix = databases.tenant_prefix();
        }
        config
    }

    async fn app(&self) -> App {
        App::build(self.config()).await.unwrap()
    }

    async fn try_run(&self, line: &str) -> Result<Answer, CommandError> {
        self.try_run_with(line, "").await
    }

    async fn try_run_with(&self, line: &str, input: &str) -> Result<Answer, CommandError> {
        let cli =
            Cli::try_parse_from(std::iter::once("vigie-worker").chain(line.split_whitespace())).unwrap();
        execute(cli.command, self.config(), input.as_bytes()).await
    }

    async fn run(&self, line: &str) -> Answer {
        self.try_run(line).await.unwrap_or_else(|error| panic!("{line}: {}", error.explained()))
    }

    /// The exit code and the message of a command that must fail.
    async fn refused(&self, line: &str) -> (u8, String) {
        let error = self.try_run(line).await.unwrap_err();
        (error.exit_code(), error.explained())
    }

    async fn slugs(&self) -> Vec<String> {
        let list = self.run("tenant list").await;
        let all = list.json["organizations"].as_array().unwrap().clone();
        all.iter().map(|one| one["slug"].as_str().unwrap().to_owned()).collect()
    }

    async fn show(&self, slug: &str) -> Value {
        self.run(&format!("tenant show --slug {slug}")).await.json
    }
}

/// Runs one test on both engines.
macro_rules! on_both_engines {
    ($name:ident, $test:expr) => {
        mod $name {
            #[allow(unused_imports, reason = "a test may need nothing of the module around it")]
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                Box::pin(($test)(Place::sqlite())).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                Box::pin(($test)(Place::postgres().await)).await;
            }
        }
    };
}

mod drills;
mod moves;

async fn sign_up(app: &App, slug: &str, email: &str) -> TenantContext {
    let command = SignUp {
        organization_name: format!("Organisation {slug}"),
        organization_slug: Some(slug.to_owned()),
        full_name: "Ada".to_owned(),
        email: email.to_owned(),
        password: SecretText::new(PASSWORD),
        locale: None,
    };
    app.auth.sign_up(command, &ClientInfo::default()).await.unwrap();
    member(app, slug, email).await.unwrap()
}

/// Logs in; `None` when that is refused.
async fn member(app: &App, slug: &str, email: &str) -> Option<TenantContext> {
    let hints = vigie_tenancy::TenantHints { header: Some(slug.to_owned()), ..Default::default() };
    let organization = app.tenancy.resolve(&hints).await.unwrap().unwrap().id;
    let login = Login {
        email: email.to_owned(),
        password: SecretText::new(PASSWORD),
        organization: Some(organization),
    };
    let user = app.auth.login(login, &ClientInfo::default()).await.ok()?.user.id;
    Some(app.auth.context_for(organization, user, "test").await.unwrap())
}

async fn a_kpi(app: &App, tenant: &TenantContext) -> KpiId {
    let dashboard = CreateDashboard { title: "Ligne 1".to_owned(), ..CreateDashboard::default() };
    let dashboard = app.kpis.create_dashboard(tenant, dashboard).await.unwrap();
    let define = DefineKpi::new(dashboard.snapshot().id, "TRS", Frequency::Daily, Direction::UpIsBetter);
    app.kpis.define_kpi(tenant, define).await.unwrap().id()
}

async fn record(app: &App, tenant: &TenantContext, kpi: KpiId, day: u32, value: &str) -> bool {
    let date = chrono::NaiveDate::from_ymd_opt(2020, 1, 1).unwrap() + chrono::Days::new(day.into());
    let command = RecordValue {
        kpi_id: kpi,
        period: date.to_string().as_str().into(),
        entry: Entry::Number(Dec::parse(value).unwrap()),
        comment: None,
        source: Source::Manual,
        override_reason: None,
        expected_version: None,
    };
    app.kpis.add_value(tenant, command).await.is_ok()
}

async fn values(app: &App, tenant: &TenantContext, kpi: KpiId) -> usize {
    let query = HistoryQuery { kpi_id: kpi, from: None, to: None, limit: Some(1000), after: None };
    app.kpis.history(tenant, query).await.unwrap().items.len()
}

fn path_of(backup: &Answer) -> String {
    backup.json["path"].as_str().unwrap().to_owned()
}

on_both_engines!(a_backup_under_load_becomes_another_organization, async |place: Place| {
    let app = place.app().await;
    let tenant = sign_up(&app, "paris", OWNER).await;
    let kpi = a_kpi(&app, &tenant).await;
    for day in 0..50 {
        assert!(record(&app, &tenant, kpi, day, "12.3456789012").await);
    }
    // Writers go on all the while; every one of their writes must stay in the source.
    let (stop, next) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(50)));
    let writers: Vec<_> = (0..4)
        .map(|_| {
            let (app, tenant, stop, next) =
                (app.clone(), tenant.clone(), Arc::clone(&stop), Arc::clone(&next));
            tokio::spawn(async move {
                let mut written = 0;
                while !stop.load(Ordering::Relaxed) && written < 200 {
                    let day = next.fetch_add(1, Ordering::Relaxed);
                    written += u32::from(record(&app, &tenant, kpi, day, "1").await);
                }
                written
            })
        })
        .collect();
    while next.load(Ordering::Relaxed) < 90 {
        tokio::task::yield_now().await;
    }
    let backup = place.run("tenant backup --slug paris").await;
    stop.store(true, Ordering::Relaxed);
    let mut written = 50;
    for writer in writers {
        written += writer.await.unwrap();
    }
    let counts = &backup.json["counts"];
    let backed_up = counts["kpi_values"].as_u64().unwrap();
    assert!((50..=u64::from(written)).contains(&backed_up), "{backed_up} of {written}");
    assert_eq!(counts["kpi_values"], counts["kpi_value_revisions"], "a moment between two statements");
    assert_eq!(place.show("paris").await["last_backup"]["id"], backup.json["id"]);

    let archive = path_of(&backup);
    let restored =
        place.run(&format!("tenant restore {archive} --slug copy --name Copie --admin-email {OWNER}")).await;
    assert_eq!((&restored.json["status"], &restored.json["name"]), (&json!("active"), &json!("Copie")));
    assert_eq!(restored.json["outgoing_paused"], true);
    let rows: u64 = counts
        .as_object()
        .unwrap()
        .iter()
        .filter(|(name, _)| *name != "files")
        .map(|(_, rows)| rows.as_u64().unwrap())
        .sum();
    assert_eq!(restored.json["rows"], rows);

    // The source is untouched, the copy has what the manifest says, and one knows nothing of the other.
    let copy = member(&app, "copy", OWNER).await.unwrap();
    assert_eq!(values(&app, &copy, kpi).await, usize::try_from(backed_up.min(1000)).unwrap());
    assert_eq!(values(&app, &tenant, kpi).await, usize::try_from(written.min(1000)).unwrap());
    assert!(record(&app, &copy, kpi, 1500, "2").await);
    assert_eq!(values(&app, &tenant, kpi).await, usize::try_from(written.min(1000)).unwrap());
    assert!(copy.settings().outgoing_paused && !tenant.settings().outgoing_paused);

    // Nothing of the copy waits to be sent.
    app.background().drain().await.unwrap();
    for status in JobStatus::ALL {
        let page = PageRequest { limit: 100, after: None };
        let jobs = app.queue.list(&JobFilter::status(status), &page).await.unwrap();
        let of_the_copy = Some(copy.organization().as_uuid());
        assert!(jobs.items.iter().all(|job| job.organization_id != of_the_copy), "a job of the copy");
    }
    place.run("tenant confirm --slug copy").await;
    let confirmed = app.tenancy.get(copy.organization()).await.unwrap();
    assert!(!confirmed.snapshot().settings.outgoing_paused);

    // Twice, and under a slug that is taken.
    let (code, told) = place.refused(&format!("tenant restore {archive} --slug paris")).await;
    assert_eq!(code, 1);
    assert!(told.contains("the slug is taken"), "{told}");
    let nobody = place
        .refused(&format!("tenant restore {archive} --slug third --admin-email nobody@example.org"))
        .await;
    assert_eq!(nobody.0, 2);
    assert_eq!(place.slugs().await, ["copy", "paris"]);
});

on_both_engines!(an_archive_that_is_refused_creates_nothing, async |place: Place| {
    let app = place.app().await;
    let tenant = sign_up(&app, "paris", OWNER).await;
    let kpi = a_kpi(&app, &tenant).await;
    assert!(record(&app, &tenant, kpi, 0, "1").await);
    let output = place.path("out");
    let backup = place.run(&format!("tenant backup --slug paris --output {}", output.display())).await;
    let archive = path_of(&backup);
    assert!(Path::new(&archive).starts_with(&output), "{archive}");
    let good = std::fs::read(&archive).unwrap();
    let bad = place.path("bad.tar");
    let line = format!("tenant restore {} --slug copy", bad.display());

    let mut flipped = good.clone();
    let at = good.len() - 2048;
    flipped[at] ^= 1;
    std::fs::write(&bad, &flipped).unwrap();
    assert_eq!(place.refused(&line).await.0, 12);

    std::fs::write(&bad, &good[..good.len() / 2]).unwrap();
    assert_eq!(place.refused(&line).await.0, 11);

    let place_of = |text: &[u8]| good.windows(text.len()).position(|window| window == text).unwrap();
    let mut renamed = good.clone();
    renamed[place_of(b"\"Organisation paris\"") + 1] = b'X';
    std::fs::write(&bad, &renamed).unwrap();
    assert_eq!(place.refused(&line).await.0, 13);

    std::fs::write(&bad, b"-- a dump\nDROP TABLE kpis;\n").unwrap();
    assert_eq!(place.refused(&line).await.0, 10);

    let mut escaping = good[..good.len() - 1024].to_vec();
    let mut header = [0_u8; 512];
    header[..good[..512].len()].copy_from_slice(&good[..512]);
    header[..100].fill(0);
    header[..9].copy_from_slice(b"../escape");
    header[124..136].copy_from_slice(b"00000000000\0");
    header[148..156].fill(b' ');
    let sum: u32 = header.iter().map(|byte| u32::from(*byte)).sum();
    header[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    escaping.extend_from_slice(&header);
    escaping.extend_from_slice(&[0; 1024]);
    std::fs::write(&bad, &escaping).unwrap();
    let (code, told) = place.refused(&line).await;
    assert_eq!(code, 15, "{told}");
    assert!(told.contains("leads elsewhere"), "{told}");

    // Another installation takes the archive only when it is told whose key signed it.
    let other = Place::sqlite();
    let foreign = format!("tenant restore {archive} --slug copy");
    let (code, told) = other.refused(&foreign).await;
    assert_eq!(code, 14, "{told}");
    let fingerprint = told.split("--accept-foreign-key ").nth(1).unwrap().split(' ').next().unwrap();
    let taken = other.run(&format!("{foreign} --accept-foreign-key {fingerprint}")).await;
    assert_eq!(taken.json["slug"], "copy");

    let (code, _) =
        place.refused(&format!("tenant restore {} --slug copy", place.path("none").display())).await;
    assert_eq!(code, 1);
    assert_eq!(place.slugs().await, ["paris"]);
    let tenants = place.path("data/tenants");
    if place.databases.is_none() {
        let names = std::fs::read_dir(tenants)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| !name.starts_with('.'));
        assert_eq!(names.collect::<Vec<_>>(), ["vigie_org_paris"]);
    }
    assert_eq!(values(&app, &tenant, kpi).await, 1);
});

on_both_engines!(an_organization_goes_back_and_forth_between_its_states, async |place: Place| {
    let app = place.app().await;
    let tenant = sign_up(&app, "paris", OWNER).await;
    let kpi = a_kpi(&app, &tenant).await;
    assert!(record(&app, &tenant, kpi, 0, "1").await);
    let archive = path_of(&place.run("tenant backup --slug paris").await);
    assert!(record(&app, &tenant, kpi, 1, "2").await);
    let before = place.show("paris").await;

    let line = format!("tenant restore {archive} --slug paris --in-place");
    let unsure = place.try_run_with(&line, "lyon\n").await.unwrap_err();
    assert_eq!(
        (unsure.exit_code(), place.show("paris").await["database_name"] == before["database_name"]),
        (1, true)
    );
    let restored = place.try_run_with(&line, "paris\n").await.unwrap();
    assert_ne!(restored.json["database_name"], before["database_name"]);
    // A process that has the old database open cannot write into it any more, and follows within seconds.
    assert!(!record(&app, &tenant, kpi, 2, "3").await, "a write into a database that nobody reads any more");
    app.backups.follow_moves(app.clock.now() - chrono::TimeDelta::seconds(10)).await.unwrap();
    assert_eq!(values(&app, &tenant, kpi).await, 1);
    assert!(record(&app, &tenant, kpi, 2, "3").await);
    assert!(member(&app, "paris", OWNER).await.is_some(), "accounts are not part of it");

    place.run("tenant restore --undo --slug paris").await;
    app.backups.follow_moves(app.clock.now() - chrono::TimeDelta::seconds(10)).await.unwrap();
    assert_eq!(place.show("paris").await["database_name"], before["database_name"]);
    assert_eq!(values(&app, &tenant, kpi).await, 2);
    assert!(record(&app, &tenant, kpi, 3, "4").await);

    // And once more: the undone state is kept in its turn.
    place.run("tenant restore --undo --slug paris").await;
    app.backups.follow_moves(app.clock.now() - chrono::TimeDelta::seconds(10)).await.unwrap();
    assert_eq!(values(&app, &tenant, kpi).await, 2);

    // An archive of another organization never takes its place.
    sign_up(&app, "lyon", "bo@example.org").await;
    let (code, told) =
        place.refused(&format!("tenant restore {archive} --slug lyon --in-place --yes lyon")).await;
    assert_eq!(code, 10, "{told}");
    let (code, _) = place.refused("tenant restore --undo --slug lyon").await;
    assert_eq!(code, 1);
});

on_both_engines!(a_clone_is_like_a_restore_and_leaves_no_archive, async |place: Place| {
    let app = place.app().await;
    let tenant = sign_up(&app, "paris", OWNER).await;
    let kpi = a_kpi(&app, &tenant).await;
    assert!(record(&app, &tenant, kpi, 0, "1").await);
    place.run(&format!("tenant clone --slug paris --to trial --admin-email {OWNER}")).await;
    let copy = member(&app, "trial", OWNER).await.unwrap();
    assert_eq!(values(&app, &copy, kpi).await, 1);
    assert!(copy.settings().outgoing_paused);
    let left = std::fs::read_dir(place.path("data/backups/.clones")).unwrap().count();
    assert_eq!(left, 0);
    assert_eq!(place.run("tenant backups --slug paris").await.json["backups"], json!([]));
});

on_both_engines!(an_export_has_everything_and_no_formula, async |place: Place| {
    let app = place.app().await;
    let tenant = sign_up(&app, "paris", OWNER).await;
    let kpi = a_kpi(&app, &tenant).await;
    assert!(record(&app, &tenant, kpi, 0, "-1.5").await);
    let dashboard = CreateDashboard { title: "=HYPERLINK(\"x\")".to_owned(), ..CreateDashboard::default() };
    app.kpis.create_dashboard(&tenant, dashboard).await.unwrap();
    let output = place.path("export");
    let exported = place.run(&format!("tenant export --slug paris --output {}", output.display())).await;
    let folder = PathBuf::from(exported.json["folder"].as_str().unwrap());
    let read = |name: &str| std::fs::read_to_string(folder.join(name)).unwrap();
    assert!(
        read("tables/dashboards.csv").contains("\"'=HYPERLINK(\"\"x\"\")\""),
        "{}",
        read("tables/dashboards.csv")
    );
    assert!(read("tables/kpi_values.csv").contains(",-1.5,"), "{}", read("tables/kpi_values.csv"));
    let values: Value = serde_json::from_str(&read("tables/kpi_values.json")).unwrap();
    assert_eq!((values.as_array().unwrap().len(), &values[0]["value"]), (1, &json!("-1.5")));
    let card: Value = serde_json::from_str(&read("organization.json")).unwrap();
    assert_eq!((&card["slug"], &card["accounts"][0]["email"]), (&json!("paris"), &json!(OWNER)));
    assert!(read("accounts.csv").contains(OWNER));
});

on_both_engines!(a_deleted_organization_leaves_nothing_but_its_tombstone, async |place: Place| {
    let app = place.app().await;
    let tenant = sign_up(&app, "paris", OWNER).await;
    sign_up(&app, "lyon", "bo@example.org").await;
    let kpi = a_kpi(&app, &tenant).await;
    assert!(record(&app, &tenant, kpi, 0, "1").await);
    let id = tenant.organization();
    let folder = place.path(&format!("data/files/org/{id}/imports"));
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("abc"), "a file").unwrap();
    let manual = path_of(&place.run("tenant backup --slug paris").await);

    let plan = place.run("tenant delete --slug paris --dry-run").await;
    assert_eq!((&plan.json["files"], &plan.json["members"]), (&json!(1), &json!(1)));
    let unsure = place.try_run_with("tenant delete --slug paris", "pari\n").await.unwrap_err();
    assert_eq!(unsure.exit_code(), 1);
    assert_eq!(place.show("paris").await["status"], "active");

    place.run("tenant delete --slug paris --yes paris --reason Contract").await;
    assert_eq!(place.show("paris").await["status"], "archived");
    app.backups.follow_moves(app.clock.now()).await.unwrap();
    app.tenancy.invalidate(id);
    assert!(member(&app, "paris", OWNER).await.is_none());
    let (code, told) = place.refused("tenant delete --slug paris --yes paris --purge").await;
    assert_eq!(code, 1, "{told}");
    place.run("tenant delete --slug paris --cancel").await;
    app.tenancy.invalidate(id);
    assert!(member(&app, "paris", OWNER).await.is_some());

    let gone = place.run("tenant delete --slug paris --yes paris --purge --force").await;
    assert_eq!(
        (&gone.json["files"], &gone.json["accounts"]),
        (&json!(2), &json!(1)),
        "the file and the mark of its space"
    );
    assert_eq!(place.slugs().await, ["lyon"]);
    assert!(!folder.join("abc").exists() && !Path::new(&manual).exists());
    if place.databases.is_none() {
        let names: Vec<_> = std::fs::read_dir(place.path("data/tenants"))
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .filter(|name| name.contains("paris"))
            .collect();
        assert_eq!(names, [""; 0]);
    }
    let finals = std::fs::read_dir(place.path("data/backups/paris")).unwrap().count();
    assert_eq!(finals, 2, "both final backups are kept for the quarantine");
    // Nobody else gets the slug for now.
    app.tenancy.invalidate(id);
    let again = SignUp {
        organization_name: "Paris".to_owned(),
        organization_slug: Some("paris".to_owned()),
        full_name: "Eve".to_owned(),
        email: "eve@example.org".to_owned(),
        password: SecretText::new(PASSWORD),
        locale: None,
    };
    let again = app.auth.sign_up(again, &ClientInfo::default()).await;
    assert!(matches!(again, Err(vigie_auth::AuthError::SlugTaken)), "{again:?}");
    let elsewhere = member(&app, "lyon", "bo@example.org").await;
    assert!(elsewhere.is_some());
});

on_both_engines!(the_nightly_round_backs_up_everything_in_use, async |place: Place| {
    let app = place.app().await;
    sign_up(&app, "paris", OWNER).await;
    let lyon = sign_up(&app, "lyon", "bo@example.org").await;
    let operator = OperatorContext::new(None, "test".to_owned());
    for _ in 0..2 {
        // Asked twice, done once.
        let report = app.backups.nightly(&operator).await.unwrap();
        assert_eq!((report.asked, report.failed), (2, 0));
    }
    assert_eq!(app.background().drain().await.unwrap(), 2);
    let last = app.backups.last_good(lyon.organization()).await.unwrap().unwrap();
    assert_eq!(last.kind.name(), "nightly");
    let archive = last.path.unwrap();
    place.run(&format!("tenant restore {archive} --slug copy")).await;

    let key = vigie_kernel::IdempotencyKey::parse("key-1");
    // What somebody asks for over HTTP is made by the worker.
    let asked = app.backups.request(&operator, lyon.organization(), key.as_ref()).await.unwrap();
    assert_eq!(asked.status.name(), "queued");
    let again = app.backups.request(&operator, lyon.organization(), key.as_ref()).await.unwrap();
    assert_eq!(again.id, asked.id);
    app.background().drain().await.unwrap();
    let listed = place.run("tenant backups --slug lyon").await;
    assert_eq!(listed.json["backups"][0]["status"], "done");
    assert_eq!(listed.json["backups"].as_array().unwrap().len(), 2);
});
