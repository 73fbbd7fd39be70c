//! Organizations serve at the schema before, and those whose migration fails go on doing so.

use crate::member::Member;
use crate::place::Place;
use crate::server::{Server, run_worker};
use serde_json::{Value, json};
use vigie_test_support::schema_fingerprint;

on_both_engines!(those_whose_migration_fails_go_on_serving_and_a_retry_finishes_them);

const SLUGS: [&str; 6] = ["angers", "brest", "calais", "dijon", "evry", "forbach"];

/// Takes an organization's database back to the version before the last one, as the release before left it. What the last migration makes may
/// stay in its way.
async fn age(place: &Place, slug: &str, in_its_way: bool) {
    if !in_its_way {
        place.tenant_sql(slug, "DROP INDEX actions_late_idx").await;
    }
    let forget = "DELETE FROM seaql_migrations WHERE version = 'm20261120_000012_late_actions'";
    place.tenant_sql(slug, forget).await;
    let fingerprint = schema_fingerprint(9);
    place.tenant_sql(slug, &format!("UPDATE org_meta SET schema_fingerprint = '{fingerprint}'")).await;
    place
        .control_execute(&format!("UPDATE organizations SET schema_version = 9 WHERE slug = '{slug}'"))
        .await;
}

async fn migrate(place: &Place, arguments: &[&str]) -> (Option<i32>, Value) {
    let arguments = [&["tenant", "migrate"], arguments, &["--json"]].concat();
    let (status, said) = run_worker(place, &arguments, "").await;
    // The log is on standard error, and comes after the answer.
    let answer = said.find('{').map(|start| &said[start..]).unwrap_or_default();
    let answer = serde_json::Deserializer::from_str(answer).into_iter().next();
    (status.code(), answer.unwrap_or_else(|| panic!("{said}")).unwrap_or_else(|_| panic!("{said}")))
}

fn outcome<'a>(answer: &'a Value, slug: &str) -> &'a Value {
    let results = answer["results"].as_array().unwrap();
    &results.iter().find(|result| result["slug"] == slug).unwrap()["outcome"]
}

async fn reads_and_writes(owner: &Member, what: &str) {
    owner.post("/dashboards", json!({ "title": what })).await.expect(201);
    let list = owner.get("/dashboards").await.expect(200);
    assert!(list["items"].as_array().unwrap().iter().any(|one| one["title"] == what), "{list}");
    owner.get("/actions?late=true").await.expect(200);
}

fn at(owners: Vec<Member>, server: &Server) -> Vec<Member> {
    owners.into_iter().map(|owner| owner.at(server)).collect()
}

async fn those_whose_migration_fails_go_on_serving_and_a_retry_finishes_them(place: Place) {
    // A process of the new release that leaves the databases to the operator, as in a rolling upgrade.
    let settings = [("VIGIE__DATABASE__MIGRATE_AT_START", "false")];
    let server = Server::start_with(&place, &settings).await;
    let mut owners = Vec::new();
    for slug in SLUGS {
        owners.push(server.sign_up(slug).await);
    }
    server.stop().await;
    for (number, slug) in SLUGS.into_iter().enumerate() {
        age(&place, slug, number < 3).await;
    }
    let server = Server::start_with(&place, &settings).await;
    owners = at(owners, &server);
    for owner in &owners {
        reads_and_writes(owner, "before").await;
    }

    let (code, answer) = migrate(&place, &["--failure-budget", "100"]).await;

    assert_eq!(code, Some(2), "{answer}");
    assert_eq!(answer["run"]["state"], "partial");
    for (number, slug) in SLUGS.into_iter().enumerate() {
        assert_eq!(*outcome(&answer, slug), if number < 3 { "failed" } else { "ok" }, "{answer}");
    }
    // Where they are open, and where they are opened anew.
    for owner in &owners {
        reads_and_writes(owner, "between").await;
    }
    server.stop().await;
    let server = Server::start_with(&place, &settings).await;
    owners = at(owners, &server);
    for owner in &owners {
        reads_and_writes(owner, "anew").await;
    }

    for slug in &SLUGS[..3] {
        place.tenant_sql(slug, "DROP INDEX actions_late_idx").await;
    }
    let run = answer["run"]["id"].as_str().unwrap();
    let (code, retried) = migrate(&place, &["retry", "--run", run, "--only", "failed"]).await;

    assert_eq!((code, &retried["run"]["counts"]["ok"]), (Some(0), &json!(3)), "{retried}");
    for owner in &owners {
        reads_and_writes(owner, "after").await;
    }
    let (code, nothing) = migrate(&place, &[]).await;
    assert_eq!((code, &nothing["run"]), (Some(0), &Value::Null));
}
