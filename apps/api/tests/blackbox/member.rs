//! A member of an organization, with what he does all day.

use crate::client::{Client, Upload};
use crate::server::{GLANCE, PATIENCE, Server};
use serde_json::{Value, json};
use std::ops::Deref;
use std::time::Instant;

/// A password that the rules accept.
pub(crate) const PASSWORD: &str = "quatorze lapins verts 82";

/// The owner of an organization, logged in.
pub(crate) struct Member {
    client: Client,
    pub(crate) email: String,
    pub(crate) access_token: String,
    pub(crate) refresh_token: String,
}

impl Deref for Member {
    type Target = Client;

    fn deref(&self) -> &Client {
        &self.client
    }
}

impl Member {
    pub(crate) async fn sign_up(server: &Server, slug: &str) -> Self {
        let email = format!("claire@{slug}.example.com");
        let request = json!({
            "organization_name": format!("Atelier {slug}"), "organization_slug": slug, "full_name": "Claire Duval",
            "email": email, "password": PASSWORD, "locale": "fr",
        });
        let session = server.anonymous().post("/auth/signup", request).await.expect(201);
        let access_token = text(&session["access_token"]);
        Self {
            client: server.anonymous().with_token(&access_token),
            email,
            access_token,
            refresh_token: text(&session["refresh_token"]),
        }
    }

    /// The same member after the server was started again.
    pub(crate) fn at(self, server: &Server) -> Self {
        let client = server.anonymous().with_token(&self.access_token);
        Self { client, ..self }
    }

    /// The same person, logged in to another organization; `None` when he is not let in there.
    pub(crate) async fn in_organization(&self, server: &Server, slug: &str) -> Option<Self> {
        let login = json!({ "email": self.email, "password": PASSWORD });
        let answer = server.anonymous().with("x-tenant-id", slug).post("/auth/login", login).await;
        if answer.status() != 200 {
            // What it is like is no secret to the test: never an error of ours.
            assert!([401, 403, 404, 503].contains(&answer.status()), "{} {}", answer.status(), answer.text());
            return None;
        }
        let session = answer.json();
        let access_token = text(&session["access_token"]);
        Some(Self {
            client: server.anonymous().with_token(&access_token),
            email: self.email.clone(),
            access_token,
            refresh_token: text(&session["refresh_token"]),
        })
    }

    /// A new dashboard's id.
    pub(crate) async fn dashboard(&self, title: &str, process: Option<&str>) -> String {
        text(
            &self.post("/dashboards", json!({ "title": title, "process_name": process })).await.expect(201)["id"],
        )
    }

    /// A new KPI's id.
    pub(crate) async fn kpi(&self, dashboard: &str, definition: Value) -> String {
        text(&self.post(&format!("/dashboards/{dashboard}/kpis"), definition).await.expect(201)["id"])
    }

    /// All items of a list, page by page.
    pub(crate) async fn all(&self, path: &str) -> Vec<Value> {
        let joint = if path.contains('?') { '&' } else { '?' };
        let (mut items, mut page) = (Vec::new(), path.to_owned());
        loop {
            let list = self.get(&page).await.expect(200);
            items.extend(list["items"].as_array().unwrap().iter().cloned());
            let Some(cursor) = list["next_cursor"].as_str() else { return items };
            page = format!("{path}{joint}cursor={cursor}");
        }
    }

    /// The values of a KPI, by period, as the pairs that a table of them has.
    pub(crate) async fn values(&self, kpi: &str) -> Vec<(String, String)> {
        let values = self.all(&format!("/kpis/{kpi}/values?limit=1000")).await;
        values.iter().map(|value| (text(&value["period_key"]), text(&value["value"]))).collect()
    }

    /// Imports a small file: the report.
    pub(crate) async fn import_file(&self, upload: Upload<'_>) -> Value {
        self.import("/imports/kpi-values", upload).await.expect(201)
    }

    /// The report of an import, once `done` is true of it.
    pub(crate) async fn import_until(&self, job: &str, done: impl Fn(&Value) -> bool) -> Value {
        let begun = Instant::now();
        loop {
            let report = self.get(&format!("/imports/jobs/{job}")).await.expect(200);
            if done(&report) {
                return report;
            }
            assert!(begun.elapsed() < PATIENCE * 3, "the import does not come to its end: {report}");
            tokio::time::sleep(GLANCE).await;
        }
    }

    /// The report of an import that has ended.
    pub(crate) async fn import_ended(&self, job: &str) -> Value {
        self.import_until(job, has_ended).await
    }
}

/// Whether nothing more happens to an import.
pub(crate) fn has_ended(report: &Value) -> bool {
    !matches!(report["status"].as_str(), Some("PENDING" | "RUNNING"))
}

/// The text of a JSON string.
#[track_caller]
pub(crate) fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("no text: {value}")).to_owned()
}

/// One member of each of some objects.
pub(crate) fn column(items: &[Value], name: &str) -> Vec<Value> {
    items.iter().map(|item| item[name].clone()).collect()
}
