//! What platform administrators do with organizations.

use crate::common::server;
use serde_json::{Value, json};
use vigie_test_support::{Client, PASSWORD, TestServer, unique};

fn creation(slug: &str) -> Value {
    json!({
        "name": format!("GMAH {slug}"), "slug": slug, "plan": "community", "domain": format!("kpi.{slug}.example"),
        "admin_email": format!("owner@{slug}.example"), "admin_full_name": "Camille Martin",
    })
}

fn keyed(client: &Client) -> Client {
    client.with("idempotency-key", &format!("key-{}", unique()))
}

async fn admin(server: &TestServer) -> Client {
    server.platform_admin().await.client
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_is_created_and_its_owner_sets_his_password() {
    let server = server().await;
    let admin = admin(&server).await;
    let answer = keyed(&admin).post("/admin/organizations", &creation("gmah-paris")).await;
    let made = answer.expect(201);
    let id = made["organization"]["id"].as_str().unwrap();
    assert_eq!(answer.header("location"), format!("/api/v1/admin/organizations/{id}"));
    assert_eq!(made["organization"]["status"], "active");
    assert_eq!(made["organization"]["domain"], "kpi.gmah-paris.example");
    assert_eq!(
        (&made["operation"]["state"], &made["operation"]["current_step"]),
        (&json!("succeeded"), &Value::Null)
    );
    let steps: Vec<_> =
        made["operation"]["steps"].as_array().unwrap().iter().map(|one| &one["outcome"]).collect();
    assert_eq!(steps.len(), 11);
    assert_eq!(steps[10], "skipped", "no mail is sent");

    let login = json!({"email": "owner@gmah-paris.example", "password": PASSWORD});
    server.client.post("/auth/login", &login).await.expect_problem(401, "invalid_credentials");
    let token = made["set_password"]["token"].as_str().unwrap();
    let weak = json!({"token": token, "new_password": "short"});
    let problem =
        server.client.post("/auth/reset-password", &weak).await.expect_problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["pointer"], "/new_password");
    let choice = json!({"token": token, "new_password": PASSWORD});
    server.client.post("/auth/reset-password", &choice).await.expect(204);
    server.client.post("/auth/reset-password", &choice).await.expect_problem(400, "token_not_good");
    let session = server.client.post("/auth/login", &login).await.expect(200);
    assert_eq!((&session["user"]["role"], &session["organization"]["id"]), (&json!("OWNER"), &json!(id)));
    let by_domain =
        server.client.with("host", "kpi.gmah-paris.example").with_token(session["access_token"].as_str());
    by_domain.get("/dashboards").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_key_gives_the_same_organization() {
    let server = server().await;
    let admin = admin(&server).await;
    let missing = admin.post("/admin/organizations", &creation("paris")).await;
    missing.expect_problem(400, "idempotency_key_required");
    let spaced =
        admin.with("idempotency-key", "with space").post("/admin/organizations", &creation("paris")).await;
    spaced.expect_problem(400, "idempotency_key_invalid");

    let again = admin.with("idempotency-key", "create-paris");
    let first = again.post("/admin/organizations", &creation("paris")).await;
    assert_eq!(first.header("idempotency-replayed"), "");
    let first = first.expect(201);
    let second = again.post("/admin/organizations", &creation("paris")).await;
    assert_eq!(second.header("idempotency-replayed"), "true");
    let second = second.expect(201);
    assert_eq!(
        (&first["operation"], &first["organization"]),
        (&second["operation"], &second["organization"])
    );
    assert!(first["set_password"]["token"].is_string() && second["set_password"].is_null());
    let other = again.post("/admin/organizations", &creation("lyon")).await;
    other.expect_problem(422, "idempotency_key_reused");
    let stranger = self::admin(&server).await.with("idempotency-key", "create-paris");
    stranger.post("/admin/organizations", &creation("lyon")).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_or_taken_is_told_by_field() {
    let server = server().await;
    let admin = admin(&server).await;
    let empty = keyed(&admin).post("/admin/organizations", &json!({"plan": "gold"})).await;
    let empty = empty.expect_problem(422, "validation_failed");
    let told: Vec<_> = empty["errors"].as_array().unwrap().iter().map(|one| one["pointer"].clone()).collect();
    assert_eq!(told, ["/name", "/slug", "/plan", "/admin_email"]);
    let mut wrong = creation("paris");
    wrong["domain"] = json!("localhost");
    wrong["admin_email"] = json!("nobody");
    let wrong =
        keyed(&admin).post("/admin/organizations", &wrong).await.expect_problem(422, "validation_failed");
    let told: Vec<_> = wrong["errors"].as_array().unwrap().iter().map(|one| one["code"].clone()).collect();
    assert_eq!(told, ["domain_invalid", "email_invalid"]);

    keyed(&admin).post("/admin/organizations", &creation("paris")).await.expect(201);
    keyed(&admin).post("/admin/organizations", &creation("paris")).await.expect_problem(409, "slug_taken");
    let mut same_domain = creation("lyon");
    same_domain["domain"] = json!("kpi.paris.example");
    keyed(&admin).post("/admin/organizations", &same_domain).await.expect_problem(409, "domain_taken");
}

#[tokio::test(flavor = "multi_thread")]
async fn organizations_are_listed_shown_and_changed() {
    let server = server().await;
    let admin = admin(&server).await;
    for slug in ["paris", "lyon", "nice"] {
        keyed(&admin).post("/admin/organizations", &creation(slug)).await.expect(201);
    }
    let slugs = async |path: &str| {
        let list = admin.get(path).await.expect(200);
        list["items"]
            .as_array()
            .unwrap()
            .iter()
            .map(|one| one["slug"].as_str().unwrap().to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(slugs("/admin/organizations").await, ["lyon", "nice", "paris"]);
    assert_eq!(slugs("/admin/organizations?sort=-created_at&limit=1").await, ["nice"]);
    assert_eq!(slugs("/admin/organizations?search=gmah%20p&plan=community&status=active").await, ["paris"]);
    admin.get("/admin/organizations?sort=name&status=asleep").await.expect_problem(422, "validation_failed");
    let page = admin.get("/admin/organizations?limit=2").await.expect(200);
    let next = format!("/admin/organizations?limit=2&cursor={}", page["next_cursor"].as_str().unwrap());
    assert_eq!(slugs(&next).await, ["paris"]);
    assert_eq!(page["items"][0]["domain"], "kpi.lyon.example");

    let id = page["items"][0]["id"].as_str().unwrap().to_owned();
    let path = format!("/admin/organizations/{id}");
    let shown = admin.get(&path).await;
    let tag = shown.header("etag").to_owned();
    let change = json!({"name": "GMAH Lyon", "status": "suspended", "reason": "Impayé"});
    let changed = admin.with("if-match", &tag).patch(&path, &change).await.expect(200);
    assert_eq!(
        (&changed["name"], &changed["status"], &changed["status_reason"]),
        (&json!("GMAH Lyon"), &json!("suspended"), &json!("Impayé"))
    );
    admin.with("if-match", &tag).patch(&path, &change).await.expect_problem(412, "changed_meanwhile");
    let resumed = admin.patch(&path, &json!({"status": "active", "reason": "Payé"})).await.expect(200);
    assert_eq!(resumed["status"], "active");
    for (body, field, code) in [
        (json!({"status": "suspended"}), "/reason", "required"),
        (json!({"status": "deleted", "reason": "x"}), "/status", "value_unknown"),
        (json!({"reason": "x"}), "/reason", "status_required"),
        (json!({"name": " "}), "/name", "required"),
        (json!({"plan": "golden"}), "/plan", "value_unknown"),
        (json!({"plan": null}), "/plan", "required"),
        (json!({"limits": {"cats": null}}), "/limits/cats", "value_unknown"),
        (json!({"limits": {"kpis": {}}}), "/limits/kpis/value", "required"),
        (json!({"limits": {"kpis": {"value": -1}}}), "/limits/kpis/value", "out_of_range"),
        (
            json!({"limits": {"kpis": {"value": 1, "expires_at": "soon"}}}),
            "/limits/kpis/expires_at",
            "instant_invalid",
        ),
        (json!({"name": "X", "limits": {"members": {"value": 0}}}), "/limits/members/value", "out_of_range"),
    ] {
        let problem = admin.patch(&path, &body).await.expect_problem(422, "validation_failed");
        assert_eq!(
            (&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]),
            (&json!(field), &json!(code))
        );
    }

    let operations = admin.get(&format!("{path}/operations")).await.expect(200);
    let operation = &operations["items"][0];
    assert_eq!((&operation["kind"], &operation["server"]), (&json!("provision"), &json!("default")));
    let one =
        admin.get(&format!("/admin/operations/{}", operation["id"].as_str().unwrap())).await.expect(200);
    assert_eq!(&one, operation);
    let nothing = "019a0000-0000-7000-8000-0123456789ab";
    admin.get(&format!("/admin/organizations/{nothing}")).await.expect_problem(404, "organization_not_found");
    admin
        .get(&format!("/admin/organizations/{nothing}/operations"))
        .await
        .expect_problem(404, "organization_not_found");
    admin.get(&format!("/admin/operations/{nothing}")).await.expect_problem(404, "operation_not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_organizations_are_created_at_once() {
    let server = server().await;
    let admin = admin(&server).await;
    let mut creations = tokio::task::JoinSet::new();
    for number in 0..50 {
        let client = keyed(&admin);
        creations.spawn(async move {
            client.post("/admin/organizations", &creation(&format!("org-{number}"))).await
        });
    }
    while let Some(answer) = creations.join_next().await {
        let made = answer.unwrap().expect(201);
        assert_eq!(made["organization"]["status"], "active");
    }
}
