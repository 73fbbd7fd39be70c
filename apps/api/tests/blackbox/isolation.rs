//! Two organizations on one server: nothing of the one is reachable with a token of the other.

use crate::client::{Answer, Upload};
use crate::member::{Member, text};
use crate::place::Place;
use crate::server::Server;
use serde_json::{Value, json};

on_both_engines!(
    a_marker_of_one_organization_never_shows_in_the_other,
    ids_of_one_organization_are_unknown_to_the_other,
    a_token_is_no_token_where_another_organization_is_named,
);

const MARKER: &str = "ZZMARKER";
const NOBODY: &str = "01990000-0000-7000-8000-000000000000";

/// One of each thing, each with the marker in every text that it has.
struct Planted {
    dashboard: String,
    kpi: String,
    action: String,
    comment: String,
    import: String,
}

async fn plant(member: &Member) -> Planted {
    let marked = |what: &str| format!("{MARKER} {what}");
    let dashboard = member.dashboard(&marked("dashboard"), Some(&marked("process"))).await;
    let kpi = json!({
        "name": marked("KPI"), "code": MARKER, "description": marked("description"), "unit": MARKER, "frequency": "MONTHLY",
        "direction": "UP_IS_BETTER", "threshold_green": 95, "threshold_orange": 90,
    });
    let kpi = member.kpi(&dashboard, kpi).await;
    let value = json!({ "period": "2026-01", "value": 1, "comment": marked("value") });
    member.post(&format!("/kpis/{kpi}/values"), value).await.expect(201);
    let action = json!({ "title": marked("action"), "description": marked("plan") });
    let action = text(&member.post(&format!("/kpis/{kpi}/actions"), action).await.expect(201)["id"]);
    let comment = json!({ "content": marked("comment") });
    let comment = text(&member.post(&format!("/kpis/{kpi}/comments"), comment).await.expect(201)["id"]);
    let file = format!("code;periode;valeur\n{MARKER};2026-02;2\n");
    let import = member.import_file(Upload::new(&format!("{MARKER}.csv"), file.as_bytes())).await;
    assert_eq!(import["status"], "SUCCESS", "{import}");
    Planted { dashboard, kpi, action, comment, import: text(&import["id"]) }
}

async fn a_marker_of_one_organization_never_shows_in_the_other(place: Place) {
    let server = Server::start(&place).await;
    let (alice, bob) = (server.sign_up("alpha").await, server.sign_up("beta").await);
    let planted = plant(&alice).await;
    let dashboard = bob.dashboard("Le sien", None).await;
    let kpi =
        json!({ "name": "Le sien", "code": "SIEN", "frequency": "MONTHLY", "direction": "UP_IS_BETTER" });
    bob.kpi(&dashboard, kpi).await;

    // Nearly the marker: a suggestion would give it away. And the marker itself, which is no KPI here.
    let file = "code;periode;valeur\nZZMARKEE;2026-02;2\nZZMARKER;2026-03;3\nSIEN;2026-02;4\n";
    let report = bob.import_file(Upload::new("suggestions.csv", file.as_bytes())).await;
    assert_eq!(report["counts"]["rejected"], 2, "{report}");
    for issue in report["issues"].as_array().unwrap() {
        assert_eq!(issue["code"], "KPI_UNKNOWN");
        assert!(!issue["params"].to_string().contains(MARKER), "{issue}");
    }
    let lists = [
        "/dashboards",
        "/dashboards?process_name=ZZMARKER%20process",
        "/actions",
        "/reporting/overview",
        "/reporting/top-risks",
        "/periods/closing",
        "/user/me",
        "/user/organizations/me",
        "/auth/me",
    ];
    for path in lists {
        let answer = bob.get(path).await;
        assert_eq!(answer.status(), 200, "{path}");
        let told = answer.text();
        assert!(!told.contains(MARKER) && !told.contains("alpha"), "{path}: {told}");
    }
    let jobs = bob.all("/imports/jobs").await;
    assert_eq!(jobs.len(), 1);
    assert_eq!(jobs[0]["file_name"], "suggestions.csv");
    let wanted = ["1", "2"].map(str::to_owned);
    let told: Vec<String> = alice.values(&planted.kpi).await.into_iter().map(|(_, value)| value).collect();
    assert_eq!(told, wanted, "the other's import wrote nothing here");
    assert!(
        alice.get("/reporting/top-risks").await.text().contains(MARKER),
        "the marker shows where it should"
    );
}

