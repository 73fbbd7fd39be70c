//! Who may do what, for every operation of the API document: nobody 401, another organization's administrator 404 with the
//! body of a random id, a member without the permission 403, one who has it 2xx.

use crate::common::server;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use vigie_kernel::Role;
use vigie_test_support::{Answer, Client, Person, TestServer};

/// What an operation is done with, and by whom.
struct Case {
    /// The `operationId` in the document.
    operation: &'static str,
    method: Method,
    /// The path; `{kpi}` and the like stand for things of the world below.
    path: &'static str,
    body: Body,
    who: Who,
}

enum Body {
    None,
    Json(fn() -> Value),
    File,
}

/// Whom an operation lets in.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Who {
    /// Everybody, without a token.
    Public,
    /// Everybody who is logged in; it is about himself.
    Anybody,
    /// Every member of the organization.
    Members,
    /// Managers and those above them.
    Managers,
    /// Managers and those above them, and members for what is their own.
    ManagersAndOwn,
    /// The author alone.
    Author,
    /// Whoever started it, and managers and those above them; it is hidden from others.
    StarterAndManagers,
}

const fn case(operation: &'static str, method: Method, path: &'static str, body: Body, who: Who) -> Case {
    Case { operation, method, path, body, who }
}

fn kpi_body() -> Value {
    json!({"name": "Taux de rebut", "frequency": "MONTHLY", "direction": "DOWN_IS_BETTER", "unit": "%"})
}

