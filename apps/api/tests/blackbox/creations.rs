//! Organizations are created whole or not at all, whatever happens to the process.

use crate::client::Client;
use crate::place::Place;
use crate::server::{GLANCE, PATIENCE, Server, run_worker};
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

on_both_engines!(killed_at_random_every_organization_ends_active_or_gone, fifty_at_once_are_all_active);

const PASSWORD: &str = "quatorze lapins verts 82";

/// A platform administrator, logged in.
pub(crate) async fn admin(place: &Place, server: &Server) -> Client {
    let arguments =
        ["admin", "create", "--email", "root@example.org", "--full-name", "Root", "--password-stdin"];
    let (status, said) = run_worker(place, &arguments, &format!("{PASSWORD}\n")).await;
    assert!(status.success() || said.contains("taken"), "{said}");
    let login = json!({ "email": "root@example.org", "password": PASSWORD });
    let session = server.anonymous().post("/auth/login", login).await.expect(200);
    server.anonymous().with_token(session["access_token"].as_str().unwrap())
}

fn creation(slug: &str) -> Value {
    json!({ "name": format!("Atelier {slug}"), "slug": slug, "admin_email": format!("owner@{slug}.example") })
}

/// The slugs of the organizations that are, once nothing is under way any more.
async fn settled(admin: &Client) -> Vec<String> {
    let begun = Instant::now();
    loop {
        let list = admin.get("/admin/organizations?limit=100").await.expect(200);
        let items = list["items"].as_array().unwrap();
        if items.iter().all(|one| one["status"] == "active") {
            return items.iter().map(|one| one["slug"].as_str().unwrap().to_owned()).collect();
        }
        assert!(begun.elapsed() < PATIENCE, "it does not come to its end: {list}");
        tokio::time::sleep(GLANCE * 10).await;
    }
}

async fn killed_at_random_every_organization_ends_active_or_gone(place: Place) {
    let mut server = Server::start(&place).await;
    admin(&place, &server).await;
    for round in 0..5_u64 {
        let client = admin(&place, &server).await;
        let mut creations = JoinSet::new();
        for number in 0..4 {
            let slug = format!("org-{round}-{number}");
            let client = client.with("idempotency-key", &slug);
            creations.spawn(async move { client.try_post("/admin/organizations", creation(&slug)).await });
        }
        // Wherever they are by then: from before the first step to after the last one.
        tokio::time::sleep(Duration::from_millis(15 + round * 35)).await;
        server.kill();
        while let Some(answered) = creations.join_next().await {
            answered.unwrap();
        }
        server = Server::start(&place).await;
    }
    let client = admin(&place, &server).await;
    let there = settled(&client).await;
    for slug in &there {
        let named = client.get(&format!("/admin/organizations?search={slug}")).await.expect(200);
        assert_eq!(named["items"][0]["slug"], *slug);
    }
    let (status, said) = run_worker(&place, &["tenant", "doctor", "--json"], "").await;
    assert!(status.success(), "{said}");

    // What is gone can be made again under the same name, and what is there answers.
    for round in 0..5 {
        for number in 0..4 {
            let slug = format!("org-{round}-{number}");
            if !there.contains(&slug) {
                let again = client.with("idempotency-key", &format!("again-{slug}"));
                again.post("/admin/organizations", creation(&slug)).await.expect(201);
            }
        }
    }
    assert_eq!(settled(&client).await.len(), 20);
}

async fn fifty_at_once_are_all_active(place: Place) {
    let server = Server::start(&place).await;
    let client = admin(&place, &server).await;
    let mut creations = JoinSet::new();
    for number in 0..50 {
        let slug = format!("org-{number}");
        let client = client.with("idempotency-key", &slug);
        creations.spawn(async move { client.post("/admin/organizations", creation(&slug)).await });
    }
    while let Some(answer) = creations.join_next().await {
        let answer = answer.unwrap();
        assert!([201, 202].contains(&answer.status()), "{}", answer.text());
    }
    assert_eq!(settled(&client).await.len(), 50);
    let (status, said) = run_worker(&place, &["tenant", "doctor"], "").await;
    assert!(status.success(), "{said}");
}
