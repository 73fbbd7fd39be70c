//! The operator's commands on a folder of their own.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails here")]

use clap::Parser;
use std::path::Path;
use vigie_composition::{App, Config};
use vigie_jobs::{Lane, OutboxMessage};
use vigie_kernel::OutboxId;
use vigie_worker::{Answer, Cli, CommandError, execute};

const PASSWORD: &str = "trois-chaises-vertes\n";

struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn config(&self) -> Config {
        Config { data_dir: Path::to_owned(self.0.path()), ..Config::default() }
    }

    async fn try_run(&self, arguments: &[&str], input: &str) -> Result<Answer, CommandError> {
        let cli = Cli::try_parse_from(std::iter::once(&"vigie-worker").chain(arguments)).unwrap();
        execute(cli.command, self.config(), input.as_bytes()).await
    }

    async fn run(&self, arguments: &[&str], input: &str) -> Answer {
        self.try_run(arguments, input).await.unwrap()
    }

    /// An organization that somebody signed up.
    async fn sign_up(&self) {
        let app = App::build(self.config()).await.unwrap();
        let command = vigie_auth::SignUp {
            organization_name: "GMAH Paris".to_owned(),
            organization_slug: None,
            full_name: "Ada".to_owned(),
            email: "ada@example.org".to_owned(),
            password: vigie_auth::SecretText::new(PASSWORD.trim_end()),
            locale: None,
        };
        app.auth.sign_up(command, &vigie_auth::ClientInfo::default()).await.unwrap();
    }
}

#[tokio::test]
async fn an_operator_sees_and_locks_organizations() {
    let place = Place::new();
    let nothing = place.run(&["tenant", "list"], "").await;
    assert_eq!(
        (nothing.text.as_str(), &nothing.json["organizations"]),
        ("There is no organization.\n", &serde_json::json!([]))
    );

    place.sign_up().await;
    let list = place.run(&["tenant", "list"], "").await;
    assert_eq!(list.json["organizations"][0]["slug"], "gmah-paris");
    assert!(list.text.contains("GMAH Paris  active"), "{}", list.text);

    let locked = place.run(&["tenant", "suspend", "--slug", "gmah-paris", "--reason", "Unpaid"], "").await;
    assert_eq!(
        (&locked.json["status"], &locked.json["status_reason"]),
        (&"suspended".into(), &"Unpaid".into())
    );
    let mut shown = place.run(&["tenant", "show", "--slug", "gmah-paris"], "").await;
    let last_backup = shown.json.as_object_mut().unwrap().remove("last_backup");
    assert_eq!(last_backup, Some(serde_json::Value::Null));
    let sample = shown.json.as_object_mut().unwrap().remove("sample");
    assert_eq!(sample, Some(serde_json::Value::Null));
    assert_eq!(shown.json, locked.json);
    assert!(shown.text.contains("reason     Unpaid\n"), "{}", shown.text);
    let open = place.run(&["tenant", "resume", "--slug", "gmah-paris", "--reason", "Paid"], "").await;
    assert_eq!(open.json["status"], "active");

    let current = place.run(&["tenant", "migrate"], "").await;
    assert_eq!(current.exit.code(), 0);
    assert_eq!(current.text, "Every database is at the current schema.\n");
}

#[tokio::test]
async fn an_operator_sees_how_an_organization_is() {
    let place = Place::new();
    place.sign_up().await;
    let sampled = place.run(&["tenant", "sample", "--slug", "gmah-paris"], "").await;
    assert_eq!(
        (&sampled.json["health"], &sampled.json["health_rule"]),
        (&"healthy".into(), &serde_json::Value::Null)
    );
    assert_eq!((&sampled.json["slug"], &sampled.json["members"]), (&"gmah-paris".into(), &1.into()));
    assert!(
        sampled.text.starts_with("health     healthy\nmembers    1\nusers      1\nKPIs       0\n"),
        "{}",
        sampled.text
    );

    let shown = place.run(&["tenant", "show", "--slug", "gmah-paris"], "").await;
    assert_eq!(shown.json["sample"]["sampled_at"], sampled.json["sampled_at"]);
    assert!(shown.text.contains("health     healthy\n"), "{}", shown.text);
    let list = place.run(&["tenant", "list"], "").await;
    assert_eq!(list.json["organizations"][0]["sample"], shown.json["sample"]);
    assert!(list.text.contains("HEALTH") && list.text.contains(" kB"), "{}", list.text);

    let unknown = place.try_run(&["tenant", "sample", "--slug", "nowhere"], "").await.unwrap_err();
    assert_eq!(unknown.exit_code(), 1);
}

