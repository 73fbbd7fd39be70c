//! Plans, limits and modules over HTTP.

use crate::common::server;
use serde_json::{Value, json};
use std::time::Duration;
use vigie_api::{ServerSettings, Services, serve};
use vigie_composition::App;
use vigie_kernel::{Module, OperatorContext, OrganizationId, PlanLimit, Role};
use vigie_tenancy::{ChangePlan, LimitSetting, Plan, SetLimit, SetModule};
use vigie_test_support::{Client, Person};

/// How long a change may take to count in another process.
const EVERYWHERE: Duration = Duration::from_secs(2);

fn operator() -> OperatorContext {
    OperatorContext::new(None, "test".to_owned())
}

fn organization(of: &Person) -> OrganizationId {
    OrganizationId::from(uuid_of(of.organization_id()))
}

fn uuid_of(text: &str) -> uuid::Uuid {
    text.parse().unwrap()
}

async fn limit(app: &App, of: &Person, limit: PlanLimit, value: u64) {
    let to = LimitSetting::Other { value: Some(value), expires_at: None };
    let command = SetLimit { organization: organization(of), limit, to };
    app.plans.set_limit(&operator(), command).await.unwrap();
}

async fn switch(app: &App, of: &Person, module: Module, enabled: bool) {
    let command =
        SetModule { organization: organization(of), module, enabled: Some(Some(enabled)), config: None };
    app.plans.set_module(&operator(), command).await.unwrap();
}

fn a_kpi(name: &str) -> Value {
    json!({"name": name, "frequency": "MONTHLY", "direction": "UP_IS_BETTER"})
}

fn params(problem: &Value) -> (&Value, &Value, &Value, &Value) {
    let params = &problem["errors"][0]["params"];
    (&params["resource"], &params["limit"], &params["used"], &params["plan"])
}

#[tokio::test(flavor = "multi_thread")]
async fn a_limit_blocks_growth_and_takes_nothing_away() {
    let server = server().await;
    let owner = server.sign_up("Usine").await;
    let dashboard = owner.dashboard("Ligne").await;
    let kpis = format!("/dashboards/{dashboard}/kpis");
    let first = owner.kpi(&dashboard, "Un").await;
    let second = owner.kpi(&dashboard, "Deux").await;
    limit(&server.test.app, &owner, PlanLimit::Kpis, 1).await;

    let refused = owner.client.post(&kpis, &a_kpi("Trois")).await.expect_problem(403, "plan_limit_reached");
    assert_eq!(params(&refused), (&json!("kpis"), &json!("1"), &json!("2"), &json!("starter")));
    owner.client.get(&format!("/kpis/{first}")).await.expect(200);
    let value = json!({"period": "2026-01", "value": 90});
    owner.client.post(&format!("/kpis/{first}/values"), &value).await.expect(201);
    owner.client.patch(&format!("/kpis/{first}"), &json!({"name": "Un bis"})).await.expect(200);

    // Archiving makes room, restoring takes it.
    owner.client.patch(&format!("/kpis/{first}"), &json!({"is_active": false})).await.expect(200);
    owner.client.delete(&format!("/kpis/{second}")).await.expect(204);
    let third = owner.client.post(&kpis, &a_kpi("Trois")).await.expect(201);
    let restore = owner.client.patch(&format!("/kpis/{first}"), &json!({"is_active": true})).await;
    restore.expect_problem(403, "plan_limit_reached");
    owner.client.delete(&format!("/kpis/{}", third["id"].as_str().unwrap())).await.expect(204);
    owner.client.patch(&format!("/kpis/{first}"), &json!({"is_active": true})).await.expect(200);

    let usage = owner.client.get("/user/organizations/me/usage").await.expect(200);
    let of = |key: &str| usage["limits"].as_array().unwrap().iter().find(|one| one["key"] == key).unwrap();
    assert_eq!((&of("kpis")["limit"], &of("kpis")["used"]), (&json!(1), &json!(1)));
    assert_eq!((&of("members")["limit"], &of("members")["used"]), (&json!(50), &json!(1)));
    assert_eq!((&of("kpis")["exception"], &of("members")["exception"]), (&json!(true), &json!(false)));
}

