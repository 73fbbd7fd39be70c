//! What backups promise without a database.

use super::cell::{Cell, Column, ColumnType, RowSum, read_row, write_row};
use super::export::{csv_field, csv_line};
use super::manifest::{
    Engine, FORMAT, Manifest, MemberEntry, OrganizationCard, SchemaMark, TableEntry, check_path, table_member,
};
use super::record::{BackupKind, BackupRecord, BackupStatus};
use super::refusal::ArchiveRefusal;
use super::retention::{Retention, expired};
use crate::Plan;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use proptest::prelude::*;
use uuid::Uuid;
use vigie_kernel::{Dec, OrganizationSettings};

const KINDS: [ColumnType; 11] = [
    ColumnType::Bool,
    ColumnType::Int,
    ColumnType::BigInt,
    ColumnType::Float,
    ColumnType::Decimal,
    ColumnType::Text,
    ColumnType::Uuid,
    ColumnType::Date,
    ColumnType::Instant,
    ColumnType::Json,
    ColumnType::Bytes,
];

fn columns() -> Vec<Column> {
    KINDS.iter().enumerate().map(|(at, kind)| Column { name: format!("c{at}"), kind: *kind }).collect()
}

fn instant(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn row() -> impl Strategy<Value = Vec<Cell>> {
    let decimal = (any::<i64>(), 0_u32..=10).prop_map(|(mantissa, scale)| {
        let number = rust_decimal_text(mantissa, scale);
        Cell::Decimal(Dec::parse(&number).unwrap())
    });
    let micros = -30_000_000_000_000_000_i64..200_000_000_000_000_000;
    let json = proptest::collection::vec(any::<i32>(), 0..4)
        .prop_map(|numbers| Cell::Json(serde_json::json!({ "n": numbers, "é": "\n\"" }).to_string()));
    let json = prop_oneof![json, Just(Cell::Json("null".to_owned()))];
    let cells = (
        any::<bool>().prop_map(Cell::Bool),
        any::<i32>().prop_map(|number| Cell::Int(number.into())),
        any::<i64>().prop_map(Cell::Int),
        (-1e15..1e15_f64).prop_map(Cell::Float),
        decimal,
        any::<String>().prop_map(Cell::Text),
        any::<u128>().prop_map(|bits| Cell::Uuid(Uuid::from_u128(bits))),
        (0_i32..700_000).prop_map(|days| Cell::Date(NaiveDate::from_num_days_from_ce_opt(days + 1).unwrap())),
        micros.prop_map(|micros| Cell::Instant(DateTime::from_timestamp_micros(micros).unwrap())),
        json,
        proptest::collection::vec(any::<u8>(), 0..20).prop_map(Cell::Bytes),
    );
    let cells = cells.prop_map(|(a, b, c, d, e, f, g, h, i, j, k)| vec![a, b, c, d, e, f, g, h, i, j, k]);
    (cells, proptest::collection::vec(proptest::bool::weighted(0.2), 11)).prop_map(|(cells, gone)| {
        cells.into_iter().zip(gone).map(|(cell, gone)| if gone { Cell::Null } else { cell }).collect()
    })
}

/// A decimal of at most 18 digits before its point.
fn rust_decimal_text(mantissa: i64, scale: u32) -> String {
    let digits = format!("{:019}", mantissa.unsigned_abs() % 1_000_000_000_000_000_000);
    let at = digits.len() - usize::try_from(scale).unwrap();
    let sign = if mantissa < 0 { "-" } else { "" };
    let (whole, fraction) = digits.split_at(at);
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    if fraction.is_empty() { format!("{sign}{whole}") } else { format!("{sign}{whole}.{fraction}") }
}

proptest! {
    #[test]
    fn every_row_comes_back_as_it_was(row in row()) {
        let mut line = Vec::new();
        write_row(&row, &mut line).unwrap();
        prop_assert_eq!(line.iter().position(|byte| *byte == b'\n'), Some(line.len() - 1));
        prop_assert_eq!(read_row(line.strip_suffix(b"\n").unwrap(), &columns()).unwrap(), row);
    }

    #[test]
    fn a_line_that_is_no_row_is_refused_and_nothing_else_happens(line in any::<Vec<u8>>()) {
        let _refused_or_read = read_row(&line, &columns());
    }

    #[test]
    fn the_sum_of_rows_does_not_depend_on_their_order(rows in proptest::collection::vec(row(), 1..6)) {
        let sum = |rows: &mut dyn Iterator<Item = &Vec<Cell>>| {
            let mut sum = RowSum::default();
            rows.for_each(|row| sum.add(row).unwrap());
            sum
        };
        let forwards = sum(&mut rows.iter());
        prop_assert_eq!(forwards, sum(&mut rows.iter().rev()));
        prop_assert_ne!(forwards, sum(&mut rows.iter().skip(1)));
    }
}

#[test]
fn what_the_engines_write_differently_sums_up_the_same() {
    let sum = |json: &str| {
        let mut sum = RowSum::default();
        sum.add(&[Cell::Json(json.to_owned())]).unwrap();
        sum.digest()
    };
    assert_eq!(sum(r#"{"b":1e2,"a":[1.50]}"#), sum(r#"{"a": [1.5], "b": 100}"#));
    assert_ne!(sum(r#"{"a":1}"#), sum(r#"{"a":2}"#));
}

#[test]
fn paths_that_lead_elsewhere_are_refused() {
    for good in ["tables/kpis.ndjson.gz", "files/imports/abc", "files/a/b/c_d-e.csv"] {
        assert_eq!(check_path(good), Ok(()), "{good}");
    }
    for bad in [
        "../tables/kpis",
        "tables/../../etc/passwd",
        "/etc/passwd",
        "files//a",
        "files/./a",
        "files/.hidden",
        "files\\a",
        "C:/a",
        "files/a b",
        "files/é",
        "elsewhere/a",
        "manifest.json",
        &format!("files/{}", "a".repeat(100)),
    ] {
        assert!(matches!(check_path(bad), Err(ArchiveRefusal::Member { .. })), "{bad}");
    }
}

fn manifest() -> Manifest {
    let member = |path: &str, size, raw_size, gzip| MemberEntry {
        path: path.to_owned(),
        size,
        raw_size,
        sha256: "0".repeat(64),
        gzip,
    };
    Manifest {
        format: FORMAT,
        product: "vigie test".to_owned(),
        backup: Uuid::from_u128(1).into(),
        taken_at: instant("2026-11-20T08:00:00Z"),
        engine: Engine::Sqlite,
        schema: SchemaMark { version: 1, fingerprint: "ab".to_owned() },
        organization: OrganizationCard {
            id: Uuid::from_u128(2).into(),
            slug: "paris".to_owned(),
            name: "Paris".to_owned(),
            plan: "starter".to_owned(),
            settings: OrganizationSettings::default(),
        },
        tables: vec![TableEntry {
            name: "kpis".to_owned(),
            columns: columns(),
            rows: 3,
            digest: "0".repeat(32),
            member: table_member("kpis", true),
        }],
        members: vec![
            member("tables/kpis.ndjson.gz", 100, 900, true),
            member("files/imports/abc", 5, 5, false),
        ],
    }
}

#[test]
fn a_manifest_that_contradicts_itself_is_refused() {
    let read = |manifest: &Manifest| Manifest::parse(&manifest.to_bytes().unwrap());
    assert_eq!(read(&manifest()), Ok(manifest()));

    let mut later = manifest();
    later.format = 2;
    assert_eq!(read(&later), Err(ArchiveRefusal::UnknownFormat(2)));

    let mut bomb = manifest();
    bomb.members[0].raw_size = 100 * 1024 * 1024;
    assert_eq!(read(&bomb), Err(ArchiveRefusal::TooDense { member: "tables/kpis.ndjson.gz".to_owned() }));

    let mut escaping = manifest();
    "files/../../x".clone_into(&mut escaping.members[1].path);
    assert!(matches!(read(&escaping), Err(ArchiveRefusal::Member { .. })));

    let mut twice = manifest();
    twice.members.push(twice.members[1].clone());
    assert!(matches!(read(&twice), Err(ArchiveRefusal::Member { .. })));

    let mut missing = manifest();
    missing.members.remove(0);
    assert!(matches!(read(&missing), Err(ArchiveRefusal::NotAnArchive(_))));

    let mut injecting = manifest();
    "kpis\" --".clone_into(&mut injecting.tables[0].columns[0].name);
    assert!(matches!(read(&injecting), Err(ArchiveRefusal::NotAnArchive(_))));

    let text = String::from_utf8(manifest().to_bytes().unwrap()).unwrap();
    let more = text.replacen('{', "{\"run\": \"DROP TABLE kpis\",", 1);
    assert!(matches!(Manifest::parse(more.as_bytes()), Err(ArchiveRefusal::NotAnArchive(_))));
}

#[test]
fn texts_of_an_export_are_never_formulas_and_numbers_stay_numbers() {
    let row = [
        Cell::Text("=1+1".to_owned()),
        Cell::Text("a, \"b\"".to_owned()),
        Cell::Decimal(Dec::parse("-12.5").unwrap()),
        Cell::Int(-3),
        Cell::Null,
        Cell::Text("\u{ff1d}SUM(A1)".to_owned()),
    ];
    let line = csv_line(row.iter().map(csv_field));
    assert_eq!(line, "'=1+1,\"a, \"\"b\"\"\",-12.5,-3,,'\u{ff1d}SUM(A1)\r\n");
}

fn backup(number: u128, kind: BackupKind, at: &str) -> BackupRecord {
    let mut record = BackupRecord::asked(
        Uuid::from_u128(number).into(),
        Uuid::from_u128(7).into(),
        "paris",
        kind,
        instant(at),
    );
    record.status = BackupStatus::Done;
    record
}

fn numbers(gone: &[vigie_kernel::BackupId]) -> Vec<u128> {
    let mut numbers: Vec<u128> = gone.iter().map(|id| id.as_uuid().as_u128()).collect();
    numbers.sort_unstable();
    numbers
}

#[test]
fn each_plan_keeps_its_days_weeks_and_months() {
    let now = instant("2026-11-20T08:00:00Z");
    let nightly: Vec<BackupRecord> = (0..400_i64)
        .map(|day| {
            let at = now - TimeDelta::days(day);
            backup(u128::try_from(day).unwrap() + 1, BackupKind::Nightly, &at.to_rfc3339())
        })
        .collect();
    for (plan, least, most) in [
        (Plan::Starter, 7, 7),
        (Plan::Community, 14, 18),
        (Plan::Professional, 30, 44),
        (Plan::Enterprise, 35, 59),
    ] {
        let kept = nightly.len() - expired(Retention::of(plan), &nightly, now).len();
        assert!((least..=most).contains(&kept), "{plan:?} keeps {kept}");
    }
    assert_eq!(numbers(&expired(Retention::of(Plan::Starter), &nightly[..9], now)), [8, 9]);
}

#[test]
fn the_last_good_backup_and_what_somebody_asked_for_are_never_removed() {
    let now = instant("2026-11-20T08:00:00Z");
    let old = backup(1, BackupKind::Nightly, "2020-01-01T02:00:00Z");
    let none = Retention { daily: 0, weekly: 0, monthly: 0 };
    assert_eq!(expired(none, std::slice::from_ref(&old), now), []);

    let mut failed = backup(2, BackupKind::Nightly, "2026-11-19T02:00:00Z");
    failed.status = BackupStatus::Failed;
    let mut failed_long_ago = backup(3, BackupKind::Nightly, "2026-09-01T02:00:00Z");
    failed_long_ago.status = BackupStatus::Failed;
    let manual = backup(4, BackupKind::Manual, "2019-01-01T02:00:00Z");
    let last = backup(5, BackupKind::Final, "2019-06-01T02:00:00Z");
    let all = [old, failed, failed_long_ago, manual, last];
    assert_eq!(numbers(&expired(none, &all, now)), [3]);
}
