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
    let shown = place.run(&["tenant", "show", "--slug", "gmah-paris"], "").await;
    assert_eq!(shown.json, locked.json);
    assert!(shown.text.contains("reason     Unpaid\n"), "{}", shown.text);
    let open = place.run(&["tenant", "resume", "--slug", "gmah-paris", "--reason", "Paid"], "").await;
    assert_eq!(open.json["status"], "active");

    let current = place.run(&["tenant", "migrate"], "").await;
    assert_eq!(current.exit.code(), 0);
    assert_eq!(current.text, "Every database is at the current schema.\n");
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

#[tokio::test]
async fn a_dead_job_is_listed_and_put_back() {
    let place = Place::new();
    let app = App::build(place.config()).await.unwrap();
    let id: OutboxId = app.ids.next();
    let message = OutboxMessage {
        id,
        name: "test.unknown".to_owned(),
        lane: Lane::Bulk,
        once: None,
        payload: serde_json::Value::Null,
        max_attempts: 3,
        run_at: app.clock.now(),
        request_id: "test".to_owned(),
    };
    app.queue.enqueue(None, &message).await.unwrap();
    app.background().drain().await.unwrap();

    let dead = place.run(&["jobs", "list", "--status", "dead"], "").await;
    assert_eq!(dead.json["jobs"][0]["id"], id.to_string());
    assert!(dead.text.contains("no handler of that name"), "{}", dead.text);
    assert!(
        place.run(&["jobs", "list", "--status", "queued"], "").await.text.contains("There is no such job.")
    );

    let job = id.to_string();
    let back = place.run(&["jobs", "retry", &job], "").await;
    assert_eq!(back.json["status"], "queued");
    assert_eq!(place.run(&["jobs", "list"], "").await.json["jobs"][0]["status"], "queued");
    let again = place.try_run(&["jobs", "retry", &job], "").await.unwrap_err();
    assert_eq!((again.exit_code(), again.explained()), (1, format!("there is no dead job {job}")));
}
