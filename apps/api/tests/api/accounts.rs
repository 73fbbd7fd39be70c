//! Forgotten and changed passwords, proved addresses: over HTTP, with what would be mailed read from the queue.

use crate::common::{server, server_with};
use serde_json::{Value, json};
use vigie_auth::{AccountMail, MailKind, MailOrder, PreparedMail};
use vigie_composition::{Config, JobFilter, SignupMode};
use vigie_kernel::PageRequest;
use vigie_test_support::{Answer, PASSWORD, Person, TestServer, unique};

const NEW: &str = "neuf lanternes rouges 17";

/// Every mail that waits in the queue, made as a sender makes it. The jobs stay: mails are told by their number.
async fn mails(server: &TestServer, user: &str) -> Vec<PreparedMail> {
    let app = &server.test.app;
    let mut sent = Vec::new();
    let filter = JobFilter { name: Some("auth.send-mail".to_owned()), ..JobFilter::default() };
    let page = app.queue.list(&filter, &PageRequest { limit: 100, after: None }).await.unwrap();
    for job in page.items {
        let details = app.queue.show(job.id.into()).await.unwrap().unwrap();
        if !details.payload.to_string().contains(user) {
            continue;
        }
        let mail: AccountMail = serde_json::from_value(details.payload).unwrap();
        if let MailOrder::Send(mail) = app.auth.prepare_mail(mail, "test").await.unwrap() {
            sent.push(*mail);
        }
    }
    sent
}

fn token_of(mail: &PreparedMail) -> &str {
    mail.token.as_ref().unwrap().text.expose()
}

fn only_a_number_of_fields(answer: &Answer) -> (u16, String) {
    (answer.status, answer.text())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_forgotten_password_is_answered_the_same_for_anybody_and_mailed_to_its_owner() {
    let server = server().await;
    let owner = server.sign_up("Atelier Nord").await;
    let ask =
        async |email: &str| server.client.post("/auth/forgot-password", &json!({ "email": email })).await;
    let known = ask(&owner.email).await;
    let unknown = ask("personne@example.org").await;
    assert_eq!(only_a_number_of_fields(&known), (202, String::new()));
    assert_eq!(only_a_number_of_fields(&known), only_a_number_of_fields(&unknown));
    ask("nobody").await.expect_problem(422, "validation_failed");

    let sent = mails(&server, owner.id()).await;
    assert_eq!((sent.len(), sent[0].kind), (1, MailKind::ResetPassword));
    let reset = async |password: &str| {
        let body = json!({ "token": token_of(&sent[0]), "new_password": password });
        server.client.post("/auth/reset-password", &body).await
    };
    let weak = reset("footballfootball").await.expect_problem(422, "validation_failed");
    assert_eq!(weak["errors"][0]["code"], "password_common");
    reset(NEW).await.expect(204);
    reset(NEW).await.expect_problem(400, "token_not_good");
    owner.client.get("/auth/me").await.expect_problem(401, "invalid_token");
    let body = json!({ "email": owner.email, "password": NEW });
    let session = server.client.post("/auth/login", &body).await.expect(200);
    assert!(session["user"]["email_verified_at"].is_string());
    let kinds: Vec<_> = mails(&server, owner.id()).await.iter().map(|mail| mail.kind).collect();
    assert!(kinds.contains(&MailKind::PasswordChanged));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_changes_his_password_stays_and_his_other_sessions_end() {
    let server = server().await;
    let here = server.sign_up("Atelier Nord").await;
    let there = Person::login(&server.client, &here.email).await;
    let change = async |current: &str, new: &str| {
        let body = json!({ "current_password": current, "new_password": new });
        here.client.post("/auth/change-password", &body).await
    };
    let wrong = change("not this one at all", NEW).await.expect_problem(422, "validation_failed");
    assert_eq!(
        wrong["errors"][0],
        json!({
            "pointer": "/current_password", "code": "password_wrong", "message": "This is not your password.",
            "params": {},
        })
    );
    change(PASSWORD, PASSWORD).await.expect_problem(422, "validation_failed");
    change(PASSWORD, NEW).await.expect(204);
    here.client.get("/auth/me").await.expect(200);
    there.client.get("/auth/me").await.expect_problem(401, "invalid_token");
}

fn verified(config: &mut Config) {
    config.auth.signup = SignupMode::Verified;
    config.public_url = Some("https://vigie.example.org".parse().unwrap());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sign_up_is_finished_by_the_mailed_token() {
    let server = server_with(verified).await;
    let email = format!("owner{}@example.org", unique());
    let form = |slug: &str| {
        json!({
            "organization_name": "Atelier Nord", "organization_slug": slug, "full_name": "Camille Martin",
            "email": email, "password": PASSWORD,
        })
    };
    let slug = format!("nord-{}", unique());
    let first = server.client.post("/auth/signup", &form(&slug)).await;
    assert_eq!(only_a_number_of_fields(&first), (202, String::new()));
    let login = json!({ "email": email, "password": PASSWORD });
    server.client.post("/auth/login", &login).await.expect_problem(401, "invalid_credentials");

    let sent = mails(&server, "sign_up").await;
    assert_eq!((sent.len(), sent[0].kind), (1, MailKind::FinishSignUp));
    let path = format!("/auth/verify-email?token={}", token_of(&sent[0]));
    // Whoever opens the link, a scanner of mails for one, changes nothing.
    server.client.get(&path).await.expect_problem(401, "authentication_required");
    let prove = json!({ "token": token_of(&sent[0]) });
    let made = server.client.post("/auth/verify-email", &prove).await.expect(200);
    assert_eq!(made["organization"]["slug"], Value::from(slug.clone()));
    server.client.post("/auth/verify-email", &prove).await.expect_problem(400, "token_not_good");
    server.client.post("/auth/login", &login).await.expect(200);

    let again = server.client.post("/auth/register", &form("another-one")).await;
    assert_eq!(only_a_number_of_fields(&again), only_a_number_of_fields(&first));
    let kinds: Vec<_> = mails(&server, "sign_up").await.iter().map(|mail| mail.kind).collect();
    assert_eq!(kinds, [MailKind::AccountExists]);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_account_proves_its_address() {
    let server = server().await;
    let owner = server.sign_up("Atelier Nord").await;
    assert!(owner.session["user"]["email_verified_at"].is_null());
    owner.client.post("/auth/send-verification-email", &json!({})).await.expect(202);
    let sent = mails(&server, owner.id()).await;
    assert_eq!(sent[0].kind, MailKind::VerifyEmail);
    let prove = json!({ "token": token_of(&sent[0]) });
    let done = server.client.post("/auth/verify-email", &prove).await.expect(200);
    assert_eq!((&done["user_id"], &done["organization"]), (&json!(owner.id()), &Value::Null));
    assert!(owner.client.get("/user/me").await.expect(200)["email_verified_at"].is_string());
}

#[tokio::test(flavor = "multi_thread")]
async fn mails_are_asked_for_only_so_often() {
    let server = server_with(|config| {
        config.limits.enabled = true;
        config.limits.forgot_per_hour = 4;
    })
    .await;
    let owner = server.sign_up("Atelier Nord").await;
    let ask = async || server.client.post("/auth/forgot-password", &json!({ "email": owner.email })).await;
    for _ in 0..4 {
        ask().await.expect(202);
    }
    assert_eq!(mails(&server, owner.id()).await.len(), 3, "the fourth is answered and not sent");
    ask().await.expect_problem(429, "too_many_requests");
}
