//! What every request meets: errors of the framework in our form, limits, headers, languages, health and figures.

use crate::common::{server, server_with};
use reqwest::Method;
use serde_json::json;
use vigie_test_support::Person;

#[tokio::test(flavor = "multi_thread")]
async fn errors_of_the_framework_have_our_form() {
    let server = server().await;
    let owner = server.sign_up("Atelier Nord").await;
    let client = &owner.client;

    client.get("/nowhere").await.expect_problem(404, "route_not_found");
    client.get("/health/nothing").await.expect_problem(404, "route_not_found");
    let answer = client.ask(Method::PUT, "/dashboards", None).await;
    answer.expect_problem(405, "method_not_allowed");
    assert_eq!(answer.header("allow"), "GET, POST");

    client
        .get(&format!("/dashboards?process_name={}", "a".repeat(9_000)))
        .await
        .expect_problem(414, "uri_too_long");
    let problem = client.get("/dashboards/not-an-id").await.expect_problem(400, "path_invalid");
    assert_eq!(problem["errors"][0]["code"], "id_invalid");
    let problem = client.get("/dashboards?sort=title").await.expect_problem(400, "query_invalid");
    assert_eq!(problem["errors"][0]["pointer"], "?sort");
    let problem = client.get("/dashboards?limit=0").await.expect_problem(422, "validation_failed");
    assert_eq!(problem["errors"][0]["pointer"], "?limit");
    client.get("/dashboards?cursor=abc").await.expect_problem(422, "validation_failed");

    let problem = client.post_raw("/dashboards", "application/json", "{\"title\": ").await;
    assert_eq!(problem.expect_problem(400, "json_malformed")["errors"][0]["code"], "json_syntax");
    client.post_raw("/dashboards", "text/plain", "{}").await.expect_problem(415, "unsupported_media_type");
    let large = format!("{{\"title\": \"{}\"}}", "a".repeat(300 * 1024));
    client.post_raw("/dashboards", "application/json", large).await.expect_problem(413, "body_too_large");
    let deep = format!("{{\"title\": {}}}", "[".repeat(50_000));
    client.post_raw("/dashboards", "application/json", deep).await.expect_problem(400, "json_malformed");
    let answer = client
        .with("if-match", "3")
        .patch("/dashboards/019a0000-0000-7000-8000-000000000000", &json!({}))
        .await;
    answer.expect_problem(400, "if_match_invalid");
}

#[tokio::test(flavor = "multi_thread")]
async fn bad_content_is_told_whole_and_nothing_is_written() {
    let server = server().await;
    let owner = server.sign_up("Atelier Sud").await;
    let dashboard = owner.dashboard("Ligne 1").await;

    let body = json!({"name": 5, "frequency": "HOURLY", "weight": "1,5", "role": "OWNER", "owner_id": "me"});
    let problem = owner
        .client
        .post(&format!("/dashboards/{dashboard}/kpis"), &body)
        .await
        .expect_problem(422, "validation_failed");
    let told: Vec<(&str, &str)> = problem["errors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|error| (error["pointer"].as_str().unwrap(), error["code"].as_str().unwrap()))
        .collect();
    for expected in [
        ("/name", "type_invalid"),
        ("/role", "field_unknown"),
        ("/direction", "required"),
        ("/frequency", "value_unknown"),
        ("/weight", "number_invalid"),
        ("/owner_id", "id_invalid"),
    ] {
        assert!(told.contains(&expected), "{expected:?} in {told:?}");
    }
    assert_eq!(told.len(), 6, "{told:?}");

    let body = json!({
        "name": "TRS", "frequency": "MONTHLY", "direction": "UP_IS_BETTER",
        "threshold_green": "90", "threshold_orange": "95",
    });
    let answer = owner
        .client
        .with("accept-language", "fr")
        .post(&format!("/dashboards/{dashboard}/kpis"), &body)
        .await;
    let problem = answer.expect_problem(422, "validation_failed");
    assert_eq!(problem["title"], "Le contenu n'est pas valide.");
    assert_eq!(problem["errors"][0]["code"], "threshold_order");
    assert_eq!(problem["errors"][0]["params"]["orange"], "95");

    let listed = owner.client.get(&format!("/dashboards/{dashboard}/kpis")).await.expect(200);
    assert_eq!(listed["items"], json!([]));
}

#[tokio::test(flavor = "multi_thread")]
async fn every_answer_carries_its_id_and_the_security_headers() {
    let server = server().await;
    for (path, status) in [("/health/live", 200), ("/nowhere", 404), ("/dashboards", 401)] {
        let answer = server.client.with("x-request-id", "my-request-1").get(path).await;
        assert_eq!(answer.status, status);
        assert_eq!(answer.header("x-request-id"), "my-request-1");
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("cache-control"), "no-store");
        assert!(answer.header("content-security-policy").starts_with("default-src 'none'"));
        assert_eq!(answer.header("server"), "");
    }
    let answer = server.client.with("x-request-id", "bad id").get("/dashboards").await;
    let problem = answer.expect_problem(401, "authentication_required");
    assert_ne!(answer.header("x-request-id"), "bad id");
    assert_eq!(problem["request_id"], answer.header("x-request-id"));
    assert_eq!(answer.header("www-authenticate"), "Bearer");
}

