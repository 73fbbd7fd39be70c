//! The second pass: rows become values to write, and issues.

use crate::catalogue::{KpiEntry, Lookup};
use crate::code::{AssumptionCode, IssueCode};
use crate::issue::{Assumption, Issue, Severity};
use crate::options::LayoutName;
use crate::period_text::{When, WhenProblem, between};
use crate::plan::{Identity, ValueColumn};
use crate::ports::ValueRow;
use crate::prepare::{lookup_issue, same_unit, unit_mismatch};
use crate::report::Counts;
use crate::row_check::{Content, RowPeriod, RowReader, Rules, when_code};
use crate::source::Row;
use crate::text::cell_name;
use chrono::Datelike;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use vigie_kernel::{Period, PeriodError};

/// Where a value of a batch comes from, for the issue of a value that the writer refuses.
#[derive(Clone, Debug, PartialEq)]
pub struct Origin {
    row: u32,
    line: Option<u32>,
    column: u32,
    header: Arc<str>,
    raw: Box<str>,
    kpi_code: Arc<str>,
}

impl Origin {
    /// The issue of this value.
    #[must_use]
    pub fn issue(&self, code: IssueCode, params: BTreeMap<String, String>, period: &Period) -> Issue {
        Issue {
            row: Some(self.row),
            line: self.line,
            cell: Some(cell_name(self.row, self.column)),
            column: Some(self.header.to_string()),
            kpi_code: Some(self.kpi_code.to_string()),
            period: Some(period.key()),
            params,
            ..Issue::new(Severity::Error, code).raw(&self.raw)
        }
    }
}

/// Some rows of a file, read.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Batch {
    /// Values to write.
    pub rows: Vec<ValueRow>,
    /// Where each of `rows` comes from.
    pub origins: Vec<Origin>,
    /// What became of the rest; `rows_total` counts all of them.
    pub counts: Counts,
    /// What is wrong, and what is worth knowing.
    pub issues: Vec<Issue>,
    /// What was taken for granted.
    pub assumptions: Vec<Assumption>,
    /// The last row of the file that is in.
    pub through_row: u32,
}

/// Longest comment, in characters.
const COMMENT_CHARACTERS: usize = 2_000;
/// Unknown texts for which the nearest KPIs are looked up.
const SUGGESTED: usize = 100;
/// Warnings of one batch.
const WARNINGS: usize = 1_000;
/// Texts whose KPI is remembered.
const REMEMBERED: usize = 50_000;

/// Turns rows into batches.
pub(crate) struct Extractor<'x> {
    reader: &'x RowReader<'x>,
    rules: &'x Rules,
    after_row: u32,
    batch: Batch,
    /// Warnings of the batch, one of a kind.
    warnings: Vec<Issue>,
    /// First row of each KPI and period: place in the catalogue and day number, packed.
    seen: HashMap<u64, u32>,
    lookups: HashMap<String, Lookup>,
    suggested: usize,
    codes: HashMap<u32, Arc<str>>,
}

/// A cell of values on its way.
struct CellPlace<'c> {
    row: &'c Row,
    value: &'c ValueColumn,
}

impl<'x> Extractor<'x> {
    pub(crate) fn new(reader: &'x RowReader<'x>, rules: &'x Rules, after_row: u32) -> Self {
        Self {
            reader,
            rules,
            after_row,
            batch: Batch::default(),
            warnings: Vec::new(),
            seen: HashMap::new(),
            lookups: HashMap::new(),
            suggested: 0,
            codes: HashMap::new(),
        }
    }

    /// Puts issues of the whole file before those of its rows.
    pub(crate) fn begin_with(&mut self, issues: impl Iterator<Item = Issue>) {
        self.batch.issues.extend(issues);
    }

    /// Cells in the batch.
    pub(crate) fn pending(&self) -> usize {
        usize::try_from(self.batch.counts.rows_total).unwrap_or(usize::MAX)
    }

    /// Whether nothing is in the batch.
    pub(crate) fn is_empty(&self) -> bool {
        self.batch.counts.rows_total == 0 && self.batch.issues.is_empty()
    }

    /// Takes the batch out.
    pub(crate) fn take(&mut self) -> Batch {
        self.batch.issues.append(&mut self.warnings);
        std::mem::take(&mut self.batch)
    }

