//! Where somebody is logged in, and the keys of his tokens.

use crate::common::server;
use serde_json::json;
use vigie_kernel::{OperatorContext, Role};
use vigie_test_support::{PASSWORD, Person};

#[tokio::test(flavor = "multi_thread")]
async fn a_member_sees_and_ends_his_sessions() {
    let server = server().await;
    let here = server.sign_up("Atelier Nord").await;
    let firefox = "Mozilla/5.0 (X11; Linux x86_64; rv:132.0) Gecko/20100101 Firefox/132.0";
    let there = Person::login(&server.client.with("user-agent", firefox), &here.email).await;
    let third = Person::login(&server.client, &here.email).await;

    let listed = here.client.get("/auth/sessions").await.expect(200);
    let items = listed["items"].as_array().unwrap();
    assert_eq!(items.len(), 3);
    let of = |device: &str| items.iter().find(|item| item["device"] == device).unwrap();
    assert_eq!(
        (&of("Firefox, Linux")["network"], &of("Firefox, Linux")["current"]),
        (&json!("127.0.0.0/24"), &json!(false))
    );
    assert_eq!(items.iter().filter(|item| item["current"] == true).count(), 1);
    assert!(!listed.to_string().contains("127.0.0.1"), "no whole address");

    let path = format!("/auth/sessions/{}", of("Firefox, Linux")["id"].as_str().unwrap());
    here.client.delete(&path).await.expect(204);
    here.client.delete(&path).await.expect_problem(404, "session_not_found");
    there.client.get("/auth/me").await.expect_problem(401, "invalid_token");
    third.client.get("/auth/me").await.expect(200);
    here.client.delete("/auth/sessions").await.expect(204);
    third.client.get("/auth/me").await.expect_problem(401, "invalid_token");
    here.client.get("/auth/me").await.expect(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_member_of_two_organizations_goes_from_one_to_the_other() {
    let server = server().await;
    let north = server.sign_up("Atelier Nord").await;
    let south = server.sign_up("Atelier Sud").await;
    let stranger = server.sign_up("Ailleurs").await;
    let command = vigie_auth::AddMember {
        organization_slug: south.slug().to_owned(),
        email: north.email.clone(),
        full_name: "unused".to_owned(),
        role: Role::User,
        password: vigie_auth::SecretText::new(PASSWORD),
    };
    let operator = OperatorContext::new(None, "test".to_owned());
    server.test.app.auth.add_member(&operator, command).await.unwrap();
    let switch = async |to: &str| {
        north.client.post("/auth/switch-organization", &json!({ "organization_id": to })).await
    };
    switch("nowhere").await.expect_problem(422, "validation_failed");
    switch(stranger.organization_id()).await.expect_problem(404, "tenant_unknown");
    let there = switch(south.organization_id()).await.expect(200);
    assert_eq!(
        (&there["organization"]["slug"], &there["user"]["role"]),
        (&json!(south.slug()), &json!("USER"))
    );
    north.client.get("/auth/me").await.expect_problem(401, "invalid_token");
    let client = server.client.with_token(there["access_token"].as_str());
    assert_eq!(client.get("/auth/me").await.expect(200)["organization"]["slug"], south.slug());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_public_keys_are_shown_and_the_next_one_before_it_signs() {
    let server = server().await;
    let answer = server.client.get("/.well-known/jwks.json").await;
    assert_eq!(answer.header("cache-control"), "public, max-age=300");
    let keys = answer.expect(200);
    let [key] = keys["keys"].as_array().unwrap().as_slice() else { panic!("{keys}") };
    assert_eq!((&key["kty"], &key["crv"], &key["use"]), (&json!("OKP"), &json!("Ed25519"), &json!("sig")));
    assert!(key.get("d").is_none(), "the private part is nobody's business");
    let rotation = server.test.app.rotate_access_keys().unwrap();
    assert_ne!(json!(rotation.kid), key["kid"]);
    assert!(server.test.app.rotate_access_keys().is_err(), "one waits already");
    server.sign_up("Atelier Nord").await.client.get("/auth/me").await.expect(200);
}
