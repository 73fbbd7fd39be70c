use super::support::*;
use crate::*;
use rust_xlsxwriter::{ExcelDateTime, Format, Formula, Workbook, Worksheet};
use serde_json::json;
use vigie_kernel::Frequency;

fn save(mut book: Workbook) -> Vec<u8> {
    book.save_to_buffer().unwrap()
}

fn table(sheet: &mut Worksheet, from: u32, rows: &[&[&str]]) {
    for (row, cells) in (from..).zip(rows) {
        for (column, text) in (0..).zip(*cells) {
            match text.parse::<f64>() {
                Ok(number) => sheet.write_number(row, column, number).unwrap(),
                Err(_) if text.is_empty() => continue,
                Err(_) => sheet.write_string(row, column, *text).unwrap(),
            };
        }
    }
}

#[test]
fn a_matrix_with_titles_units_and_an_empty_first_sheet() {
    let mut book = Workbook::new();
    book.add_worksheet().set_name("Read me").unwrap().write_string(0, 0, "Nothing here").unwrap();
    let sheet = book.add_worksheet().set_name("Monthly Prices").unwrap();
    table(
        sheet,
        0,
        &[
            &["Commodity prices"],
            &["Updated on July 02, 2026"],
            &["", "Gold", "Tin"],
            &["", "($/troy oz)", "($/mt)"],
            &["1960M01", "35.25", "…"],
            &["1960M02", "35.500000000000007", "..."],
            &["Notes: see the web site"],
        ],
    );
    let read = with(vec![KpiEntry { unit: "$/troy oz".to_owned(), ..named("GOLD", "Gold") }])
        .named("prices.xls")
        .read(save(book));
    assert_eq!(read.values, ["GOLD 1960-01=35.25", "GOLD 1960-02=35.5"]);
    assert_eq!(read.file().kind, "xlsx");
    assert_eq!((read.file().sheet.as_deref(), read.file().header_row), (Some("Monthly Prices"), Some(3)));
    assert_eq!(read.errors(), ["KPI_UNKNOWN@C3"]);
    assert!(read.report.warnings.is_empty());
    assert_eq!((read.counts.rows_total, read.counts.skipped), (4, 2));
    assert!(read.assumed(AssumptionCode::UnitRow) && read.assumed(AssumptionCode::NoteRowsIgnored));
}

#[test]
fn typed_dates_percentages_and_errors() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    table(sheet, 0, &[&["kpi", "date", "value"]]);
    let (date, percent) = (Format::new().set_num_format("dd/mm/yyyy"), Format::new().set_num_format("0.0%"));
    let day = |text: &str| ExcelDateTime::parse_from_str(text).unwrap();
    for (row, code) in (1..).zip(["PCT", "A", "A", "A", "A"]) {
        sheet.write_string(row, 0, code).unwrap();
        sheet.write_datetime_with_format(row, 1, day(&format!("2026-0{row}-15")), &date).unwrap();
    }
    sheet.write_number_with_format(1, 2, 0.851, &percent).unwrap();
    sheet.write_number_with_format(2, 2, 0.5, &percent).unwrap();
    sheet.write_formula(3, 2, Formula::new("=1/0").set_result("#DIV/0!")).unwrap();
    sheet.write_formula(4, 2, Formula::new("=NA()").set_result("#N/A")).unwrap();
    sheet.write_formula(5, 2, Formula::new("=1+1").set_result("2")).unwrap();
    sheet.write_string(6, 0, "A").unwrap();
    sheet.write_number(6, 1, 46_320).unwrap();
    sheet.write_number(6, 2, 1).unwrap();
    let pct = KpiEntry { unit: "%".to_owned(), ..kpi("PCT") };
    let read = with(vec![pct, kpi("A")]).read(save(book));
    assert_eq!(read.values, ["PCT 2026-01=85.1", "A 2026-02=0.5", "A 2026-05=2"]);
    assert!(read.assumed(AssumptionCode::PercentScaled));
    assert!(read.errors().contains(&"PERIOD_INVALID@B7".to_owned()), "{:?}", read.errors());
    assert!(read.counts.rejected >= 1 && read.counts.blank <= 2);
}

#[test]
fn a_sheet_can_be_named_and_hidden_ones_are_passed_over() {
    let mut book = Workbook::new();
    for (name, value) in [("Caché", "1"), ("Avril", "2"), ("Mai", "3")] {
        let sheet = book.add_worksheet().set_name(name).unwrap();
        table(sheet, 0, &[&["kpi", "période", "valeur"], &["A", "avril 2026", value]]);
        if name == "Caché" {
            sheet.set_hidden(true);
        } else if name == "Avril" {
            sheet.set_active(true);
        }
    }
    let bytes = save(book);
    let read = |options| with(vec![kpi("A")]).options(options).read(bytes.clone()).values;
    assert_eq!(read(json!({})), ["A 2026-04=2"]);
    assert_eq!(read(json!({"sheet": "mai"})), ["A 2026-04=3"]);
    assert_eq!(read(json!({"sheet": 1})), ["A 2026-04=1"]);
    let refusal = with(vec![kpi("A")]).options(json!({"sheet": "Juin"})).refusal(bytes);
    assert_eq!(refusal, IssueCode::SheetNotFound);
}

