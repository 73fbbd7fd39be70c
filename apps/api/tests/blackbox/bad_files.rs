//! Files and forms that cannot be imported: a clear refusal, and no trace of an import.

use crate::client::{Answer, Client, Upload};
use crate::files::{encrypted_workbook, zip};
use crate::member::Member;
use crate::place::Place;
use crate::server::Server;
use serde_json::{Value, json};

on_both_engines!(
    a_file_that_cannot_be_imported_is_refused_and_leaves_no_trace,
    a_form_that_is_no_upload_is_refused,
    rows_that_are_wrong_are_told_one_by_one_and_the_others_are_imported,
);

const GOOD: &[u8] = b"code;periode;valeur\nMONTHLY;2026-02;12,5\n";
const IMPORT: &str = "/imports/kpi-values";

async fn member_with_a_kpi(server: &Server) -> (Member, String) {
    let claire = server.sign_up("dijon").await;
    let dashboard = claire.dashboard("Ventes", None).await;
    let kpi = json!({ "name": "Monthly", "frequency": "MONTHLY", "direction": "UP_IS_BETTER" });
    let kpi = claire.kpi(&dashboard, kpi).await;
    (claire, kpi)
}

#[track_caller]
fn blames(problem: &Value, pointer: &str, code: &str) {
    assert_eq!(
        (&problem["errors"][0]["pointer"], &problem["errors"][0]["code"]),
        (&json!(pointer), &json!(code)),
        "{problem}"
    );
}

