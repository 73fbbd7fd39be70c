//! Requests that are sent twice because an answer was lost.

use crate::client::{Answer, Upload};
use crate::place::Place;
use crate::server::Server;
use futures_util::future::join_all;
use serde_json::json;

on_both_engines!(
    twenty_requests_with_one_key_create_one_dashboard,
    an_answer_outlives_the_process_that_gave_it,
);

async fn twenty_requests_with_one_key_create_one_dashboard(place: Place) {
    let server = Server::start(&place).await;
    let owner = server.sign_up("alpha").await;
    let keyed = owner.with("idempotency-key", "019a0000-0000-7000-8000-000000000001");
    let create = || keyed.post("/dashboards", json!({ "title": "Atelier" }));
    let answers = join_all((0..20).map(|_| create())).await;
    let (created, others): (Vec<Answer>, Vec<Answer>) =
        answers.into_iter().partition(|answer| answer.status() == 201);
    assert!(!created.is_empty());
    for answer in others {
        assert_eq!(answer.header("retry-after"), "1");
        answer.refused(409, "idempotency_in_progress");
    }
    let firsts = created.iter().filter(|answer| answer.header("idempotency-replayed").is_empty()).count();
    assert_eq!(firsts, 1, "one of them did it, the others were told");
    let again = create().await;
    assert_eq!(again.header("idempotency-replayed"), "true");
    for answer in &created {
        assert_eq!(
            (answer.bytes(), answer.header("location"), answer.header("etag")),
            (again.bytes(), again.header("location"), again.header("etag"))
        );
    }
    assert_eq!(owner.all("/dashboards").await.len(), 1);
}

async fn an_answer_outlives_the_process_that_gave_it(place: Place) {
    let server = Server::start(&place).await;
    let owner = server.sign_up("alpha").await;
    let dashboard = owner.dashboard("Atelier", None).await;
    let kpi = json!({ "name": "TRS", "code": "TRS", "frequency": "MONTHLY", "direction": "UP_IS_BETTER" });
    let kpi = owner.kpi(&dashboard, kpi).await;
    let value = json!({ "period": "2026-01", "value": "91.50" });
    let file = "code;periode;valeur\nTRS;2026-02;92\n";
    let add = owner.with("idempotency-key", "add").post(&format!("/kpis/{kpi}/values"), value.clone()).await;
    let import = owner.with("idempotency-key", "import");
    let import = import.import("/imports/kpi-values", Upload::new("trs.csv", file.as_bytes())).await;
    add.status_is(201);
    import.status_is(201);
    server.kill();

    let server = Server::start(&place).await;
    let owner = owner.at(&server);
    let again = owner.with("idempotency-key", "add").post(&format!("/kpis/{kpi}/values"), value).await;
    assert_eq!((again.status(), again.bytes()), (201, add.bytes()));
    assert_eq!(again.header("idempotency-replayed"), "true");
    let again = owner.with("idempotency-key", "import");
    let again = again.import("/imports/kpi-values", Upload::new("trs.csv", file.as_bytes())).await;
    assert_eq!((again.status(), again.bytes()), (201, import.bytes()));
    assert_eq!(owner.all("/imports/jobs").await.len(), 1);
    assert_eq!(owner.values(&kpi).await.len(), 2);
}
