//! An installation that demands `If-Match`.

use crate::common::{server, server_with};
use reqwest::Method;
use serde_json::{Value, json};

const NOTHING: &str = "019a0000-0000-7000-8000-0123456789ab";

/// Every operation of the document that takes `If-Match`, at a place where nothing is.
fn conditional_operations() -> Vec<(Method, String)> {
    let document = serde_json::to_value(vigie_api::openapi()).unwrap();
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let takes_it = operation["parameters"]
                .as_array()
                .is_some_and(|parameters| parameters.iter().any(|one| one["name"] == "If-Match"));
            if takes_it {
                let path = path.replace("{id}", NOTHING).replace("{period}", "2026-01");
                assert!(!path.contains('{'), "{path}");
                found.push((method.to_uppercase().parse().unwrap(), path));
            }
        }
    }
    found
}

#[tokio::test(flavor = "multi_thread")]
async fn where_it_is_demanded_no_change_goes_through_without() {
    let server = server_with(|config| config.http.require_if_match = true).await;
    let owner = server.sign_up("Atelier Nord").await;
    let admin = server.platform_admin().await;
    let operations = conditional_operations();
    assert!(operations.len() >= 11, "{operations:?}");
    let body = json!({"nothing": "known"});
    for (method, path) in operations {
        let sent = (method != Method::DELETE).then_some(&body);
        let caller = if path.starts_with("/api/v1/admin") { &admin.client } else { &owner.client };
        let refused = caller.ask(method.clone(), &path, sent).await;
        refused.expect_problem(428, "precondition_required");
        let stale = caller.with("if-match", "\"1\"").ask(method.clone(), &path, sent).await;
        assert!([404, 422].contains(&stale.status), "{method} {path}: {}", stale.text());
        let nobody = server.client.ask(method.clone(), &path, sent).await;
        nobody.expect_problem(401, "authentication_required");
    }

    // What is made needs none, what is changed does, and `*` will do.
    let dashboard = owner.dashboard("Ligne 1").await;
    let path = format!("/dashboards/{dashboard}");
    let title = json!({"title": "Ligne 2"});
    owner.client.patch(&path, &title).await.expect_problem(428, "precondition_required");
    owner.client.with("if-match", "\"1\"").patch(&path, &title).await.expect(200);
    owner.client.with("if-match", "\"1\"").delete(&path).await.expect_problem(412, "changed_meanwhile");
    let kpi = owner.kpi(&dashboard, "TRS").await;
    let value = format!("/kpis/{kpi}/values/2026-01");
    owner.client.put(&value, &json!({"value": "91"})).await.expect_problem(428, "precondition_required");
    owner.client.with("if-match", "*").put(&value, &json!({"value": "91"})).await.expect(201);
    owner.client.delete(&value).await.expect_problem(428, "precondition_required");
    owner.client.with("if-match", "\"1\"").delete(&value).await.expect(204);
    let listed = owner.client.get("/dashboards").await.expect(200);
    assert_eq!(listed["items"][0]["title"], "Ligne 2");
}

#[tokio::test(flavor = "multi_thread")]
async fn by_default_it_may_be_left_out() {
    let server = server().await;
    let owner = server.sign_up("Atelier Sud").await;
    for (method, path) in conditional_operations() {
        let sent = (method != Method::DELETE).then_some(&Value::Null);
        let answer = owner.client.ask(method.clone(), &path, sent).await;
        assert_ne!(answer.status, 428, "{method} {path}");
    }
}
