//! `Idempotency-Key`: a request that is sent twice is done once.

use crate::common::server;
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use std::collections::BTreeSet;
use vigie_kernel::Role;
use vigie_test_support::{Answer, Client, Person};

/// Sends a request with that key.
async fn keyed(client: &Client, key: &str, path: &str, body: &Value) -> Answer {
    client.with("idempotency-key", key).post(path, body).await
}

/// What must be the same of an answer and its repetition.
fn told(answer: &Answer) -> (u16, &str, &str, &str, &[u8]) {
    let [location, etag, kind] = ["location", "etag", "content-type"].map(|name| answer.header(name));
    (answer.status, location, etag, kind, &answer.bytes)
}

async fn titles(person: &Person) -> Vec<Value> {
    let list = person.client.get("/dashboards").await.expect(200);
    list["items"].as_array().unwrap().iter().map(|item| item["title"].clone()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn every_creation_is_answered_again_as_the_first_time() {
    let server = server().await;
    let owner = server.sign_up("Usine de Lyon").await;
    let dashboard = owner.dashboard("Ligne 1").await;
    let kpi = owner.kpi(&dashboard, "TRS").await;
    let action =
        owner.client.post(&format!("/kpis/{kpi}/actions"), &json!({"title": "Former"})).await.expect(201);
    let action = action["id"].as_str().unwrap();
    let cases = [
        ("/dashboards".to_owned(), json!({"title": "Ligne 2"}), 201),
        (
            format!("/dashboards/{dashboard}/kpis"),
            json!({"name": "TRS", "frequency": "MONTHLY", "direction": "UP_IS_BETTER"}),
            201,
        ),
        (format!("/kpis/{kpi}/values"), json!({"period": "2026-01", "value": 91}), 201),
        (
            format!("/kpis/{kpi}/thresholds"),
            json!({"threshold_green": 96, "threshold_orange": 92, "effective_from": "2026-01"}),
            201,
        ),
        (format!("/kpis/{kpi}/recompute"), json!({"from": "2026-01", "dry_run": true}), 200),
        (format!("/kpis/{kpi}/recompute"), json!({"from": "2026-01"}), 200),
        (format!("/kpis/{kpi}/actions"), json!({"title": "Recruter"}), 201),
        (format!("/kpis/{kpi}/comments"), json!({"content": "Vu."}), 201),
        (format!("/actions/{action}/comments"), json!({"content": "Vu."}), 201),
    ];
    for (number, (path, body, status)) in cases.iter().enumerate() {
        let key = format!("key-{number}");
        let first = keyed(&owner.client, &key, path, body).await;
        first.expect(*status);
        assert_eq!(first.header("idempotency-replayed"), "", "{path}");
        let again = keyed(&owner.client, &key, path, body).await;
        assert_eq!(told(&again), told(&first), "{path}");
        assert_eq!(again.header("idempotency-replayed"), "true", "{path}");
        assert_ne!(again.header("x-request-id"), first.header("x-request-id"), "{path}");
    }
    assert_eq!(titles(&owner).await, ["Ligne 1", "Ligne 2"]);
    let comments = owner.client.get(&format!("/kpis/{kpi}/comments")).await.expect(200);
    assert_eq!(comments["items"].as_array().unwrap().len(), 1);
    let versions = owner.client.get(&format!("/kpis/{kpi}/thresholds")).await.expect(200);
    assert_eq!(versions["items"].as_array().unwrap().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_a_key_each_request_counts() {
    let server = server().await;
    let owner = server.sign_up("Usine de Lyon").await;
    let answers = [owner.dashboard("A").await, owner.dashboard("A").await];
    assert_ne!(answers[0], answers[1]);
    assert_eq!(titles(&owner).await, ["A", "A"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_import_is_done_once_whatever_the_form_around_its_file() {
    let server = server().await;
    let owner = server.sign_up("Usine de Lyon").await;
    let dashboard = owner.dashboard("Ligne 1").await;
    let kpi = owner.kpi(&dashboard, "TRS").await;
    let small = "Indicateur;Mois;Valeur\nTRS;2026-01;91\n".to_owned();
    let large = (0..2_500).fold("Indicateur;Mois;Valeur\n".to_owned(), |file, row| {
        file + &format!("TRS;{}-{:02}-{:02};{row}\n", 2018 + row / 336, row / 28 % 12 + 1, row % 28 + 1)
    });
    for (key, file) in [("small", &small), ("large", &large)] {
        let client = owner.client.with("idempotency-key", key);
        let upload = async |options| {
            client.upload("/imports/kpi-values", "trs.csv", file.as_bytes(), Some(&options)).await
        };
        let options = json!({"on_conflict": "UPSERT"});
        let first = upload(options.clone()).await;
        assert!(matches!(first.status, 201 | 202), "{}", first.text());
        let again = upload(options).await;
        assert_eq!(told(&again), told(&first));
        assert_eq!(again.header("idempotency-replayed"), "true");
        upload(json!({"on_conflict": "SKIP"})).await.expect_problem(422, "idempotency_key_reused");
        let dry = client.upload("/imports/kpi-values?dry_run=true", "trs.csv", file.as_bytes(), None).await;
        dry.expect_problem(422, "idempotency_key_reused");
    }
    let runs = owner.client.get("/imports/jobs").await.expect(200);
    let kinds: BTreeSet<&str> =
        runs["items"].as_array().unwrap().iter().filter_map(|run| run["status"].as_str()).collect();
    assert_eq!((runs["items"].as_array().unwrap().len(), kinds), (2, BTreeSet::from(["PENDING", "SUCCESS"])));

    // Refused as a whole: its run is written in a second unit of work, after the first was given up.
    let client = owner.client.with("idempotency-key", "all");
    let bad = "Indicateur;Mois;Valeur\nTRS;2026-03;91\nTRS;2026-04;x\n";
    let all = json!({"atomicity": "ALL"});
    let first = client.upload("/imports/kpi-values", "trs.csv", bad.as_bytes(), Some(&all)).await;
    assert_eq!(first.expect(201)["status"], "FAILED");
    let again = client.upload("/imports/kpi-values", "trs.csv", bad.as_bytes(), Some(&all)).await;
    assert_eq!(told(&again), told(&first));
    let values = owner.client.get(&format!("/kpis/{kpi}/values")).await.expect(200);
    assert_eq!(values["items"].as_array().unwrap().len(), 1, "that of the small file");

    // The large one is with the worker: cancelling it twice is one cancelling.
    let pending = runs["items"].as_array().unwrap().iter().find(|run| run["status"] == "PENDING").unwrap();
    let cancel = format!("/imports/jobs/{}/cancel", pending["id"].as_str().unwrap());
    let client = owner.client.with("idempotency-key", "cancel");
    let first = client.ask(Method::POST, &cancel, None).await;
    assert_eq!(first.expect(200)["status"], "CANCELLED");
    assert_eq!(told(&client.ask(Method::POST, &cancel, None).await), told(&first));
    owner.client.ask(Method::POST, &cancel, None).await.expect_problem(409, "import_ended");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_is_for_one_request() {
    let server = server().await;
    let owner = server.sign_up("Usine de Lyon").await;
    let dashboard = owner.dashboard("Ligne 1").await;
    let kpi = owner.kpi(&dashboard, "TRS").await;
    let comment = json!({"content": "Vu."});
    keyed(&owner.client, "k", &format!("/kpis/{kpi}/comments"), &comment).await.expect(201);
    for (path, body) in [
        (format!("/kpis/{kpi}/comments"), json!({"content": "Vu !"})),
        (format!("/kpis/{dashboard}/comments"), comment.clone()),
        ("/dashboards".to_owned(), json!({"title": "Ligne 2"})),
    ] {
        keyed(&owner.client, "k", &path, &body).await.expect_problem(422, "idempotency_key_reused");
    }
    let french = owner.client.with("accept-language", "fr");
    let problem = keyed(&french, "k", "/dashboards", &json!({"title": "B"})).await;
    let problem = problem.expect_problem(422, "idempotency_key_reused");
    assert_eq!(
        problem["title"],
        "Cet Idempotency-Key a servi à une autre requête dans les dernières 24 heures."
    );

    // Another member's and another organization's same key are keys of their own.
    let colleague = server.member(&owner, Role::User).await;
    let stranger = server.sign_up("Concurrent").await;
    for person in [&colleague, &stranger] {
        let made = keyed(&person.client, "k", "/dashboards", &json!({"title": "Le sien"})).await;
        made.expect(201);
        assert_eq!(made.header("idempotency-replayed"), "");
    }
    let lost = keyed(&stranger.client, "l", &format!("/kpis/{kpi}/comments"), &comment).await;
    lost.expect_problem(404, "kpi_not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_refused_request_does_not_use_its_key_up() {
    let server = server().await;
    let owner = server.sign_up("Usine de Lyon").await;
    let dashboard = owner.dashboard("Ligne 1").await;
    let kpi = owner.kpi(&dashboard, "TRS").await;
    let path = format!("/kpis/{kpi}/values");
    let value = json!({"period": "2026-01", "value": 91});
    owner.client.post(&path, &value).await.expect(201);
    for _ in 0..2 {
        let refused = keyed(&owner.client, "k", &path, &value).await;
        refused.expect_problem(409, "value_exists");
        assert_eq!(refused.header("idempotency-replayed"), "");
    }
    keyed(&owner.client, "k", &path, &json!({"period": "2026-01", "value": "x"})).await.expect(422);
    owner.client.delete(&format!("{path}/2026-01")).await.expect(204);
    let done = keyed(&owner.client, "k", &path, &value).await;
    done.expect(201);
    assert_eq!(done.header("idempotency-replayed"), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_malformed_key_is_refused_unread() {
    let server = server().await;
    let owner = server.sign_up("Usine de Lyon").await;
    let body = json!({"title": "A"});
    for bad in ["", "a b", &"k".repeat(256), "a\tb"] {
        keyed(&owner.client, bad, "/dashboards", &body).await.expect_problem(400, "idempotency_key_invalid");
    }
    let latin = reqwest::header::HeaderValue::from_bytes(b"cl\xe9").unwrap();
    let twice =
        [reqwest::header::HeaderValue::from_static("a"), reqwest::header::HeaderValue::from_static("b")];
    let token = owner.session["access_token"].as_str().unwrap();
    for values in [vec![latin], twice.to_vec()] {
        let request =
            reqwest::Client::new().post(server.client.url("/dashboards")).bearer_auth(token).json(&body);
        let request =
            values.into_iter().fold(request, |request, value| request.header("idempotency-key", value));
        let answer: Value = request.send().await.unwrap().json().await.unwrap();
        assert_eq!(answer["code"], "idempotency_key_invalid", "{answer}");
    }
    assert!(titles(&owner).await.is_empty());
    keyed(&owner.client, &"k".repeat(255), "/dashboards", &body).await.expect(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn many_at_once_make_one() {
    let server = server().await;
    let owner = server.sign_up("Usine de Lyon").await;
    let body = json!({"title": "Ligne 1"});
    let answers = join_all((0..20).map(|_| keyed(&owner.client, "k", "/dashboards", &body))).await;
    let mut made = BTreeSet::new();
    for answer in &answers {
        if answer.status == 201 {
            made.insert(answer.bytes.clone());
        } else {
            answer.expect_problem(409, "idempotency_in_progress");
            assert_eq!(answer.header("retry-after"), "1");
        }
    }
    assert_eq!((made.len(), titles(&owner).await.len()), (1, 1));
}