async fn a_file_that_cannot_be_imported_is_refused_and_leaves_no_trace(place: Place) {
    let server = Server::start_with(&place, &[("VIGIE__LIMITS__IMPORT_BYTES", "3000000")]).await;
    let (claire, kpi) = member_with_a_kpi(&server).await;
    let types: &[u8] = b"<?xml version=\"1.0\"?><Types xmlns=\"http://schemas.openxmlformats.org/package/2006/content-types\"/>";
    let nothing = vec![b' '; 32 << 20];
    let bomb = zip(&[
        ("[Content_Types].xml", types),
        ("xl/workbook.xml", b"<workbook/>"),
        ("xl/worksheets/sheet1.xml", &nothing),
    ]);
    assert!(bomb.len() < 1 << 20, "a bomb is small");
    let laughs = b"<?xml version=\"1.0\"?><!DOCTYPE x [<!ENTITY a \"ha\"><!ENTITY b \"&a;&a;\">]><workbook>&b;</workbook>";
    let files: &[(&str, &[u8], &str)] = &[
        ("report.pdf", b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n1 0 obj\n", "file_kind_unknown"),
        ("picture.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", "file_kind_unknown"),
        ("page.xls", b"<html><body><table></table></body></html>", "file_kind_unknown"),
        ("data.csv", b"{\"code\": \"MONTHLY\"}", "file_kind_unknown"),
        ("data.bin", b"a\0b\0c", "file_kind_unknown"),
        ("archive.xlsx", &zip(&[("readme.txt", b"hello")]), "file_kind_unknown"),
        ("empty.csv", b"", "file_empty"),
        ("blank.csv", b"\n\n;;;\n", "file_empty"),
        ("only-a-header.csv", b"code;periode;valeur\n", "file_empty"),
        ("letter.csv", b"Chers tous,\nvoici le point de la semaine.\nZo\xe9\n", "header_not_found"),
        ("secret.xlsx", &encrypted_workbook(), "file_encrypted"),
        ("bomb.xlsx", &bomb, "file_too_large"),
        ("laughs.xlsx", &zip(&[("[Content_Types].xml", types), ("xl/workbook.xml", laughs)]), "file_damaged"),
        ("torn.xlsx", &bomb[..bomb.len() / 2], "file_damaged"),
        ("torn.xls", &encrypted_workbook()[..700], "file_damaged"),
        ("two.csv", b"code;periode;valeur;realise\nMONTHLY;2026-02;1;2\n", "header_ambiguous"),
    ];
    for (name, content, code) in files {
        let answer = claire.import(IMPORT, Upload::new(name, content)).await;
        assert_eq!(answer.status(), 422, "{name}: {}", answer.text());
        assert_eq!(answer.problem()["code"], *code, "{name}: {}", answer.text());
    }
    let large = "MONTHLY;2026-02;1\n".repeat(200_000);
    claire.import(IMPORT, Upload::new("large.csv", large.as_bytes())).await.refused(413, "body_too_large");
    assert_eq!(claire.all("/imports/jobs").await, Vec::<Value>::new());
    assert_eq!(claire.values(&kpi).await, []);
    claire.import_file(Upload::new("good.csv", GOOD)).await;
    assert_eq!(claire.values(&kpi).await, [("2026-02".to_owned(), "12.5".to_owned())]);
}

async fn a_form_that_is_no_upload_is_refused(place: Place) {
    let server = Server::start(&place).await;
    let (claire, kpi) = member_with_a_kpi(&server).await;
    let with = |options| Upload { options: Some(options), ..Upload::new("good.csv", GOOD) };
    for (options, pointer, code) in [
        (r#"{"colour":"red"}"#, "/options/colour", "field_unknown"),
        (r#"{"mapping":{"colour":"x"}}"#, "/options/mapping/colour", "field_unknown"),
        (r#"{"layout":"round"}"#, "/options/layout", "value_unknown"),
        (r#"{"strict":"yes"}"#, "/options/strict", "type_invalid"),
        (r#"{"header_row":0}"#, "/options/header_row", "out_of_range"),
        (r#"{"create_missing":true}"#, "/options/create_missing", "not_supported"),
        (r#"{"locale":"de"}"#, "/options/locale", "value_unknown"),
        ("[1]", "/options", "type_invalid"),
    ] {
        let answer: Answer = claire.import(IMPORT, with(options)).await;
        blames(&answer.refused(422, "validation_failed"), pointer, code);
    }
    claire.import(IMPORT, with(r#"{"sheet":"Feuil9"}"#)).await.refused(422, "sheet_not_found");
    for options in ["{", "", r#"{"strict":true,"strict":true}"#] {
        blames(
            &claire.import(IMPORT, with(options)).await.refused(400, "json_malformed"),
            "/options",
            "json_syntax",
        );
    }
    let path = "/imports/kpi-values?dry_run=maybe";
    blames(
        &claire.import(path, Upload::new("a.csv", GOOD)).await.refused(422, "validation_failed"),
        "?dry_run",
        "not_true_or_false",
    );

    let form = async |parts: &[(&str, Option<&str>, &[u8])]| claire.form(IMPORT, parts).await;
    blames(&form(&[("options", None, b"{}")]).await.refused(422, "validation_failed"), "/file", "required");
    let twice = form(&[("file", Some("a.csv"), GOOD), ("file", Some("b.csv"), GOOD)]).await;
    blames(&twice.refused(422, "validation_failed"), "/file", "field_duplicate");
    let stranger = form(&[("file", Some("a.csv"), GOOD), ("colour", None, b"red")]).await;
    blames(&stranger.refused(422, "validation_failed"), "/colour", "field_unknown");

    let json: &Client = &claire;
    json.raw("POST", IMPORT, "{}").await.refused(415, "unsupported_media_type");
    let torn = claire.with("content-type", "multipart/form-data; boundary=edge");
    torn.raw("POST", IMPORT, "--edge\r\nContent-Disposition: form-data; name=\"file\"\r\n\r\nhalf")
        .await
        .refused(400, "multipart_malformed");
    torn.raw("POST", IMPORT, "no form at all").await.refused(400, "multipart_malformed");
    claire
        .with("content-type", "multipart/form-data")
        .raw("POST", IMPORT, "x")
        .await
        .refused(400, "multipart_malformed");
    assert_eq!(claire.values(&kpi).await, []);
    assert_eq!(claire.all("/imports/jobs").await, Vec::<Value>::new());
}

async fn rows_that_are_wrong_are_told_one_by_one_and_the_others_are_imported(place: Place) {
    let server = Server::start(&place).await;
    let (claire, kpi) = member_with_a_kpi(&server).await;
    let file = "code,periode,valeur\nMONTHLY,2026-01,1\nMONTHLY,2026-02,1.2.3\nMONTHLY,2026-W07,3\nMONTHLY,2099-01,4\n\
                MONTHLY,2026-01,5\nMONTLHY,2026-03,6\nMONTHLY,2026-99,7\nMONTHLY,2026-04,1234567890123456789\nMONTHLY,2026-05,N/A\n";
    let report = claire.import_file(Upload::new("mixed.csv", file.as_bytes())).await;
    let wanted = json!({
        "rows_total": 9, "inserted": 1, "updated": 0, "unchanged": 0, "skipped": 0, "blank": 1, "rejected": 7,
    });
    assert_eq!((&report["counts"], &report["status"]), (&wanted, &json!("PARTIAL")), "{report}");
    let told: Vec<(u64, &str)> = report["issues"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|issue| Some((issue["row"].as_u64()?, issue["code"].as_str()?)))
        .collect();
    let wanted = [
        (3, "NUMBER_INVALID"),
        (4, "PERIOD_FREQUENCY_MISMATCH"),
        (5, "PERIOD_IN_FUTURE"),
        (6, "DUPLICATE_IN_FILE"),
        (7, "KPI_UNKNOWN"),
        (8, "PERIOD_INVALID"),
        (9, "NUMBER_OUT_OF_RANGE"),
    ];
    assert_eq!(told, wanted, "{report}");
    assert_eq!(report["issues"][4]["params"]["suggestions"], "MONTHLY");
    assert_eq!(claire.values(&kpi).await, [("2026-01".to_owned(), "1".to_owned())]);

    let whole = Upload {
        options: Some(r#"{"atomicity":"ALL","on_conflict":"UPSERT"}"#),
        ..Upload::new("all.csv", file.as_bytes())
    };
    claire.delete(&format!("/kpis/{kpi}/values/2026-01")).await.expect(204);
    let report = claire.import_file(whole).await;
    assert_eq!((&report["status"], &report["counts"]["inserted"]), (&json!("FAILED"), &json!(0)), "{report}");
    assert_eq!(claire.values(&kpi).await, [], "all or nothing");
}
