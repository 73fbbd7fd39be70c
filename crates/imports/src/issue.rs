//! Issues and assumptions: the lines of a report.

use crate::code::{AssumptionCode, IssueCode};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use vigie_kernel::Locale;

/// Whether an issue kept something out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Cells were rejected or skipped for it.
    Error,
    /// Worth knowing; nothing was kept out.
    Warning,
}

/// One thing that is wrong with a column, a row or a cell.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Issue {
    /// Whether it kept something out.
    pub severity: Severity,
    /// What it is.
    pub code: IssueCode,
    /// The record or spreadsheet row, counted from 1.
    pub row: Option<u32>,
    /// The first physical line of the record, counted from 1; text files only.
    pub line: Option<u32>,
    /// The cell, such as `C12`.
    pub cell: Option<String>,
    /// The column's header.
    pub column: Option<String>,
    /// The content as written.
    pub raw: Option<String>,
    /// The KPI's code, once it is known.
    pub kpi_code: Option<String>,
    /// The period's key, once it is known.
    pub period: Option<String>,
    /// Figures and names of the message.
    pub params: BTreeMap<String, String>,
}

/// Longest raw text that an issue repeats, in characters.
const RAW_SHOWN: usize = 200;

impl Issue {
    /// An issue without a place.
    #[must_use]
    pub const fn new(severity: Severity, code: IssueCode) -> Self {
        Self {
            severity,
            code,
            row: None,
            line: None,
            cell: None,
            column: None,
            raw: None,
            kpi_code: None,
            period: None,
            params: BTreeMap::new(),
        }
    }

    /// Adds a figure or name of the message.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl fmt::Display) -> Self {
        self.params.insert(name.to_owned(), value.to_string());
        self
    }

    /// Adds the content as written, its end left out when it is very long.
    #[must_use]
    pub fn raw(mut self, raw: &str) -> Self {
        self.raw = Some(match raw.char_indices().nth(RAW_SHOWN) {
            Some((end, _)) => format!("{}…", &raw[..end]),
            None => raw.to_owned(),
        });
        self
    }

    /// The message in a language.
    #[must_use]
    pub fn message(&self, locale: Locale) -> String {
        fill(self.code.template(locale), |name| match name {
            "raw" => self.raw.as_deref(),
            "kpi_code" => self.kpi_code.as_deref(),
            "period" => self.period.as_deref(),
            "column" => self.column.as_deref(),
            other => self.params.get(other).map(String::as_str),
        })
    }
}

/// Fills `{name}` places of a template; an unknown or empty one becomes a dash.
pub(crate) fn fill<'v>(template: &str, value: impl Fn(&str) -> Option<&'v str>) -> String {
    let mut out = String::with_capacity(template.len() + 32);
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        out.push_str(before);
        let Some((name, tail)) = after.split_once('}') else {
            out.push('{');
            rest = after;
            continue;
        };
        out.push_str(value(name).filter(|text| !text.is_empty()).unwrap_or("-"));
        rest = tail;
    }
    out.push_str(rest);
    out
}

/// One thing that was taken for granted, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Assumption {
    /// What was taken for granted.
    pub code: AssumptionCode,
    /// The column's header, when it concerns one.
    pub column: Option<String>,
    /// What decided, such as `212 of 212 cells`.
    pub evidence: String,
}

impl Assumption {
    /// An assumption about a column or about the file.
    #[must_use]
    pub fn new(code: AssumptionCode, column: Option<&str>, evidence: impl Into<String>) -> Self {
        Self { code, column: column.map(str::to_owned), evidence: evidence.into() }
    }
}