async fn ids_of_one_organization_are_unknown_to_the_other(place: Place) {
    let server = Server::start(&place).await;
    let (alice, bob) = (server.sign_up("alpha").await, server.sign_up("beta").await);
    let planted = plant(&alice).await;
    let before = everything(&alice, &planted).await;
    let Planted { dashboard, kpi, action, comment, import } = &planted;
    let new_kpi = json!({ "name": "x", "frequency": "MONTHLY", "direction": "UP_IS_BETTER" });
    let requests: Vec<(&str, String, &String, Value)> = vec![
        ("GET", "/dashboards/{}".into(), dashboard, Value::Null),
        ("PATCH", "/dashboards/{}".into(), dashboard, json!({ "title": "x" })),
        ("DELETE", "/dashboards/{}".into(), dashboard, Value::Null),
        ("GET", "/dashboards/{}/kpis".into(), dashboard, Value::Null),
        ("POST", "/dashboards/{}/kpis".into(), dashboard, new_kpi),
        ("GET", "/kpis/{}".into(), kpi, Value::Null),
        ("PATCH", "/kpis/{}".into(), kpi, json!({ "name": "x" })),
        ("DELETE", "/kpis/{}".into(), kpi, Value::Null),
        ("GET", "/kpis/{}/values".into(), kpi, Value::Null),
        ("POST", "/kpis/{}/values".into(), kpi, json!({ "period": "2026-05", "value": 5 })),
        ("GET", "/kpis/{}/values/2026-01".into(), kpi, Value::Null),
        ("PUT", "/kpis/{}/values/2026-01".into(), kpi, json!({ "value": 5 })),
        ("DELETE", "/kpis/{}/values/2026-01".into(), kpi, Value::Null),
        ("GET", "/kpis/{}/values/2026-01/revisions".into(), kpi, Value::Null),
        ("GET", "/kpis/{}/series".into(), kpi, Value::Null),
        ("GET", "/kpis/{}/thresholds".into(), kpi, Value::Null),
        ("POST", "/kpis/{}/thresholds".into(), kpi, json!({ "threshold_green": 1, "threshold_orange": 0 })),
        ("POST", "/kpis/{}/recompute".into(), kpi, json!({ "from": "2026-01", "dry_run": false })),
        ("GET", "/kpis/{}/actions".into(), kpi, Value::Null),
        ("POST", "/kpis/{}/actions".into(), kpi, json!({ "title": "x" })),
        ("GET", "/kpis/{}/comments".into(), kpi, Value::Null),
        ("POST", "/kpis/{}/comments".into(), kpi, json!({ "content": "x" })),
        ("GET", "/actions/{}".into(), action, Value::Null),
        ("PATCH", "/actions/{}".into(), action, json!({ "title": "x" })),
        ("DELETE", "/actions/{}".into(), action, Value::Null),
        ("GET", "/actions/{}/comments".into(), action, Value::Null),
        ("POST", "/actions/{}/comments".into(), action, json!({ "content": "x" })),
        ("PATCH", "/comments/{}".into(), comment, json!({ "content": "x" })),
        ("DELETE", "/comments/{}".into(), comment, Value::Null),
        ("GET", "/imports/jobs/{}".into(), import, Value::Null),
        ("POST", "/imports/jobs/{}/cancel".into(), import, Value::Null),
    ];
    for (method, path, id, body) in requests {
        let body = if body.is_null() { String::new() } else { body.to_string() };
        let theirs = bob.raw(method, &path.replace("{}", id), body.clone()).await;
        let nothing = bob.raw(method, &path.replace("{}", NOBODY), body).await;
        assert_eq!(theirs.status(), 404, "{method} {path}: {}", theirs.text());
        assert_eq!(theirs.anonymous_problem(), nothing.anonymous_problem(), "{method} {path}");
    }
    let moved = bob.dashboard("Le sien", None).await;
    let theirs = bob.patch(&format!("/dashboards/{moved}"), json!({ "owner_id": owner(&alice).await })).await;
    theirs.refused(422, "validation_failed");
    let page = alice.get("/imports/jobs?limit=1").await.expect(200);
    assert_eq!(page["next_cursor"], Value::Null);
    assert_eq!(everything(&alice, &planted).await, before, "nothing was changed from outside");
}