    /// Reads a row below the header, up to the last one with data.
    pub(crate) fn row(&mut self, row: &Row) {
        if row.number < self.rules.first {
            return;
        }
        let long = self.reader.plan.layout == LayoutName::Long;
        if !long && !self.reader.has_data(row) {
            return;
        }
        if row.number > self.after_row {
            self.batch.through_row = row.number;
        }
        let period = self.reader.period(row, self.rules.order);
        let kpi = self.row_kpi(row);
        match (&kpi, long) {
            // A wide row without a usable KPI is one issue, whatever its cells hold.
            (Some((lookup, raw)), false) if !matches!(lookup, Lookup::Found(_)) => {
                let told = matches!(self.reader.plan.identity, Identity::Fixed(..));
                let issue = lookup_issue(lookup, raw, self.reader.catalogue).filter(|_| !told);
                let (place, cells) = (self.reader.kpi_column(row), self.reader.plan.values.len());
                self.skip(row, cells, issue.map(|issue| self.placed(issue, row, place)));
            }
            (None | Some(_), false) => self.cells(row, &period, kpi.as_ref().map(|(lookup, _)| lookup)),
            (_, true) => self.long_row(row, &period, kpi.as_ref()),
        }
    }

    fn emits(&self, row: &Row) -> bool {
        row.number > self.after_row
    }

    fn skip(&mut self, row: &Row, cells: usize, issue: Option<Issue>) {
        if self.emits(row) {
            let cells = u64::try_from(cells).unwrap_or(u64::MAX);
            self.batch.counts.rows_total += cells;
            self.batch.counts.skipped += cells;
            self.batch.issues.extend(issue);
        }
    }

    /// The KPI that the row names, with the text that names it; `None` when columns do.
    fn row_kpi(&mut self, row: &Row) -> Option<(Lookup, String)> {
        if let Identity::Fixed(lookup, text) = &self.reader.plan.identity {
            return Some((lookup.clone(), text.clone()));
        }
        let text = self.reader.kpi_text(row)?;
        let lookup = self.lookup(&text);
        Some((lookup, text))
    }

    fn lookup(&mut self, text: &str) -> Lookup {
        if let Some(known) = self.lookups.get(text) {
            return known.clone();
        }
        let mut found = self.reader.catalogue.find(text, false);
        if matches!(found, Lookup::Unknown(_)) && self.suggested < SUGGESTED {
            self.suggested += 1;
            found = self.reader.catalogue.find(text, true);
        }
        if self.lookups.len() < REMEMBERED {
            self.lookups.insert(text.to_owned(), found.clone());
        }
        found
    }

    /// A row of a long table: every error of it is told, and it counts once.
    fn long_row(&mut self, row: &Row, period: &RowPeriod, kpi: Option<&(Lookup, String)>) {
        let Some(value) = self.reader.plan.values.first() else { return };
        let Some((lookup, raw)) = kpi else { return };
        if matches!(self.reader.plan.identity, Identity::Fixed(..)) && !matches!(lookup, Lookup::Found(_)) {
            return self.skip(row, 1, None);
        }
        let entry = lookup.meant().and_then(|index| self.reader.catalogue.entry(index));
        let content = self.content(row, value, entry);
        if content == Content::Blank && !self.reader.options.clear_on_blank {
            return self.blank(row);
        }
        let mut issues = Vec::new();
        if let Some(issue) = lookup_issue(lookup, raw, self.reader.catalogue) {
            issues.push(self.placed(issue, row, self.reader.kpi_column(row)));
        }
        let place = CellPlace { row, value };
        let resolved = self.resolve(&place, period, entry, &mut issues);
        if let Some(issue) = self.content_issue(&content, &place, entry, resolved) {
            issues.push(issue);
        }
        let comment = self.comment(row, &mut issues);
        match (lookup, resolved, issues.is_empty()) {
            (Lookup::Found(index), Some(period), true) => {
                self.keep(&place, *index, period, &content, comment);
            }
            (_, _, _) => self.reject(row, issues),
        }
    }

    /// The cells of a row of a matrix or of a wide table.
    fn cells(&mut self, row: &Row, period: &RowPeriod, row_kpi: Option<&Lookup>) {
        let plan = self.reader.plan;
        let mut told = false;
        for value in &plan.values {
            let lookup = value.kpi.as_ref().or(row_kpi);
            let Some(Lookup::Found(index)) = lookup else {
                self.skip(row, 1, None);
                continue;
            };
            let (index, place) = (*index, CellPlace { row, value });
            let entry = self.reader.catalogue.entry(index);
            let content = self.content(row, value, entry);
            if content == Content::Blank && !self.reader.options.clear_on_blank {
                self.blank(row);
                continue;
            }
            let mut issues = Vec::new();
            let resolved = if matches!(period, RowPeriod::Wrong { .. }) && told {
                None
            } else {
                self.resolve(&place, period, entry, &mut issues)
            };
            told |= matches!(period, RowPeriod::Wrong { .. });
            if let Some(issue) = self.content_issue(&content, &place, entry, resolved) {
                issues.push(issue);
            }
            // With several columns it cannot be told whose comment it is.
            let comment = if plan.values.len() == 1 { self.comment(row, &mut issues) } else { None };
            match (resolved, issues.is_empty()) {
                (Some(period), true) => self.keep(&place, index, period, &content, comment),
                (_, _) => self.reject(row, issues),
            }
        }
    }

