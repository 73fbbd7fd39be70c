//! What the cases are tried on.

use super::cases::{Body, Case, Who};
use serde_json::{Value, json};
use vigie_auth::{AccountMail, MailOrder};
use vigie_kernel::{OperatorContext, Role, Slug};
use vigie_notifications::{Happening, Tell};
use vigie_tenancy::{FleetOptions, FleetSelection, NoProgress};
use vigie_test_support::{Answer, Client, Person, TestServer};

/// An organization with one thing of each kind, made anew for each case, so that no case is in another's way.
pub(super) struct World {
    pub(super) owner: Person,
    /// Operates the platform.
    pub(super) admin: Person,
    /// Made the things below that a member can own; no other is his.
    pub(super) author: Person,
    places: Vec<(&'static str, String)>,
}

pub(super) const SMALL_FILE: &str = "kpi;période;valeur\nTRS;2025-05;91\nINCONNU;2025-05;12\n";

/// What the author is told of a comment that the organization's owner writes on his KPI, without waiting for a worker.
async fn notification(server: &TestServer, owner: &Person, author: &Person, kpi: &str) -> String {
    let path = format!("/kpis/{kpi}/comments");
    let comment = owner.client.post(&path, &json!({"content": "Pourquoi ?"})).await.expect(201);
    let app = &server.test.app;
    let by = owner.id().parse().unwrap();
    let tenant = app.auth.context_for(owner.organization_id().parse().unwrap(), by, "test").await.unwrap();
    let comment = comment["id"].as_str().unwrap().parse().unwrap();
    let tell = Tell {
        event: app.ids.next_uuid(),
        at: app.clock.now(),
        happening: Happening::CommentWritten { comment, by },
    };
    assert_eq!(app.notifications.tell(&tenant, tell).await.unwrap(), 1);
    let inbox = author.client.get("/user/notifications").await.expect(200);
    inbox["items"][0]["id"].as_str().unwrap().to_owned()
}

/// A run that tries the migrations of an organization whose database is at an older schema, as far as is recorded.
async fn migration(server: &TestServer, owner: &Person) -> String {
    server.test.set_schema_version(owner.slug(), 1).await;
    let slug = Slug::parse(owner.slug()).unwrap();
    let options =
        FleetOptions { selection: FleetSelection::One(slug), dry_run: true, ..FleetOptions::default() };
    let operator = OperatorContext::new(None, "test".to_owned());
    let run = server.test.app.fleet.migrate(&operator, &options, &NoProgress).await.unwrap();
    run.id.to_string()
}

/// The token that a mail would carry.
async fn mailed_token(server: &TestServer, mail: AccountMail) -> String {
    let order = server.test.app.auth.prepare_mail(mail, "test").await.unwrap();
    let MailOrder::Send(mail) = order else { panic!("no mail") };
    mail.token.unwrap().text.expose().to_owned()
}

impl World {
    pub(super) async fn make(server: &TestServer) -> Self {
        let owner = server.sign_up("Usine du Nord").await;
        let author = server.member(&owner, Role::User).await;
        let dashboard = author.dashboard("Ligne 1").await;
        let empty_dashboard = author.dashboard("Ligne vide").await;
        let kpi = author.kpi(&dashboard, "TRS").await;
        let empty_kpi = author.kpi(&dashboard, "TRS 2").await;
        let client = &author.client;
        client
            .post(&format!("/kpis/{kpi}/values"), &json!({"period": "2025-01", "value": 90}))
            .await
            .expect(201);
        let action = client
            .post(&format!("/kpis/{kpi}/actions"), &json!({"title": "Régler la presse"}))
            .await
            .expect(201);
        let comment =
            client.post(&format!("/kpis/{kpi}/comments"), &json!({"content": "Baisse."})).await.expect(201);
        let told = notification(server, &owner, &author, &kpi).await;
        let import =
            client.upload("/imports/kpi-values", "trs.csv", SMALL_FILE.as_bytes(), None).await.expect(201);
        let admin = server.platform_admin().await;
        let operations = format!("/admin/organizations/{}/operations", owner.organization_id());
        let operations = admin.client.get(&operations).await.expect(200);
        let operator = OperatorContext::new(None, "test".to_owned());
        let token = server.test.app.auth.issue_set_password_token(&operator, &owner.email).await.unwrap();
        let migration = migration(server, &owner).await;
        let verify_email =
            mailed_token(server, AccountMail::VerifyEmail { user: Some(author.id().parse().unwrap()) }).await;
        let member = server.member(&owner, Role::User).await.id().to_owned();
        let offer = json!({"user_id": author.id(), "current_password": vigie_test_support::PASSWORD});
        owner.client.post("/user/organizations/me/ownership-transfer", &offer).await.expect(200);
        let guest = json!({
            "email": format!("invited{}@example.org", vigie_test_support::unique()),
            "role": "USER", "full_name": "Alix Blanc",
        });
        let invite = "/user/organizations/me/users/invite";
        let invitation = owner.client.post(invite, &guest).await.expect(201);
        let invitation = invitation["id"].as_str().unwrap().to_owned();
        let invitation_token =
            mailed_token(server, AccountMail::Invitation { invitation: invitation.parse().unwrap() }).await;
        let sessions = author.client.get("/auth/sessions").await.expect(200);
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let places = vec![
            ("{organization}", owner.organization_id().to_owned()),
            ("{dashboard}", dashboard),
            ("{empty_dashboard}", empty_dashboard),
            ("{kpi}", kpi),
            ("{empty_kpi}", empty_kpi),
            ("{action}", text(&action["id"])),
            ("{comment}", text(&comment["id"])),
            ("{import}", text(&import["id"])),
            ("{notification}", told),
            ("{operation}", text(&operations["items"][0]["id"])),
            ("{migration}", migration),
            ("{set_password}", token.token.expose().to_owned()),
            ("{verify_email}", verify_email),
            ("{member}", member),
            ("{invitation}", invitation),
            ("{invitation_token}", invitation_token),
            ("{session}", text(&sessions["items"][0]["id"])),
            ("{email}", author.email.clone()),
            ("{password}", vigie_test_support::PASSWORD.to_owned()),
            ("{refresh_token}", text(&author.session["refresh_token"])),
        ];
        Self { owner, admin, author, places }
    }

