//! The inbox, from what somebody does to what somebody else reads.

use crate::common::server;
use serde_json::{Value, json};
use vigie_kernel::Role;
use vigie_test_support::{Client, Person, TestServer};

async fn inbox(person: &Person, query: &str) -> Vec<Value> {
    let list = person.client.get(&format!("/user/notifications{query}")).await.expect(200);
    list["items"].as_array().unwrap().clone()
}

async fn texts(person: &Person) -> Vec<String> {
    let english = Person { client: person.client.with("accept-language", "en"), ..person.clone() };
    inbox(&english, "").await.iter().map(|entry| entry["text"].as_str().unwrap().to_owned()).collect()
}

async fn unread(person: &Person) -> u64 {
    let count = person.client.get("/user/notifications/unread-count").await.expect(200);
    count["unread"].as_u64().unwrap()
}

/// A manager's dashboard with a KPI, and a colleague who owns the KPI.
async fn a_kpi_of_a_colleague(server: &TestServer) -> (Person, Person, String) {
    let manager = server.sign_up("Usine de l'Est").await;
    let colleague = server.member(&manager, Role::User).await;
    let dashboard = manager.dashboard("Ligne 1").await;
    let kpi = manager.kpi(&dashboard, "TRS").await;
    let owned = json!({"owner_id": colleague.id()});
    manager.client.patch(&format!("/kpis/{kpi}"), &owned).await.expect(200);
    (manager, colleague, kpi)
}

