use super::support::*;
use crate::*;
use rstest::rstest;
use serde_json::json;
use std::fmt::Write as _;
use vigie_kernel::{Frequency, Locale};

#[test]
fn a_french_export_reads_with_no_option() {
    let file = latin(
        "Suivi des indicateurs;;;\r\n\
         Édité le 12/03/2026;;;\r\n\
         ;;;\r\n\
         Code KPI;Période;Valeur;Commentaire\r\n\
         TRS;janv. 2026;84,5;mesuré à l’œil\r\n\
         trs;févr. 2026;1\u{a0}084,25;\r\n\
         \r\n\
         Nom de TRS;mars 2026;\u{2013};\r\n\
         TRS;avril 2026;12,3,4;\r\n\
         Source : service qualité;;;\r\n",
    );
    let read = with(vec![kpi("TRS")]).read(file);
    assert_eq!(read.values, ["TRS 2026-01=84.5", "TRS 2026-02=1084.25"]);
    assert_eq!(read.rows[0].comment.as_deref(), Some("mesuré à l’œil"));
    assert_eq!(read.file().encoding.as_deref(), Some("windows-1252"));
    assert_eq!(read.file().delimiter.as_deref(), Some(";"));
    assert_eq!((read.file().header_row, read.file().layout), (Some(4), Some(LayoutName::Long)));
    assert!(read.assumed(AssumptionCode::DecimalComma));
    assert_eq!(read.report.warnings[0].code, IssueCode::EncodingGuessed);
    assert_eq!(read.errors(), ["NUMBER_INVALID@C9"]);
    let issue = &read.report.issues[0];
    assert_eq!((issue.row, issue.line, issue.raw.as_deref()), (Some(9), Some(9), Some("12,3,4")));
    assert_eq!((issue.kpi_code.as_deref(), issue.period.as_deref()), (Some("TRS"), Some("2026-04")));
    assert_eq!(issue.message(Locale::Fr), "« 12,3,4 » n'est pas un nombre");
    assert_eq!((read.counts.rows_total, read.counts.blank, read.counts.rejected), (4, 1, 1));
    assert_eq!(read.announced, 4);
}

#[test]
fn records_and_physical_lines_are_told_apart() {
    let read = with(vec![kpi("A")]).read("kpi;date;value;note\nA;2026-01;1;\"two\nlines\"\nA;2026-02;x;\n");
    let issue = &read.report.issues[0];
    assert_eq!((issue.row, issue.line, issue.cell.as_deref()), (Some(3), Some(4), Some("C3")));
    assert_eq!(read.rows[0].comment.as_deref(), Some("two\nlines"));
}

#[test]
fn a_single_measure_needs_no_option() {
    let file = "Date,Price\n1987-05-15,18.58\n1987-06-15,18.86\n";
    for entry in [
        named("OIL", "Price"),
        kpi("brent-monthly"),
        named("X", "Brent Monthly"),
        kpi("BRENT"),
        named("X", "Brent price"),
    ] {
        let read = with(vec![entry.clone(), kpi("OTHER")]).named("brent-monthly.csv").read(file);
        let code = &entry.code;
        assert_eq!(read.values, [format!("{code} 1987-05=18.58"), format!("{code} 1987-06=18.86")], "{code}");
        assert_eq!(read.assumed(AssumptionCode::KpiFromFileName), entry.name != "Price", "{code}");
    }
    let read = with(vec![named("B", "Cours du brent")]).named("brent-monthly.csv").read(file);
    assert_eq!(read.errors(), ["KPI_UNKNOWN@B1"]);
    assert_eq!(read.report.issues[0].params["suggestions"], "B");
    assert_eq!((read.counts.skipped, read.counts.rows_total), (2, 2));
    let read = with(vec![kpi("Z")]).options(json!({"kpi": "z"})).named("brent-monthly.csv").read(file);
    assert_eq!(read.values.len(), 2);
    assert!(read.assumed(AssumptionCode::KpiFromOptions));
}

#[test]
fn kpis_across_are_a_matrix_and_unknown_ones_are_told_once() {
    let file = "Mois;TRS;Inconnu;TRG\n2026-01;84,5;1;70\n2026-02;n.d.;2;71\n";
    let read = with(vec![kpi("TRS"), kpi("TRG")]).read(file);
    assert_eq!(read.file().layout, Some(LayoutName::Matrix));
    assert_eq!(read.values, ["TRS 2026-01=84.5", "TRG 2026-01=70", "TRG 2026-02=71"]);
    assert_eq!(read.errors(), ["KPI_UNKNOWN@C1"]);
    let counts = read.counts;
    assert_eq!((counts.rows_total, counts.skipped, counts.blank, counts.rejected), (6, 2, 1, 0));
}

