//! How often one client is answered.

use crate::member::PASSWORD;
use crate::place::Place;
use crate::server::Server;
use serde_json::json;

on_both_engines!(too_many_logins_from_one_address_are_told_to_wait, an_account_that_is_guessed_at_is_delayed);

async fn too_many_logins_from_one_address_are_told_to_wait(place: Place) {
    let server = Server::start_with(&place, &[("VIGIE__LIMITS__ENABLED", "true")]).await;
    let claire = server.sign_up("tours").await;
    let mut refused = 0;
    for attempt in 0..14 {
        // A forwarded address is anybody's word where no proxy is trusted.
        let client = server.anonymous().with("x-forwarded-for", &format!("203.0.113.{attempt}"));
        let login = json!({ "email": format!("nobody{attempt}@tours.example.com"), "password": PASSWORD });
        let answer = client.post("/auth/login", login).await;
        if answer.status() == 429 {
            let wait: u32 = answer.header("retry-after").parse().unwrap();
            assert!((1..=60).contains(&wait));
            answer.refused(429, "too_many_requests");
            refused += 1;
        } else {
            answer.refused(401, "invalid_credentials");
        }
    }
    // Ten at once, and one more each six seconds.
    assert!((2..=4).contains(&refused), "{refused} of 14 were refused");
    claire.get("/dashboards").await.expect(200);
}

async fn an_account_that_is_guessed_at_is_delayed(place: Place) {
    let settings = [("VIGIE__LIMITS__ENABLED", "true"), ("VIGIE__LIMITS__LOGIN_PER_MINUTE", "1000")];
    let server = Server::start_with(&place, &settings).await;
    let claire = server.sign_up("sedan").await;
    let mut delayed = None;
    for _ in 0..12 {
        let login = json!({ "email": claire.email, "password": "quatorze lapins bleus 82" });
        let answer = server.anonymous().post("/auth/login", login).await;
        if answer.status() == 429 {
            delayed = Some(answer);
            break;
        }
        answer.refused(401, "invalid_credentials");
    }
    let delayed = delayed.expect("a dozen wrong passwords in a row are no reason to wait");
    assert!(delayed.header("retry-after").parse::<u32>().unwrap() >= 1);
    delayed.refused(429, "login_delayed");
    claire.get("/dashboards").await.expect(200);
}
