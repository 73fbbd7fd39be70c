use super::support::*;
use proptest::prelude::*;
use std::fmt::Write as _;
use vigie_kernel::Frequency;

fn cell() -> impl Strategy<Value = String> {
    prop_oneof![
        4 => (-99_999_i64..99_999).prop_map(|n| format!("{},{:02}", n / 100, n.abs() % 100)),
        1 => (1_i64..999_999).prop_map(|n| n.to_string()),
        1 => prop::sample::select(vec!["", "-", "…", "n/a", "x", "12,3,4", "#DIV/0!", "1 234,5", "(3)"]).prop_map(str::to_owned),
    ]
}

fn period() -> impl Strategy<Value = String> {
    prop_oneof![
        5 => (2020_i32..2026, 1_u32..13).prop_map(|(year, month)| format!("{year}-{month:02}")),
        2 => (2020_i32..2026, 1_u32..13, 1_u32..29).prop_map(|(y, m, d)| format!("{d:02}/{m:02}/{y}")),
        1 => (2020_i32..2026, 1_u32..53).prop_map(|(year, week)| format!("S{week:02} {year}")),
        1 => prop::sample::select(vec!["", "hier", "2026-13", "Note"]).prop_map(str::to_owned),
    ]
}

fn code() -> impl Strategy<Value = String> {
    prop::sample::select(vec!["A", "b", "Nom de A", "W", "ZZ", ""]).prop_map(str::to_owned)
}

fn catalogue() -> Setup {
    with(vec![kpi("A"), kpi("B"), of(Frequency::Weekly, "W")])
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    #[test]
    fn every_row_of_a_long_table_is_counted(rows in prop::collection::vec((code(), period(), cell()), 1..40)) {
        let mut file = "Titre;;\nkpi;période;valeur\n".to_owned();
        for (code, period, cell) in &rows {
            writeln!(file, "{code};{period};{cell}").unwrap();
        }
        let Ok(read) = catalogue().try_read(file) else { return Ok(()) };
        let counts = read.counts;
        let written = u64::try_from(read.values.len()).unwrap();
        prop_assert_eq!(counts.rows_total, written + counts.skipped + counts.blank + counts.rejected);
        prop_assert_eq!(counts.rows_total, read.announced);
        prop_assert!(counts.rejected <= read.report.issues_total);
    }

    #[test]
    fn every_cell_of_a_matrix_is_counted(rows in prop::collection::vec((period(), cell(), cell(), cell()), 1..30)) {
        let mut file = "période;A;ZZ;W\n".to_owned();
        for (period, a, z, w) in &rows {
            writeln!(file, "{period};{a};{z};{w}").unwrap();
        }
        let Ok(read) = catalogue().try_read(file) else { return Ok(()) };
        let counts = read.counts;
        let written = u64::try_from(read.values.len()).unwrap();
        prop_assert_eq!(counts.rows_total, written + counts.skipped + counts.blank + counts.rejected);
        prop_assert_eq!(counts.rows_total, read.announced);
    }

    #[test]
    fn every_cell_of_a_wide_table_is_counted(rows in prop::collection::vec((code(), cell(), cell()), 1..30)) {
        let mut file = "kpi;janv. 2026;S07 2026\n".to_owned();
        for (code, month, week) in &rows {
            writeln!(file, "{code};{month};{week}").unwrap();
        }
        let Ok(read) = catalogue().try_read(file) else { return Ok(()) };
        let counts = read.counts;
        let written = u64::try_from(read.values.len()).unwrap();
        prop_assert_eq!(counts.rows_total, written + counts.skipped + counts.blank + counts.rejected);
        prop_assert_eq!(counts.rows_total, read.announced);
    }
}
