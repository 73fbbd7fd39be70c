//! Bad requests: a clear refusal that names the field, and nothing written.

use crate::client::{Answer, Client};
use crate::member::Member;
use crate::place::Place;
use crate::server::Server;
use serde_json::{Value, json};
use std::fmt::Write;

on_both_engines!(a_bad_request_is_refused_by_field_and_changes_nothing);

/// Method, path, body; status and code; the fields that are to blame, as `pointer code`, in any order.
///
/// In paths `{d}` is a dashboard, `{m}` a monthly KPI that has a value, `{w}` a weekly one, `{a}` an action, `{0}` nothing.
type Case = (&'static str, &'static str, &'static str, u16, &'static str, &'static [&'static str]);

const INVALID: (u16, &str) = (422, "validation_failed");

const DASHBOARDS: &[Case] = &[
    ("POST", "/dashboards", "", 400, "json_malformed", &[" json_syntax"]),
    ("POST", "/dashboards", r#"{"title":"#, 400, "json_malformed", &[" json_syntax"]),
    ("POST", "/dashboards", r#"{"title":"x"} x"#, 400, "json_malformed", &[" json_syntax"]),
    ("POST", "/dashboards", r#"{'title':'x'}"#, 400, "json_malformed", &[" json_syntax"]),
    ("POST", "/dashboards", "[]", INVALID.0, INVALID.1, &[" object_expected"]),
    ("POST", "/dashboards", r#"["x",null,null,null]"#, INVALID.0, INVALID.1, &[" object_expected"]),
    ("POST", "/dashboards", "null", INVALID.0, INVALID.1, &[" object_expected"]),
    ("POST", "/dashboards", "{}", INVALID.0, INVALID.1, &["/title required"]),
    ("POST", "/dashboards", r#"{"title":null}"#, INVALID.0, INVALID.1, &["/title required"]),
    ("POST", "/dashboards", r#"{"title":" "}"#, INVALID.0, INVALID.1, &["/title required"]),
    ("POST", "/dashboards", r#"{"title":5}"#, INVALID.0, INVALID.1, &["/title type_invalid"]),
    ("POST", "/dashboards", r#"{"title":"x","colour":1}"#, INVALID.0, INVALID.1, &["/colour field_unknown"]),
    (
        "POST",
        "/dashboards",
        r#"{"title":"x","title":"y"}"#,
        INVALID.0,
        INVALID.1,
        &["/title field_duplicate"],
    ),
    ("POST", "/dashboards", r#"{"title":"a\u0007b"}"#, INVALID.0, INVALID.1, &["/title invalid_characters"]),
    (
        "POST",
        "/dashboards",
        r#"{"title":"x","owner_id":"me"}"#,
        INVALID.0,
        INVALID.1,
        &["/owner_id id_invalid"],
    ),
    (
        "POST",
        "/dashboards",
        r#"{"title":"x","owner_id":"{0}"}"#,
        INVALID.0,
        INVALID.1,
        &["/owner_id owner_unknown"],
    ),
    (
        "POST",
        "/dashboards",
        r#"{"id":"{0}","title":4,"process_name":[]}"#,
        INVALID.0,
        INVALID.1,
        &["/id field_unknown", "/title type_invalid", "/process_name type_invalid"],
    ),
    ("PATCH", "/dashboards/{d}", r#"{"title":null}"#, INVALID.0, INVALID.1, &["/title required"]),
    ("PATCH", "/dashboards/{0}", r#"{"title":"x"}"#, 404, "dashboard_not_found", &[]),
    ("GET", "/dashboards/{0}", "", 404, "dashboard_not_found", &[]),
    ("GET", "/dashboards/latest", "", 400, "path_invalid", &["/id id_invalid"]),
    ("GET", "/dashboards?limit=0", "", INVALID.0, INVALID.1, &["?limit not_in_range"]),
    ("GET", "/dashboards?limit=101", "", INVALID.0, INVALID.1, &["?limit not_in_range"]),
    (
        "GET",
        "/dashboards?limit=-1&cursor=AAAA",
        "",
        INVALID.0,
        INVALID.1,
        &["?limit not_in_range", "?cursor cursor_invalid"],
    ),
    ("GET", "/dashboards?cursor=%00", "", INVALID.0, INVALID.1, &["?cursor cursor_invalid"]),
    ("GET", "/dashboards?colour=red", "", 400, "query_invalid", &["?colour parameter_unknown"]),
    ("GET", "/dashboards?limit=1&limit=2", "", 400, "query_invalid", &["?limit field_duplicate"]),
];

const KPIS: &[Case] = &[
    (
        "POST",
        "/dashboards/{d}/kpis",
        "{}",
        INVALID.0,
        INVALID.1,
        &["/name required", "/frequency required", "/direction required"],
    ),
    (
        "POST",
        "/dashboards/{0}/kpis",
        r#"{"name":"x","frequency":"MONTHLY","direction":"UP_IS_BETTER"}"#,
        404,
        "dashboard_not_found",
        &[],
    ),
    (
        "POST",
        "/dashboards/{d}/kpis",
        r#"{"name":"x","frequency":"HOURLY","direction":"SIDEWAYS"}"#,
        INVALID.0,
        INVALID.1,
        &["/frequency value_unknown", "/direction value_unknown"],
    ),
    (
        "POST",
        "/dashboards/{d}/kpis",
        r#"{"name":"x","frequency":"QUARTERLY","direction":"IN_BAND","formula":"1+1"}"#,
        INVALID.0,
        INVALID.1,
        &["/frequency not_supported", "/direction not_supported", "/formula not_supported"],
    ),
    (
        "POST",
        "/dashboards/{d}/kpis",
        r#"{"name":"x","code":"A B","frequency":"MONTHLY","direction":"UP_IS_BETTER"}"#,
        INVALID.0,
        INVALID.1,
        &["/code code_invalid"],
    ),
    (
        "POST",
        "/dashboards/{d}/kpis",
        r#"{"name":"x","code":"monthly","frequency":"MONTHLY","direction":"UP_IS_BETTER"}"#,
        409,
        "kpi_code_taken",
        &["/code kpi_code_taken"],
    ),
    (
        "POST",
        "/dashboards/{d}/kpis",
        r#"{"name":"x","weight":"-1","display_decimals":7,"grace_days":61,"frequency":"MONTHLY","direction":"UP_IS_BETTER"}"#,
        INVALID.0,
        INVALID.1,
        &["/weight out_of_range", "/display_decimals out_of_range", "/grace_days out_of_range"],
    ),
    (
        "PATCH",
        "/kpis/{m}",
        r#"{"name":null,"is_active":"no"}"#,
        INVALID.0,
        INVALID.1,
        &["/name required", "/is_active type_invalid"],
    ),
    (
        "PATCH",
        "/kpis/{m}",
        r#"{"dashboard_id":"{0}"}"#,
        INVALID.0,
        INVALID.1,
        &["/dashboard_id dashboard_unknown"],
    ),
    (
        "PATCH",
        "/kpis/{m}",
        r#"{"frequency":"WEEKLY"}"#,
        409,
        "frequency_frozen",
        &["/frequency frequency_frozen"],
    ),
    (
        "PATCH",
        "/kpis/{m}",
        r#"{"direction":"DOWN_IS_BETTER"}"#,
        409,
        "direction_needs_thresholds",
        &["/direction direction_needs_thresholds"],
    ),
    (
        "PATCH",
        "/kpis/{m}",
        r#"{"threshold_orange":"96"}"#,
        INVALID.0,
        INVALID.1,
        &["/threshold_orange threshold_order"],
    ),
    (
        "PATCH",
        "/kpis/{m}",
        r#"{"threshold_green":null}"#,
        INVALID.0,
        INVALID.1,
        &["/threshold_green threshold_incomplete"],
    ),
    ("DELETE", "/kpis/{m}", "", 409, "kpi_has_values", &[]),
    ("DELETE", "/dashboards/{d}", "", 409, "dashboard_not_empty", &[]),
    ("GET", "/kpis/{0}", "", 404, "kpi_not_found", &[]),
    ("GET", "/kpis/{m}/series?view=quarter", "", INVALID.0, INVALID.1, &["?view not_supported"]),
    ("GET", "/kpis/{m}/series?from=2026-02&to=2026-01", "", INVALID.0, INVALID.1, &["?to period_order"]),
    ("GET", "/kpis/{m}/series?from=1900-01&to=2026-01", "", INVALID.0, INVALID.1, &["?from range_too_long"]),
];

/// Direction, then the three thresholds as JSON; what is to blame.
const THRESHOLDS: &[(&str, &str, &str, &str, &[&str])] = &[
    ("UP", "90", "95", "null", &["/threshold_orange threshold_order"]),
    ("DOWN", "10", "5", "null", &["/threshold_orange threshold_order"]),
    ("UP", "95", "90", "92", &["/threshold_red threshold_order"]),
    ("DOWN", "5", "10", "8", &["/threshold_red threshold_order"]),
    ("UP", "90", "95", "96", &["/threshold_orange threshold_order", "/threshold_red threshold_order"]),
    ("UP", "null", "90", "null", &["/threshold_green threshold_incomplete"]),
    (
        "DOWN",
        "null",
        "null",
        "90",
        &["/threshold_green threshold_incomplete", "/threshold_orange threshold_incomplete"],
    ),
    ("UP", "95", "null", "80", &["/threshold_orange threshold_incomplete"]),
    ("UP", "\"12,5\"", "null", "null", &["/threshold_green number_invalid"]),
    (
        "UP",
        "\"NaN\"",
        "\"Infinity\"",
        "\"\"",
        &[
            "/threshold_green number_invalid",
            "/threshold_orange number_invalid",
            "/threshold_red number_invalid",
        ],
    ),
    (
        "UP",
        "1e999",
        "\"0x10\"",
        "\" 1\"",
        &[
            "/threshold_green number_invalid",
            "/threshold_orange number_invalid",
            "/threshold_red number_invalid",
        ],
    ),
    ("UP", "1234567890123456789", "null", "null", &["/threshold_green number_out_of_range"]),
    (
        "UP",
        "0.12345678901",
        "\"1e-11\"",
        "1e19",
        &[
            "/threshold_green too_many_decimals",
            "/threshold_orange too_many_decimals",
            "/threshold_red number_out_of_range",
        ],
    ),
    (
        "UP",
        "true",
        "[1]",
        "{}",
        &["/threshold_green type_invalid", "/threshold_orange type_invalid", "/threshold_red type_invalid"],
    ),
];

const VALUES: &[Case] = &[
    ("POST", "/kpis/{m}/values", "{}", INVALID.0, INVALID.1, &["/period required", "/value required"]),
    ("POST", "/kpis/{0}/values", r#"{"period":"2026-02","value":1}"#, 404, "kpi_not_found", &[]),
    (
        "POST",
        "/kpis/{m}/values",
        r#"{"period":"2026-01","value":1}"#,
        409,
        "value_exists",
        &["/period value_exists"],
    ),
    (
        "POST",
        "/kpis/{m}/values",
        r#"{"period":"2026-W07","value":1}"#,
        INVALID.0,
        INVALID.1,
        &["/period period_frequency_mismatch"],
    ),
    (
        "POST",
        "/kpis/{w}/values",
        r#"{"period":"2026-02","value":1}"#,
        INVALID.0,
        INVALID.1,
        &["/period period_frequency_mismatch"],
    ),
    (
        "POST",
        "/kpis/{w}/values",
        r#"{"period":"2025-W53","value":1}"#,
        INVALID.0,
        INVALID.1,
        &["/period period_invalid"],
    ),
    (
        "POST",
        "/kpis/{m}/values",
        r#"{"period":"2026-02-30","value":1}"#,
        INVALID.0,
        INVALID.1,
        &["/period period_invalid"],
    ),
    (
        "POST",
        "/kpis/{m}/values",
        r#"{"period":202602,"value":1}"#,
        INVALID.0,
        INVALID.1,
        &["/period type_invalid"],
    ),
    (
        "POST",
        "/kpis/{m}/values",
        r#"{"period":"2099-01","value":1}"#,
        INVALID.0,
        INVALID.1,
        &["/period period_in_future"],
    ),
    (
        "POST",
        "/kpis/{m}/values",
        r#"{"period_start":"2026-02-01","period_end":"2026-02-27","value":1}"#,
        INVALID.0,
        INVALID.1,
        &["/period_end period_bounds_mismatch"],
    ),
    (
        "POST",
        "/kpis/{m}/values",
        r#"{"period_start":"2026-02-01","value":1}"#,
        INVALID.0,
        INVALID.1,
        &["/period_end required"],
    ),
    (
        "POST",
        "/kpis/{m}/values",
        r#"{"period":"2026-02","period_start":"2026-02-01","period_end":"2026-02-28","value":1}"#,
        INVALID.0,
        INVALID.1,
        &["/period period_twice"],
    ),
    (
        "POST",
        "/kpis/{m}/values",
        r#"{"period":"2026-02","value":"12,5"}"#,
        INVALID.0,
        INVALID.1,
        &["/value number_invalid"],
    ),
    (
        "POST",
        "/kpis/{m}/values",
        r#"{"period":"2026-02","value":null}"#,
        INVALID.0,
        INVALID.1,
        &["/value required"],
    ),
    (
        "POST",
        "/kpis/{m}/values",
        r#"{"period":"2026-02","value":NaN}"#,
        400,
        "json_malformed",
        &[" json_syntax"],
    ),
    (
        "POST",
        "/kpis/{m}/values",
        r#"{"period":"2026-02","not_applicable":true}"#,
        INVALID.0,
        INVALID.1,
        &["/reason required"],
    ),
    (
        "POST",
        "/kpis/{m}/values",
        r#"{"period":"2026-02","not_applicable":true,"reason":"x","value":1}"#,
        INVALID.0,
        INVALID.1,
        &["/value value_not_applicable"],
    ),
    (
        "POST",
        "/kpis/{m}/values",
        r#"{"period":"2026-02","value":1,"reason":"x"}"#,
        INVALID.0,
        INVALID.1,
        &["/reason reason_unexpected"],
    ),
    ("PUT", "/kpis/{m}/values/2026-13", r#"{"value":1}"#, INVALID.0, INVALID.1, &["/period period_invalid"]),
    (
        "PUT",
        "/kpis/{m}/values/2026-02",
        r#"{"value":1,"period":"2026-02"}"#,
        INVALID.0,
        INVALID.1,
        &["/period field_unknown"],
    ),
    ("DELETE", "/kpis/{m}/values/2026-02", "", 404, "value_not_found", &[]),
    ("GET", "/kpis/{m}/values?limit=1001", "", INVALID.0, INVALID.1, &["?limit not_in_range"]),
    (
        "GET",
        "/kpis/{m}/values?from=lundi&to=2026-W07",
        "",
        INVALID.0,
        INVALID.1,
        &["?from period_invalid", "?to period_frequency_mismatch"],
    ),
    (
        "PUT",
        "/periods/closing",
        r#"{"frequency":"MONTHLY","closed_through":"2099-01-31"}"#,
        INVALID.0,
        INVALID.1,
        &["/closed_through date_in_future"],
    ),
    (
        "PUT",
        "/periods/closing",
        r#"{"frequency":"HOURLY"}"#,
        INVALID.0,
        INVALID.1,
        &["/frequency value_unknown", "/closed_through required"],
    ),
    ("GET", "/reporting/overview?as_of=2099-01-01", "", INVALID.0, INVALID.1, &["?as_of date_in_future"]),
    (
        "GET",
        "/reporting/overview?as_of=today&policy=LUCK",
        "",
        INVALID.0,
        INVALID.1,
        &["?as_of date_invalid", "?policy value_unknown"],
    ),
    ("GET", "/reporting/top-risks?limit=101", "", INVALID.0, INVALID.1, &["?limit not_in_range"]),
];

const ACTIONS: &[Case] = &[
    ("POST", "/kpis/{m}/actions", "{}", INVALID.0, INVALID.1, &["/title required"]),
    ("POST", "/kpis/{0}/actions", r#"{"title":"x"}"#, 404, "kpi_not_found", &[]),
    (
        "POST",
        "/kpis/{m}/actions",
        r#"{"title":"x","due_date":"20/11/2026","status":"LATE"}"#,
        INVALID.0,
        INVALID.1,
        &["/due_date date_invalid", "/status value_unknown"],
    ),
    (
        "POST",
        "/kpis/{m}/actions",
        r#"{"title":"x","progress":101}"#,
        INVALID.0,
        INVALID.1,
        &["/progress out_of_range"],
    ),
    (
        "POST",
        "/kpis/{m}/actions",
        r#"{"title":"x","progress":"half"}"#,
        INVALID.0,
        INVALID.1,
        &["/progress type_invalid"],
    ),
    (
        "POST",
        "/kpis/{m}/actions",
        r#"{"title":"x","owner_id":"{0}"}"#,
        INVALID.0,
        INVALID.1,
        &["/owner_id owner_no_access"],
    ),
    (
        "POST",
        "/kpis/{m}/actions",
        r#"{"title":"x","status":"CANCELLED"}"#,
        INVALID.0,
        INVALID.1,
        &["/reason required"],
    ),
    (
        "PATCH",
        "/actions/{a}",
        r#"{"status":"DONE","progress":50}"#,
        INVALID.0,
        INVALID.1,
        &["/progress action_progress_mismatch"],
    ),
    (
        "PATCH",
        "/actions/{a}",
        r#"{"status":"OPEN","kpi_id":"{m}"}"#,
        INVALID.0,
        INVALID.1,
        &["/kpi_id field_unknown"],
    ),
    ("PATCH", "/actions/{0}", r#"{"title":"x"}"#, 404, "action_not_found", &[]),
    ("GET", "/actions?status=LATE", "", INVALID.0, INVALID.1, &["?status value_unknown"]),
    ("POST", "/kpis/{m}/comments", r#"{"content":"  "}"#, INVALID.0, INVALID.1, &["/content required"]),
    ("POST", "/actions/{0}/comments", r#"{"content":"x"}"#, 404, "action_not_found", &[]),
    ("PATCH", "/comments/{0}", r#"{"content":"x"}"#, 404, "comment_not_found", &[]),
    ("GET", "/imports/jobs/{0}", "", 404, "import_not_found", &[]),
    ("POST", "/auth/login", r#"{"email":"x"}"#, INVALID.0, INVALID.1, &["/password required"]),
    (
        "POST",
        "/auth/signup",
        r#"{"organization_name":"x","organization_slug":"A","full_name":"y","email":"x","password":"short","role":"OWNER"}"#,
        INVALID.0,
        INVALID.1,
        &["/role field_unknown"],
    ),
    (
        "POST",
        "/auth/signup",
        r#"{"organization_name":"x","organization_slug":"admin","full_name":"y","email":"a@localhost","password":"short"}"#,
        INVALID.0,
        INVALID.1,
        &["/organization_slug slug_reserved", "/email email_invalid", "/password password_too_short"],
    ),
];

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
    for (method, path, body, status, code, blamed) in [DASHBOARDS, KPIS, VALUES, ACTIONS].concat() {
        let (path, body) = (scene.filled(path), scene.filled(body));
        let answer = scene.claire.raw(method, &path, body.clone()).await;
        verdicts.judge(&format!("{method} {path} {body}"), &answer, (status, code), blamed);
    }
    for (direction, green, orange, red, blamed) in THRESHOLDS {
        let body = format!(
            r#"{{"name":"x","frequency":"MONTHLY","direction":"{direction}_IS_BETTER","threshold_green":{green},"threshold_orange":{orange},"threshold_red":{red}}}"#
        );
        let answer = scene.claire.raw("POST", &scene.filled("/dashboards/{d}/kpis"), body.clone()).await;
        verdicts.judge(&body, &answer, INVALID, blamed);
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
    verdicts.judge("a cursor of 10 kB", &answer, INVALID, &["?cursor cursor_invalid"]);
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
