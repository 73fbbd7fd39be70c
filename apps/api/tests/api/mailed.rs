//! What people are mailed, and what its links do: with the mails that the product itself wrote.

use crate::common::{server, server_with};
use serde_json::{Value, json};
use vigie_composition::{Config, SignupMode};
use vigie_test_support::{PASSWORD, ReceivedMail, TestServer, unique};

const NEW: &str = "neuf lanternes rouges 17";

/// The mails that reach that address once every job that is due has run, the oldest first.
async fn mails_to(server: &TestServer, address: &str) -> Vec<ReceivedMail> {
    server.test.run_jobs().await;
    let mails = server.test.mails().into_iter();
    mails.filter(|mail| mail.header("To").is_some_and(|to| to.contains(address))).collect()
}

async fn log_in(server: &TestServer, email: &str, password: &str) -> u16 {
    server.client.post("/auth/login", &json!({ "email": email, "password": password })).await.status
}

#[tokio::test(flavor = "multi_thread")]
async fn the_link_of_a_forgotten_password_sets_another_one() {
    let server = server().await;
    let owner = server.sign_up("Atelier Nord").await;
    for address in [owner.email.as_str(), "personne@example.org"] {
        server.client.post("/auth/forgot-password", &json!({ "email": address })).await.expect(202);
    }
    let sent = mails_to(&server, &owner.email).await;
    let mail = sent.last().unwrap();
    assert!(mail.link().contains("/reset-password#token=pr_"), "{}", mail.link());
    assert!(mail.html().contains("Atelier Nord"));
    assert!(mails_to(&server, "personne@example.org").await.is_empty());

    let reset = json!({ "token": mail.token(), "new_password": NEW });
    server.client.post("/auth/reset-password", &reset).await.expect(204);
    assert_eq!(log_in(&server, &owner.email, PASSWORD).await, 401);
    assert_eq!(log_in(&server, &owner.email, NEW).await, 200);
    // The notice of it goes out too, and carries no token.
    let notice = mails_to(&server, &owner.email).await.pop().unwrap();
    assert_ne!(notice.message_id(), mail.message_id());
    assert!(!notice.text().contains("token="), "{}", notice.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invitation_reaches_who_is_invited_and_lets_him_in() {
    let server = server().await;
    let owner = server.sign_up("Atelier Nord").await;
    let email = format!("alix{}@example.org", unique());
    let body = json!({ "email": email, "role": "MANAGER", "full_name": "Alix <b>Blanc</b>" });
    owner.client.post("/user/organizations/me/users/invite", &body).await.expect(201);
    let mail = mails_to(&server, &email).await.pop().unwrap();
    assert!(mail.link().contains("/accept-invitation#token=in_"), "{}", mail.link());
    assert!(!mail.html().contains("<b>Blanc</b>"));

    let accept = json!({ "token": mail.token(), "password": PASSWORD });
    let session = server.client.post("/auth/accept-invitation", &accept).await.expect(200);
    assert_eq!(session["user"]["role"], "MANAGER");
    assert_eq!(log_in(&server, &email, PASSWORD).await, 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_up_that_has_to_be_proved_is_finished_by_its_link() {
    let server = server_with(|config: &mut Config| {
        config.auth.signup = SignupMode::Verified;
        config.public_url = Some("https://kpi.example.org".parse().unwrap());
    })
    .await;
    let email = format!("ada{}@example.org", unique());
    let form = json!({
        "organization_name": "Atelier Est", "full_name": "Ada", "email": email, "password": PASSWORD,
    });
    server.client.post("/auth/signup", &form).await.expect(202);
    assert_eq!(log_in(&server, &email, PASSWORD).await, 401);
    let mail = mails_to(&server, &email).await.pop().unwrap();
    assert!(mail.link().starts_with("https://kpi.example.org/verify-email#token=ve_"), "{}", mail.link());
    let session: Value =
        server.client.post("/auth/verify-email", &json!({ "token": mail.token() })).await.expect(200);
    assert_eq!(session["organization"]["name"], "Atelier Est");
    assert_eq!(log_in(&server, &email, PASSWORD).await, 200);

    // Once more with the same address: who has the account is told so, and nobody else learns it.
    server.client.post("/auth/signup", &form).await.expect(202);
    let told = mails_to(&server, &email).await;
    assert!(told.len() > 1);
    assert!(!told.last().unwrap().text().contains("token="));
}