/// One case for each operation of the document.
const ACCESS_CASES: &[Case] = &[
    case("health_live", Method::GET, "/health/live", Body::None, Who::Public),
    case("health_ready", Method::GET, "/health/ready", Body::None, Who::Public),
    case("auth_signup", Method::POST, "/auth/signup", Body::Json(sign_up_body), Who::Public),
    case("auth_register", Method::POST, "/auth/register", Body::Json(sign_up_body), Who::Public),
    case(
        "auth_login",
        Method::POST,
        "/auth/login",
        Body::Json(|| json!({"email": "{email}", "password": "{password}"})),
        Who::Public,
    ),
    case(
        "auth_refresh",
        Method::POST,
        "/auth/refresh",
        Body::Json(|| json!({"refresh_token": "{refresh_token}"})),
        Who::Public,
    ),
    case("auth_logout", Method::POST, "/auth/logout", Body::None, Who::Anybody),
    case("auth_logout_all", Method::POST, "/auth/logout-all", Body::None, Who::Anybody),
    case("auth_me", Method::GET, "/auth/me", Body::None, Who::Anybody),
    case("user_me", Method::GET, "/user/me", Body::None, Who::Anybody),
    case("organization_me", Method::GET, "/user/organizations/me", Body::None, Who::Anybody),
    case(
        "dashboard_create",
        Method::POST,
        "/dashboards",
        Body::Json(|| json!({"title": "Atelier"})),
        Who::Anybody,
    ),
    case("dashboard_list", Method::GET, "/dashboards", Body::None, Who::Anybody),
    case("dashboard_get", Method::GET, "/dashboards/{dashboard}", Body::None, Who::Members),
    case(
        "dashboard_change",
        Method::PATCH,
        "/dashboards/{dashboard}",
        Body::Json(|| json!({"title": "Ligne 2"})),
        Who::ManagersAndOwn,
    ),
    case(
        "dashboard_delete",
        Method::DELETE,
        "/dashboards/{empty_dashboard}",
        Body::None,
        Who::ManagersAndOwn,
    ),
    case(
        "kpi_define",
        Method::POST,
        "/dashboards/{dashboard}/kpis",
        Body::Json(kpi_body),
        Who::ManagersAndOwn,
    ),
    case("kpi_list", Method::GET, "/dashboards/{dashboard}/kpis", Body::None, Who::Members),
    case("kpi_get", Method::GET, "/kpis/{kpi}", Body::None, Who::Members),
    case(
        "kpi_change",
        Method::PATCH,
        "/kpis/{kpi}",
        Body::Json(|| json!({"critical": true})),
        Who::ManagersAndOwn,
    ),
    case("kpi_delete", Method::DELETE, "/kpis/{empty_kpi}", Body::None, Who::ManagersAndOwn),
    case("threshold_list", Method::GET, "/kpis/{kpi}/thresholds", Body::None, Who::Members),
    case(
        "threshold_set",
        Method::POST,
        "/kpis/{kpi}/thresholds",
        Body::Json(|| json!({"threshold_green": 96, "threshold_orange": 91})),
        Who::ManagersAndOwn,
    ),
    case(
        "kpi_recompute",
        Method::POST,
        "/kpis/{kpi}/recompute",
        Body::Json(|| json!({"from": "2025-01"})),
        Who::Managers,
    ),
    case("kpi_series", Method::GET, "/kpis/{kpi}/series", Body::None, Who::Members),
    case("value_list", Method::GET, "/kpis/{kpi}/values", Body::None, Who::Members),
    case(
        "value_add",
        Method::POST,
        "/kpis/{empty_kpi}/values",
        Body::Json(|| json!({"period": "2025-03", "value": "91.5"})),
        Who::ManagersAndOwn,
    ),
    case("value_get", Method::GET, "/kpis/{kpi}/values/2025-01", Body::None, Who::Members),
    case(
        "value_put",
        Method::PUT,
        "/kpis/{kpi}/values/2025-01",
        Body::Json(|| json!({"value": 92})),
        Who::ManagersAndOwn,
    ),
    case("value_revisions", Method::GET, "/kpis/{kpi}/values/2025-01/revisions", Body::None, Who::Members),
    case("value_delete", Method::DELETE, "/kpis/{kpi}/values/2025-01", Body::None, Who::ManagersAndOwn),
    case("closing_get", Method::GET, "/periods/closing", Body::None, Who::Anybody),
    case(
        "closing_put",
        Method::PUT,
        "/periods/closing",
        Body::Json(|| json!({"frequency": "WEEKLY", "closed_through": "2020-12-31"})),
        Who::Managers,
    ),
    case(
        "action_create",
        Method::POST,
        "/kpis/{kpi}/actions",
        Body::Json(|| json!({"title": "Former les équipes"})),
        Who::Members,
    ),
    case("action_list_of_kpi", Method::GET, "/kpis/{kpi}/actions", Body::None, Who::Members),
    case("action_list", Method::GET, "/actions", Body::None, Who::Anybody),
    case("action_get", Method::GET, "/actions/{action}", Body::None, Who::Members),
    case(
        "action_change",
        Method::PATCH,
        "/actions/{action}",
        Body::Json(|| json!({"progress": 10})),
        Who::ManagersAndOwn,
    ),
    case(
        "comment_write_on_action",
        Method::POST,
        "/actions/{action}/comments",
        Body::Json(|| json!({"content": "Vu."})),
        Who::Members,
    ),
    case("comment_list_of_action", Method::GET, "/actions/{action}/comments", Body::None, Who::Members),
    case("action_delete", Method::DELETE, "/actions/{action}", Body::None, Who::Managers),
    case(
        "comment_write_on_kpi",
        Method::POST,
        "/kpis/{kpi}/comments",
        Body::Json(|| json!({"content": "Vu."})),
        Who::Members,
    ),
    case("comment_list_of_kpi", Method::GET, "/kpis/{kpi}/comments", Body::None, Who::Members),
    case(
        "comment_change",
        Method::PATCH,
        "/comments/{comment}",
        Body::Json(|| json!({"content": "Revu."})),
        Who::Author,
    ),
    case("comment_delete", Method::DELETE, "/comments/{comment}", Body::None, Who::ManagersAndOwn),
    case("import_start", Method::POST, "/imports/kpi-values", Body::File, Who::Anybody),
    case("import_list", Method::GET, "/imports/jobs", Body::None, Who::Anybody),
    case("import_get", Method::GET, "/imports/jobs/{import}", Body::None, Who::StarterAndManagers),
    case(
        "import_rejected",
        Method::GET,
        "/imports/jobs/{import}/rejected.csv",
        Body::None,
        Who::StarterAndManagers,
    ),
    case(
        "import_cancel",
        Method::POST,
        "/imports/jobs/{running_import}/cancel",
        Body::None,
        Who::StarterAndManagers,
    ),
    case("reporting_overview", Method::GET, "/reporting/overview", Body::None, Who::Anybody),
    case("reporting_top_risks", Method::GET, "/reporting/top-risks", Body::None, Who::Anybody),
];

fn sign_up_body() -> Value {
    let number = vigie_test_support::unique();
    json!({
        "organization_name": format!("Organisation {number}"), "full_name": "Camille Martin",
        "email": format!("signup{number}@example.org"), "password": "{password}",
    })
}