#[test]
fn periods_across_are_a_wide_table() {
    let file = "Indicateur;Unité;janv. 2026;févr. 2026;T1_2026\nTRS;u;84,5;85;1\nInconnu;u;1;2;3\n";
    let read = with(vec![kpi("TRS")]).read(file);
    assert_eq!(read.file().layout, Some(LayoutName::Wide));
    assert_eq!(read.values, ["TRS 2026-01=84.5", "TRS 2026-02=85"]);
    assert_eq!(read.errors(), ["PERIOD_FREQUENCY_MISMATCH@E2", "KPI_UNKNOWN@A3"]);
    assert_eq!((read.counts.rows_total, read.counts.skipped, read.counts.rejected), (6, 3, 1));
}

#[test]
fn years_above_months_make_periods() {
    let file = "Indicateur;2025;;2026;\n;nov.;déc.;janv.;févr.\nTRS;1;2;3;4\n";
    let read = with(vec![kpi("TRS")]).read(file);
    assert_eq!(read.values, ["TRS 2025-11=1", "TRS 2025-12=2", "TRS 2026-01=3", "TRS 2026-02=4"]);
    assert!(read.assumed(AssumptionCode::YearsFromRowAbove));
}

#[test]
fn code_and_indicateur_side_by_side_are_code_and_name() {
    let read = with(vec![kpi("TRS")]).read("Code;Indicateur;Période;Valeur\nTRS;Rendement;2026-01;1\n");
    assert_eq!(read.values, ["TRS 2026-01=1"]);
}

#[rstest]
#[case("03/04/2026", "13/04/2026", Locale::En, "A 2026-04-03=1")]
#[case("03/04/2026", "04/13/2026", Locale::Fr, "A 2026-03-04=1")]
#[case("03/04/2026", "05/06/2026", Locale::Fr, "A 2026-04-03=1")]
#[case("03/04/2026", "05/06/2026", Locale::En, "A 2026-03-04=1")]
fn the_column_decides_the_order_of_dates(
    #[case] first: &str,
    #[case] second: &str,
    #[case] locale: Locale,
    #[case] value: &str,
) {
    let setup = Setup { locale, ..with(vec![of(Frequency::Daily, "A")]) };
    let read = setup.read(format!("kpi;date;value\nA;{first};1\nA;{second};2\n"));
    assert_eq!(read.values[0], value);
    assert!(read.assumed(AssumptionCode::DateDayFirst) || read.assumed(AssumptionCode::DateMonthFirst));
}

#[test]
fn contradictory_dates_are_refused_where_they_matter() {
    let file = "kpi;date;value\nA;13/04/2026;1\nA;04/14/2026;2\nA;03/04/2026;3\nA;05/05/2026;4\n";
    let read = with(vec![of(Frequency::Daily, "A")]).read(file);
    assert_eq!(read.values, ["A 2026-04-13=1", "A 2026-04-14=2", "A 2026-05-05=4"]);
    assert_eq!(read.errors(), ["DATE_AMBIGUOUS@B4"]);
}

#[rstest]
#[case(";", "1,234", "1,5", "1.234")]
#[case("|", "1,234", "1.5", "1234")]
#[case("|", "1.234", "1,5", "1234")]
#[case(";", "1,234", "2,345", "1.234")]
fn the_column_decides_the_decimal_separator(
    #[case] delimiter: &str,
    #[case] first: &str,
    #[case] second: &str,
    #[case] value: &str,
) {
    let rows = [["kpi", "date", "value"], ["A", "2026-01", first], ["A", "2026-02", second]];
    let file = rows.map(|row| row.join(delimiter)).join("\n");
    let read = with(vec![kpi("A")]).in_english().read(file);
    assert_eq!(read.values[0], format!("A 2026-01={value}"));
}

#[test]
fn strict_refuses_what_only_the_language_decides() {
    let file = "kpi;date;value\nA;2026-01;1,234\nA;2026-02;2,345\n";
    let read = with(vec![kpi("A")]).options(json!({"strict": true})).read(file);
    assert_eq!(read.errors(), ["NUMBER_AMBIGUOUS@C2", "NUMBER_AMBIGUOUS@C3"]);
    let dates = "kpi;date;value\nA;03/04/2026;1\n";
    let read = with(vec![of(Frequency::Daily, "A")]).options(json!({"strict": true})).read(dates);
    assert_eq!(read.errors(), ["DATE_AMBIGUOUS@B2"]);
}