async fn put(client: &Client, kpi: &str, period: &str, value: u32) {
    let answer = client.put(&format!("/kpis/{kpi}/values/{period}"), &json!({"value": value})).await;
    assert!(matches!(answer.status, 200 | 201), "{}", answer.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_given_an_action_reads_of_it_once() {
    let server = server().await;
    let (manager, colleague, kpi) = a_kpi_of_a_colleague(&server).await;
    let path = format!("/kpis/{kpi}/actions");
    let body = json!({"title": "Régler la presse", "owner_id": colleague.id()});
    let action = manager.client.post(&path, &body).await.expect(201);
    let own = json!({"title": "Commander", "owner_id": manager.id()});
    manager.client.post(&path, &own).await.expect(201);
    server.test.run_jobs().await;

    assert_eq!((unread(&colleague).await, unread(&manager).await), (1, 0));
    assert!(inbox(&manager, "").await.is_empty(), "nobody is told what he did himself");
    let told = inbox(&colleague, "?unread=true").await;
    assert_eq!(told.len(), 1);
    let entry = &told[0];
    assert_eq!(entry["text"], "Camille Martin vous a confié l'action « Régler la presse ».");
    assert_eq!((&entry["category"], &entry["class"]), (&json!("action_given"), &json!("transactional")));
    assert_eq!(entry["subject"], json!({"kind": "action", "id": action["id"]}));
    assert_eq!(entry["actor"], json!({"id": manager.id(), "name": "Camille Martin"}));
    let linked = colleague.client.get(entry["link"].as_str().unwrap()).await.expect(200);
    assert_eq!(linked["id"], action["id"]);
    assert_eq!(texts(&colleague).await, ["Camille Martin gave you the action “Régler la presse”."]);

    let read = format!("/user/notifications/{}/read", entry["id"].as_str().unwrap());
    manager.client.post(&read, &Value::Null).await.expect_problem(404, "notification_not_found");
    let once = colleague.client.post(&read, &Value::Null).await.expect(200);
    let again = colleague.client.post(&read, &Value::Null).await.expect(200);
    assert!(once["read_at"].is_string());
    assert_eq!(once, again, "the first reading counts");
    assert_eq!(unread(&colleague).await, 0);
    assert!(inbox(&colleague, "?unread=true").await.is_empty());
    assert_eq!(inbox(&colleague, "?unread=false").await, [once]);

    // The same jobs again tell nobody anything.
    server.test.run_jobs().await;
    assert_eq!(inbox(&colleague, "").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_value_that_turns_a_kpi_red_tells_its_owner_once() {
    let server = server().await;
    let (manager, colleague, kpi) = a_kpi_of_a_colleague(&server).await;
    for (period, value) in
        [("2026-01", 97), ("2026-02", 50), ("2026-02", 51), ("2026-03", 52), ("2025-12", 10)]
    {
        put(&manager.client, &kpi, period, value).await;
    }
    server.test.run_jobs().await;
    let once = "The KPI “TRS” turned red for 2026-02 (recorded by Camille Martin).";
    assert_eq!(texts(&colleague).await, [once]);
    assert_eq!(unread(&manager).await, 0, "who recorded it knows");

    put(&colleague.client, &kpi, "2026-03", 96).await;
    put(&colleague.client, &kpi, "2026-04", 40).await;
    server.test.run_jobs().await;
    assert_eq!(texts(&colleague).await.len(), 1);
    let his = "The KPI “TRS” turned red for 2026-04 (recorded by Dominique Petit).";
    assert_eq!(texts(&manager).await, [his], "the dashboard is the manager's");
}

#[tokio::test(flavor = "multi_thread")]
async fn comments_are_told_to_whom_they_concern() {
    let server = server().await;
    let (manager, colleague, kpi) = a_kpi_of_a_colleague(&server).await;
    let on_kpi = format!("/kpis/{kpi}/comments");
    manager.client.post(&on_kpi, &json!({"content": "Pourquoi ?"})).await.expect(201);
    colleague.client.post(&on_kpi, &json!({"content": "Panne."})).await.expect(201);
    let body = json!({"title": "Réparer"});
    let action = manager.client.post(&format!("/kpis/{kpi}/actions"), &body).await.expect(201);
    let on_action = format!("/actions/{}/comments", action["id"].as_str().unwrap());
    colleague.client.post(&on_action, &json!({"content": "Fait."})).await.expect(201);
    server.test.run_jobs().await;
    assert_eq!(texts(&colleague).await, ["Camille Martin commented on the KPI “TRS”."]);
    assert_eq!(texts(&manager).await, ["Dominique Petit commented on the action “Réparer”."]);
    for (person, path) in [(&colleague, on_kpi), (&manager, on_action)] {
        let entry = inbox(person, "").await.remove(0);
        assert_eq!(entry["link"], path);
        assert!(!entry.to_string().contains("Panne"), "what people wrote is not copied");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_tells_who_started_it_and_whose_kpis_it_turned_red() {
    let server = server().await;
    let (manager, colleague, kpi) = a_kpi_of_a_colleague(&server).await;
    put(&manager.client, &kpi, "2026-01", 97).await;
    let small = "kpi;date;value\nTRS;2026-02;50\nTRS;2026-03;51\n";
    let upload = async |name: &str, file: &str| {
        manager.client.upload("/imports/kpi-values", name, file.as_bytes(), None).await
    };
    upload("petit.csv", small).await.expect(201);
    server.test.run_jobs().await;
    let red = "The KPI “TRS” turned red for 2026-03 (import of “petit.csv”).";
    assert_eq!(texts(&colleague).await, [red]);
    assert_eq!(
        texts(&manager).await,
        [red],
        "of a file nobody reads every row, the dashboard's owner included"
    );
    upload("petit.csv", small).await.expect(201);
    server.test.run_jobs().await;
    assert_eq!(unread(&colleague).await, 1, "it stays red");

    let rows = (0..2_100).fold("kpi;date;value\n".to_owned(), |rows, month| {
        rows + &format!("TRS;{:04}-{:02};60\n", 1_800 + month / 12, month % 12 + 1)
    });
    upload("grand.csv", &rows).await.expect(202);
    assert_eq!(unread(&manager).await, 1, "it has not ended");
    server.test.run_jobs().await;
    let ended = "The import of “grand.csv” has ended: 2100 values taken over and 0 rows refused.";
    assert_eq!(texts(&manager).await, [ended, red]);
    assert_eq!(unread(&colleague).await, 1, "he did not start it, and his KPI was red already");
    let link = inbox(&manager, "").await[0]["link"].as_str().unwrap().to_owned();
    assert_eq!(manager.client.get(&link).await.expect(200)["status"], "SUCCESS");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_inbox_is_paged_and_read_up_to_what_was_seen() {
    let server = server().await;
    let (manager, colleague, kpi) = a_kpi_of_a_colleague(&server).await;
    let comment = async |count: usize| {
        for number in 0..count {
            let body = json!({"content": format!("{number} ?")});
            manager.client.post(&format!("/kpis/{kpi}/comments"), &body).await.expect(201);
        }
        server.test.run_jobs().await;
    };
    comment(3).await;
    let first = colleague.client.get("/user/notifications?limit=2&unread=true").await.expect(200);
    let cursor = first["next_cursor"].as_str().unwrap();
    let second = colleague
        .client
        .get(&format!("/user/notifications?limit=2&unread=true&cursor={cursor}"))
        .await
        .expect(200);
    let pages = [&first, &second].map(|page| page["items"].as_array().unwrap().clone()).concat();
    assert_eq!(pages, inbox(&colleague, "").await);
    assert!(second["next_cursor"].is_null());

    let newest = pages[0]["created_at"].as_str().unwrap();
    comment(1).await;
    let path = format!("/user/notifications/read-all?before={newest}");
    let keyed = colleague.client.with("idempotency-key", "looked");
    for _ in 0..2 {
        let done = keyed.post(&path, &Value::Null).await.expect(200);
        assert_eq!(done, json!({"marked": 3, "unread": 1}), "what came after he looked stays unread");
    }
    let other = keyed.post("/user/notifications/read-all", &Value::Null).await;
    other.expect_problem(422, "idempotency_key_reused");
    let done = colleague.client.post("/user/notifications/read-all", &Value::Null).await.expect(200);
    assert_eq!(done, json!({"marked": 1, "unread": 0}));
    assert_eq!(unread(&colleague).await, 0);

    for (path, field, code) in [
        ("/user/notifications?unread=maybe", "?unread", "not_true_or_false"),
        ("/user/notifications?limit=0", "?limit", "not_in_range"),
        ("/user/notifications?cursor=abc", "?cursor", "cursor_invalid"),
    ] {
        let problem = colleague.client.get(path).await.expect_problem(422, "validation_failed");
        assert_eq!(
            (&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]),
            (&json!(field), &json!(code))
        );
    }
    let path = "/user/notifications/read-all?before=yesterday";
    let problem = colleague.client.post(path, &Value::Null).await.expect_problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["code"], "instant_invalid");
    colleague
        .client
        .post("/user/notifications/soon/read", &Value::Null)
        .await
        .expect_problem(400, "path_invalid");
}