#[tokio::test]
async fn an_operator_sets_plan_limits_and_modules() {
    let place = Place::new();
    place.sign_up().await;
    let plans = place.run(&["plans", "list"], "").await;
    assert_eq!(plans.json["plans"][1]["plan"], "community");
    assert!(plans.text.contains("49.00") && plans.text.contains("on quotation"), "{}", plans.text);

    let changed = place.run(&["tenant", "plan", "--slug", "gmah-paris", "--plan", "professional"], "").await;
    assert_eq!(changed.json["plan"], "professional");
    assert_eq!(place.run(&["tenant", "show", "--slug", "gmah-paris"], "").await.json["plan"], "professional");

    let limit = |value: &'static str| {
        ["tenant", "limit", "--slug", "gmah-paris", "--limit", "members", "--value", value]
    };
    let until = [&limit("3")[..], &["--until", "2999-12-31"]].concat();
    let limited = place.run(&until, "").await;
    let members = &limited.json["limits"][0];
    assert_eq!((&members["key"], &members["limit"]), (&"members".into(), &3.into()));
    assert_eq!(members["expires_at"], "3000-01-01T00:00:00Z");
    assert!(limited.text.contains("exception until 3000-01-01"), "{}", limited.text);
    assert_eq!(place.run(&limit("none"), "").await.json["limits"][0]["limit"], serde_json::Value::Null);
    assert_eq!(place.run(&limit("plan"), "").await.json["limits"][0]["limit"], 2000);
    let past = [&limit("3")[..], &["--until", "2001-12-31"]].concat();
    assert_eq!(place.try_run(&past, "").await.unwrap_err().exit_code(), 2);

    let module =
        |state: &'static str| ["tenant", "module", "--slug", "gmah-paris", "--module", "imports", state];
    let off = place.run(&module("--off"), "").await;
    assert_eq!(off.json["modules"][3]["enabled"], false);
    assert!(off.text.contains("module imports           off (switched)"), "{}", off.text);
    assert_eq!(
        place.run(&module("--as-plan"), "").await.json["modules"][3]["switched"],
        serde_json::Value::Null
    );
    assert_eq!(place.run(&module("--on"), "").await.json["modules"][3]["switched"], true);
}

#[tokio::test]
async fn what_cannot_be_done_is_told_with_its_exit_code() {
    let place = Place::new();
    let unknown = place.try_run(&["tenant", "show", "--slug", "nowhere"], "").await.unwrap_err();
    assert_eq!(
        (unknown.exit_code(), unknown.explained().as_str()),
        (1, "no organization has the slug \"nowhere\"")
    );

    place.sign_up().await;
    let blank = ["tenant", "suspend", "--slug", "gmah-paris", "--reason", " "];
    let blank = place.try_run(&blank, "").await.unwrap_err();
    assert_eq!((blank.exit_code(), blank.explained().as_str()), (2, "reason: required"));

    let admin = ["admin", "create", "--email", "root@example", "--full-name", "", "--password-stdin"];
    let wrong = place.try_run(&admin, "short\n").await.unwrap_err();
    assert_eq!(wrong.exit_code(), 2);
    let told = wrong.explained();
    for part in ["full_name: required", "email: email_invalid", "password: password_too_short"] {
        assert!(told.contains(part), "{told}");
    }
    assert!(!told.contains("short\n"));
}

