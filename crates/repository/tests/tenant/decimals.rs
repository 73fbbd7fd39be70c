//! Exact decimals, through the databases and back.

use crate::common::Engine;
use crate::on_both_engines;
use crate::rig::{a_kpi, kpis};
use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use vigie_kernel::Dec;
use vigie_kpis::{Entry, HistoryQuery, KpiService, RecordValue, Source};

/// Decimals of every size and scale, with the edges among them.
fn decimals(count: usize) -> Vec<Dec> {
    let mut runner = TestRunner::default();
    let any = (any::<bool>(), "[0-9]{1,18}", "[0-9]{0,10}");
    let mut found: Vec<Dec> =
        ["0", "-0.0000000001", "999999999999999999.9999999999", "1234567890123456.7891", "0.1"]
            .map(|text| Dec::parse(text).unwrap())
            .to_vec();
    while found.len() < count {
        let (negative, integer, fraction) = any.new_tree(&mut runner).unwrap().current();
        let sign = if negative { "-" } else { "" };
        let dot = if fraction.is_empty() { "" } else { "." };
        found.push(Dec::parse(&format!("{sign}{integer}{dot}{fraction}")).unwrap());
    }
    found
}

on_both_engines!(every_decimal_survives_the_database, async |engine: Engine| {
    let tenant = engine.organization().await;
    let kpi = a_kpi(&engine, &tenant, "Decimals").await;
    let service = kpis(&engine);
    let written = decimals(150);
    for (index, number) in written.iter().enumerate() {
        let period = format!("{:04}-{:02}", 2000 + index / 12, index % 12 + 1);
        let record = RecordValue {
            kpi_id: kpi.id(),
            period: period.as_str().into(),
            entry: Entry::Number(*number),
            comment: None,
            source: Source::Manual,
            override_reason: None,
            expected_version: None,
        };
        service.add_value(&tenant, record).await.unwrap();
    }
    let query = HistoryQuery { kpi_id: kpi.id(), from: None, to: None, limit: Some(1000), after: None };
    let history = service.history(&tenant, query).await.unwrap();
    let read: Vec<Dec> =
        history.items.iter().map(|shown| shown.value.snapshot().entry.number().unwrap()).collect();
    assert_eq!(read, written);
});
