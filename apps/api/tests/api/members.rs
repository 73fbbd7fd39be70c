//! Inviting people, what they may, and sending them away: over HTTP.

use crate::common::{server, server_with};
use serde_json::{Value, json};
use vigie_auth::{AccountMail, MailOrder};
use vigie_kernel::Role;
use vigie_test_support::{PASSWORD, Person, TestServer, unique};

const USERS: &str = "/user/organizations/me/users";

async fn invite(by: &Person, email: &str, role: &str) -> Value {
    let body = json!({ "email": email, "role": role, "full_name": "Alix Blanc" });
    by.client.post(&format!("{USERS}/invite"), &body).await.expect(201)
}

/// The token that the invitation's mail carries.
async fn token(server: &TestServer, invitation: &Value) -> String {
    let mail = AccountMail::Invitation { invitation: invitation["id"].as_str().unwrap().parse().unwrap() };
    let MailOrder::Send(mail) = server.test.app.auth.prepare_mail(mail, "test").await.unwrap() else {
        panic!("no mail")
    };
    assert_eq!(mail.recipient.as_str(), invitation["email"].as_str().unwrap());
    mail.token.unwrap().text.expose().to_owned()
}

async fn accept(server: &TestServer, token: &str) -> vigie_test_support::Answer {
    let body = json!({ "token": token, "password": PASSWORD });
    server.client.post("/auth/accept-invitation", &body).await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_invited_person_comes_in_sees_what_he_may_and_leaves() {
    let server = server().await;
    let owner = server.sign_up("Atelier Nord").await;
    let email = format!("alix{}@example.org", unique());
    let invitation = invite(&owner, &email, "USER").await;
    assert_eq!((&invitation["status"], &invitation["sent_count"]), (&json!("pending"), &json!(1)));
    let token = token(&server, &invitation).await;
    let offer = server.client.get(&format!("/auth/invitations/{token}")).await.expect(200);
    assert_eq!(
        (&offer["organization"]["name"], &offer["has_account"]),
        (&json!("Atelier Nord"), &json!(false))
    );

    let session = accept(&server, &token).await.expect(200);
    assert_eq!(
        (&session["user"]["role"], &session["user"]["full_name"]),
        (&json!("USER"), &json!("Alix Blanc"))
    );
    accept(&server, &token).await.expect_problem(400, "token_not_good");
    let alix = server.client.with_token(session["access_token"].as_str());
    alix.get(USERS).await.expect_problem(403, "forbidden");
    alix.get("/dashboards").await.expect(200);
    let listed = owner.client.get(&format!("{USERS}?search=alix")).await.expect(200);
    assert_eq!(listed["items"][0]["email"], json!(email));

    let own = format!("{USERS}/{}", session["user"]["id"].as_str().unwrap());
    alix.delete(&own).await.expect(204);
    alix.get("/dashboards").await.expect_problem(401, "invalid_token");
    owner.client.delete(&own).await.expect_problem(404, "member_not_found");
}

#[tokio::test(flavor = "multi_thread")]
async fn roles_change_at_once_and_the_last_owner_stays() {
    let server = server().await;
    let owner = server.sign_up("Atelier Nord").await;
    let admin = server.member(&owner, Role::Admin).await;
    let member = server.member(&owner, Role::User).await;
    let path = |user: &Person, rest: &str| format!("{USERS}/{}{rest}", user.id());
    let make = |role: &str| json!({ "role": role });

    admin.client.patch(&path(&member, "/role"), &make("OWNER")).await.expect_problem(403, "role_not_allowed");
    admin.client.patch(&path(&owner, "/role"), &make("USER")).await.expect_problem(403, "role_not_allowed");
    member.client.get(USERS).await.expect_problem(403, "forbidden");
    let changed = admin.client.patch(&path(&member, "/role"), &make("MANAGER")).await;
    assert_eq!(changed.expect(200)["role"], "MANAGER");
    let tag = changed.header("etag").to_owned();
    member.client.get(USERS).await.expect(200);
    let stale = owner.client.with("if-match", "\"1\"");
    stale.patch(&path(&member, "/role"), &make("USER")).await.expect_problem(412, "changed_meanwhile");
    owner.client.with("if-match", &tag).patch(&path(&member, "/role"), &make("USER")).await.expect(200);
    member.client.get(USERS).await.expect_problem(403, "forbidden");

    owner.client.delete(&path(&owner, "")).await.expect_problem(409, "last_owner");
    let off = json!({ "is_active": false });
    owner.client.patch(&path(&owner, ""), &off).await.expect_problem(409, "last_owner");
    owner.client.patch(&path(&member, ""), &off).await.expect(200);
    member.client.get("/dashboards").await.expect_problem(401, "invalid_token");
    owner
        .client
        .patch(&path(&member, "/role"), &json!({ "role": "BOSS", "organization_id": 1 }))
        .await
        .expect_problem(422, "validation_failed");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_organization_is_handed_over() {
    let server = server().await;
    let owner = server.sign_up("Atelier Nord").await;
    let heir = server.member(&owner, Role::Manager).await;
    let offer = |password: &str| json!({ "user_id": heir.id(), "current_password": password });
    let path = "/user/organizations/me/ownership-transfer";
    owner.client.post(path, &offer("not this one at all")).await.expect_problem(422, "validation_failed");
    heir.client.post(&format!("{path}/accept"), &json!({})).await.expect_problem(404, "offer_not_found");
    owner.client.post(path, &offer(PASSWORD)).await.expect(200);
    let accepted = heir.client.post(&format!("{path}/accept"), &json!({})).await.expect(200);
    assert_eq!(accepted["role"], "OWNER");
    assert_eq!(owner.client.get("/user/me").await.expect(200)["role"], "ADMIN");
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_owners_who_remove_each_other_one_stays() {
    let server = server().await;
    for _ in 0..5 {
        let one = server.sign_up("Atelier Nord").await;
        let two = server.member(&one, Role::Owner).await;
        let [of_one, of_two] = [&one, &two].map(|owner| format!("{USERS}/{}", owner.id()));
        let (first, second) = tokio::join!(one.client.delete(&of_two), two.client.delete(&of_one));
        let mut statuses = [first.status, second.status];
        statuses.sort_unstable();
        // The second is the last owner by then, or is not even let in any more.
        assert_eq!(statuses[0], 204, "{} {}", first.text(), second.text());
        assert!([401, 403, 409].contains(&statuses[1]), "{} {}", first.text(), second.text());
        let left = if first.status == 204 { &one } else { &two };
        let members = left.client.get(USERS).await.expect(200);
        assert_eq!(members["items"].as_array().unwrap().len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_twenty_invitations_at_once_one_gets_the_last_place() {
    let server = server_with(|_| {}).await;
    let owner = server.sign_up("Atelier Nord").await;
    let admin = server.platform_admin().await;
    let limits = json!({ "limits": { "members": { "value": 2 } } });
    let path = format!("/admin/organizations/{}", owner.organization_id());
    admin.client.with("idempotency-key", "limits-1").patch(&path, &limits).await.expect(200);
    let mut asking = tokio::task::JoinSet::new();
    for number in 0..20 {
        let client = owner.client.clone();
        let body = json!({ "email": format!("guest{number}-{}@example.org", unique()), "role": "USER" });
        asking.spawn(async move { client.post(&format!("{USERS}/invite"), &body).await.status });
    }
    let mut answers = asking.join_all().await;
    answers.sort_unstable();
    assert_eq!((answers[0], answers[1..].iter().all(|status| *status == 403)), (201, true), "{answers:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_same_request_sent_twice_invites_once() {
    let server = server().await;
    let owner = server.sign_up("Atelier Nord").await;
    let client = owner.client.with("idempotency-key", "invite-1");
    let body = json!({ "email": format!("alix{}@example.org", unique()), "role": "USER" });
    let first = client.post(&format!("{USERS}/invite"), &body).await.expect(201);
    let again = client.post(&format!("{USERS}/invite"), &body).await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.expect(201), first);
    owner.client.post(&format!("{USERS}/invite"), &body).await.expect_problem(409, "already_invited");
}
