//! Access and refresh tokens.

use crate::member::{Member, PASSWORD, text};
use crate::place::Place;
use crate::server::Server;
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD as BASE64;
use serde_json::{Value, json};
use std::time::{Duration, Instant};

on_both_engines!(
    a_request_without_a_good_token_is_refused,
    a_token_is_dead_at_once_after_logging_out,
    a_refresh_token_gives_one_successor_however_often_it_is_asked,
    a_login_never_tells_whether_the_address_is_known,
);

/// The access token with its head and content changed, under the signature that it had.
fn tampered(token: &str, head: &Value, change: impl FnOnce(&mut Value)) -> String {
    let parts: Vec<&str> = token.split('.').collect();
    let mut content: Value = serde_json::from_slice(&BASE64.decode(parts[1]).unwrap()).unwrap();
    change(&mut content);
    format!("{}.{}.{}", BASE64.encode(head.to_string()), BASE64.encode(content.to_string()), parts[2])
}

async fn a_request_without_a_good_token_is_refused(place: Place) {
    let server = Server::start(&place).await;
    let claire = server.sign_up("lille").await;
    let token = claire.access_token.as_str();
    let anybody = server.anonymous();
    let answer = anybody.get("/dashboards").await;
    assert_eq!(answer.header("www-authenticate"), "Bearer");
    answer.refused(401, "authentication_required");
    anybody.get(&format!("/dashboards?access_token={token}")).await.refused(401, "authentication_required");
    anybody
        .with("authorization", &format!("Basic {token}"))
        .get("/dashboards")
        .await
        .refused(401, "authentication_required");

    let head: Value =
        serde_json::from_slice(&BASE64.decode(token.split('.').next().unwrap()).unwrap()).unwrap();
    let with = |name: &str, value: Value| {
        let mut head = head.clone();
        head[name] = value;
        head
    };
    let unsigned = tampered(token, &with("alg", json!("none")), |_| {});
    let unsigned = format!("{}.", &unsigned[..unsigned.rfind('.').unwrap()]);
    for (what, bad) in [
        ("garbage", "garbage".to_owned()),
        ("dots", "..".to_owned()),
        ("no signature", unsigned),
        ("alg none under the old signature", tampered(token, &with("alg", json!("none")), |_| {})),
        ("alg HS256", tampered(token, &with("alg", json!("HS256")), |_| {})),
        ("a key id that is a path", tampered(token, &with("kid", json!("../../etc/passwd")), |_| {})),
        ("a key of its own", tampered(token, &with("jwk", json!({ "kty": "OKP" })), |_| {})),
        ("expired", tampered(token, &head, |content| content["exp"] = json!(1_600_000_000))),
        ("prolonged", tampered(token, &head, |content| content["exp"] = json!(4_000_000_000_u64))),
        ("an exp that is a text", tampered(token, &head, |content| content["exp"] = json!("4000000000"))),
        ("promoted", tampered(token, &head, |content| content["role"] = json!("PLATFORM_ADMIN"))),
        ("cut", token[..token.len() - 4].to_owned()),
        ("doubled", format!("{token}.{token}")),
        ("too long", format!("{token}{}", "A".repeat(5_000))),
        ("a refresh token", claire.refresh_token.clone()),
    ] {
        let answer = anybody.with_token(&bad).get("/dashboards").await;
        assert_eq!(answer.status(), 401, "{what}: {}", answer.text());
        assert_eq!(answer.header("www-authenticate"), "Bearer error=\"invalid_token\"", "{what}");
        assert_eq!(answer.problem()["code"], "invalid_token", "{what}");
    }
    claire.get("/dashboards").await.expect(200);
}

