//! Reads a file as an import would and prints what it found.
//!
//! `read_file FILE [--kpi 'CODE|Name|UNIT|FREQUENCY'].. [--options JSON] [--locale fr|en] [--show KEY]..`
//! A `--show` prints the value of every KPI for that period.

use std::collections::BTreeMap;
use std::error::Error;
use std::sync::Arc;
use vigie_imports::{Counts, ImportOptions, KpiCatalogue, KpiEntry, Limits, Prepared, Source};
use vigie_kernel::{Frequency, KpiId, Locale};

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let (mut file, mut kpis, mut shown) = (None, Vec::new(), Vec::new());
    let (mut options, mut locale) = (serde_json::Value::Null, Locale::Fr);
    while let Some(argument) = arguments.next() {
        let mut next = || arguments.next().ok_or("a value is missing");
        match argument.as_str() {
            "--kpi" => kpis.push(kpi(&next()?, kpis.len())?),
            "--options" => options = serde_json::from_str(&next()?)?,
            "--locale" => locale = Locale::from_tag(&next()?).ok_or("fr or en")?,
            "--show" => shown.push(next()?),
            _ => file = Some(argument),
        }
    }
    let file = file.ok_or("which file?")?;
    let name = file.rsplit('/').next().unwrap_or(&file).to_owned();
    let codes: BTreeMap<KpiId, String> = kpis.iter().map(|kpi| (kpi.id, kpi.code.clone())).collect();
    let catalogue = Arc::new(KpiCatalogue::new(kpis));
    let options = ImportOptions::parse(&options)?;
    let source = Source::File(file.into(), None);
    let mut prepared = match Prepared::open(&source, &name, options, catalogue, locale, &Limits::default()) {
        Ok(prepared) => prepared,
        Err(problem) => {
            println!("refused: {}: {problem}", problem.code.name());
            return Ok(());
        }
    };
    let mut report = prepared.report().clone();
    let (mut counts, mut values) = (Counts::default(), 0);
    prepared.read(0, 5_000, &mut |batch| {
        counts.add(&batch.counts);
        values += batch.rows.len();
        for issue in &batch.issues {
            report.add(issue);
        }
        for assumption in &batch.assumptions {
            report.assume(assumption);
        }
        for row in batch.rows.iter().filter(|row| shown.contains(&row.period.key())) {
            let code = codes.get(&row.kpi).map_or("?", String::as_str);
            println!(
                "value {code} {} = {}",
                row.period,
                row.entry.map(|value| value.to_string()).unwrap_or_default()
            );
        }
        true
    })?;
    println!("file {:?}", report.file);
    for assumption in &report.assumptions {
        println!("assumed {} {:?}: {}", assumption.code.name(), assumption.column, assumption.evidence);
    }
    println!("total announced {}, values {values}, before writing {counts:?}", prepared.total());
    println!("errors {}, warnings {}", report.issues_total, report.warnings.len());
    for issue in report.shown().take(6) {
        println!("  {} {:?}: {}", issue.code.name(), issue.cell, issue.message(Locale::En));
    }
    Ok(())
}

fn kpi(text: &str, index: usize) -> Result<KpiEntry, Box<dyn Error>> {
    let parts: Vec<&str> = text.split('|').collect();
    let [code, name, unit, frequency] = parts.as_slice() else {
        return Err("CODE|Name|UNIT|FREQUENCY".into());
    };
    Ok(KpiEntry {
        id: KpiId::from(uuid::Uuid::from_u128(u128::try_from(index)? + 1)),
        code: (*code).to_owned(),
        name: (*name).to_owned(),
        unit: (*unit).to_owned(),
        frequency: Frequency::from_name(frequency).ok_or("the frequency")?,
        archived: false,
        writable: true,
    })
}