#[test]
fn every_operation_has_an_access_case() {
    let document = serde_json::to_value(vigie_api::openapi()).unwrap();
    let operations: BTreeSet<&str> = document["paths"]
        .as_object()
        .unwrap()
        .values()
        .flat_map(|item| item.as_object().unwrap().values())
        .filter_map(|operation| operation["operationId"].as_str())
        .collect();
    let cases: BTreeSet<&str> = ACCESS_CASES.iter().map(|case| case.operation).collect();
    assert_eq!(cases.len(), ACCESS_CASES.len(), "an operation has two cases");
    assert_eq!(operations, cases);
}

/// An organization with one thing of each kind, made anew for each case, so that no case is in another's way.
struct World {
    owner: Person,
    /// Made the things below that a member can own; no other is his.
    author: Person,
    places: Vec<(&'static str, String)>,
}

const SMALL_FILE: &str = "kpi;période;valeur\nTRS;2025-05;91\nINCONNU;2025-05;12\n";

impl World {
    async fn make(server: &TestServer) -> Self {
        let owner = server.sign_up("Usine du Nord").await;
        let author = server.member(&owner, Role::User).await;
        let dashboard = author.dashboard("Ligne 1").await;
        let empty_dashboard = author.dashboard("Ligne vide").await;
        let kpi = author.kpi(&dashboard, "TRS").await;
        let empty_kpi = author.kpi(&dashboard, "TRS 2").await;
        let client = &author.client;
        client
            .post(&format!("/kpis/{kpi}/values"), &json!({"period": "2025-01", "value": 90}))
            .await
            .expect(201);
        let action = client
            .post(&format!("/kpis/{kpi}/actions"), &json!({"title": "Régler la presse"}))
            .await
            .expect(201);
        let comment =
            client.post(&format!("/kpis/{kpi}/comments"), &json!({"content": "Baisse."})).await.expect(201);
        let import =
            client.upload("/imports/kpi-values", "trs.csv", SMALL_FILE.as_bytes(), None).await.expect(201);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let places = vec![
            ("{dashboard}", dashboard),
            ("{empty_dashboard}", empty_dashboard),
            ("{kpi}", kpi),
            ("{empty_kpi}", empty_kpi),
            ("{action}", text(&action["id"])),
            ("{comment}", text(&comment["id"])),
            ("{import}", text(&import["id"])),
            ("{email}", author.email.clone()),
            ("{password}", vigie_test_support::PASSWORD.to_owned()),
            ("{refresh_token}", text(&author.session["refresh_token"])),
        ];
        Self { owner, author, places }
    }

    /// An import that waits for a worker, for no worker runs in this test.
    async fn with_running_import(mut self) -> Self {
        let rows: String = (0..2_500).fold("kpi;période;valeur\n".to_owned(), |rows, row| {
            let (year, month, day) = (2018 + row / 336, row / 28 % 12 + 1, row % 28 + 1);
            rows + &format!("JOUR;{year}-{month:02}-{day:02};{row}\n")
        });
        let dashboard = self.place("{dashboard}").to_owned();
        let daily =
            json!({"name": "Jour", "code": "JOUR", "frequency": "DAILY", "direction": "UP_IS_BETTER"});
        self.author.client.post(&format!("/dashboards/{dashboard}/kpis"), &daily).await.expect(201);
        let import = self
            .author
            .client
            .upload("/imports/kpi-values", "jour.csv", rows.as_bytes(), None)
            .await
            .expect(202);
        self.places.push(("{running_import}", import["id"].as_str().unwrap().to_owned()));
        self
    }

    fn place(&self, name: &str) -> &str {
        self.places.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str()).unwrap()
    }

    fn fill(&self, text: &str) -> String {
        self.places.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }

    async fn try_as(&self, client: &Client, case: &Case) -> Answer {
        self.try_at(client, case, &self.fill(case.path)).await
    }

    async fn try_at(&self, client: &Client, case: &Case, path: &str) -> Answer {
        match case.body {
            Body::None => client.ask(case.method.clone(), path, None).await,
            Body::Json(body) => {
                let body: Value = serde_json::from_str(&self.fill(&body().to_string())).unwrap();
                client.ask(case.method.clone(), path, Some(&body)).await
            }
            Body::File => client.upload(path, "trs.csv", SMALL_FILE.as_bytes(), None).await,
        }
    }
}

/// The path with a random id in the place of every thing.
fn elsewhere(case: &Case) -> String {
    let parts = case
        .path
        .split('/')
        .map(|part| if part.starts_with('{') { "019a0000-0000-7000-8000-0123456789ab" } else { part });
    parts.collect::<Vec<_>>().join("/")
}