    fn content(&self, row: &Row, value: &ValueColumn, entry: Option<&KpiEntry>) -> Content {
        let decimal = self.rules.decimals.get(value.group).copied().flatten();
        self.reader.content(row.get(value.column), decimal, entry.is_some_and(KpiEntry::is_percent))
    }

    fn blank(&mut self, row: &Row) {
        if self.emits(row) {
            self.batch.counts.rows_total += 1;
            self.batch.counts.blank += 1;
        }
    }

    fn reject(&mut self, row: &Row, issues: Vec<Issue>) {
        if self.emits(row) {
            self.batch.counts.rows_total += 1;
            self.batch.counts.rejected += 1;
            self.batch.issues.extend(issues);
        }
    }

    fn keep(
        &mut self,
        place: &CellPlace<'_>,
        index: u32,
        period: Period,
        content: &Content,
        comment: Option<String>,
    ) {
        let CellPlace { row, value } = place;
        let day = u32::from_ne_bytes(period.start().num_days_from_ce().to_ne_bytes());
        let key = u64::from(index) << 32 | u64::from(day);
        if let Some(first) = self.seen.get(&key) {
            let issue = Issue::new(Severity::Error, IssueCode::DuplicateInFile).with("first_row", first);
            let issue = self.cell_issue(issue, place, Some(index), Some(period));
            return self.reject(row, vec![issue]);
        }
        self.seen.insert(key, row.number);
        let Some(entry) = self.reader.catalogue.entry(index).filter(|_| self.emits(row)) else { return };
        let written = match content {
            Content::Number { value: number, rounded, scaled } => {
                if *rounded {
                    self.warn_rounded(place);
                }
                if *scaled {
                    let evidence = format!("{} shown as a percentage", cell_name(row.number, value.column));
                    self.assume(AssumptionCode::PercentScaled, &value.header, evidence);
                }
                Some(*number)
            }
            Content::Blank | Content::Wrong(_) => None,
        };
        if let Some(unit) =
            self.reader.plan.unit.map(|column| row.raw(column)).filter(|unit| !unit.is_empty())
            && !same_unit(&unit, &entry.unit)
        {
            let column =
                self.reader.plan.unit.map(|column| self.reader.plan.header(column)).unwrap_or_default();
            self.warn(unit_mismatch(&unit, entry, &column));
        }
        let kpi_code = self.codes.entry(index).or_insert_with(|| entry.code.as_str().into());
        self.batch.counts.rows_total += 1;
        self.batch.origins.push(Origin {
            row: row.number,
            line: row.line,
            column: value.column,
            header: Arc::clone(&value.header),
            raw: row.raw(value.column).into(),
            kpi_code: Arc::clone(kpi_code),
        });
        self.batch.rows.push(ValueRow { kpi: entry.id, period, entry: written, comment, row: row.number });
    }

    /// The period of a cell; what is wrong with it goes to `issues`.
    fn resolve(
        &self,
        place: &CellPlace<'_>,
        period: &RowPeriod,
        entry: Option<&KpiEntry>,
        issues: &mut Vec<Issue>,
    ) -> Option<Period> {
        let when = match period {
            RowPeriod::When(when) => *when,
            RowPeriod::Headers => place.value.when?,
            RowPeriod::Wrong { code, raw, column } => {
                let issue = Issue::new(Severity::Error, *code).raw(raw);
                issues.push(self.placed(issue, place.row, *column));
                return None;
            }
            RowPeriod::Bounds(start, end) => {
                return match between(*start, *end, entry?.frequency) {
                    Ok(period) => Some(period),
                    Err(error) => {
                        issues.push(self.bounds_issue(place, error, &format!("{start} - {end}"), entry));
                        None
                    }
                };
            }
        };
        match when.period(entry?.frequency, self.rules.order) {
            Ok(period) => Some(period),
            Err(problem) => {
                issues.push(self.when_issue(place, when, problem, entry));
                None
            }
        }
    }

    fn bounds_issue(
        &self,
        place: &CellPlace<'_>,
        error: PeriodError,
        raw: &str,
        entry: Option<&KpiEntry>,
    ) -> Issue {
        let issue = match error {
            PeriodError::BoundsMismatch { start, end } => {
                Issue::new(Severity::Error, IssueCode::PeriodBoundsMismatch)
                    .with("start", start)
                    .with("end", end)
            }
            PeriodError::Invalid | PeriodError::FrequencyMismatch { .. } => {
                Issue::new(Severity::Error, IssueCode::PeriodInvalid)
            }
        };
        let mut issue = self.placed(issue.raw(raw), place.row, self.period_column(place));
        issue.kpi_code = entry.map(|entry| entry.code.clone());
        issue
    }

