//! Following an import as server-sent events.

use crate::common::server_set;
use serde_json::{Value, json};
use std::fmt::Write as _;
use std::time::Duration;
use vigie_composition::Config;
use vigie_kernel::Role;
use vigie_test_support::{Person, TestServer};

/// A server whose streams look more often than a real one's, so that nothing here takes long.
async fn server_with(change: impl FnOnce(&mut Config)) -> TestServer {
    server_set(change, |settings| {
        settings.streams.poll = Duration::from_millis(10);
        settings.streams.heartbeat = Duration::from_millis(50);
    })
    .await
}

async fn server() -> TestServer {
    server_with(|_| {}).await
}

/// Uploads so many daily values of a KPI; the import, as it was answered.
async fn import(person: &Person, days: u32) -> Value {
    let dashboard = person.dashboard("Ligne 1").await;
    let daily = json!({"name": "Jour", "code": "JOUR", "frequency": "DAILY", "direction": "UP_IS_BETTER"});
    person.client.post(&format!("/dashboards/{dashboard}/kpis"), &daily).await.expect(201);
    let mut rows = "kpi;date;valeur\n".to_owned();
    let first: chrono::NaiveDate = "1990-01-01".parse().unwrap();
    for (number, date) in (0..days).zip(first.iter_days()) {
        writeln!(rows, "JOUR;{date};{number}").unwrap();
    }
    let answer = person.client.upload("/imports/kpi-values", "jours.csv", rows.as_bytes(), None).await;
    assert!([201, 202].contains(&answer.status), "{}", answer.text());
    answer.json()
}

fn events_of(import: &Value) -> String {
    format!("/imports/jobs/{}/events", import["id"].as_str().unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_large_import_is_followed_to_its_end() {
    let server = server().await;
    let owner = server.sign_up("Usine du Nord").await;
    let import = import(&owner, 12_000).await;
    assert_eq!(import["status"], "PENDING");

    let mut stream = owner.client.with("accept-encoding", "gzip").stream(&events_of(&import)).await;
    assert_eq!(stream.header("content-type"), "text/event-stream");
    assert_eq!(stream.header("content-encoding"), "", "compression would hold events back");
    assert_eq!(stream.header("cache-control"), "no-store");
    let first = stream.next().await.unwrap();
    assert_eq!((first.name.as_str(), &first.data), ("progress", &import));
    let ((), mut told) = tokio::join!(server.test.run_jobs(), stream.rest());

    let end = told.pop().unwrap();
    assert_eq!(end.name, "end");
    assert_eq!(end.data, json!({"id": import["id"], "status": "SUCCESS"}));
    assert!(told.iter().all(|event| event.name == "progress"));
    let answer = owner.client.get(events_of(&import).trim_end_matches("/events")).await;
    let (last, shown) = (told.pop().unwrap(), answer.expect(200));
    assert_eq!(last.data, shown, "the same as the import itself");
    assert_eq!(format!("\"{}\"", last.id), answer.header("etag"));
    assert_eq!((&shown["counts"]["inserted"], &shown["progress"]["percent"]), (&json!(12_000), &json!(100)));
    let read = |data: &Value| data["progress"]["read"].as_u64().unwrap();
    let mut before = (first.id.parse::<i64>().unwrap(), read(&first.data));
    for event in told.iter().chain([&last]) {
        let now = (event.id.parse().unwrap(), read(&event.data));
        assert!(now.0 > before.0 && now.1 >= before.1, "{now:?} after {before:?}");
        before = now;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn who_comes_back_is_told_what_he_has_not() {
    let server = server().await;
    let owner = server.sign_up("Usine du Sud").await;
    let import = import(&owner, 10).await;
    let names = async |seen: Option<&str>| {
        let client =
            seen.map_or_else(|| owner.client.clone(), |seen| owner.client.with("last-event-id", seen));
        let events = client.stream(&events_of(&import)).await.rest().await;
        (events.iter().map(|event| event.name.clone()).collect::<Vec<_>>(), events[0].id.clone())
    };
    let (whole, version) = names(None).await;
    assert_eq!(whole, ["progress", "end"]);
    assert_eq!(names(Some(&version)).await.0, ["end"]);
    assert_eq!(names(Some("0")).await.0, ["progress", "end"]);
    let odd = owner.client.with("last-event-id", "hier").get(&events_of(&import)).await;
    let problem = odd.expect_problem(400, "header_invalid");
    assert!(problem["detail"].as_str().unwrap().contains("Last-Event-ID"), "{problem}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_its_session() {
    let server = server().await;
    let owner = server.sign_up("Usine de l'Est").await;
    let manager = server.member(&owner, Role::Manager).await;
    let import = import(&owner, 2_500).await;
    let mut own = owner.client.stream(&events_of(&import)).await;
    let mut other = manager.client.stream(&events_of(&import)).await;
    assert_eq!(own.next().await.unwrap().data["status"], "PENDING");
    assert_eq!(other.next().await.unwrap().data["status"], "PENDING");

    owner.client.post("/auth/logout", &Value::Null).await.expect(204);
    assert_eq!(own.next().await, None);

    manager
        .client
        .post(&format!("/imports/jobs/{}/cancel", import["id"].as_str().unwrap()), &Value::Null)
        .await
        .expect(200);
    let told = other.rest().await;
    let status: Vec<&Value> = told.iter().map(|event| &event.data["status"]).collect();
    assert_eq!(status, ["CANCELLED", "CANCELLED"], "the other's stream goes on to the end");
}

#[tokio::test(flavor = "multi_thread")]
async fn streams_of_a_user_and_of_the_server_are_counted() {
    let server = server_with(|config| {
        config.limits.streams_per_user = 2;
        config.limits.streams = 3;
    })
    .await;
    let owner = server.sign_up("Usine de l'Ouest").await;
    let manager = server.member(&owner, Role::Manager).await;
    let import = import(&owner, 2_500).await;
    let path = events_of(&import);
    let first = owner.client.stream(&path).await;
    let _second = owner.client.stream(&path).await;
    let refused = owner.client.get(&path).await;
    refused.expect_problem(429, "too_many_streams");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);
    let _third = manager.client.stream(&path).await;
    let refused = manager.client.get(&path).await;
    refused.expect_problem(503, "streams_full");
    assert!(refused.header("retry-after").parse::<u64>().unwrap() >= 1);

    drop(first);
    // The heartbeat finds out that nobody listens any more; until then the place is taken.
    let id = import["id"].as_str().unwrap();
    manager.client.post(&format!("/imports/jobs/{id}/cancel"), &Value::Null).await.expect(200);
    loop {
        let answer = owner.client.get(&path).await;
        if answer.status == 200 {
            assert!(answer.text().contains("event: end"));
            break;
        }
        assert!([429, 503].contains(&answer.status), "{}", answer.text());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopping_server_ends_its_streams_in_order() {
    let server = server().await;
    let owner = server.sign_up("Usine du Centre").await;
    let import = import(&owner, 2_500).await;
    let mut stream = owner.client.stream(&events_of(&import)).await;
    assert_eq!(stream.next().await.unwrap().data["status"], "PENDING");
    server.stop().await;
    // Cut off, it would be an error: the last chunk would be missing.
    assert_eq!(stream.next().await, None);
}