/// The body without what differs from request to request.
fn same_for_all(answer: &Answer) -> Value {
    let mut body = answer.json();
    body["request_id"] = Value::Null;
    body
}

fn is_success(answer: &Answer) -> bool {
    (200..300).contains(&answer.status)
}

#[tokio::test(flavor = "multi_thread")]
async fn every_operation_lets_in_whom_it_should_and_nobody_else() {
    let server = server().await;
    let stranger = server.sign_up("Concurrent").await;
    let mut world = World::make(&server).await.with_running_import().await;
    let mut colleague = server.member(&world.owner, Role::User).await;
    let mut failures = Vec::new();
    for case in ACCESS_CASES {
        let mut check = |what: &str, right: bool, answer: &Answer| {
            if !right {
                failures.push(format!("{}: {what}: {} {}", case.operation, answer.status, answer.text()));
            }
        };
        let nobody = world.try_as(&server.client, case).await;
        if case.who == Who::Public {
            check("nobody", is_success(&nobody), &nobody);
            continue;
        }
        let body = nobody.json();
        check("nobody", nobody.status == 401 && body["code"] == "authentication_required", &nobody);

        if case.path.contains('{') {
            let theirs = world.try_as(&stranger.client, case).await;
            let random = world.try_at(&stranger.client, case, &elsewhere(case)).await;
            check("another organization", theirs.status == 404, &theirs);
            check("a random id", same_for_all(&theirs) == same_for_all(&random), &random);
        }
        let other = world.try_as(&colleague.client, case).await;
        match case.who {
            Who::Public => {}
            Who::Anybody | Who::Members => check("a colleague", is_success(&other), &other),
            Who::Managers | Who::ManagersAndOwn | Who::Author => {
                check("a colleague", other.status == 403, &other);
            }
            Who::StarterAndManagers => check("a colleague", other.status == 404, &other),
        }
        let allowed = match case.who {
            Who::Managers | Who::StarterAndManagers => &world.owner,
            Who::Public | Who::Anybody | Who::Members | Who::ManagersAndOwn | Who::Author => &world.author,
        };
        let done = world.try_as(&allowed.client, case).await;
        check("who may", is_success(&done), &done);
        if matches!(case.operation, "auth_logout" | "auth_logout_all") {
            let gone = world.try_as(&allowed.client, case).await;
            check("after it", gone.status == 401, &gone);
        }
        if matches!(case.method, Method::POST | Method::DELETE) {
            world = World::make(&server).await.with_running_import().await;
            colleague = server.member(&world.owner, Role::User).await;
        }
    }
    assert!(failures.is_empty(), "{} failures:\n{}", failures.len(), failures.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_of_one_organization_show_nothing_of_another() {
    let server = server().await;
    let world = World::make(&server).await;
    let stranger = server.sign_up("Concurrent").await;
    for path in ["/dashboards", "/actions", "/imports/jobs", "/periods/closing", "/reporting/top-risks"] {
        let listed = stranger.client.get(path).await.expect(200);
        assert_eq!(listed["items"], json!([]), "{path}");
    }
    let overview = stranger.client.get("/reporting/overview").await.expect(200);
    assert_eq!((&overview["dashboards"], &overview["organization"]["kpis"]), (&json!([]), &json!(0)));

    // The file names a KPI that only the other organization has.
    let run = stranger
        .client
        .upload("/imports/kpi-values", "trs.csv", SMALL_FILE.as_bytes(), None)
        .await
        .expect(201);
    assert_eq!(run["counts"]["inserted"], 0);
    assert!(!run.to_string().contains("TRS 2"), "a suggestion tells another organization's KPI");
    let kpi = world.place("{kpi}");
    let values = world.author.client.get(&format!("/kpis/{kpi}/values?from=2025-05")).await.expect(200);
    assert_eq!(values["items"].as_array().unwrap().len(), 1, "the stranger's import changed nothing");

    // A cursor of one organization is none of another.
    let page = world.author.client.get("/dashboards?limit=1").await.expect(200);
    let cursor = page["next_cursor"].as_str().unwrap();
    let answer = stranger.client.get(&format!("/dashboards?limit=1&cursor={cursor}")).await;
    assert_eq!(answer.expect_problem(422, "validation_failed")["errors"][0]["code"], "cursor_invalid");
}
