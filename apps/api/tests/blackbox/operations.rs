//! What operators, browsers and proxies meet.

use crate::place::Place;
use crate::server::Server;
use serde_json::json;

on_both_engines!(
    health_and_figures_are_told_without_a_token,
    every_answer_has_an_id_and_the_headers_of_a_careful_server,
    where_nothing_is_a_problem_says_so,
    the_api_describes_itself,
);

async fn health_and_figures_are_told_without_a_token(place: Place) {
    let server = Server::start(&place).await;
    let outside = server.outside();
    assert_eq!(outside.get("/health/live").await.expect(200), json!({ "status": "ok" }));
    assert_eq!(outside.get("/health/ready").await.expect(200), json!({ "status": "ready" }));

    let claire = server.sign_up("poitiers").await;
    let dashboard = claire.dashboard("Suivi", None).await;
    claire.get(&format!("/dashboards/{dashboard}")).await.expect(200);
    claire.get("/dashboards/01990000-0000-7000-8000-000000000000").await.expect(404);
    outside.get("/wp-admin/setup.php").await.refused(404, "route_not_found");
    let figures = outside.get("/metrics").await;
    assert!(figures.header("content-type").starts_with("text/plain"));
    let figures = figures.text();
    let counted: Vec<&str> =
        figures.lines().filter(|line| line.starts_with("http_requests_total{")).collect();
    assert!(
        counted.iter().any(|line| line.contains("/api/v1/dashboards/{id}") && line.contains("2xx")),
        "{counted:#?}"
    );
    assert!(!figures.contains(&dashboard) && !figures.contains("wp-admin"), "an address became a label");

    server.stop().await;

    let server = Server::start_with(&place, &[("VIGIE__METRICS__TOKEN", "scrape-me-if-you-can")]).await;
    let outside = server.outside();
    outside.get("/metrics").await.refused(404, "route_not_found");
    outside.with_token("scrape-me-if-you-cam").get("/metrics").await.refused(404, "route_not_found");
    outside.with_token("scrape-me-if-you-can").get("/metrics").await.status_is(200);
}

async fn every_answer_has_an_id_and_the_headers_of_a_careful_server(place: Place) {
    let server = Server::start(&place).await;
    let outside = server.outside();
    let echoed = outside.with("x-request-id", "order-4711.retry_2").get("/health/live").await;
    assert_eq!(echoed.header("x-request-id"), "order-4711.retry_2");
    for insane in ["short", "with space in it", "x".repeat(65).as_str(), "<script>alert(1)</script>"] {
        let given =
            outside.with("x-request-id", insane).get("/health/live").await.header("x-request-id").to_owned();
        assert!(given != insane && given.len() == 36, "{insane}: {given}");
    }
    for path in ["/health/live", "/api/v1/dashboards", "/nowhere", "/api/v1/auth/login"] {
        let answer = outside.get(path).await;
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("referrer-policy", "no-referrer"),
            ("cache-control", "no-store"),
            ("cross-origin-resource-policy", "same-origin"),
            ("content-security-policy", "default-src 'none'; frame-ancestors 'none'; base-uri 'none'"),
            ("strict-transport-security", "max-age=31536000; includeSubDomains"),
        ] {
            assert_eq!(answer.header(name), value, "{path}: {name}");
        }
        assert_eq!(answer.header("server"), "", "{path} tells what serves it");
    }
    let packing = outside.with("accept-encoding", "gzip");
    let large = packing.get("/api/v1/openapi.json").await;
    assert_eq!((large.status(), large.header("content-encoding")), (200, "gzip"));
    assert!(large.bytes().starts_with(b"\x1f\x8b"));
    assert_eq!(
        packing.get("/health/live").await.header("content-encoding"),
        "",
        "small answers are sent as they are"
    );
}

async fn where_nothing_is_a_problem_says_so(place: Place) {
    let server = Server::start(&place).await;
    let outside = server.outside();
    for path in [
        "/",
        "/nowhere",
        "/api/v1/nowhere",
        "/api/v2/dashboards",
        "/api/v1/dashboards/",
        "/api/v1/%2e%2e/metrics",
    ] {
        outside.get(path).await.refused(404, "route_not_found");
    }
    let claire = server.sign_up("laval").await;
    let member = outside.with_token(&claire.access_token);
    for (method, path, allowed) in [
        ("PUT", "/api/v1/dashboards", &["GET", "POST"][..]),
        ("GET", "/api/v1/auth/login", &["POST"]),
        ("DELETE", "/health/live", &["GET"]),
        ("POST", "/api/v1/kpis/01990000-0000-7000-8000-000000000000", &["GET", "PATCH", "DELETE"]),
        ("TRACE", "/api/v1/dashboards", &["GET", "POST"]),
    ] {
        let answer = member.raw(method, path, "").await;
        let mut allow: Vec<String> = answer.header("allow").split(", ").map(str::to_owned).collect();
        let mut wanted: Vec<String> = allowed.iter().map(|method| (*method).to_owned()).collect();
        allow.sort();
        wanted.sort();
        assert_eq!(allow, wanted, "{method} {path}: {} {}", answer.status(), answer.text());
        answer.refused(405, "method_not_allowed");
    }
    let french = outside.with("accept-language", "fr-FR,fr;q=0.9,en;q=0.5").get("/nowhere").await;
    assert_eq!(french.problem()["title"], "Il n'y a rien à cette adresse.");
}

async fn the_api_describes_itself(place: Place) {
    let server = Server::start(&place).await;
    let outside = server.outside();
    let document = outside.get("/api/v1/openapi.json").await.expect(200);
    assert!(
        document["openapi"].as_str().is_some_and(|version| version.starts_with("3.1")),
        "{}",
        document["openapi"]
    );
    assert!(document["paths"]["/api/v1/imports/kpi-values"]["post"].is_object());
    let moved = outside.get("/docs").await;
    assert_eq!((moved.status(), moved.header("location")), (308, "/docs/"));
    let page = outside.get("/docs/").await;
    assert_eq!(page.status(), 200);
    assert!(page.header("content-type").starts_with("text/html"));
    for script in ["swagger-ui-bundle.js", "swagger-initializer.js", "swagger-ui.css"] {
        assert!(page.text().contains(script), "{script}");
        assert_eq!(outside.get(&format!("/docs/{script}")).await.status(), 200, "{script}");
    }
    assert!(outside.get("/docs/swagger-initializer.js").await.text().contains("/api/v1/openapi.json"));
}
