//! Bad requests: a clear refusal that names the field, and nothing written.

use crate::client::{Answer, Client};
use crate::member::Member;
use crate::place::Place;
use crate::server::Server;
use serde_json::{Value, json};
use std::fmt::Write;

on_both_engines!(a_bad_request_is_refused_by_field_and_changes_nothing);

/// The cases; its first lines say how they are written.
const CASES: &str = include_str!("bad_requests.txt");

/// What most of them get.
const INVALID: (u16, &str) = (422, "validation_failed");

/// A request and its refusal, as templates.
struct Case<'t> {
    method: &'t str,
    path: &'t str,
    body: &'t str,
    status: u16,
    code: &'t str,
    blamed: Vec<String>,
}

fn cases() -> Vec<Case<'static>> {
    let (_, cases) = CASES.split_once("\n# ").unwrap();
    let lines: Vec<&str> =
        cases.lines().skip(1).filter(|line| !line.is_empty() && !line.starts_with('#')).collect();
    lines.chunks(2).map(case).collect()
}

fn case<'t>(lines: &[&'t str]) -> Case<'t> {
    let [request, refusal] = lines else { panic!("a case has two lines: {lines:?}") };
    let mut request = request.splitn(3, ' ');
    let mut refusal = refusal.trim_start().splitn(3, ' ');
    let blamed =
        |text: &str| text.split(", ").map(|blamed| blamed.trim_start_matches('-').to_owned()).collect();
    Case {
        method: request.next().unwrap(),
        path: request.next().unwrap(),
        body: request.next().unwrap_or(""),
        status: refusal.next().unwrap().parse().unwrap(),
        code: refusal.next().unwrap(),
        blamed: refusal.next().map(blamed).unwrap_or_default(),
    }
}

/// What there is before the bad requests, and must be there after them.
struct Scene {
    claire: Member,
    dashboard: String,
    monthly: String,
    weekly: String,
    action: String,
}

impl Scene {
    async fn set(server: &Server) -> Self {
        let claire = server.sign_up("angers").await;
        let dashboard = claire.dashboard("Ventes", Some("Commerce")).await;
        let monthly = json!({
            "name": "Monthly", "frequency": "MONTHLY", "direction": "UP_IS_BETTER", "threshold_green": 95, "threshold_orange": 90,
        });
        let monthly = claire.kpi(&dashboard, monthly).await;
        let weekly = json!({ "name": "Weekly", "frequency": "WEEKLY", "direction": "DOWN_IS_BETTER" });
        let weekly = claire.kpi(&dashboard, weekly).await;
        claire
            .post(&format!("/kpis/{monthly}/values"), json!({ "period": "2026-01", "value": 93 }))
            .await
            .expect(201);
        let action = claire
            .post(&format!("/kpis/{monthly}/actions"), json!({ "title": "Relancer" }))
            .await
            .expect(201);
        let action = crate::member::text(&action["id"]);
        Self { claire, dashboard, monthly, weekly, action }
    }

    fn filled(&self, template: &str) -> String {
        let nothing = "01990000-0000-7000-8000-000000000000";
        [
            ("{d}", &*self.dashboard),
            ("{m}", &self.monthly),
            ("{w}", &self.weekly),
            ("{a}", &self.action),
            ("{0}", nothing),
        ]
        .into_iter()
        .fold(template.to_owned(), |text, (name, id)| text.replace(name, id))
    }

    /// Everything that lists tell.
    async fn told(&self) -> Vec<Vec<Value>> {
        let mut lists = Vec::new();
        for path in [
            "/dashboards",
            "/dashboards/{d}/kpis",
            "/kpis/{m}/values",
            "/kpis/{w}/values",
            "/kpis/{m}/thresholds",
            "/kpis/{m}/values/2026-01/revisions",
            "/actions",
            "/kpis/{m}/comments",
            "/actions/{a}/comments",
            "/imports/jobs",
            "/periods/closing",
        ] {
            lists.push(self.claire.all(&self.filled(path)).await);
        }
        lists
    }
}

/// Collects what is not as it must be, so that one run tells all of it.
#[derive(Default)]
struct Verdicts {
    count: usize,
    wrong: String,
}

impl Verdicts {
    fn judge(&mut self, what: &str, answer: &Answer, (status, code): (u16, &str), blamed: &[&str]) {
        self.count += 1;
        let problem = serde_json::from_slice::<Value>(answer.bytes()).unwrap_or_default();
        let mut told: Vec<String> = problem["errors"].as_array().into_iter().flatten().map(told).collect();
        let mut wanted: Vec<String> = blamed.iter().map(|blamed| (*blamed).to_owned()).collect();
        told.sort();
        wanted.sort();
        let is_problem = answer.header("content-type") == "application/problem+json";
        if !is_problem || answer.status() != status || problem["code"] != code || told != wanted {
            let shown: String = answer.text().chars().take(600).collect();
            let _ = writeln!(
                self.wrong,
                "{what}\n  wanted {status} {code} {wanted:?}\n  got    {} {shown}",
                answer.status()
            );
        }
    }

