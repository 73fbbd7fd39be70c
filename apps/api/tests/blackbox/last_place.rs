//! Many at once take the last place that a plan has left: one gets it.

use crate::place::Place;
use crate::server::{Server, operate, run_worker};
use serde_json::json;
use tokio::task::JoinSet;

on_both_engines!(fifty_kpis_at_the_last_free_place, members_at_the_last_free_seat);

/// Half of them through another process, where there may be two.
async fn fifty_kpis_at_the_last_free_place(place: Place) {
    let server = Server::start(&place).await;
    let claire = server.sign_up("paris").await;
    let dashboard = claire.dashboard("Atelier", None).await;
    let path = format!("/dashboards/{dashboard}/kpis");
    let kpi = |name: String| json!({ "name": name, "frequency": "MONTHLY", "direction": "UP_IS_BETTER" });
    for number in 0..2 {
        claire.post(&path, kpi(format!("Avant {number}"))).await.expect(201);
    }
    operate(&place, &["tenant", "limit", "--slug", "paris", "--limit", "kpis", "--value", "3"]);
    let other = if place.is_for_many() { Some(Server::start(&place).await) } else { None };
    // A limit counts within two seconds; a process that has just begun knows it.
    tokio::time::sleep(std::time::Duration::from_secs(2)).await;

    let mut asking = JoinSet::new();
    for number in 0..50 {
        let at = other.as_ref().filter(|_| number % 2 == 0).unwrap_or(&server);
        let (client, path) = (at.anonymous().with_token(&claire.access_token), path.clone());
        let kpi = kpi(format!("Mesure {number}"));
        asking.spawn(async move { client.post(&path, kpi).await });
    }
    let mut made = 0;
    while let Some(answer) = asking.join_next().await {
        let answer = answer.unwrap();
        if answer.status() == 201 {
            made += 1;
        } else {
            let refused = answer.refused(403, "plan_limit_reached");
            assert_eq!(refused["errors"][0]["params"]["resource"], "kpis", "{refused}");
        }
    }
    assert_eq!(made, 1);
    assert_eq!(claire.all(&format!("{path}?limit=100")).await.len(), 3);
}

/// By the operator's tool, a process for each.
async fn members_at_the_last_free_seat(place: Place) {
    let server = Server::start(&place).await;
    let claire = server.sign_up("paris").await;
    operate(&place, &["tenant", "limit", "--slug", "paris", "--limit", "members", "--value", "2"]);
    let place = std::sync::Arc::new(place);
    let mut adding = JoinSet::new();
    for number in 0..6 {
        let place = std::sync::Arc::clone(&place);
        adding.spawn(async move {
            let email = format!("member{number}@example.org");
            let arguments = [
                "member",
                "add",
                "--organization",
                "paris",
                "--email",
                &email,
                "--full-name",
                "Membre",
                "--role",
                "USER",
                "--password-stdin",
            ];
            run_worker(&place, &arguments, "quatorze lapins verts 82\n").await
        });
    }
    let mut added = 0;
    while let Some(ended) = adding.join_next().await {
        let (status, said) = ended.unwrap();
        if status.success() {
            added += 1;
        } else {
            assert!(said.contains("allows 2 of members"), "{said}");
        }
    }
    assert_eq!(added, 1);
    let usage = claire.get("/user/organizations/me/usage").await.expect(200);
    let members = usage["limits"].as_array().unwrap().iter().find(|one| one["key"] == "members").unwrap();
    assert_eq!((&members["used"], &members["limit"]), (&json!(2), &json!(2)));
}