#[tokio::test]
async fn accounts_are_made_with_a_password_from_standard_input() {
    let place = Place::new();
    place.sign_up().await;
    let admin = ["admin", "create", "--email", "root@example.org", "--full-name", "Root", "--password-stdin"];
    let made = place.run(&admin, PASSWORD).await;
    assert_eq!(made.json["email"], "root@example.org");
    let twice = place.try_run(&admin, PASSWORD).await.unwrap_err();
    assert_eq!((twice.exit_code(), twice.explained().as_str()), (1, "the address is taken"));

    let member = |role: &'static str, email: &'static str| {
        [
            "member",
            "add",
            "--organization",
            "gmah-paris",
            "--email",
            email,
            "--full-name",
            "Bo",
            "--role",
            role,
            "--password-stdin",
        ]
    };
    let added = place.run(&member("MANAGER", "bo@example.org"), PASSWORD).await;
    assert_eq!((&added.json["role"], &added.json["account_created"]), (&"MANAGER".into(), &true.into()));
    let known = place.run(&member("user", "root@example.org"), "").await;
    assert_eq!(known.json["account_created"], false);

    let app = App::build(place.config()).await.unwrap();
    let login = vigie_auth::Login {
        email: "bo@example.org".to_owned(),
        password: vigie_auth::SecretText::new(PASSWORD.trim_end()),
        organization: None,
    };
    let signed_in = app.auth.login(login, &vigie_auth::ClientInfo::default()).await.unwrap();
    assert_eq!(signed_in.role, Some(vigie_kernel::Role::Manager));
}

/// A job that nobody knows how to run, of the platform.
async fn enqueue(app: &App, name: &str, lane: Lane) -> String {
    let id: OutboxId = app.ids.next();
    let message = OutboxMessage {
        id,
        name: name.to_owned(),
        lane,
        once: None,
        exclusive: None,
        payload: serde_json::json!({ "run": 7 }),
        max_attempts: 3,
        run_at: app.clock.now(),
        request_id: "test-request".to_owned(),
    };
    app.queue.enqueue(None, &message).await.unwrap();
    id.to_string()
}

#[tokio::test]
async fn a_dead_job_is_listed_shown_and_put_back() {
    let place = Place::new();
    let app = App::build(place.config()).await.unwrap();
    let job = enqueue(&app, "test.unknown", Lane::Bulk).await;
    app.background().drain().await.unwrap();

    let dead = place.run(&["jobs", "list", "--status", "dead"], "").await;
    assert_eq!((&dead.json["jobs"][0]["id"], &dead.json["next_cursor"]), (&job.as_str().into(), &().into()));
    assert!(dead.text.contains("no handler of that name"), "{}", dead.text);
    for other in [["--status", "queued"], ["--lane", "security"], ["--name", "test.known"]] {
        let none = place.run(&[&["jobs", "list"], &other[..]].concat(), "").await;
        assert!(none.text.contains("There is no such job."), "{other:?}: {}", none.text);
    }
    let shown = place.run(&["jobs", "show", &job], "").await;
    assert_eq!((&shown.json["status"], &shown.json["payload"]["run"]), (&"dead".into(), &7.into()));
    assert_eq!(shown.json["attempts"][0]["outcome"], "failed");
    for part in ["test-request", "1/3", "no handler of that name", "the platform"] {
        assert!(shown.text.contains(part), "{part}: {}", shown.text);
    }

    let back = place.run(&["jobs", "retry", &job], "").await;
    assert_eq!(back.json["status"], "queued");
    assert_eq!(place.run(&["jobs", "list"], "").await.json["jobs"][0]["status"], "queued");
    let again = place.try_run(&["jobs", "retry", &job], "").await.unwrap_err();
    assert_eq!(
        (again.exit_code(), again.explained()),
        (1, format!("there is no dead job {job} that could go back into the queue"))
    );
}