    fn when_issue(
        &self,
        place: &CellPlace<'_>,
        when: When,
        problem: WhenProblem,
        entry: Option<&KpiEntry>,
    ) -> Issue {
        let column = self.period_column(place);
        let raw = match (&self.reader.plan.period, column) {
            (crate::plan::PeriodSource::Headers, _) => place.value.header.to_string(),
            (_, Some(column)) => place.row.raw(column),
            (_, None) => format!("{when:?}"),
        };
        let mut issue = Issue::new(Severity::Error, when_code(problem)).raw(&raw);
        if let (WhenProblem::Mismatch { given }, Some(entry)) = (problem, entry) {
            issue = issue.with("given", given.name()).with("wanted", entry.frequency.name());
        }
        issue.kpi_code = entry.map(|entry| entry.code.clone());
        self.placed(issue, place.row, column)
    }

    fn period_column(&self, place: &CellPlace<'_>) -> Option<u32> {
        use crate::plan::{Feed, PeriodSource};
        match &self.reader.plan.period {
            PeriodSource::Column(column)
            | PeriodSource::Bounds(column, _)
            | PeriodSource::YearAnd { part: Feed::Column(column), .. } => Some(*column),
            PeriodSource::YearAnd { part: Feed::Constant(_), .. } | PeriodSource::Fixed(_) => None,
            PeriodSource::Headers => Some(place.value.column),
        }
    }

    fn content_issue(
        &self,
        content: &Content,
        place: &CellPlace<'_>,
        entry: Option<&KpiEntry>,
        period: Option<Period>,
    ) -> Option<Issue> {
        let Content::Wrong(code) = content else { return None };
        let mut issue = self.cell_issue(Issue::new(Severity::Error, *code), place, None, period);
        issue.kpi_code = entry.map(|entry| entry.code.clone());
        Some(issue)
    }

    fn cell_issue(
        &self,
        issue: Issue,
        place: &CellPlace<'_>,
        kpi: Option<u32>,
        period: Option<Period>,
    ) -> Issue {
        let column = place.value.column;
        let mut issue = self.placed(issue.raw(&place.row.raw(column)), place.row, Some(column));
        issue.kpi_code =
            kpi.and_then(|index| self.reader.catalogue.entry(index)).map(|entry| entry.code.clone());
        issue.period = period.map(|period| period.key());
        issue
    }

    fn placed(&self, issue: Issue, row: &Row, column: Option<u32>) -> Issue {
        Issue {
            row: Some(row.number),
            line: row.line,
            cell: column.map(|column| cell_name(row.number, column)),
            column: column.map(|column| self.reader.plan.header(column)),
            ..issue
        }
    }

    fn comment(&self, row: &Row, issues: &mut Vec<Issue>) -> Option<String> {
        let constant = || self.reader.options.mapping.constants.get("comment").cloned();
        let Some(column) = self.reader.plan.comment else { return constant() };
        let text = row.raw(column);
        if text.is_empty() {
            return constant();
        }
        let actual = text.chars().count();
        if actual > COMMENT_CHARACTERS {
            let issue = Issue::new(Severity::Error, IssueCode::TextTooLong)
                .raw(&text)
                .with("actual", actual)
                .with("max", COMMENT_CHARACTERS);
            issues.push(self.placed(issue, row, Some(column)));
            return None;
        }
        Some(text)
    }

    fn warn_rounded(&mut self, place: &CellPlace<'_>) {
        let mut issue = self.cell_issue(
            Issue::new(Severity::Warning, IssueCode::ValueRounded).with("count", 1),
            place,
            None,
            None,
        );
        issue.kpi_code = None;
        self.warn(issue);
    }

    /// Merges with the warning of the batch that is of the same kind.
    fn warn(&mut self, issue: Issue) {
        let same = |known: &&mut Issue| {
            known.code == issue.code && known.column == issue.column && known.kpi_code == issue.kpi_code
        };
        if let Some(known) = self.warnings.iter_mut().find(same) {
            if let Some(count) = known.params.get_mut("count") {
                *count = count.parse::<u64>().map_or_else(|_| count.clone(), |count| (count + 1).to_string());
            }
        } else if self.warnings.len() < WARNINGS {
            self.warnings.push(issue);
        }
    }

    fn assume(&mut self, code: AssumptionCode, header: &str, evidence: String) {
        let told = |known: &Assumption| known.code == code && known.column.as_deref() == Some(header);
        if !self.batch.assumptions.iter().any(told) {
            self.batch.assumptions.push(Assumption::new(code, Some(header), evidence));
        }
    }
}
