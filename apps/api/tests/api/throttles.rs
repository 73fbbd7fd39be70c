//! What one session or one address does too often.

use crate::common::server_with;
use serde_json::{Value, json};
use vigie_composition::Config;
use vigie_test_support::{Answer, PASSWORD, Person};

/// Limits are on, but those of a network address are out of the way: everything here comes from one.
fn on(config: &mut Config) {
    let limits = &mut config.limits;
    limits.enabled = true;
    limits.login_per_minute = 1_000;
    limits.signup_per_hour = 1_000;
    limits.refresh_per_minute = 1_000;
}

fn refused(answer: &Answer, within: u64) {
    answer.expect_problem(429, "too_many_requests");
    let wait: u64 = answer.header("retry-after").parse().unwrap();
    assert!((1..=within).contains(&wait), "{wait}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_is_renewed_only_so_often() {
    let server = server_with(|config| {
        on(config);
        config.limits.session_refresh_per_minute = 2;
    })
    .await;
    let owner = server.sign_up("Atelier Nord").await;
    let other = Person::login(&server.client, &owner.email).await;
    let refresh = async |session: &Value| {
        let body = json!({"refresh_token": session["refresh_token"]});
        server.client.post("/auth/refresh", &body).await
    };
    let first = refresh(&owner.session).await.expect(200);
    let second = refresh(&first).await.expect(200);
    refused(&refresh(&second).await, 60);
    // Neither the session nor another one of the same user has come to harm.
    server.client.with_token(second["access_token"].as_str()).get("/auth/me").await.expect(200);
    refresh(&other.session).await.expect(200);
    let figures = server.client.get("/metrics").await.text();
    let line = "rate_limit_decisions_total{policy=\"refresh-session\",decision=\"refused\"}";
    assert!(figures.contains(line), "{figures}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_signs_up_only_so_often() {
    let server = server_with(on).await;
    let sign_up = async |path: &str, email: &str| {
        let body = json!({
            "organization_name": "Atelier Sud", "full_name": "Camille Martin", "email": email, "password": PASSWORD,
        });
        server.client.post(path, &body).await
    };
    sign_up("/auth/signup", "camille@example.org").await.expect(201);
    sign_up("/auth/signup", "Camille@example.org").await.expect_problem(409, "email_taken");
    sign_up("/auth/register", "camille@EXAMPLE.org").await.expect_problem(409, "email_taken");
    refused(&sign_up("/auth/signup", "camille@example.org").await, 86_400);
    refused(&sign_up("/auth/register", "CAMILLE@example.org").await, 86_400);
    sign_up("/auth/signup", "dominique@example.org").await.expect(201);
}