#[rstest]
#[case("2026-02", Frequency::Weekly, "PERIOD_FREQUENCY_MISMATCH@B2")]
#[case("T1 2026", Frequency::Monthly, "PERIOD_FREQUENCY_MISMATCH@B2")]
#[case("46320", Frequency::Daily, "PERIOD_INVALID@B2")]
#[case("hier", Frequency::Daily, "PERIOD_INVALID@B2")]
fn periods_that_do_not_fit_are_refused(
    #[case] text: &str,
    #[case] frequency: Frequency,
    #[case] error: &str,
) {
    let read = with(vec![of(frequency, "A")]).read(format!("kpi;date;value\nA;{text};1\n"));
    assert_eq!(read.errors(), [error]);
    assert_eq!(read.counts.rejected, 1);
}

#[test]
fn excel_serials_are_read_when_asked() {
    let file = "kpi;date;value\nA;46320;1\nA;60;2\n";
    let read = with(vec![of(Frequency::Daily, "A")]).options(json!({"excel_serials": true})).read(file);
    assert_eq!(read.values, ["A 2026-10-25=1"]);
    assert_eq!(read.errors(), ["PERIOD_INVALID@B3"]);
}

#[test]
fn every_usual_token_means_no_value_and_more_can_be_named() {
    let tokens = ["-", "–", "…", "...", "N/A", "NA", "n/a", "nd", "n.d.", "NULL", "#N/A", "-200"];
    let mut file = "kpi;date;value\n".to_owned();
    for (month, token) in tokens.iter().enumerate() {
        writeln!(file, "A;2026-{:02};{token}", month + 1).unwrap();
    }
    let read = with(vec![kpi("A")]).options(json!({"missing_tokens": ["-200"]})).read(file.clone());
    assert_eq!((read.counts.blank, read.counts.rejected), (12, 0));
    let cleared =
        with(vec![kpi("A")]).options(json!({"missing_tokens": [-200], "clear_on_blank": true})).read(file);
    assert_eq!(cleared.values.len(), 12);
    assert!(cleared.values.iter().all(|value| value.ends_with("=cleared")));
}

#[test]
fn the_first_of_two_equal_keys_counts() {
    let read = with(vec![kpi("A")]).read("kpi;date;value\nA;2026-01;1\nA;15/01/2026;2\nA;2026-02;3\n");
    assert_eq!(read.values, ["A 2026-01=1", "A 2026-02=3"]);
    assert_eq!(read.errors(), ["DUPLICATE_IN_FILE@C3"]);
    assert_eq!(read.report.issues[0].params["first_row"], "2");
}

#[test]
fn kpis_are_found_by_code_then_by_unique_name() {
    let kpis = vec![
        named("A-1", "Taux de service"),
        named("A-2", "Délai"),
        named("A-3", "delai"),
        KpiEntry { archived: true, ..kpi("OLD") },
        KpiEntry { writable: false, ..kpi("NOT-MINE") },
    ];
    let rows = ["a-1", "TAUX DE SERVICE", "Delai", "OLD", "NOT-MINE", "A-9"];
    let mut file = "kpi;date;value\n".to_owned();
    for (month, row) in rows.iter().enumerate() {
        writeln!(file, "{row};2026-{:02};1", month + 1).unwrap();
    }
    let read = with(kpis).read(file);
    assert_eq!(read.values, ["A-1 2026-01=1", "A-1 2026-02=1"]);
    assert_eq!(read.errors(), ["KPI_AMBIGUOUS@A4", "KPI_ARCHIVED@A5", "KPI_FORBIDDEN@A6", "KPI_UNKNOWN@A7"]);
    assert_eq!(read.report.issues[3].params["suggestions"], "A-1, A-2, A-3");
}

#[test]
fn every_error_of_a_row_is_told_and_it_counts_once() {
    let read = with(vec![kpi("A")]).read("kpi;date;value\nA;2026-01;1\nZZ;hier;x\nA;2026-03;2\n");
    assert_eq!(read.errors(), ["KPI_UNKNOWN@A3", "PERIOD_INVALID@B3", "NUMBER_INVALID@C3"]);
    assert_eq!((read.counts.rows_total, read.counts.rejected), (3, 1));
}

#[test]
fn a_year_and_a_month_make_a_period() {
    let read =
        with(vec![kpi("A")]).read("kpi;Année;Mois;valeur\nA;2017;9.0;1\nA;2017;octobre;2\nA;2017;13;3\n");
    assert_eq!(read.values, ["A 2017-09=1", "A 2017-10=2"]);
    assert_eq!(read.errors(), ["PERIOD_INVALID@C4"]);
}

