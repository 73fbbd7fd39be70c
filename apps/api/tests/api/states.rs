//! What an organization's members get in each of its states.

use crate::common::server;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use vigie_kernel::OrganizationStatus;
use vigie_test_support::{Answer, Person, TestServer};

async fn read(person: &Person) -> Answer {
    person.client.get("/dashboards").await
}

async fn write(person: &Person) -> Answer {
    person.client.post("/dashboards", &json!({"title": "Atelier"})).await
}

/// Once a request is answered so; the product remembers a session for a second.
async fn eventually(person: &Person, status: u16) -> Answer {
    let begun = Instant::now();
    loop {
        let answer = read(person).await;
        if answer.status == status || begun.elapsed() > Duration::from_secs(20) {
            return answer;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn in_status(server: &TestServer, status: OrganizationStatus) -> Person {
    let owner = server.sign_up("Usine").await;
    server.test.set_status(owner.slug(), status, "Impayé").await;
    owner
}

#[tokio::test(flavor = "multi_thread")]
async fn every_state_has_its_answer() {
    let server = server().await;
    for (status, http, code) in [
        (OrganizationStatus::Provisioning, 503, "tenant_provisioning"),
        (OrganizationStatus::Suspended, 403, "tenant_suspended"),
        (OrganizationStatus::Archived, 410, "tenant_archived"),
        (OrganizationStatus::Failed, 503, "tenant_failed"),
        (OrganizationStatus::Deleted, 404, "tenant_unknown"),
    ] {
        let owner = in_status(&server, status).await;
        let answer = eventually(&owner, http).await;
        let problem = answer.expect_problem(http, code);
        let retry = answer.header("retry-after");
        assert_eq!(retry.is_empty(), status != OrganizationStatus::Provisioning, "{status:?}: {retry}");
        write(&owner).await.expect_problem(http, code);
        let told = problem["detail"].as_str().unwrap().contains("Impayé");
        assert_eq!(told, status == OrganizationStatus::Suspended, "{status:?}: {problem}");
    }
    let migrating = in_status(&server, OrganizationStatus::Migrating).await;
    let begun = Instant::now();
    while write(&migrating).await.status != 503 {
        assert!(begun.elapsed() < Duration::from_secs(20), "it can still be written to");
    }
    let refused = write(&migrating).await;
    refused.expect_problem(503, "tenant_migrating");
    assert_eq!(refused.header("retry-after"), "5");
    read(&migrating).await.expect(200);
    let read_only = in_status(&server, OrganizationStatus::ReadOnly).await;
    let begun = Instant::now();
    while write(&read_only).await.status != 423 {
        assert!(begun.elapsed() < Duration::from_secs(20), "it can still be written to");
    }
    write(&read_only).await.expect_problem(423, "tenant_read_only");
    read(&read_only).await.expect(200);
    // Whoever is in may still look after his own account.
    read_only.client.delete("/auth/sessions").await.expect(204);
    read_only.client.post("/auth/logout", &json!({})).await.expect(204);
}

#[tokio::test(flavor = "multi_thread")]
async fn unknown_and_deleted_organizations_look_the_same() {
    let server = server().await;
    let gone = in_status(&server, OrganizationStatus::Deleted).await;
    let same = |answer: Answer| {
        let mut problem: Value = answer.expect_problem(404, "tenant_unknown");
        problem["request_id"] = Value::Null;
        problem
    };
    let named = |slug: &str| server.client.with("x-tenant-id", slug);
    let login = json!({"email": "a@example.org", "password": "x"});
    let deleted = same(named(gone.slug()).post("/auth/login", &login).await);
    let unknown = same(named("nobody-knows").post("/auth/login", &login).await);
    assert_eq!(deleted, unknown);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_schema_that_is_not_served_and_a_database_that_is_not_there_have_their_answers() {
    let server = server().await;
    let old = server.sign_up("Ancienne").await;
    server.test.tenant_sql(old.slug(), "UPDATE org_meta SET schema_fingerprint = 'older'").await;
    server.test.app.registry.forget(old.organization_id().parse().unwrap());
    let answer = read(&old).await;
    answer.expect_problem(503, "tenant_schema_outdated");
    assert!(!answer.header("retry-after").is_empty());

    let lost = server.sign_up("Perdue").await;
    server.test.hide_database(lost.slug());
    server.test.app.registry.forget(lost.organization_id().parse().unwrap());
    let answer = read(&lost).await;
    assert_eq!(answer.status, 503, "{}", answer.text());
    assert!(!answer.header("retry-after").is_empty());
    server.sign_up("Intacte").await.client.get("/dashboards").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn jobs_of_a_suspended_organization_wait_until_it_is_resumed() {
    let server = server().await;
    let owner = server.sign_up("Usine").await;
    let dashboard = owner.dashboard("Ligne 1").await;
    let daily = json!({"name": "Jour", "code": "JOUR", "frequency": "DAILY", "direction": "UP_IS_BETTER"});
    owner.client.post(&format!("/dashboards/{dashboard}/kpis"), &daily).await.expect(201);
    let rows: String = (0..2_500).fold("kpi;période;valeur\n".to_owned(), |rows, row| {
        let (year, month, day) = (2018 + row / 336, row / 28 % 12 + 1, row % 28 + 1);
        rows + &format!("JOUR;{year}-{month:02}-{day:02};{row}\n")
    });
    let import =
        owner.client.upload("/imports/kpi-values", "jour.csv", rows.as_bytes(), None).await.expect(202);
    let admin = server.platform_admin().await;
    let path = format!("/admin/organizations/{}", owner.organization_id());
    let suspend = json!({"status": "suspended", "reason": "Impayé"});
    admin.client.patch(&path, &suspend).await.expect(200);

    // Its events are relayed when it is active again; nothing of it runs until then.
    server.test.run_jobs().await;
    admin.client.patch(&path, &json!({"status": "active", "reason": "Payé"})).await.expect(200);
    let job = format!("/imports/jobs/{}", import["id"].as_str().unwrap());
    eventually(&owner, 200).await.expect(200);
    assert_eq!(owner.client.get(&job).await.expect(200)["status"], "PENDING");
    server.test.run_jobs().await;
    assert_eq!(owner.client.get(&job).await.expect(200)["status"], "SUCCESS");
}
