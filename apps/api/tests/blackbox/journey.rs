//! The main job: a manager signs up, imports the file that he really has, sees what is red and does something about it.

use crate::client::Upload;
use crate::files::windows_1252;
use crate::member::{Member, column};
use crate::place::Place;
use crate::server::Server;
use serde_json::{Value, json};

on_both_engines!(
    a_manager_goes_from_sign_up_to_an_action_on_what_is_red,
    a_change_of_something_that_was_changed_meanwhile_is_refused,
    what_is_deleted_is_gone_and_deleting_it_again_is_404,
);

/// As a French spreadsheet saves it: Windows-1252, semicolons, decimal commas, titles above and a note below.
const FRENCH_FILE: &str = "\
Suivi qualité de l’atelier n°2;;;\r
Édité par Zoé Bäcker – coût en €;;;\r
;;;\r
Code indicateur;Période;Réalisé;Commentaire\r
TRS;janv. 2026;95,5;\r
TRS;févr. 2026;92,25;arrêt presse\r
TRS;mars 2026;84,5;\r
REBUT;01/2026;4,75;\r
REBUT;02/2026;-;capteur en panne\r
REBUT;03/2026;1,5;\r
COUT;mars 2026;1\u{a0}234,5;\r
INCONNU;mars 2026;3;\r
Données provisoires, hors sous-traitance.;;;\r
";

/// A dashboard of the process with a KPI that rises, one that falls and one without thresholds.
struct Workshop {
    dashboard: String,
    trs: String,
    rebut: String,
    cout: String,
}

async fn workshop(claire: &Member) -> Workshop {
    let dashboard = claire.dashboard("Qualité atelier", Some("Production")).await;
    let trs = json!({
        "name": "Taux de rendement synthétique", "code": "TRS", "unit": "%", "frequency": "MONTHLY",
        "direction": "UP_IS_BETTER", "threshold_green": "95", "threshold_orange": 90, "threshold_red": "80.00",
    });
    let rebut = json!({
        "name": "Taux de rebut", "code": "REBUT", "unit": "%", "frequency": "MONTHLY",
        "direction": "DOWN_IS_BETTER", "threshold_green": 2, "threshold_orange": "4",
    });
    let cout = json!({
        "name": "Coût", "code": "COUT", "unit": "k€", "frequency": "MONTHLY", "direction": "DOWN_IS_BETTER",
    });
    Workshop {
        trs: claire.kpi(&dashboard, trs).await,
        rebut: claire.kpi(&dashboard, rebut).await,
        cout: claire.kpi(&dashboard, cout).await,
        dashboard,
    }
}

fn counts(inserted: u64, unchanged: u64) -> Value {
    json!({
        "rows_total": 8, "inserted": inserted, "updated": 0, "unchanged": unchanged, "skipped": 0, "blank": 1, "rejected": 1,
    })
}