#[tokio::test(flavor = "multi_thread")]
async fn large_answers_are_compressed_and_small_ones_are_not() {
    let server = server().await;
    let client = server.client.with("accept-encoding", "gzip");
    let document = client.get("/openapi.json").await;
    assert_eq!((document.status, document.header("content-encoding")), (200, "gzip"));
    let health = client.get("/health/live").await;
    assert_eq!((health.status, health.header("content-encoding")), (200, ""));
    assert_eq!(health.json(), json!({"status": "ok"}));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_documentation_is_there() {
    let server = server().await;
    let document = server.client.get("/openapi.json").await.expect(200);
    assert_eq!(document["openapi"], "3.1.0");
    let page = server.client.get("/docs/").await;
    assert_eq!(page.status, 200);
    assert!(page.header("content-security-policy").contains("script-src 'self'"));
    assert!(page.text().contains("swagger-ui"));
    assert_eq!(server.client.get("/docs/swagger-ui-bundle.js").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_name_routes_and_never_addresses() {
    let server = server().await;
    let owner = server.sign_up("Atelier Est").await;
    let dashboard = owner.dashboard("Ligne 1").await;
    owner.client.get(&format!("/dashboards/{dashboard}")).await.expect(200);
    server.client.get("/some/random/address").await.expect(404);
    let figures = server.client.get("/metrics").await;
    assert_eq!(figures.status, 200);
    let text = figures.text();
    assert!(
        text.contains(
            "http_requests_total{route=\"/api/v1/dashboards/{id}\",method=\"GET\",status_class=\"2xx\"}"
        ),
        "{text}"
    );
    assert!(text.contains("route=\"UNMATCHED\""));
    assert!(text.contains("http_request_duration_seconds_bucket"));
    assert!(text.contains("app_build_info{version="));
    assert!(text.contains("job_queue_depth{lane=\"bulk\"} 0"), "{text}");
    assert!(!text.contains(&dashboard) && !text.contains("random"), "{text}");
    // A proxy on this machine passes on what others ask: without a token that is none of their business.
    for (name, value) in
        [("x-forwarded-for", "203.0.113.9"), ("forwarded", "for=203.0.113.9"), ("host", "kpi.example.org")]
    {
        let answer = server.client.with(name, value).get("/metrics").await;
        answer.expect_problem(404, "route_not_found");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn figures_are_hidden_from_who_lacks_the_token() {
    let server = server_with(|config| config.metrics.token = Some("scrape-me-please".into())).await;
    server.client.get("/metrics").await.expect_problem(404, "route_not_found");
    server
        .client
        .with_token(Some("scrape-me-pleasf"))
        .get("/metrics")
        .await
        .expect_problem(404, "route_not_found");
    assert_eq!(server.client.with_token(Some("scrape-me-please")).get("/metrics").await.status, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn logins_beyond_the_limit_are_refused_with_the_time_to_wait() {
    let server = server_with(|config| {
        config.limits.enabled = true;
        config.limits.login_per_minute = 2;
    })
    .await;
    let body = json!({"email": "nobody@example.org", "password": "wrong password 1"});
    for left in [1, 0] {
        let answer = server.client.post("/auth/login", &body).await;
        answer.expect_problem(401, "invalid_credentials");
        assert_eq!(answer.header("ratelimit-policy"), "\"login\";q=2;w=60");
        assert!(answer.header("ratelimit").starts_with(&format!("\"login\";r={left};")));
    }
    let answer = server.client.post("/auth/login", &body).await;
    answer.expect_problem(429, "too_many_requests");
    assert!((1..=60).contains(&answer.header("retry-after").parse::<u64>().unwrap()));
    // A spoofed address changes nothing: the peer is no trusted proxy.
    let spoofed = server.client.with("x-forwarded-for", "203.0.113.9");
    spoofed.post("/auth/login", &body).await.expect_problem(429, "too_many_requests");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stopped_server_ends_by_itself() {
    let server = server().await;
    server.client.get("/health/ready").await.expect(200);
    let client = server.client.clone();
    server.stop().await;
    let refused =
        reqwest::Client::builder().no_proxy().build().unwrap().get(client.url("/health/live")).send().await;
    assert!(refused.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_organization_of_the_request_must_be_the_tokens() {
    let server = server().await;
    let (paris, lyon) = (server.sign_up("Paris").await, server.sign_up("Lyon").await);
    let ask = |person: &Person, name: &str, value: &str| person.client.with(name, value);

    ask(&paris, "x-tenant-id", paris.slug()).get("/dashboards").await.expect(200);
    ask(&paris, "host", &format!("{}.localhost", paris.slug())).get("/dashboards").await.expect(200);
    paris.client.get(&format!("/dashboards?tenant={}", paris.slug())).await.expect(200);

    ask(&paris, "x-tenant-id", lyon.slug()).get("/dashboards").await.expect_problem(401, "invalid_token");
    paris
        .client
        .get(&format!("/dashboards?tenant={}", lyon.slug()))
        .await
        .expect_problem(401, "invalid_token");
    let host = format!("{}.localhost:8080", lyon.slug());
    ask(&paris, "host", &host).get("/dashboards").await.expect_problem(401, "invalid_token");

    ask(&paris, "x-tenant-id", "never-existed")
        .get("/dashboards")
        .await
        .expect_problem(404, "tenant_unknown");
    let both =
        ask(&paris, "x-tenant-id", paris.slug()).get(&format!("/dashboards?tenant={}", lyon.slug())).await;
    both.expect_problem(400, "tenant_conflict");
}