async fn owner(member: &Member) -> String {
    text(&member.get("/user/me").await.expect(200)["id"])
}

/// What the owner of the planted things sees of them.
async fn everything(alice: &Member, planted: &Planted) -> Vec<Value> {
    let mut all = Vec::new();
    for path in [
        format!("/dashboards/{}", planted.dashboard),
        format!("/dashboards/{}/kpis", planted.dashboard),
        format!("/kpis/{}/values", planted.kpi),
        format!("/kpis/{}/actions", planted.kpi),
        format!("/kpis/{}/comments", planted.kpi),
        format!("/actions/{}/comments", planted.action),
        format!("/imports/jobs/{}", planted.import),
    ] {
        all.push(alice.get(&path).await.expect(200));
    }
    all
}

async fn a_token_is_no_token_where_another_organization_is_named(place: Place) {
    let server = Server::start(&place).await;
    let (alice, bob) = (server.sign_up("alpha").await, server.sign_up("beta").await);
    let port = server.address().port();
    let forged = format!("{}A", alice.access_token.trim_end_matches(char::is_alphanumeric));
    let refused: Answer = server.anonymous().with_token(&forged).get("/dashboards").await;
    let wanted = refused.anonymous_problem();
    assert_eq!(wanted.0, 401);

    let at_beta = alice.with("host", &format!("beta.localhost:{port}"));
    let named = [
        alice.with("x-tenant-id", "beta").get("/dashboards").await,
        alice.with("x-tenant-id", "BETA").get("/dashboards").await,
        alice.get("/dashboards?tenant=beta").await,
        at_beta.get("/dashboards").await,
        at_beta.post("/dashboards", json!({ "title": "x" })).await,
        at_beta.with("x-tenant-id", "beta").get("/auth/me").await,
    ];
    for answer in named {
        assert_eq!(answer.anonymous_problem(), wanted);
        assert_eq!(answer.header("www-authenticate"), refused.header("www-authenticate"));
    }
    let own = alice.with("host", &format!("alpha.localhost:{port}"));
    own.with("x-tenant-id", "alpha").get("/dashboards?tenant=alpha").await.expect(200);
    own.with("x-tenant-id", "beta").get("/dashboards").await.refused(400, "tenant_conflict");
    alice.with("x-tenant-id", "nowhere").get("/dashboards").await.refused(404, "tenant_unknown");
    alice.get("/dashboards?tenant=nowhere").await.refused(404, "tenant_unknown");
    alice
        .with("host", &format!("nowhere.localhost:{port}"))
        .get("/dashboards")
        .await
        .refused(404, "tenant_unknown");
    assert_eq!(bob.all("/dashboards").await, Vec::<Value>::new());

    let login = json!({ "email": alice.email, "password": crate::member::PASSWORD });
    let elsewhere = server.anonymous().with("x-tenant-id", "beta").post("/auth/login", login).await;
    elsewhere.refused(401, "invalid_credentials");
    let refresh = json!({ "refresh_token": alice.refresh_token });
    let elsewhere = server.anonymous().with("x-tenant-id", "beta").post("/auth/refresh", refresh).await;
    elsewhere.refused(401, "invalid_token");
}