#[tokio::test(flavor = "multi_thread")]
async fn files_and_values_beyond_the_plan_are_refused_before_anything_is_written() {
    let server = server().await;
    let owner = server.sign_up("Usine").await;
    let dashboard = owner.dashboard("Ligne").await;
    let kpi = owner.kpi(&dashboard, "TRS").await;
    let file =
        |value: u32| format!("kpi;date;value\nTRS;2026-01;{value}\nTRS;2026-02;{value}\n").into_bytes();
    let import =
        async |content: &[u8]| owner.client.upload("/imports/kpi-values", "trs.csv", content, None).await;
    let size = u64::try_from(file(1).len()).unwrap();

    limit(&server.test.app, &owner, PlanLimit::ImportValues, 1).await;
    let refused = import(&file(1)).await.expect_problem(403, "plan_limit_reached");
    assert_eq!(params(&refused), (&json!("import_values"), &json!("1"), &json!("2"), &json!("starter")));
    limit(&server.test.app, &owner, PlanLimit::ImportValues, 2).await;
    limit(&server.test.app, &owner, PlanLimit::StorageBytes, size).await;
    import(&file(1)).await.expect(201);
    let refused = import(&file(2)).await.expect_problem(403, "plan_limit_reached");
    let text = size.to_string();
    assert_eq!(params(&refused), (&json!("storage_bytes"), &json!(text), &json!(text), &json!("starter")));
    assert_eq!(
        import(&file(1)).await.expect(201)["counts"]["unchanged"],
        2,
        "the same content takes no room"
    );

    let values = owner.client.get(&format!("/kpis/{kpi}/values")).await.expect(200);
    let seen: Vec<&Value> = values["items"].as_array().unwrap().iter().map(|one| &one["value"]).collect();
    assert_eq!(seen, ["1", "1"]);
    let runs = owner.client.get("/imports/jobs").await.expect(200);
    assert_eq!(runs["items"].as_array().unwrap().len(), 2, "a refused upload leaves no run");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_module_that_is_off_is_not_there_and_comes_back_with_its_data() {
    let server = server().await;
    let owner = server.sign_up("Usine").await;
    let admin = server.platform_admin().await;
    let dashboard = owner.dashboard("Ligne").await;
    let path = format!("/admin/organizations/{}/modules/dashboards", owner.organization_id());

    let off =
        admin.client.patch(&path, &json!({"enabled": false, "config": {"note": "x"}})).await.expect(200);
    assert_eq!(
        (&off["enabled"], &off["in_plan"], &off["switched"]),
        (&json!(false), &json!(true), &json!(false))
    );
    let problem = owner.client.get("/dashboards").await.expect_problem(404, "module_disabled");
    assert_eq!(problem["errors"][0]["params"]["module"], "dashboards");
    let body = json!({"title": "Autre"});
    owner.client.post("/dashboards", &body).await.expect_problem(404, "module_disabled");
    owner.client.get("/imports/jobs").await.expect(200);
    let modules = owner.client.get("/user/organizations/me/modules").await.expect(200);
    assert_eq!(modules["items"][0]["key"], "dashboards");
    assert_eq!(modules["items"][0]["config"], json!({"note": "x"}));

    let back = admin.client.patch(&path, &json!({"enabled": null})).await.expect(200);
    assert_eq!((&back["enabled"], &back["switched"]), (&json!(true), &Value::Null));
    owner.client.get(&format!("/dashboards/{dashboard}")).await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_every_plan_has_of_a_module_goes_only_when_it_is_switched_off() {
    let server = server().await;
    let owner = server.sign_up("Usine").await;
    let modules = owner.client.get("/user/organizations/me/modules").await.expect(200);
    let on: Vec<&Value> = modules["items"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|one| one["enabled"] == true)
        .map(|one| &one["key"])
        .collect();
    assert_eq!(on, ["dashboards", "kpis", "action_plans", "imports"], "a starter has these");
    owner.client.get("/reporting/overview").await.expect(200);
    switch(&server.test.app, &owner, Module::Reporting, false).await;
    owner.client.get("/reporting/overview").await.expect_problem(404, "module_disabled");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_platform_changes_plan_and_limits_of_an_organization() {
    let server = server().await;
    let owner = server.sign_up("Usine").await;
    let admin = server.platform_admin().await.client;
    let path = format!("/admin/organizations/{}", owner.organization_id());
    let tag = admin.get(&path).await.header("etag").to_owned();
    let until = "2999-01-01T00:00:00Z";
    let change = json!({
        "name": "Usine Nord", "plan": "professional",
        "limits": {"kpis": {"value": 7, "expires_at": until}, "members": {"value": null}},
    });

    let changed = admin.with("if-match", &tag).patch(&path, &change).await.expect(200);
    assert_eq!((&changed["name"], &changed["plan"]), (&json!("Usine Nord"), &json!("professional")));
    admin.with("if-match", &tag).patch(&path, &change).await.expect_problem(412, "changed_meanwhile");

    let limits = async || {
        let usage = owner.client.get("/user/organizations/me/usage").await.expect(200);
        let limits = usage["limits"].as_array().unwrap().clone();
        let of = |key: &str| limits.iter().find(|one| one["key"] == key).unwrap().clone();
        (usage["plan"].clone(), of("kpis"), of("members"))
    };
    let (plan, kpis, members) = limits().await;
    assert_eq!(plan, "professional");
    assert_eq!((&kpis["limit"], &kpis["exception"]), (&json!(7), &json!(true)));
    assert_eq!((&members["limit"], &members["exception"]), (&Value::Null, &json!(true)));
    admin.patch(&path, &json!({"limits": {"kpis": null}})).await.expect(200);
    let (_, kpis, members) = limits().await;
    assert_eq!((&kpis["limit"], &kpis["exception"]), (&json!(50_000), &json!(false)));
    assert_eq!(members["exception"], true, "a limit that is not named stays");
    let refused = owner.client.patch(&path, &json!({"plan": "enterprise"})).await;
    refused.expect_problem(403, "platform_admin_required");
}

#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_there_can_be_switched() {
    let server = server().await;
    let owner = server.sign_up("Usine").await;
    let admin = server.platform_admin().await;
    let path = format!("/admin/organizations/{}/modules", owner.organization_id());
    let body = json!({"enabled": true});
    let cats = admin.client.patch(&format!("{path}/cats"), &body).await;
    cats.expect_problem(404, "module_not_found");
    let nowhere = "/admin/organizations/019a0000-0000-7000-8000-0123456789ab/modules/imports";
    admin.client.patch(nowhere, &body).await.expect_problem(404, "organization_not_found");
    let long = json!({"config": {"text": "x".repeat(5_000)}});
    let long = admin.client.patch(&format!("{path}/imports"), &long).await;
    assert_eq!(long.expect_problem(422, "validation_failed")["errors"][0]["pointer"], "/config");
    let wrong = admin.client.patch(&format!("{path}/imports"), &json!({"enabled": "yes"})).await;
    assert_eq!(wrong.expect_problem(422, "validation_failed")["errors"][0]["pointer"], "/enabled");
    owner
        .client
        .patch(&format!("{path}/imports"), &body)
        .await
        .expect_problem(403, "platform_admin_required");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_job_of_a_module_that_is_off_waits() {
    let server = server().await;
    let owner = server.sign_up("Usine").await;
    let dashboard = owner.dashboard("Ligne").await;
    let daily = json!({"name": "Jour", "code": "JOUR", "frequency": "DAILY", "direction": "UP_IS_BETTER"});
    owner.client.post(&format!("/dashboards/{dashboard}/kpis"), &daily).await.expect(201);
    let rows: String = (0..2_500).fold("kpi;date;value\n".to_owned(), |rows, row| {
        let (year, month, day) = (2018 + row / 336, row / 28 % 12 + 1, row % 28 + 1);
        rows + &format!("JOUR;{year}-{month:02}-{day:02};{row}\n")
    });
    let run = owner.client.upload("/imports/kpi-values", "jour.csv", rows.as_bytes(), None).await.expect(202);
    switch(&server.test.app, &owner, Module::Imports, false).await;

    server.test.run_jobs().await;

    switch(&server.test.app, &owner, Module::Imports, true).await;
    let place = format!("/imports/jobs/{}", run["id"].as_str().unwrap());
    assert_eq!(owner.client.get(&place).await.expect(200)["status"], "PENDING");
    let waiting = server.test.app.queue.depth().await.unwrap();
    assert_eq!(waiting.iter().map(|lane| lane.waiting).sum::<i64>(), 1, "it is neither done nor dead");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_counts_in_another_process_within_two_seconds() {
    let first = server().await;
    let owner = first.sign_up("Usine").await;
    let second = App::build((*first.test.app.config).clone()).await.unwrap();
    let elsewhere = on_another(&second).with_token(owner.session["access_token"].as_str());
    elsewhere.get("/imports/jobs").await.expect(200);
    let dashboard = owner.dashboard("Ligne").await;
    let kpis = format!("/dashboards/{dashboard}/kpis");
    elsewhere.post(&kpis, &a_kpi("Un")).await.expect(201);

    switch(&first.test.app, &owner, Module::Imports, false).await;
    limit(&first.test.app, &owner, PlanLimit::Kpis, 1).await;
    tokio::time::sleep(EVERYWHERE).await;
    elsewhere.get("/imports/jobs").await.expect_problem(404, "module_disabled");
    elsewhere.post(&kpis, &a_kpi("Deux")).await.expect_problem(403, "plan_limit_reached");

    let change =
        ChangePlan { organization: organization(&owner), plan: Plan::Enterprise, expected_version: None };
    first.test.app.plans.change_plan(&operator(), change).await.unwrap();
    let back =
        SetLimit { organization: organization(&owner), limit: PlanLimit::Kpis, to: LimitSetting::AsPlan };
    first.test.app.plans.set_limit(&operator(), back).await.unwrap();
    tokio::time::sleep(EVERYWHERE).await;
    elsewhere.post(&kpis, &a_kpi("Deux")).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn no_member_comes_in_when_every_place_is_taken() {
    let server = server().await;
    let owner = server.sign_up("Usine").await;
    limit(&server.test.app, &owner, PlanLimit::Members, 2).await;
    let member = server.member(&owner, Role::User).await;
    let command = vigie_auth::AddMember {
        organization_slug: owner.slug().to_owned(),
        email: "third@example.org".to_owned(),
        full_name: "Trop".to_owned(),
        role: Role::User,
        password: vigie_auth::SecretText::new(vigie_test_support::PASSWORD),
    };
    let refused = server.test.app.auth.add_member(&operator(), command).await.unwrap_err();
    assert!(matches!(refused, vigie_auth::AuthError::LimitReached(_)), "{refused:?}");
    limit(&server.test.app, &owner, PlanLimit::Members, 1).await;
    member.client.get("/dashboards").await.expect(200);
}

/// Serves another application on the same databases, until the test ends.
fn on_another(app: &App) -> Client {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let client = Client::new(format!("http://{}", listener.local_addr().unwrap()));
    let settings = ServerSettings { workers: Some(1), ..ServerSettings::from(&*app.config) };
    tokio::spawn(serve(Services::from(app), settings, listener, std::future::pending()).unwrap());
    client
}
