//! Who may do what, for every operation of the API document: nobody 401, another organization's administrator 404 with the
//! body of a random id, a member without the permission 403, one who has it 2xx.

mod cases;
mod matrix;
mod world;

use crate::common::server;
use cases::{ACCESS_CASES, Case, Who};
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use vigie_kernel::Role;
use vigie_test_support::Answer;
use world::{SMALL_FILE, World};

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

        if case.path.contains('{') && case.who != Who::PlatformAdmins {
            let theirs = world.try_as(&stranger.client, case).await;
            let random = world.try_at(&stranger.client, case, &elsewhere(case)).await;
            check("another organization", theirs.status == 404, &theirs);
            check("a random id", same_for_all(&theirs) == same_for_all(&random), &random);
        }
        let other = world.try_as(&colleague.client, case).await;
        match case.who {
            Who::Public => {}
            Who::Anybody | Who::Members => check("a colleague", is_success(&other), &other),
            Who::Owners
            | Who::Admins
            | Who::AdminsAndOwn
            | Who::Managers
            | Who::ManagersAndOwn
            | Who::Author => {
                check("a colleague", other.status == 403, &other);
            }
            Who::StarterAndManagers | Who::Recipient => check("a colleague", other.status == 404, &other),
            Who::PlatformAdmins => {
                check("a colleague", other.status == 403, &other);
                let owner = world.try_as(&world.owner.client, case).await;
                check(
                    "an owner",
                    owner.status == 403 && owner.json()["code"] == "platform_admin_required",
                    &owner,
                );
            }
        }
        let allowed = match case.who {
            Who::PlatformAdmins => &world.admin,
            Who::Owners | Who::Admins | Who::AdminsAndOwn | Who::Managers | Who::StarterAndManagers => {
                &world.owner
            }
            Who::Public
            | Who::Anybody
            | Who::Members
            | Who::ManagersAndOwn
            | Who::Author
            | Who::Recipient => &world.author,
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
    let lists = [
        "/dashboards",
        "/actions",
        "/imports/jobs",
        "/periods/closing",
        "/reporting/top-risks",
        "/user/notifications",
    ];
    for path in lists {
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