    /// An import that waits for a worker, for no worker runs in this test.
    pub(super) async fn with_running_import(mut self) -> Self {
        let rows: String = (0..2_500).fold("kpi;période;valeur\n".to_owned(), |rows, row| {
            let (year, month, day) = (2018 + row / 336, row / 28 % 12 + 1, row % 28 + 1);
            rows + &format!("JOUR;{year}-{month:02}-{day:02};{row}\n")
        });
        let dashboard = self.place("{dashboard}").to_owned();
        let daily =
            json!({"name": "Jour", "code": "JOUR", "frequency": "DAILY", "direction": "UP_IS_BETTER"});
        self.author.client.post(&format!("/dashboards/{dashboard}/kpis"), &daily).await.expect(201);
        let import = self
            .author
            .client
            .upload("/imports/kpi-values", "jour.csv", rows.as_bytes(), None)
            .await
            .expect(202);
        self.places.push(("{running_import}", import["id"].as_str().unwrap().to_owned()));
        self
    }

    pub(super) fn place(&self, name: &str) -> &str {
        self.places.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str()).unwrap()
    }

    pub(super) fn fill(&self, text: &str) -> String {
        self.places.iter().fold(text.to_owned(), |text, (name, value)| text.replace(name, value))
    }

    pub(super) async fn try_as(&self, client: &Client, case: &Case) -> Answer {
        self.try_at(client, case, &self.fill(case.path)).await
    }

    pub(super) async fn try_at(&self, client: &Client, case: &Case, path: &str) -> Answer {
        let key = format!("access-{}", vigie_test_support::unique());
        let client =
            if case.who == Who::PlatformAdmins { &client.with("idempotency-key", &key) } else { client };
        match case.body {
            Body::None => client.ask(case.method.clone(), path, None).await,
            Body::Json(body) => {
                let body: Value = serde_json::from_str(&self.fill(&body().to_string())).unwrap();
                client.ask(case.method.clone(), path, Some(&body)).await
            }
            Body::File => client.upload(path, "trs.csv", SMALL_FILE.as_bytes(), None).await,
        }
    }
}