#[test]
fn mappings_build_identities_and_periods() {
    let file =
        "Départ,Arrivée,Exo,M,Retards,Trains\nPARIS,LYON,2017,9.0,12,240\nPARIS,NICE,2017,10.0,7,100\n";
    let options = json!({"mapping": {"kpi_template": "{Départ}>{Arrivée}", "value_column": "retards",
        "year_column": "exo", "month_column": "M"}});
    let read = with(vec![kpi("PARIS>LYON"), kpi("PARIS>NICE")]).options(options).read(file);
    assert_eq!(read.values, ["PARIS>LYON 2017-09=12", "PARIS>NICE 2017-10=7"]);
    assert!(read.assumed(AssumptionCode::ColumnsIgnored));
    let constants = json!({"mapping": {"constants": {"period": "2026-03", "comment": "repris"}}});
    let read = with(vec![kpi("A")]).options(constants).read("kpi;valeur\nA;5\n");
    assert_eq!(read.values, ["A 2026-03=5"]);
    assert_eq!(read.rows[0].comment.as_deref(), Some("repris"));
}

#[test]
fn bounds_must_be_those_of_a_period() {
    let file = "kpi;date début;date fin;valeur\nA;01/02/2026;28/02/2026;1\nA;01/03/2026;30/03/2026;2\n";
    let read = with(vec![kpi("A")]).read(file);
    assert_eq!(read.values, ["A 2026-02=1"]);
    assert_eq!(read.errors(), ["PERIOD_BOUNDS_MISMATCH@B3"]);
    assert_eq!(read.report.issues[0].params["end"], "2026-03-31");
}

#[test]
fn two_columns_of_one_meaning_are_refused_unless_one_is_chosen() {
    let file = "kpi;date;mois;valeur\nA;2026-01-05;2026-02;1\n";
    assert_eq!(with(vec![kpi("A")]).refusal(file), IssueCode::HeaderAmbiguous);
    let chosen = json!({"mapping": {"period_column": "Mois"}});
    assert_eq!(with(vec![kpi("A")]).options(chosen).read(file).values, ["A 2026-02=1"]);
}

#[test]
fn values_beyond_ten_decimals_are_rounded_and_told_once_a_column() {
    let file = "kpi,date,value\nA,2026-01,91.66666666666669\nA,2026-02,0.12345678901\n";
    let read = with(vec![kpi("A")]).read(file);
    assert_eq!(read.values[0], "A 2026-01=91.6666666667");
    let warning = &read.report.warnings[0];
    assert_eq!((warning.code, warning.params["count"].as_str()), (IssueCode::ValueRounded, "2"));
    assert_eq!(read.counts.rejected, 0);
}

#[test]
fn encodings_by_their_mark() {
    let text = "kpi\tpériode\tvaleur\nA\taoût 2026\t1,5\n";
    let utf16: Vec<u8> =
        [0xff, 0xfe].into_iter().chain(text.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let big: Vec<u8> =
        [0xfe, 0xff].into_iter().chain(text.encode_utf16().flat_map(u16::to_be_bytes)).collect();
    let marked = format!("\u{feff}{text}").into_bytes();
    for (bytes, name) in [(utf16, "utf-16le"), (big, "utf-16be"), (marked, "utf-8"), (text.into(), "utf-8")] {
        let read = with(vec![kpi("A")]).read(bytes);
        assert_eq!(read.values, ["A 2026-08=1.5"], "{name}");
        assert_eq!(read.file().encoding.as_deref(), Some(name));
        assert!(read.report.warnings.is_empty(), "{name}");
    }
}

#[test]
fn a_declared_delimiter_counts() {
    let read = with(vec![kpi("A")]).read("sep=|\nkpi|date|valeur\nA|2026-01|1;5\nA|2026-02|2,5\n");
    assert_eq!(read.values, ["A 2026-02=2.5"]);
    assert_eq!(read.file().header_row, Some(2));
}

#[test]
fn texts_are_never_cut() {
    let long = "x".repeat(2_001);
    let read = with(vec![kpi("A")]).read(format!("kpi;date;value;comment\nA;2026-01;1;{long}\n"));
    assert_eq!(read.errors(), ["TEXT_TOO_LONG@D2"]);
}

#[test]
fn a_unit_column_is_checked() {
    let read = with(vec![kpi("A")]).read("kpi;date;value;unité\nA;2026-01;1;U\nA;2026-02;1;k€\n");
    assert_eq!(read.values.len(), 2);
    assert_eq!(read.report.warnings.len(), 1);
    assert_eq!(read.report.warnings[0].code, IssueCode::UnitMismatch);
}

#[test]
fn a_table_without_a_header_is_refused() {
    assert_eq!(with(vec![kpi("A")]).refusal("A;2026-01;1\nA;2026-02;2\n"), IssueCode::HeaderNotFound);
    assert_eq!(with(vec![kpi("A")]).refusal("kpi;date;value\n"), IssueCode::FileEmpty);
    assert_eq!(with(vec![kpi("A")]).refusal("kpi;value\nA;1\n"), IssueCode::HeaderNotFound);
}
