//! The main job from end to end, and what each answer says.

use crate::common::server;
use reqwest::Method;
use serde_json::{Value, json};
use vigie_test_support::{Client, PASSWORD, Person};

#[tokio::test(flavor = "multi_thread")]
async fn the_main_job_from_end_to_end() {
    let server = server().await;
    walk(&server.client).await;
}

/// Signs up, steers a KPI, imports a French file, and sees what is red and what is being done about it.
async fn walk(server: &Client) {
    let owner = Person::sign_up(server, "Usine de Lyon").await;
    let dashboard = owner.dashboard("Ligne 1").await;
    let kpi = owner.kpi(&dashboard, "TRS").await;

    sessions(server, &owner).await;
    conditional_changes(&owner.client, &dashboard).await;
    values(&owner.client, &kpi).await;
    pages(&owner.client, &kpi).await;
    imports(&owner, &dashboard).await;
    actions(&owner.client, &kpi).await;
    reports(&owner.client, &kpi).await;
    closing(&owner.client, &kpi).await;
}

async fn sessions(server: &Client, owner: &Person) {
    let me = owner.client.get("/auth/me").await.expect(200);
    assert_eq!((&me["user"]["email"], &me["user"]["role"]), (&json!(owner.email), &json!("OWNER")));
    let organization = owner.client.get("/user/organizations/me").await.expect(200);
    assert_eq!((&organization["slug"], &organization["status"]), (&json!(owner.slug()), &json!("active")));

    let wrong = json!({"email": owner.email, "password": "not this one at all"});
    server.post("/auth/login", &wrong).await.expect_problem(401, "invalid_credentials");
    let again = Person::login(server, &owner.email).await;
    let token = json!({"refresh_token": again.session["refresh_token"]});
    let renewed = server.post("/auth/refresh", &token).await.expect(200);
    let client = server.with_token(renewed["access_token"].as_str());
    client.get("/auth/me").await.expect(200);
    client.post("/auth/logout", &Value::Null).await.expect(204);
    client.get("/auth/me").await.expect_problem(401, "invalid_token");
    let body = json!({
        "organization_name": "Autre", "full_name": "Autre", "email": owner.email, "password": PASSWORD,
    });
    server.post("/auth/signup", &body).await.expect_problem(409, "email_taken");
    server.with_token(Some("abc.def.ghi")).get("/auth/me").await.expect_problem(401, "invalid_token");
}

async fn conditional_changes(client: &Client, dashboard: &str) {
    let path = format!("/dashboards/{dashboard}");
    let read = client.get(&path).await;
    assert_eq!(read.header("etag"), "\"1\"");
    let changed =
        client.with("if-match", "\"1\"").patch(&path, &json!({"description": "Presse et four"})).await;
    changed.expect(200);
    assert_eq!(changed.header("etag"), "\"2\"");
    let stale = client.with("if-match", "\"1\"").patch(&path, &json!({"title": "Autre"})).await;
    stale.expect_problem(412, "changed_meanwhile");
    let cleared = client.patch(&path, &json!({"description": null})).await.expect(200);
    assert_eq!((&cleared["description"], &cleared["title"]), (&Value::Null, &json!("Ligne 1")));
    client.delete(&path).await.expect_problem(409, "dashboard_not_empty");
}

async fn values(client: &Client, kpi: &str) {
    let path = format!("/kpis/{kpi}/values");
    let added =
        client.post(&path, &json!({"period": "2026-02-14", "value": 84.50, "comment": "Panne"})).await;
    assert_eq!(added.header("location"), format!("/api/v1/kpis/{kpi}/values/2026-02"));
    let value = added.expect(201);
    assert_eq!(value["period_key"], "2026-02");
    assert_eq!((&value["period_start"], &value["period_end"]), (&json!("2026-02-01"), &json!("2026-02-28")));
    assert_eq!(
        (&value["value"], &value["status"], &value["score"]),
        (&json!("84.5"), &json!("RED"), &json!("0"))
    );

    let twice = client
        .post(&path, &json!({"period": "2026-02", "value": 1}))
        .await
        .expect_problem(409, "value_exists");
    assert_eq!(twice["errors"][0]["params"]["value_id"], value["id"]);
    let place = format!("{path}/2026-02");
    let changed = client.put(&place, &json!({"value": "92.5"})).await.expect(200);
    assert_eq!((&changed["status"], &changed["score"]), (&json!("ORANGE"), &json!("50")));
    assert_eq!(changed["comment"], "Panne", "an absent comment stays");
    let same = client.put(&place, &json!({"value": "92.50"})).await;
    assert_eq!(same.header("etag"), "\"2\"");
    let put = client
        .put(&format!("{path}/2026-01"), &json!({"not_applicable": true, "reason": "Arrêt annuel"}))
        .await;
    assert_eq!(put.expect(201)["status_reason"], "NOT_APPLICABLE");

    let revisions = client.get(&format!("{place}/revisions")).await.expect(200);
    let revisions = revisions["items"].as_array().unwrap();
    assert_eq!(revisions.len(), 2, "the same value again leaves no trace");
    assert_eq!(
        (&revisions[1]["old"]["value"], &revisions[1]["new"]["value"]),
        (&json!("84.5"), &json!("92.5"))
    );

    for (body, code) in [
        (json!({"period": "2999-01", "value": 1}), "period_in_future"),
        (json!({"period": "2026-W07", "value": 1}), "period_frequency_mismatch"),
        (json!({"period": "soon", "value": 1}), "period_invalid"),
        (
            json!({"period_start": "2026-03-01", "period_end": "2026-03-27", "value": 1}),
            "period_bounds_mismatch",
        ),
        (json!({"period": "2026-03", "value": "12,5"}), "number_invalid"),
        (json!({"period": "2026-03"}), "required"),
    ] {
        let problem = client.post(&path, &body).await.expect_problem(422, "validation_failed");
        assert_eq!(problem["errors"][0]["code"], code, "{body}");
    }
    client.get(&format!("{path}/2026-03")).await.expect_problem(404, "value_not_found");
    client.delete(&format!("{path}/2026-01")).await.expect(204);
    client.delete(&format!("{path}/2026-01")).await.expect_problem(404, "value_not_found");
}