async fn a_manager_goes_from_sign_up_to_an_action_on_what_is_red(place: Place) {
    let server = Server::start(&place).await;
    let claire = server.sign_up("lyon").await;
    let workshop = workshop(&claire).await;
    let kpi = claire.get(&format!("/kpis/{}", workshop.trs)).await.expect(200);
    assert_eq!(kpi["threshold_green"], "95");
    assert_eq!(kpi["threshold_red"], "80", "decimals are canonical");
    let file = windows_1252(FRENCH_FILE);
    let upload = Upload::new("qualité 2026.csv", &file);

    let dry = claire.import("/imports/kpi-values?dry_run=true", upload).await.expect(201);
    assert_eq!(dry["counts"], counts(6, 0), "{dry}");
    assert_eq!((&dry["dry_run"], &dry["phase"]), (&json!(true), &json!("validated")));
    assert_eq!(claire.values(&workshop.trs).await, [], "a dry run writes nothing");

    let first = claire.import_file(upload).await;
    assert_eq!(first["counts"], counts(6, 0), "{first}");
    assert_eq!((&first["status"], &first["phase"]), (&json!("PARTIAL"), &json!("done")));
    assert_eq!(first["file"]["encoding"], "windows-1252");
    assert_eq!((&first["file"]["delimiter"], &first["file"]["layout"]), (&json!(";"), &json!("LONG")));
    assert_eq!(first["file"]["header_row"], 4);
    let errors: Vec<&Value> =
        first["issues"].as_array().unwrap().iter().filter(|issue| issue["severity"] == "error").collect();
    assert_eq!(errors.len(), 1, "{first}");
    assert_eq!((&errors[0]["code"], &errors[0]["row"]), (&json!("KPI_UNKNOWN"), &json!(12)));
    assert_eq!(errors[0]["raw"], "INCONNU");
    let assumed = column(first["assumptions"].as_array().unwrap(), "code");
    assert!(assumed.contains(&json!("DECIMAL_COMMA")), "{assumed:?}");

    let months = ["2026-01", "2026-02", "2026-03"].map(str::to_owned);
    let values = claire.values(&workshop.trs).await;
    assert_eq!(
        values,
        months.into_iter().zip(["95.5", "92.25", "84.5"].map(str::to_owned)).collect::<Vec<_>>()
    );
    assert_eq!(claire.values(&workshop.cout).await, [("2026-03".to_owned(), "1234.5".to_owned())]);
    let colours = claire.all(&format!("/kpis/{}/values", workshop.trs)).await;
    assert_eq!(column(&colours, "status"), ["GREEN", "ORANGE", "RED"]);
    assert_eq!(column(&colours, "comment"), [Value::Null, json!("arrêt presse"), Value::Null]);
    assert_eq!(
        column(&claire.all(&format!("/kpis/{}/values", workshop.rebut)).await, "status"),
        ["RED", "GREEN"]
    );

    let again = claire.import_file(upload).await;
    assert_eq!(again["counts"], counts(0, 6), "{again}");
    let revisions = format!("/kpis/{}/values/2026-03/revisions", workshop.trs);
    assert_eq!(claire.all(&revisions).await.len(), 1, "importing again is no change");
    assert_eq!(claire.all("/imports/jobs").await.len(), 3);

    let overview = claire.get("/reporting/overview").await.expect(200);
    let all = &overview["organization"];
    assert_eq!((&all["counts"]["red"], &all["counts"]["green"]), (&json!(1), &json!(1)), "{overview}");
    assert_eq!(all["counts"]["no_thresholds"], 1);
    assert_eq!((&all["red_without_action"], &all["actions_open"]), (&json!(1), &json!(0)));
    assert_eq!(overview["processes"][0]["process_name"], "Production");
    assert_eq!(overview["dashboards"][0]["dashboard_id"], workshop.dashboard);
    let risks = claire.all("/reporting/top-risks").await;
    assert_eq!(column(&risks, "code"), ["TRS"]);
    assert_eq!((&risks[0]["status"], &risks[0]["value"]), (&json!("RED"), &json!("84.5")));
    assert_eq!(risks[0]["red_without_action"], true);

    let action = json!({ "title": "Changer la presse", "due_date": "2099-12-31" });
    let action = claire.post(&format!("/kpis/{}/actions", workshop.trs), action).await.expect(201);
    assert_eq!((&action["status"], &action["late"]), (&json!("OPEN"), &json!(false)));
    let overview = claire.get("/reporting/overview").await.expect(200);
    assert_eq!(overview["organization"]["red_without_action"], 0);
    assert_eq!(overview["organization"]["actions_open"], 1);
    assert_eq!(claire.all("/reporting/top-risks").await[0]["red_without_action"], false);

    let comments = format!("/kpis/{}/comments", workshop.trs);
    claire.post(&comments, json!({ "content": "La presse 3 cale au démarrage." })).await.expect(201);
    assert_eq!(column(&claire.all(&comments).await, "content"), ["La presse 3 cale au démarrage."]);

    let march = format!("/kpis/{}/values/2026-03", workshop.trs);
    let corrected = claire.put(&march, json!({ "value": 91 })).await.expect(200);
    assert_eq!((&corrected["status"], &corrected["version"]), (&json!("ORANGE"), &json!(2)));
    claire.put(&march, json!({ "value": "91.0" })).await.expect(200);
    let history = claire.all(&revisions).await;
    assert_eq!(column(&history, "source"), ["IMPORT", "MANUAL"], "the same value again is no revision");
    assert_eq!(history[1]["old"]["value"], "84.5");
    assert_eq!(history[1]["new"]["value"], "91");
    assert_eq!(column(&history, "new_status"), ["RED", "ORANGE"]);
    let overview = claire.get("/reporting/overview").await.expect(200);
    assert_eq!(overview["organization"]["counts"]["red"], 0);
}