#[tokio::test]
async fn every_dead_job_of_a_kind_goes_back_at_once() {
    let place = Place::new();
    let app = App::build(place.config()).await.unwrap();
    for number in 0..6 {
        let lane = if number % 3 == 0 { Lane::Security } else { Lane::Bulk };
        enqueue(&app, if number < 4 { "test.one" } else { "test.two" }, lane).await;
    }
    app.background().drain().await.unwrap();
    let retry = async |more: &[&str]| {
        let answer = place.run(&[&["jobs", "retry", "--all-dead"], more].concat(), "").await;
        (answer.json["retried"].as_u64().unwrap(), answer.text)
    };

    assert_eq!(retry(&["--dry-run"]).await, (6, "6 dead jobs would go back into the queue.\n".to_owned()));
    assert_eq!(retry(&["--name", "test.one", "--lane", "security"]).await.0, 2);
    assert_eq!(retry(&[]).await, (4, "4 dead jobs are in the queue again.\n".to_owned()));
    assert_eq!(retry(&[]).await, (0, "There is no such dead job.\n".to_owned()));

    let mut seen = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let mut arguments = vec!["jobs", "list", "--limit", "4"];
        arguments.extend(cursor.as_deref().into_iter().flat_map(|cursor| ["--cursor", cursor]));
        let page = place.run(&arguments, "").await.json;
        seen.extend(page["jobs"].as_array().unwrap().iter().map(|job| job["id"].to_string()));
        cursor = page["next_cursor"].as_str().map(str::to_owned);
        if cursor.is_none() {
            break;
        }
    }
    seen.dedup();
    assert_eq!(seen.len(), 6);
}

#[tokio::test]
async fn a_job_is_cancelled_by_its_id() {
    let place = Place::new();
    let app = App::build(place.config()).await.unwrap();
    let job = enqueue(&app, "test.unknown", Lane::Bulk).await;

    let dry = place.run(&["jobs", "cancel", &job, "--dry-run"], "").await;
    assert_eq!(dry.json["job"]["status"], "queued");
    assert_eq!(place.run(&["jobs", "cancel", &job], "").await.json["status"], "cancelled");
    for arguments in [&["jobs", "cancel", &job][..], &["jobs", "cancel", &job, "--dry-run"]] {
        let again = place.try_run(arguments, "").await.unwrap_err();
        assert_eq!(
            (again.exit_code(), again.explained()),
            (1, format!("the job {job} has ended already: it is cancelled"))
        );
    }
    app.background().drain().await.unwrap();
    assert_eq!(place.run(&["jobs", "show", &job], "").await.json["status"], "cancelled");

    let held = enqueue(&app, "test.unknown", Lane::Bulk).await;
    app.queue.claim().await.unwrap().unwrap();
    assert_eq!(place.run(&["jobs", "cancel", &held], "").await.json["status"], "cancelling");
    assert!(place.run(&["jobs", "list"], "").await.text.contains("cancelling"));

    let nobody = "01990000-0000-7000-8000-000000000000";
    for command in ["show", "cancel"] {
        let unknown = place.try_run(&["jobs", command, nobody], "").await.unwrap_err();
        assert_eq!((unknown.exit_code(), unknown.explained()), (1, format!("there is no job {nobody}")));
    }
}

#[tokio::test]
async fn a_worker_that_runs_registers_the_nightly_schedule() {
    let place = Place::new();
    let none = place.run(&["jobs", "schedules"], "").await;
    assert_eq!(none.text, "There is no schedule.\n");
    let app = App::build(place.config()).await.unwrap();
    let stop = tokio_util::sync::CancellationToken::new();
    let running = tokio::spawn({
        let (background, stop) = (app.background().clone(), stop.clone());
        async move { background.run(stop).await }
    });
    while app.schedules.list(None).await.unwrap().is_empty() {
        tokio::task::yield_now().await;
    }
    stop.cancel();
    running.await.unwrap();
    let schedules = place.run(&["jobs", "schedules"], "").await;
    let nightly = schedules.json["schedules"].as_array().unwrap().iter();
    let nightly = nightly.clone().find(|one| one["name"] == "platform.prune").unwrap();
    assert_eq!((&nightly["job"], &nightly["enabled"]), (&"platform.prune".into(), &true.into()));
    assert!(schedules.text.contains("23 2 * * *  UTC"), "{}", schedules.text);

    let switch = |state: &'static str| ["jobs", "schedule", "--name", "platform.prune", state];
    let off = place.run(&switch("--off"), "").await;
    assert_eq!((&off.json["name"], &off.json["enabled"]), (&"platform.prune".into(), &false.into()));
    assert_eq!(off.text, "The schedule platform.prune is off.\n");
    let listed = place.run(&["jobs", "schedules"], "").await;
    assert!(listed.text.lines().any(|line| line.starts_with("platform.prune") && line.contains("off")));
    let on = place.run(&switch("--on"), "").await;
    assert!(on.text.starts_with("The schedule platform.prune is on; next at "), "{}", on.text);
    let unknown = ["jobs", "schedule", "--name", "nothing", "--on"];
    let unknown = place.try_run(&unknown, "").await.unwrap_err();
    assert_eq!((unknown.exit_code(), unknown.explained().as_str()), (1, "there is no schedule \"nothing\""));
}

