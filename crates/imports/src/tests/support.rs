//! Files, catalogues and readings for tests.

use crate::*;
use std::sync::Arc;
use vigie_kernel::{Frequency, KpiId, Locale};

/// A monthly KPI in that unit, named after its code.
pub(crate) fn kpi(code: &str) -> KpiEntry {
    let number = code.bytes().fold(1_u128, |n, b| n * 31 + u128::from(b));
    KpiEntry {
        id: KpiId::from(uuid::Uuid::from_u128(number)),
        code: code.to_owned(),
        name: format!("Nom de {code}"),
        unit: "u".to_owned(),
        frequency: Frequency::Monthly,
        archived: false,
        writable: true,
    }
}

pub(crate) fn named(code: &str, name: &str) -> KpiEntry {
    KpiEntry { name: name.to_owned(), ..kpi(code) }
}

pub(crate) fn of(frequency: Frequency, code: &str) -> KpiEntry {
    KpiEntry { frequency, ..kpi(code) }
}

/// A file as it was read, before anything is written.
#[derive(Debug)]
pub(crate) struct Reading {
    pub(crate) report: Report,
    pub(crate) counts: Counts,
    /// `CODE period=value`, in the order of the file.
    pub(crate) values: Vec<String>,
    pub(crate) rows: Vec<ValueRow>,
    pub(crate) announced: u64,
}

impl Reading {
    pub(crate) fn assumed(&self, code: AssumptionCode) -> bool {
        self.report.assumptions.iter().any(|assumption| assumption.code == code)
    }

    /// `CODE@cell` of each error.
    pub(crate) fn errors(&self) -> Vec<String> {
        let place = |issue: &Issue| issue.cell.clone().unwrap_or_default();
        self.report.issues.iter().map(|issue| format!("{}@{}", issue.code.name(), place(issue))).collect()
    }

    pub(crate) fn file(&self) -> &FileInfo {
        &self.report.file
    }
}

pub(crate) struct Setup {
    pub(crate) name: &'static str,
    pub(crate) kpis: Vec<KpiEntry>,
    pub(crate) options: serde_json::Value,
    pub(crate) locale: Locale,
    pub(crate) limits: Limits,
}

pub(crate) fn with(kpis: Vec<KpiEntry>) -> Setup {
    Setup {
        name: "fichier.csv",
        kpis,
        options: serde_json::Value::Null,
        locale: Locale::Fr,
        limits: Limits::default(),
    }
}

impl Setup {
    pub(crate) fn options(self, options: serde_json::Value) -> Self {
        Self { options, ..self }
    }

    pub(crate) fn named(self, name: &'static str) -> Self {
        Self { name, ..self }
    }

    pub(crate) fn in_english(self) -> Self {
        Self { locale: Locale::En, ..self }
    }

    pub(crate) fn try_read(&self, bytes: impl Into<Vec<u8>>) -> Result<Reading, FileProblem> {
        let source = Source::Bytes(bytes.into().into());
        let catalogue = Arc::new(KpiCatalogue::new(self.kpis.clone()));
        let options = ImportOptions::parse(&self.options).unwrap();
        let mut prepared = Prepared::open(&source, self.name, options, catalogue, self.locale, &self.limits)?;
        let mut reading = Reading {
            report: prepared.report().clone(),
            counts: Counts::default(),
            values: Vec::new(),
            rows: Vec::new(),
            announced: prepared.total(),
        };
        prepared.read(0, 7, &mut |batch| {
            reading.counts.add(&batch.counts);
            assert_eq!(batch.rows.len(), batch.origins.len());
            for issue in &batch.issues {
                reading.report.add(issue);
            }
            for assumption in &batch.assumptions {
                reading.report.assume(assumption);
            }
            reading.rows.extend(batch.rows);
            true
        })?;
        let code = |id| self.kpis.iter().find(|kpi| kpi.id == id).map_or("?", |kpi| kpi.code.as_str());
        reading.values = reading
            .rows
            .iter()
            .map(|row| {
                let value = row.entry.map_or("cleared".to_owned(), |value| value.to_string());
                format!("{} {}={value}", code(row.kpi), row.period)
            })
            .collect();
        Ok(reading)
    }

    pub(crate) fn read(&self, bytes: impl Into<Vec<u8>>) -> Reading {
        self.try_read(bytes).unwrap()
    }

    pub(crate) fn refusal(&self, bytes: impl Into<Vec<u8>>) -> IssueCode {
        self.try_read(bytes).unwrap_err().code
    }
}

/// Text in Windows-1252.
pub(crate) fn latin(text: &str) -> Vec<u8> {
    let (bytes, _, lost) = encoding_rs::WINDOWS_1252.encode(text);
    assert!(!lost);
    bytes.into_owned()
}