async fn a_change_of_something_that_was_changed_meanwhile_is_refused(place: Place) {
    let server = Server::start(&place).await;
    let claire = server.sign_up("nantes").await;
    let workshop = workshop(&claire).await;
    for path in [format!("/kpis/{}", workshop.trs), format!("/dashboards/{}", workshop.dashboard)] {
        let seen = claire.get(&path).await.header("etag").to_owned();
        let first = claire.with("if-match", &seen).patch(&path, json!({ "description": "Première" })).await;
        let tag = first.header("etag").to_owned();
        assert_ne!(tag, seen);
        first.expect(200);
        let late = claire.with("if-match", &seen);
        late.patch(&path, json!({ "description": "Seconde" })).await.refused(412, "changed_meanwhile");
        late.delete(&path).await.refused(412, "changed_meanwhile");
        let now = claire.get(&path).await;
        assert_eq!(now.header("etag"), tag);
        assert_eq!(now.expect(200)["description"], "Première");
        claire.with("if-match", &tag).patch(&path, json!({ "description": null })).await.expect(200);
    }
    let january = format!("/kpis/{}/values/2026-01", workshop.trs);
    let seen = claire.put(&january, json!({ "value": 1 })).await.header("etag").to_owned();
    claire.with("if-match", &seen).put(&january, json!({ "value": 2 })).await.expect(200);
    claire
        .with("if-match", &seen)
        .put(&january, json!({ "value": 3 }))
        .await
        .refused(412, "changed_meanwhile");
    claire.with("if-match", &seen).delete(&january).await.refused(412, "changed_meanwhile");
    assert_eq!(claire.get(&january).await.expect(200)["value"], "2");
}

async fn what_is_deleted_is_gone_and_deleting_it_again_is_404(place: Place) {
    let server = Server::start(&place).await;
    let claire = server.sign_up("brest").await;
    let workshop = workshop(&claire).await;
    let (kpi, dashboard) =
        (format!("/kpis/{}", workshop.cout), format!("/dashboards/{}", workshop.dashboard));
    claire
        .post(&format!("{kpi}/values"), json!({ "period": "2026-02-17", "value": "3.10" }))
        .await
        .expect(201);
    let action = claire.post(&format!("{kpi}/actions"), json!({ "title": "Négocier" })).await;
    let comment = claire.post(&format!("{kpi}/comments"), json!({ "content": "Trop cher" })).await;
    let place_of = |answer: &crate::client::Answer| answer.header("location").replace("/api/v1", "");
    let (action, comment) = (place_of(&action), place_of(&comment));

    claire.delete(&dashboard).await.refused(409, "dashboard_not_empty");
    claire.delete(&kpi).await.refused(409, "kpi_has_values");
    for (path, gone) in [
        (format!("{kpi}/values/2026-02"), "value_not_found"),
        (comment, "comment_not_found"),
        (action, "action_not_found"),
        (kpi, "kpi_not_found"),
        (format!("/kpis/{}", workshop.trs), "kpi_not_found"),
        (format!("/kpis/{}", workshop.rebut), "kpi_not_found"),
        (dashboard, "dashboard_not_found"),
    ] {
        assert_eq!(claire.delete(&path).await.expect(204), Value::Null, "{path}");
        claire.delete(&path).await.refused(404, gone);
    }
    assert_eq!(claire.all("/dashboards").await, Vec::<Value>::new());
    assert_eq!(claire.all("/actions").await, Vec::<Value>::new());
}