const CREATE: [&str; 12] = [
    "tenant",
    "create",
    "--name",
    "GMAH Paris",
    "--slug",
    "paris",
    "--domain",
    "kpi.paris.example",
    "--admin-email",
    "ada@example.org",
    "--plan",
    "community",
];

#[tokio::test]
async fn an_organization_is_created_and_its_owner_gets_a_token() {
    let place = Place::new();
    let made = place.run(&CREATE, "").await;
    assert_eq!((&made.json["organization"]["status"], made.exit.code()), (&"active".into(), 0));
    assert_eq!(made.json["operation"]["state"], "succeeded");
    assert!(made.text.starts_with("The organization paris is active.\n"), "{}", made.text);
    let token = made.json["set_password"]["token"].as_str().unwrap();
    assert!(made.text.contains(token));

    let app = App::build(place.config()).await.unwrap();
    let choice = |token: &str| vigie_auth::SetPassword {
        token: vigie_auth::SecretText::new(token),
        new_password: vigie_auth::SecretText::new(PASSWORD.trim_end()),
    };
    let again = place.run(&["member", "token", "--email", "ada@example.org"], "").await;
    let client = vigie_auth::ClientInfo::default();
    assert!(app.auth.set_password(choice(token), &client).await.is_err(), "the newer token counts");
    app.auth.set_password(choice(again.json["token"].as_str().unwrap()), &client).await.unwrap();

    let again = place.try_run(&CREATE, "").await.unwrap_err();
    assert_eq!((again.exit_code(), again.explained().as_str()), (1, "the slug is taken"));
    let operations = place.run(&["tenant", "operations", "--slug", "paris"], "").await;
    assert_eq!(operations.json["operations"][0]["steps"].as_array().unwrap().len(), 11);
    let id = operations.json["operations"][0]["id"].as_str().unwrap();
    let ended = place.try_run(&["tenant", "undo", id, "--yes", "paris"], "").await.unwrap_err();
    assert_eq!(ended.explained(), "the operation has ended: succeeded");
    let healthy = place.run(&["tenant", "doctor"], "").await;
    assert_eq!((healthy.text.as_str(), healthy.exit.code()), ("Everything belongs together.\n", 0));
}

#[tokio::test]
async fn an_operation_that_waits_is_retried_or_undone_after_it_was_confirmed() {
    let place = Place::new();
    // Where a folder of databases should be made there is a file.
    std::fs::write(place.0.path().join("tenants"), "in the way").unwrap();
    let waiting = place.run(&CREATE, "").await;
    assert_eq!((&waiting.json["operation"]["state"], waiting.exit.code()), (&"running".into(), 2));
    assert!(waiting.json["operation"]["error"].as_str().unwrap().starts_with("create_database: "));
    let id = waiting.json["operation"]["id"].as_str().unwrap().to_owned();

    let still = place.run(&["tenant", "retry", &id], "").await;
    assert_eq!(still.exit.code(), 2);
    let unsure = place.try_run(&["tenant", "undo", &id], "lyon\n").await.unwrap_err();
    assert_eq!(unsure.exit_code(), 1);
    std::fs::remove_file(place.0.path().join("tenants")).unwrap();
    let undone = place.run(&["tenant", "undo", &id], "paris\n").await;
    assert_eq!((&undone.json["operation"]["state"], undone.exit.code()), (&"undone".into(), 0));
    assert_eq!(undone.json["organization"], serde_json::Value::Null);
    assert_eq!(place.run(&["tenant", "doctor"], "").await.exit.code(), 0);
    assert_eq!(place.run(&CREATE, "").await.exit.code(), 0);
}

