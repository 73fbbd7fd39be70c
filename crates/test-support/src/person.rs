//! People in a server.

use crate::{Client, unique};
use serde_json::{Value, json};

/// Everybody's password.
pub const PASSWORD: &str = "sept petits crapauds verts 42";

/// Somebody who is logged in.
#[derive(Clone)]
pub struct Person {
    /// Calls with his access token.
    pub client: Client,
    /// What his login answered.
    pub session: Value,
    /// His address.
    pub email: String,
}

impl Person {
    /// Signs up an organization of that name; its owner.
    pub async fn sign_up(server: &Client, organization: &str) -> Self {
        let number = unique();
        let email = format!("owner{number}@example.org");
        let body = json!({
            "organization_name": organization,
            "organization_slug": format!("org-{}-{number}", std::process::id()),
            "full_name": "Camille Martin",
            "email": email,
            "password": PASSWORD,
        });
        let session = server.post("/auth/signup", &body).await.expect(201);
        Self::of(server, session, email)
    }

    /// Logs in.
    pub async fn login(server: &Client, email: &str) -> Self {
        let session =
            server.post("/auth/login", &json!({"email": email, "password": PASSWORD})).await.expect(200);
        Self::of(server, session, email.to_owned())
    }

    fn of(server: &Client, session: Value, email: String) -> Self {
        let client = server.with_token(session["access_token"].as_str());
        Self { client, session, email }
    }

    /// His id.
    #[must_use]
    pub fn id(&self) -> &str {
        self.session["user"]["id"].as_str().unwrap()
    }

    /// His organization's id.
    #[must_use]
    pub fn organization_id(&self) -> &str {
        self.session["organization"]["id"].as_str().unwrap()
    }

    /// His organization's slug.
    #[must_use]
    pub fn slug(&self) -> &str {
        self.session["organization"]["slug"].as_str().unwrap()
    }

    /// Creates a dashboard of that title; its id.
    pub async fn dashboard(&self, title: &str) -> String {
        let body = json!({"title": title, "process_name": "Production"});
        id_of(&self.client.post("/dashboards", &body).await.expect(201))
    }

    /// Defines a monthly KPI in percent, green from 95 and orange from 90, on a dashboard; its id.
    pub async fn kpi(&self, dashboard: &str, name: &str) -> String {
        let body = json!({
            "name": name, "unit": "%", "frequency": "MONTHLY", "direction": "UP_IS_BETTER",
            "threshold_green": "95", "threshold_orange": "90",
        });
        id_of(&self.client.post(&format!("/dashboards/{dashboard}/kpis"), &body).await.expect(201))
    }
}

fn id_of(created: &Value) -> String {
    created["id"].as_str().unwrap().to_owned()
}