async fn a_token_is_dead_at_once_after_logging_out(place: Place) {
    let server = Server::start(&place).await;
    let claire = server.sign_up("metz").await;
    let other = login(&server, &claire).await;
    let other_client = server.anonymous().with_token(&text(&other["access_token"]));
    claire.get("/auth/me").await.expect(200);
    claire.post("/auth/logout", json!({})).await.expect(204);
    let begun = Instant::now();
    while claire.get("/auth/me").await.status() != 401 {
        assert!(begun.elapsed() < Duration::from_secs(1), "still alive a second after logging out");
    }
    let refresh = json!({ "refresh_token": claire.refresh_token });
    server.anonymous().post("/auth/refresh", refresh).await.refused(401, "invalid_token");
    other_client.get("/auth/me").await.expect(200);
    other_client.post("/auth/logout-all", json!({})).await.expect(204);
    let begun = Instant::now();
    while other_client.get("/auth/me").await.status() != 401 {
        assert!(
            begun.elapsed() < Duration::from_secs(1),
            "still alive a second after logging out everywhere"
        );
    }
}

async fn login(server: &Server, member: &Member) -> Value {
    server
        .anonymous()
        .post("/auth/login", json!({ "email": member.email, "password": PASSWORD }))
        .await
        .expect(200)
}

async fn a_refresh_token_gives_one_successor_however_often_it_is_asked(place: Place) {
    let server = Server::start(&place).await;
    let claire = server.sign_up("nancy").await;
    let anybody = server.anonymous();
    let exchange = async |token: &str| anybody.post("/auth/refresh", json!({ "refresh_token": token })).await;

    let first = exchange(&claire.refresh_token).await.expect(200);
    let second = text(&first["refresh_token"]);
    assert_ne!(second, claire.refresh_token);
    anybody.with_token(&text(&first["access_token"])).get("/auth/me").await.expect(200);
    let lost_answer = exchange(&claire.refresh_token).await.expect(200);
    assert_eq!(lost_answer["refresh_token"], *second, "within the grace period the same successor");

    let mut asked = tokio::task::JoinSet::new();
    for _ in 0..10 {
        let (anybody, body) = (anybody.clone(), json!({ "refresh_token": second }));
        asked.spawn(
            async move { text(&anybody.post("/auth/refresh", body).await.expect(200)["refresh_token"]) },
        );
    }
    let successors = asked.join_all().await;
    assert!(successors.iter().all(|successor| *successor == successors[0]), "{successors:?}");

    let third = exchange(&successors[0]).await.expect(200);
    let access = anybody.with_token(&text(&third["access_token"]));
    access.get("/auth/me").await.expect(200);
    exchange(&second).await.refused(401, "invalid_token");
    exchange(&text(&third["refresh_token"])).await.refused(401, "invalid_token");
    let begun = Instant::now();
    while access.get("/auth/me").await.status() != 401 {
        assert!(
            begun.elapsed() < Duration::from_secs(1),
            "a token came back that was used twice over: the family must end"
        );
    }
    for garbage in ["", "garbage", &"A".repeat(4_000)] {
        let answer = exchange(garbage).await;
        assert!(matches!(answer.status(), 401 | 422), "{}", answer.text());
    }
}

async fn a_login_never_tells_whether_the_address_is_known(place: Place) {
    let server = Server::start(&place).await;
    let claire = server.sign_up("reims").await;
    let anybody = server.anonymous();
    let attempt = async |email: &str, password: &str| {
        let answer = anybody.post("/auth/login", json!({ "email": email, "password": password })).await;
        let headers = ["www-authenticate", "content-type", "content-length", "cache-control"];
        (answer.anonymous_problem(), headers.map(|name| answer.header(name).to_owned()))
    };
    let wrong = attempt(&claire.email, "quatorze lapins bleus 82").await;
    let unknown = attempt("personne@reims.example.com", PASSWORD).await;
    assert_eq!(wrong, unknown);
    assert_eq!(wrong.0.0, 401);
    assert_eq!(wrong.0.1["code"], "invalid_credentials");
    let shouted = json!({ "email": claire.email.to_uppercase(), "password": PASSWORD });
    anybody.post("/auth/login", shouted).await.expect(200);
    let taken = json!({
        "organization_name": "Reims bis", "organization_slug": "reims", "full_name": "Z", "email": "z@reims.example.com", "password": PASSWORD,
    });
    anybody.post("/auth/signup", taken).await.refused(409, "slug_taken");
}