#[tokio::test]
async fn the_doctor_removes_only_what_is_named() {
    let place = Place::new();
    place.run(&CREATE, "").await;
    let folder = place.0.path().join("tenants").join("vigie_org_paris");
    let copy = place.0.path().join("tenants").join("vigie_org_copy");
    std::fs::create_dir_all(&copy).unwrap();
    let owner = std::fs::read_to_string(folder.join("owner")).unwrap();
    let (head, installation) = owner.split_once(" installation ").unwrap();
    let gone = "019a0000-0000-7000-8000-0123456789ab";
    assert!(head.starts_with("vigie organization "));
    std::fs::write(copy.join("owner"), format!("vigie organization {gone} installation {installation}"))
        .unwrap();

    let found = place.run(&["tenant", "doctor"], "").await;
    assert_eq!((&found.json["findings"][0]["subject"], found.exit.code()), (&"vigie_org_copy".into(), 2));
    for (arguments, state) in [
        (&["tenant", "doctor", "--fix", "--dry-run"][..], "would_repair"),
        (&["tenant", "doctor", "--fix", "--yes", "vigie_org_paris"], "not_confirmed"),
    ] {
        let kept = place.run(arguments, "").await;
        assert_eq!((&kept.json["findings"][0]["state"], kept.exit.code()), (&state.into(), 2));
        assert!(copy.exists());
    }
    let fixed = place.run(&["tenant", "doctor", "--fix", "--yes", "vigie_org_copy"], "").await;
    assert_eq!((&fixed.json["findings"][0]["state"], fixed.exit.code()), (&"repaired".into(), 0));
    assert!(!copy.exists() && folder.exists());
}

#[tokio::test]
async fn servers_are_added_listed_and_changed() {
    let place = Place::new();
    let second = place.0.path().join("second").display().to_string();
    let address = format!("sqlite://{second}\n");

    let added =
        place.run(&["server", "add", "--name", "paris-2", "--dsn-stdin", "--weight", "300"], &address).await;
    assert_eq!((&added.json["name"], &added.json["address"]), (&"paris-2".into(), &"sealed".into()));
    assert_eq!((&added.json["state"], &added.json["location"]), (&"accept".into(), &second.clone().into()));

    let set = ["server", "set", "--name", "default", "--state", "drain", "--max-databases", "10"];
    let changed = place.run(&set, "").await;
    assert_eq!((&changed.json["state"], &changed.json["max_databases"]), (&"drain".into(), &10.into()));
    place.sign_up().await;

    let list = place.run(&["server", "list"], "").await;
    let databases: Vec<_> =
        list.json["servers"].as_array().unwrap().iter().map(|it| &it["databases"]).collect();
    assert_eq!(databases, [&serde_json::json!(0), &serde_json::json!(1)]);
    assert!(list.text.contains("paris-2  sqlite"), "{}", list.text);
    assert!(Path::new(&second).join("vigie_org_gmah_paris/tenant.sqlite3").exists());
}

#[tokio::test]
async fn a_server_that_makes_no_sense_is_refused_without_telling_its_secret() {
    let place = Place::new();
    let add = ["server", "add", "--name", "b", "--dsn-stdin"];
    for (arguments, input, code, text) in [
        (&add[..4], "", 2, "one of --dsn-env, --dsn-file and --dsn-stdin is needed"),
        (&add[..], "mysql://ada:s3cret@db.example/x\n", 2, "the engine mysql is not supported"),
        (&add[..], "postgres://ada:s3cret@127.0.0.1:1/postgres\n", 1, "the database server does not answer"),
        (&["server", "add", "--name", "B!", "--dsn-stdin"], "sqlite://x\n", 2, "name must be 1 to 40"),
        (&["server", "set", "--name", "b", "--weight", "5"], "", 1, "there is no server of that name"),
        (&["server", "set", "--name", "default", "--weight", "0"], "", 2, "weight must be from 1 to 1000"),
    ] {
        let refused = place.try_run(arguments, input).await.unwrap_err();
        assert_eq!(refused.exit_code(), code, "{}", refused.explained());
        assert!(refused.explained().contains(text), "{}", refused.explained());
        assert!(!refused.explained().contains("s3cret"), "{}", refused.explained());
    }
}