async fn pages(client: &Client, kpi: &str) {
    for month in 1..=9 {
        client
            .put(&format!("/kpis/{kpi}/values/2025-{month:02}"), &json!({"value": 90 + month}))
            .await
            .expect(201);
    }
    let mut path = format!("/api/v1/kpis/{kpi}/values?to=2025-12&limit=4");
    let mut seen = Vec::new();
    loop {
        let answer = client.get(&path).await;
        let page = answer.expect(200);
        seen.extend(page["items"].as_array().unwrap().iter().map(|value| value["period_key"].clone()));
        let link = answer.header("link");
        assert_eq!(page["next_cursor"].is_null(), link.is_empty());
        let Some(next) = link.strip_prefix('<').and_then(|rest| rest.split('>').next()) else { break };
        next.clone_into(&mut path);
    }
    let months: Vec<Value> = (1..=9).map(|month| json!(format!("2025-{month:02}"))).collect();
    assert_eq!(seen, months, "every value once, in order");
    let series = client.get(&format!("/kpis/{kpi}/series?from=2025-08&to=2025-11")).await.expect(200);
    let states: Vec<&Value> =
        series["points"].as_array().unwrap().iter().map(|point| &point["state"]).collect();
    assert_eq!(states, ["PROVIDED", "PROVIDED", "LATE", "LATE"]);
    client.get(&format!("/kpis/{kpi}/series?view=quarter")).await.expect_problem(422, "validation_failed");
}

/// A French spreadsheet: Windows-1252, `;`, decimal commas, a title above.
async fn imports(owner: &Person, dashboard: &str) {
    owner.kpi(dashboard, "Taux de service").await;
    let text = "Suivi qualit\u{e9}\n\nIndicateur;P\u{e9}riode;Valeur\n\
                Taux de service;f\u{e9}vr. 2026;96,4\nTaux de service;mars 2026;1 234,5\n\
                Taux de service;avril 2026;n/a\nInconnu;mars 2026;3\nTaux de service;mai 2026;12,3,4\n";
    let bytes: Vec<u8> = text.chars().map(|c| u8::try_from(u32::from(c)).unwrap()).collect();
    let client = &owner.client;

    let dry = client.upload("/imports/kpi-values?dry_run=true", "suivi.csv", &bytes, None).await.expect(201);
    assert_eq!((&dry["dry_run"], &dry["phase"]), (&json!(true), &json!("validated")));
    let done = client.upload("/imports/kpi-values", "suivi.csv", &bytes, None).await;
    let run = done.expect(201);
    assert_eq!(done.header("location"), format!("/api/v1/imports/jobs/{}", run["id"].as_str().unwrap()));
    assert_eq!(run["status"], "PARTIAL");
    assert_eq!(run["file"]["encoding"], "windows-1252");
    assert_eq!(
        run["counts"],
        json!({
            "rows_total": 5, "inserted": 2, "updated": 0, "unchanged": 0, "skipped": 0, "blank": 1, "rejected": 2,
        })
    );
    assert_eq!(dry["counts"], run["counts"], "the dry run foretells it");
    let codes: Vec<&str> = run["issues"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|issue| issue["severity"] == "error")
        .map(|issue| issue["code"].as_str().unwrap())
        .collect();
    assert_eq!(codes, ["KPI_UNKNOWN", "NUMBER_INVALID"]);

    let again = client.upload("/imports/kpi-values", "suivi.csv", &bytes, None).await.expect(201);
    assert_eq!((&again["counts"]["inserted"], &again["counts"]["unchanged"]), (&json!(0), &json!(2)));
    let rejected = client.with("accept-language", "fr").get(run["rejected_file"].as_str().unwrap()).await;
    assert!(rejected.header("content-type").starts_with("text/csv"));
    assert!(
        rejected.text().contains("NUMBER_INVALID") && rejected.text().contains("12,3,4"),
        "{}",
        rejected.text()
    );

    let id = run["id"].as_str().unwrap();
    client
        .post(&format!("/imports/jobs/{id}/cancel"), &Value::Null)
        .await
        .expect_problem(409, "import_ended");
    let problem =
        client.upload("/imports/kpi-values", "suivi.csv", &bytes, Some(&json!({"layuot": "LONG"}))).await;
    assert_eq!(problem.expect_problem(422, "validation_failed")["errors"][0]["pointer"], "/options/layuot");
    client.upload("/imports/kpi-values", "empty.csv", b"", None).await.expect_problem(422, "file_empty");
    let listed = client.get("/imports/jobs").await.expect(200);
    assert_eq!(listed["items"].as_array().unwrap().len(), 3);
}

