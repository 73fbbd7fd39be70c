//! How organizations are, as platform administrators see it.

use crate::common::server;
use serde_json::{Value, json};
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use vigie_kernel::{OperatorContext, OrganizationId, PlanLimit};
use vigie_platform_monitoring::SampleNow;
use vigie_tenancy::{LimitSetting, SetLimit};
use vigie_test_support::{Person, TestServer};

fn operator() -> OperatorContext {
    OperatorContext::new(None, "test".to_owned())
}

fn organization(of: &Person) -> OrganizationId {
    OrganizationId::from(of.organization_id().parse::<uuid::Uuid>().unwrap())
}

/// Samples an organization when its turn has come.
async fn sample(server: &TestServer, of: &Person) {
    for _ in 0..50 {
        let sampled = server.test.app.samples.sample_now(&operator(), organization(of)).await.unwrap();
        let SampleNow::Wait(time) = sampled else { return };
        tokio::time::sleep(time + Duration::from_millis(1)).await;
    }
    panic!("its turn never came");
}

fn by_slug<'a>(list: &'a Value, slug: &str) -> &'a Value {
    list["items"].as_array().unwrap().iter().find(|one| one["slug"] == slug).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn organizations_are_listed_with_their_samples_and_no_database_is_opened() {
    let server = server().await;
    let (paris, lyon) = (server.sign_up("Paris").await, server.sign_up("Lyon").await);
    let dashboard = paris.dashboard("Ligne").await;
    paris.kpi(&dashboard, "TRS").await;
    let admin = server.platform_admin().await.client;
    let list = admin.get("/admin/organizations").await.expect(200);
    let [first, second] = [&paris, &lyon].map(|one| by_id(&list, one)["slug"].as_str().unwrap().to_owned());
    assert_eq!(by_slug(&list, &first)["sample"], Value::Null, "nothing is measured in a request");

    sample(&server, &paris).await;
    server.test.hide_database(&second);
    sample(&server, &lyon).await;
    server.test.hide_database(&first);
    let opened = server.test.app.registry.opened();

    let list = admin.get("/admin/organizations").await.expect(200);
    let seen = &by_slug(&list, &first)["sample"];
    assert_eq!(
        (&seen["health"], &seen["health_rule"], &seen["gap"]),
        (&json!("healthy"), &Value::Null, &Value::Null)
    );
    assert_eq!((&seen["members"], &seen["users"], &seen["kpis"]), (&json!(1), &json!(1), &json!(1)));
    assert_eq!((&seen["storage_bytes"], &seen["active_connections"]), (&json!(0), &Value::Null));
    assert!(seen["database_size_bytes"].as_u64().unwrap() > 0);
    assert!(seen["last_activity"].is_string() && seen["sampled_at"].is_string());
    let ill = &by_slug(&list, &second)["sample"];
    assert_eq!(
        (&ill["health"], &ill["health_rule"], &ill["gap"]),
        (&json!("warning"), &json!("sample_failed"), &json!("unreachable"))
    );
    assert_eq!(
        (&ill["database_size_bytes"], &ill["kpis"]),
        (&Value::Null, &Value::Null),
        "a gap, never a zero"
    );

    for (health, wanted) in [("healthy", vec![&first]), ("warning", vec![&second]), ("critical", vec![])] {
        let list = admin.get(&format!("/admin/organizations?health={health}&limit=10")).await.expect(200);
        let slugs: Vec<_> = list["items"].as_array().unwrap().iter().map(|one| &one["slug"]).collect();
        assert_eq!(json!(slugs), json!(wanted), "{health}");
    }
    let wrong = admin.get("/admin/organizations?health=fine").await.expect_problem(422, "validation_failed");
    assert_eq!(
        (&wrong["errors"][0]["pointer"], &wrong["errors"][0]["code"]),
        (&json!("?health"), &json!("value_unknown"))
    );
    let shown = admin.get(&format!("/admin/organizations/{}", paris.organization_id())).await.expect(200);
    assert_eq!(&shown["sample"], seen);

    assert_eq!(server.test.app.registry.opened(), opened, "all of it is the control database's");
}

fn by_id<'a>(list: &'a Value, of: &Person) -> &'a Value {
    list["items"].as_array().unwrap().iter().find(|one| one["id"] == of.organization_id()).unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn exceptions_from_the_plan_are_shown_with_their_end() {
    let server = server().await;
    let owner = server.sign_up("Usine").await;
    let admin = server.platform_admin().await.client;
    let path = format!("/admin/organizations/{}", owner.organization_id());
    assert_eq!(admin.get(&path).await.expect(200)["limit_exceptions"], json!([]));
    let limits = json!({
        "kpis": {"value": 7, "expires_at": "2999-01-01T00:00:00Z"}, "members": {"value": null},
    });
    let changed = admin.patch(&path, &json!({"limits": limits})).await.expect(200);
    let wanted = json!([
        {"key": "kpis", "limit": 7, "expires_at": "2999-01-01T00:00:00Z", "expired": false},
        {"key": "members", "limit": null, "expires_at": null, "expired": false},
    ]);
    assert_eq!(changed["limit_exceptions"], wanted);
    assert_eq!(admin.get(&path).await.expect(200), changed);
    let to = LimitSetting::AsPlan;
    for limit in [PlanLimit::Kpis, PlanLimit::Members] {
        let back = SetLimit { organization: organization(&owner), limit, to };
        server.test.app.plans.set_limit(&operator(), back).await.unwrap();
    }
    assert_eq!(admin.get(&path).await.expect(200)["limit_exceptions"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_tell_organizations_by_status_and_when_one_was_last_measured() {
    let server = server().await;
    let owner = server.sign_up("Usine").await;
    sample(&server, &owner).await;
    let figures = server.client.get("/metrics").await.text();
    assert!(figures.contains("organizations{status=\"active\"} "), "{figures}");
    assert!(figures.contains("organizations{status=\"suspended\"} "), "{figures}");
    assert!(figures.contains("snapshot_last_success_timestamp_seconds "), "{figures}");
    assert!(!figures.contains(owner.organization_id()), "no figure names an organization");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_background_samples_by_itself_and_stops_at_once() {
    let server = server().await;
    let owner = server.sign_up("Usine").await;
    let id = [organization(&owner)];
    let stop = CancellationToken::new();
    let running = tokio::spawn({
        let (background, stop) = (server.test.app.background().clone(), stop.clone());
        async move { background.run(stop).await }
    });
    let mut taken = Vec::new();
    for _ in 0..200 {
        taken = server.test.app.samples.samples(&operator(), &id).await.unwrap();
        if !taken.is_empty() {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert_eq!((taken.len(), taken[0].gap), (1, None), "nobody asked for it");
    stop.cancel();
    // An idle sampler rests for ten seconds, which nobody has to wait for.
    tokio::time::timeout(Duration::from_secs(5), running).await.expect("it stops").unwrap();
}