    #[track_caller]
    fn pass(self) {
        assert!(self.wrong.is_empty(), "{} of these were answered otherwise:\n{}", self.count, self.wrong);
    }
}

fn told(error: &Value) -> String {
    format!("{} {}", error["pointer"].as_str().unwrap_or("?"), error["code"].as_str().unwrap_or("?"))
}

async fn a_bad_request_is_refused_by_field_and_changes_nothing(place: Place) {
    let server = Server::start(&place).await;
    let scene = Scene::set(&server).await;
    let before = scene.told().await;
    let mut verdicts = Verdicts::default();
    let cases = cases();
    assert!(cases.len() > 100);
    for Case { method, path, body, status, code, blamed } in cases {
        let (path, body) = (scene.filled(path), scene.filled(body));
        let answer = scene.claire.raw(method, &path, body.clone()).await;
        let blamed: Vec<&str> = blamed.iter().map(String::as_str).collect();
        verdicts.judge(&format!("{method} {path} {body}"), &answer, (status, code), &blamed);
    }
    refuse_what_is_too_much(&scene, &mut verdicts).await;
    refuse_bad_headers(&scene, &mut verdicts).await;
    verdicts.pass();
    assert_eq!(scene.told().await, before);
}

async fn refuse_what_is_too_much(scene: &Scene, verdicts: &mut Verdicts) {
    let claire: &Client = &scene.claire;
    let (actions, comments) = (scene.filled("/kpis/{m}/actions"), scene.filled("/kpis/{m}/comments"));
    let long = |n: usize| "é".repeat(n);
    for (path, field, most) in
        [("/dashboards", "title", 200), (&actions, "title", 200), (&comments, "content", 5000)]
    {
        let answer = claire.post(path, json!({ field: long(most + 1) })).await;
        verdicts.judge(
            &format!("{} characters", most + 1),
            &answer,
            INVALID,
            &[&format!("/{field} too_long")],
        );
    }
    let deep = format!(r#"{{"title":{}{}}}"#, "[".repeat(10_000), "]".repeat(10_000));
    let answer = claire.raw("POST", "/dashboards", deep).await;
    verdicts.judge("10,000 levels", &answer, (400, "json_malformed"), &[" nested_too_deep"]);
    let answer = claire.post("/dashboards", json!({ "title": "x", "description": long(200_000) })).await;
    verdicts.judge("400 kB", &answer, (413, "body_too_large"), &[" body_too_large"]);
    let answer =
        claire.post("/auth/login", json!({ "email": "a@b.fr", "password": "x".repeat(9_000) })).await;
    verdicts.judge("9 kB to log in", &answer, (413, "body_too_large"), &[" body_too_large"]);
    let answer = claire.raw("POST", "/dashboards", b"{\"title\":\"\xff\xfe\"}".to_vec()).await;
    verdicts.judge("no UTF-8", &answer, (400, "json_malformed"), &[" json_syntax"]);
    let answer = claire.get(&format!("/dashboards?cursor={}", "A".repeat(10_000))).await;
    verdicts.judge("a cursor of 10 kB", &answer, (414, "uri_too_long"), &[]);
}

async fn refuse_bad_headers(scene: &Scene, verdicts: &mut Verdicts) {
    let claire: &Client = &scene.claire;
    for kind in ["text/plain", "application/x-www-form-urlencoded", "application/jsonp"] {
        let answer = claire.with("content-type", kind).raw("POST", "/dashboards", r#"{"title":"x"}"#).await;
        verdicts.judge(kind, &answer, (415, "unsupported_media_type"), &[]);
    }
    let packed = claire.with("content-encoding", "gzip").raw("POST", "/dashboards", "x").await;
    verdicts.judge("a packed body", &packed, (415, "unsupported_media_type"), &[]);
    for tag in ["3", "\"3", "W/\"1\"", "\"1\", \"2\"", "\"x\""] {
        let answer =
            claire.with("if-match", tag).patch(&scene.filled("/kpis/{m}"), json!({ "name": "x" })).await;
        verdicts.judge(&format!("If-Match: {tag}"), &answer, (400, "if_match_invalid"), &[]);
    }
    let answer = claire.with("accept-language", "fr").raw("POST", "/dashboards", "{}").await;
    assert_eq!(answer.json()["errors"][0]["message"], "Il est obligatoire.");
}