async fn actions(client: &Client, kpi: &str) {
    let created = client
        .post(
            &format!("/kpis/{kpi}/actions"),
            &json!({"title": "Régler la presse", "due_date": "2020-01-31"}),
        )
        .await;
    let action = created.expect(201);
    assert_eq!((&action["status"], &action["late"]), (&json!("OPEN"), &json!(true)));
    assert_eq!(action["warnings"], json!(["DUE_DATE_PAST"]));
    let path = format!("/actions/{}", action["id"].as_str().unwrap());
    let changed = client.patch(&path, &json!({"status": "IN_PROGRESS", "progress": 50})).await.expect(200);
    assert_eq!((&changed["progress"], &changed["version"]), (&json!(50), &json!(2)));
    client.patch(&path, &json!({"progress": 101})).await.expect_problem(422, "validation_failed");
    let late = client.get("/actions?late=true&status=IN_PROGRESS").await.expect(200);
    assert_eq!(late["items"][0]["kpi_name"], "TRS");
    client.post(&format!("{path}/comments"), &json!({"content": "Pièce commandée"})).await.expect(201);
    let comments = client.get(&format!("{path}/comments")).await.expect(200);
    assert_eq!(comments["items"][0]["content"], "Pièce commandée");
}

async fn reports(client: &Client, kpi: &str) {
    client.put(&format!("/kpis/{kpi}/values/2026-03"), &json!({"value": 80})).await.expect(201);
    let risks = client.get("/reporting/top-risks?as_of=2026-04-15").await.expect(200);
    let first = &risks["items"][0];
    assert_eq!(
        (&first["name"], &first["status"], &first["period_key"]),
        (&json!("TRS"), &json!("RED"), &json!("2026-03"))
    );
    assert_eq!((&first["actions_open"], &first["red_without_action"]), (&json!(1), &json!(false)));
    let overview = client.get("/reporting/overview?as_of=2026-04-15").await.expect(200);
    assert_eq!(
        (&overview["organization"]["counts"]["red"], &overview["organization"]["counts"]["green"]),
        (&json!(1), &json!(1))
    );
    assert_eq!(overview["processes"][0]["process_name"], "Production");
    let problem =
        client.get("/reporting/overview?as_of=2999-01-01").await.expect_problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["pointer"], "?as_of");
}

async fn closing(client: &Client, kpi: &str) {
    let body = json!({"frequency": "MONTHLY", "closed_through": "2026-02-28"});
    client.put("/periods/closing", &body).await.expect(200);
    let place = format!("/kpis/{kpi}/values/2026-02");
    client.put(&place, &json!({"value": 99})).await.expect_problem(409, "period_locked");
    let overridden =
        client.put(&place, &json!({"value": 99, "override_reason": "Erreur de saisie"})).await.expect(200);
    assert_eq!(overridden["status"], "GREEN");
    let recomputed = client
        .post(&format!("/kpis/{kpi}/recompute"), &json!({"from": "2026-01", "dry_run": true}))
        .await
        .expect(200);
    assert_eq!((&recomputed["periods"][0]["locked"], &recomputed["changed"]), (&json!(true), &json!(0)));
    let opened = client
        .put("/periods/closing", &json!({"frequency": "MONTHLY", "closed_through": null}))
        .await
        .expect(200);
    assert_eq!(opened["closed_through"], Value::Null);
    client.ask(Method::DELETE, &place, None).await.expect(204);
}
