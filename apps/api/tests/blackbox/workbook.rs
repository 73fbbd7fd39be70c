//! A workbook as a statistical office publishes it: XLSX that is named .xls, a sheet of notes first, titles above the
//! table, a row of units, months as `1960M01`, dots for missing, many series of which one is a KPI here.

use crate::client::Upload;
use crate::files::{Cell, workbook};
use crate::member::column;
use crate::place::Place;
use crate::server::Server;
use Cell::{Number, Text};
use serde_json::json;

on_both_engines!(one_series_of_a_published_workbook_is_imported_without_options);

const GOLD: [&str; 6] = ["35.27", "35.27", "", "35.265", "", "35.2725"];

fn published() -> Vec<u8> {
    let mut rows = vec![
        vec![Text("Commodity Price Data (The Rose Sheet)")],
        vec![Text("monthly prices in nominal US dollars, 1960 to present")],
        vec![Text("")],
        vec![Text("Updated on June 02, 2026")],
        vec![
            Text(""),
            Text("Crude oil, average"),
            Text("Tea, Kolkata"),
            Text("Gold"),
            Text("Silver"),
            Text("Platinum"),
        ],
        vec![
            Text(""),
            Text("($/bbl)"),
            Text("($/kg)"),
            Text("($/troy oz)"),
            Text("($/troy oz)"),
            Text("($/troy oz)"),
        ],
    ];
    let months = ["1960M01", "1960M02", "1960M03", "1960M04", "1960M05", "1960M06"];
    for (month, gold) in months.into_iter().zip(GOLD) {
        let gold = match gold.parse() {
            Ok(number) => Number(number),
            Err(_) if month == "1960M03" => Text("…"),
            Err(_) => Text("..."),
        };
        rows.push(vec![Text(month), Number(1.63), Text("…"), gold, Number(0.9137), Number(83.5)]);
    }
    workbook("Monthly Prices", &rows)
}

async fn one_series_of_a_published_workbook_is_imported_without_options(place: Place) {
    let server = Server::start(&place).await;
    let claire = server.sign_up("bordeaux").await;
    let dashboard = claire.dashboard("Matières premières", None).await;
    let gold =
        json!({ "name": "Gold", "unit": "$/troy oz", "frequency": "MONTHLY", "direction": "UP_IS_BETTER" });
    let gold = claire.kpi(&dashboard, gold).await;

    let file = published();
    let report = claire.import_file(Upload::new("monthly.xls", &file)).await;
    let wanted = json!({
        "rows_total": 30, "inserted": 4, "updated": 0, "unchanged": 0, "skipped": 24, "blank": 2, "rejected": 0,
    });
    assert_eq!(report["counts"], wanted, "{report}");
    assert_eq!((&report["type"], &report["file"]["kind"]), (&json!("EXCEL"), &json!("xlsx")));
    assert_eq!(
        (&report["file"]["layout"], &report["file"]["sheet"]),
        (&json!("MATRIX"), &json!("Monthly Prices"))
    );
    assert_eq!(report["file"]["header_row"], 5);
    let issues = report["issues"].as_array().unwrap();
    assert_eq!(column(issues, "column"), ["Crude oil, average", "Tea, Kolkata", "Silver", "Platinum"]);
    assert!(column(issues, "code").iter().all(|code| code == "KPI_UNKNOWN"), "{report}");
    assert_eq!(column(issues, "cell"), ["B5", "C5", "E5", "F5"]);

    let months = ["1960-01", "1960-02", "1960-04", "1960-06"];
    let wanted: Vec<(String, String)> = months
        .into_iter()
        .zip(GOLD.into_iter().filter(|number| !number.is_empty()))
        .map(|(month, number)| (month.to_owned(), number.to_owned()))
        .collect();
    assert_eq!(claire.values(&gold).await, wanted);

    let again = claire.import_file(Upload::new("monthly.xls", &file)).await;
    assert_eq!(
        (&again["counts"]["inserted"], &again["counts"]["unchanged"]),
        (&json!(0), &json!(4)),
        "{again}"
    );
}
