//! The demo, as its command makes it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails here")]

use serde_json::Value;
use std::path::Path;
use vigie_action_plans::{ActionFilter, ActionStatus};
use vigie_auth::{ClientInfo, Login, SecretText};
use vigie_composition::{App, Config};
use vigie_kernel::{PageRequest, TenantContext};
use vigie_kpis::{OverviewQuery, Status, TopRisksQuery};
use vigie_worker::{Answer, Command, execute};

fn config(folder: &Path) -> Config {
    Config { data_dir: folder.to_owned(), ..Config::default() }
}

async fn demo(folder: &Path) -> Answer {
    execute(Command::Demo, config(folder), std::io::empty()).await.unwrap()
}

/// The demo's owner, who logs in with what the command printed.
async fn owner(app: &App, answer: &Answer) -> TenantContext {
    let text = |name: &str| answer.json["login"][name].as_str().unwrap().to_owned();
    let login =
        Login { email: text("email"), password: SecretText::new(text("password")), organization: None };
    let signed_in = app.auth.login(login, &ClientInfo::default()).await.unwrap();
    let organization = signed_in.organization.unwrap().id;
    app.auth.context_for(organization, signed_in.user.id, "test").await.unwrap()
}

async fn changes_of(app: &App, tenant: &TenantContext) -> (Value, usize, usize) {
    let page = PageRequest { limit: 100, after: None };
    let actions = app.actions.actions(tenant, &ActionFilter::default(), &page).await.unwrap().items.len();
    let runs = app.imports.list(tenant, vigie_imports::ListImports { page }).await.unwrap().items;
    (
        serde_json::json!(runs.iter().map(vigie_imports::ImportRun::id).collect::<Vec<_>>()),
        runs.len(),
        actions,
    )
}

#[tokio::test]
async fn the_demo_has_something_of_everything_and_is_made_once() {
    let folder = tempfile::tempdir().unwrap();
    let made = demo(folder.path()).await;
    assert_eq!(made.json["created"], true);
    assert!(made.text.contains("demo@example.org") && made.text.contains("curl -s"), "{}", made.text);
    let figures = &made.json["figures"];
    for (name, wanted) in [
        ("processes", 3),
        ("dashboards", 8),
        ("kpis", 40),
        ("green", 24),
        ("orange", 9),
        ("red", 6),
        ("no_data", 1),
        ("stale", 2),
        ("open_actions", 6),
        ("late_actions", 2),
        ("red_without_action", 2),
    ] {
        assert_eq!(figures[name], wanted, "{name}");
    }

    let app = App::build(config(folder.path())).await.unwrap();
    let tenant = owner(&app, &made).await;
    let overview = app.reporting.overview(&tenant, OverviewQuery::default()).await.unwrap();
    assert!(overview.dashboards.iter().all(|dashboard| dashboard.section.kpis == 5));
    let risks = app.reporting.top_risks(&tenant, TopRisksQuery::default()).await.unwrap();
    let neglected = risks.iter().find(|risk| risk.red_without_action).unwrap();
    assert_eq!(neglected.kpi.status(), Some(Status::Red));
    let done = ActionFilter { status: Some(ActionStatus::Done), ..ActionFilter::default() };
    assert_eq!(app.actions.actions(&tenant, &done, &PageRequest::default()).await.unwrap().items.len(), 2);
    let before = changes_of(&app, &tenant).await;
    let run = app.imports.list(&tenant, vigie_imports::ListImports::default()).await.unwrap().items.remove(0);
    let counts = run.snapshot().counts;
    assert!(counts.inserted > 4_000 && counts.inserted == counts.rows_total, "{counts:?}");

    let again = demo(folder.path()).await;
    assert_eq!((&again.json["created"], &again.json["figures"]), (&Value::Bool(false), figures));
    assert!(again.text.contains("already there"), "{}", again.text);
    assert_eq!(changes_of(&app, &tenant).await, before);
}

async fn sign_up(folder: &Path, name: &str, email: &str, password: &str) {
    let app = App::build(config(folder)).await.unwrap();
    let command = vigie_auth::SignUp {
        organization_name: name.to_owned(),
        organization_slug: Some("demo".to_owned()),
        full_name: "Ada".to_owned(),
        email: email.to_owned(),
        password: SecretText::new(password),
        locale: None,
    };
    app.auth.sign_up(command, &ClientInfo::default()).await.unwrap();
}

#[tokio::test]
async fn a_demo_that_was_interrupted_is_finished() {
    let folder = tempfile::tempdir().unwrap();
    // As far as a command gets that is stopped right after the sign-up.
    sign_up(folder.path(), "Démo", "demo@example.org", "Tableau-Cuivre-2026").await;
    let finished = demo(folder.path()).await;
    assert_eq!((&finished.json["created"], &finished.json["figures"]["kpis"]), (&false.into(), &40.into()));
    assert!(finished.text.contains("complete now"), "{}", finished.text);
}

#[tokio::test]
async fn somebody_elses_organization_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    sign_up(folder.path(), "Démolition SA", "ada@example.org", "trois-chaises-vertes").await;
    let answer = demo(folder.path()).await;
    assert_eq!((&answer.json["created"], &answer.json["login"]), (&Value::Bool(false), &Value::Null));
    let shown = Command::Tenant(vigie_worker::TenantCommand::List);
    let list = execute(shown, config(folder.path()), std::io::empty()).await.unwrap();
    assert_eq!(list.json["organizations"].as_array().unwrap().len(), 1);
}