#[test]
fn chatter_above_and_below_a_table_is_passed_over() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    table(sheet, 0, &[&["Lots of people"], &["at", "the", "top"], &["or", "merging", "cells"]]);
    sheet.merge_range(3, 0, 3, 2, "A title over all", &Format::new()).unwrap();
    table(sheet, 4, &[&["Code", "Week", "Actual"], &["A", "2026-W07", "1.5"], &["A", "W08 2026", "2"]]);
    table(sheet, 8, &[&["", "", "also below"]]);
    let read = with(vec![of(Frequency::Weekly, "A")]).read(save(book));
    assert_eq!(read.values, ["A 2026-W07=1.5", "A 2026-W08=2"]);
    assert_eq!(read.file().header_row, Some(5));
}

#[test]
fn a_far_cell_costs_nothing() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    table(sheet, 0, &[&["kpi", "date", "value"], &["A", "2026-01", "1"]]);
    sheet.write_number(1_048_575, 16_383, 1).unwrap();
    let read = with(vec![kpi("A")]).read(save(book));
    assert_eq!(read.values, ["A 2026-01=1"]);
}

#[test]
fn header_dates_of_a_wide_sheet() {
    let mut book = Workbook::new();
    let sheet = book.add_worksheet();
    let date = Format::new().set_num_format("mmm-yy");
    sheet.write_string(0, 0, "Indicateur").unwrap();
    for (column, month) in (1..).zip(["2026-01-01", "2026-02-01"]) {
        sheet
            .write_datetime_with_format(0, column, ExcelDateTime::parse_from_str(month).unwrap(), &date)
            .unwrap();
    }
    table(sheet, 1, &[&["A", "1", "2"]]);
    let read = with(vec![kpi("A")]).read(save(book));
    assert_eq!(read.values, ["A 2026-01=1", "A 2026-02=2"]);
}

/// A workbook written by hand, for what the writer of the other tests cannot make.
fn by_hand(workbook: &str, rows: &str) -> Vec<u8> {
    const MAIN: &str = "http://schemas.openxmlformats.org/spreadsheetml/2006/main";
    const PACKAGE: &str = "http://schemas.openxmlformats.org/package/2006";
    const OFFICE: &str = "http://schemas.openxmlformats.org/officeDocument/2006/relationships";
    let relation = |kind: &str, target: &str| {
        format!(
            "<Relationships xmlns=\"{PACKAGE}/relationships\"><Relationship Id=\"rId1\" Type=\"{OFFICE}/{kind}\" Target=\"{target}\"/></Relationships>"
        )
    };
    let members = [
        ("[Content_Types].xml", format!("<Types xmlns=\"{PACKAGE}/content-types\"/>")),
        ("_rels/.rels", relation("officeDocument", "xl/workbook.xml")),
        (
            "xl/workbook.xml",
            format!(
                "<workbook xmlns=\"{MAIN}\" xmlns:r=\"{OFFICE}\">{workbook}<sheets><sheet name=\"S\" sheetId=\"1\" r:id=\"rId1\"/></sheets></workbook>"
            ),
        ),
        ("xl/_rels/workbook.xml.rels", relation("worksheet", "worksheets/sheet1.xml")),
        (
            "xl/styles.xml",
            format!(
                "<styleSheet xmlns=\"{MAIN}\"><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/></cellXfs></styleSheet>"
            ),
        ),
        (
            "xl/worksheets/sheet1.xml",
            format!("<worksheet xmlns=\"{MAIN}\"><sheetData>{rows}</sheetData></worksheet>"),
        ),
    ];
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    for (name, text) in members {
        zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
        std::io::Write::write_all(&mut zip, text.as_bytes()).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

const HEADER: &str = "<row r=\"1\"><c r=\"A1\" t=\"str\"><v>kpi</v></c><c r=\"B1\" t=\"str\"><v>date</v></c><c r=\"C1\" t=\"str\"><v>value</v></c></row>";

fn data_row(row: u32, serial: u32, cell: &str) -> String {
    format!(
        "<row r=\"{row}\"><c r=\"A{row}\" t=\"str\"><v>A</v></c><c r=\"B{row}\" s=\"1\"><v>{serial}</v></c>{cell}</row>"
    )
}

#[test]
fn dates_count_from_the_epoch_of_the_workbook() {
    let rows = format!("{HEADER}{}", data_row(2, 42_735, "<c r=\"C2\"><v>15</v></c>"));
    let daily = || with(vec![of(Frequency::Daily, "A")]);
    assert_eq!(daily().read(by_hand("", &rows)).values, ["A 2016-12-31=15"]);
    assert_eq!(daily().read(by_hand("<workbookPr date1904=\"1\"/>", &rows)).values, ["A 2021-01-01=15"]);
}

#[test]
fn each_cell_error_is_told_and_not_available_is_blank() {
    let errors = ["#DIV/0!", "#NAME?", "#VALUE!", "#NULL!", "#REF!", "#NUM!", "#N/A"];
    let mut rows = format!("{HEADER}{}", data_row(2, 44_000, "<c r=\"C2\"><v>1</v></c>"));
    for (row, error) in (3..).zip(errors) {
        rows.push_str(&data_row(row, 44_000 + row, &format!("<c r=\"C{row}\" t=\"e\"><v>{error}</v></c>")));
    }
    let read = with(vec![of(Frequency::Daily, "A")]).read(by_hand("", &rows));
    let raw: Vec<_> = read.report.issues.iter().filter_map(|issue| issue.raw.as_deref()).collect();
    assert_eq!(raw, &errors[..6]);
    assert!(read.report.issues.iter().all(|issue| issue.code == IssueCode::CellError));
    assert_eq!((read.counts.rejected, read.counts.blank), (6, 1));
}
