//! A file that is ready to be read: its table, its plan and its rules are known.

use crate::catalogue::{KpiCatalogue, Lookup};
use crate::code::{AssumptionCode, IssueCode};
use crate::detect::{Search, find_table};
use crate::error::FileProblem;
use crate::evidence::Evidence;
use crate::extract::{Batch, Extractor};
use crate::issue::{Assumption, Issue, Severity};
use crate::limits::Limits;
use crate::options::{ImportOptions, LayoutName};
use crate::plan::{Identity, Plan};
use crate::report::{FileInfo, Report};
use crate::row_check::{Missing, RowReader, Rules};
use crate::source::{Book, FileKind, Source};
use crate::text::{cell_name, normalise};
use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::Arc;
use vigie_kernel::Locale;

/// A file whose table is found and whose columns are understood, after a first pass over all of it.
pub struct Prepared {
    book: Book,
    sheet: usize,
    plan: Plan,
    rules: Rules,
    units: BTreeMap<u32, String>,
    options: ImportOptions,
    missing: Missing,
    catalogue: Arc<KpiCatalogue>,
    report: Report,
    total: u64,
    cells: u64,
}

impl Prepared {
    /// Opens a file, finds its table and looks at every row once.
    ///
    /// `locale` decides what the file and the options leave open. [`FileProblem`] when no table can be read.
    pub fn open(
        source: &Source,
        file_name: &str,
        options: ImportOptions,
        catalogue: Arc<KpiCatalogue>,
        locale: Locale,
        limits: &Limits,
    ) -> Result<Self, FileProblem> {
        let mut book = Book::open(source, limits)?;
        let missing = Missing::new(&options.missing_tokens);
        let search = Search { options: &options, catalogue: &catalogue, missing: &missing, file_name };
        let (sheet, plan) = find_table(&mut book, &search)?;
        let locale = options.locale.unwrap_or(locale);
        let mut evidence = Evidence::new(&plan);
        look_at_rows(&mut book, sheet, &plan, &search, &mut evidence, limits)?;
        if !evidence.has_data() {
            return Err(FileProblem::new(IssueCode::FileEmpty));
        }
        let semicolons = book.csv().is_some_and(|csv| csv.delimiter.byte == b';');
        let (rules, told) = evidence.decide(&plan, options.strict, locale, semicolons);
        let total = evidence.total(&plan);
        let cells = evidence.data_rows().saturating_mul(applied_columns(&plan));
        let mut report = Report { file: file_info(&book, sheet, &plan, file_name), ..Report::default() };
        for assumption in plan.assumptions.iter().chain(&told) {
            report.assume(assumption);
        }
        if options.excel_serials {
            report.assume(&Assumption::new(AssumptionCode::ExcelSerials, None, "asked for by the options"));
        }
        if book.csv().is_some_and(|csv| csv.encoding.guessed) {
            report.add(&Issue::new(Severity::Warning, IssueCode::EncodingGuessed));
        }
        Ok(Self {
            book,
            sheet,
            plan,
            rules,
            units: evidence.units,
            options,
            missing,
            catalogue,
            report,
            total,
            cells,
        })
    }

    /// What is known before the second pass: the file, assumptions and warnings.
    #[must_use]
    pub const fn report(&self) -> &Report {
        &self.report
    }

    /// Rows of a long table or cells of the others, as `rows_total` will count them.
    #[must_use]
    pub const fn total(&self) -> u64 {
        self.total
    }

    /// Cells that can be applied: those of columns whose KPI is unknown are not counted.
    #[must_use]
    pub const fn cells(&self) -> u64 {
        self.cells
    }

    /// What the file is.
    #[must_use]
    pub const fn kind(&self) -> FileKind {
        self.book.kind()
    }

    /// Gives the rows after `after_row` (0 for all) in batches of about `chunk` cells, cut between rows. A file always
    /// gives the same batches for the same `after_row` of a batch's end. `sink` answers whether to go on.
    pub fn read(
        &mut self,
        after_row: u32,
        chunk: usize,
        sink: &mut dyn FnMut(Batch) -> bool,
    ) -> Result<(), FileProblem> {
        let reader = RowReader {
            plan: &self.plan,
            options: &self.options,
            catalogue: &self.catalogue,
            missing: &self.missing,
        };
        let mut extractor = Extractor::new(&reader, &self.rules, after_row);
        if after_row == 0 {
            let (issues, warnings) = (column_issues(&self.plan, &self.catalogue), unit_warnings(self));
            extractor.begin_with(issues.into_iter().chain(warnings));
        }
        let mut stopped = false;
        let _ = self.book.rows(self.sheet, &mut |row| {
            if row.number <= self.plan.header_row {
                return Ok(ControlFlow::Continue(()));
            }
            if row.number > self.rules.last {
                return Ok(ControlFlow::Break(()));
            }
            extractor.row(row);
            if extractor.pending() >= chunk && !sink(extractor.take()) {
                stopped = true;
                return Ok(ControlFlow::Break(()));
            }
            Ok(ControlFlow::Continue(()))
        })?;
        if !stopped && !extractor.is_empty() {
            sink(extractor.take());
        }
        Ok(())
    }
}

fn look_at_rows(
    book: &mut Book,
    sheet: usize,
    plan: &Plan,
    search: &Search<'_>,
    evidence: &mut Evidence,
    limits: &Limits,
) -> Result<(), FileProblem> {
    let reader =
        RowReader { plan, options: search.options, catalogue: search.catalogue, missing: search.missing };
    let applied = applied_columns(plan);
    let _ = book.rows(sheet, &mut |row| {
        if row.number > plan.header_row {
            evidence.look(&reader, row);
            if evidence.data_rows().saturating_mul(applied) > limits.cells {
                return Err(FileProblem::too_large("cells", limits.cells));
            }
        }
        Ok(ControlFlow::Continue(()))
    })?;
    Ok(())
}

/// Columns of values that are not known to be useless.
fn applied_columns(plan: &Plan) -> u64 {
    let useful =
        |value: &&crate::plan::ValueColumn| value.kpi.as_ref().is_none_or(|kpi| kpi.meant().is_some());
    u64::try_from(plan.values.iter().filter(useful).count()).unwrap_or(u64::MAX)
}

fn file_info(book: &Book, sheet: usize, plan: &Plan, file_name: &str) -> FileInfo {
    let sheet = book.sheets().into_iter().nth(sheet).map(|sheet| sheet.name).filter(|name| !name.is_empty());
    let csv = book.csv();
    FileInfo {
        name: file_name.to_owned(),
        sha256: String::new(),
        kind: book.kind().name().to_owned(),
        encoding: csv.map(|csv| csv.encoding.name()),
        delimiter: csv.map(|csv| char::from(csv.delimiter.byte).to_string()),
        layout: Some(plan.layout),
        header_row: Some(plan.header_row),
        sheet,
    }
}

/// The issue of a KPI that cannot be used, `None` for one that can.
pub(crate) fn lookup_issue(lookup: &Lookup, raw: &str, catalogue: &KpiCatalogue) -> Option<Issue> {
    let code_of = |index: u32| catalogue.entry(index).map(|entry| entry.code.clone());
    let issue = |code| Issue::new(Severity::Error, code).raw(raw);
    match lookup {
        Lookup::Found(_) => None,
        Lookup::Archived(index) => Some(Issue { kpi_code: code_of(*index), ..issue(IssueCode::KpiArchived) }),
        Lookup::Forbidden(index) => {
            Some(Issue { kpi_code: code_of(*index), ..issue(IssueCode::KpiForbidden) })
        }
        Lookup::Ambiguous(codes) => Some(issue(IssueCode::KpiAmbiguous).with("candidates", codes)),
        Lookup::Unknown(near) => Some(issue(IssueCode::KpiUnknown).with("suggestions", near)),
    }
}

/// One issue for each column, or for the file, whose KPI cannot be used.
fn column_issues(plan: &Plan, catalogue: &KpiCatalogue) -> Vec<Issue> {
    let row = Some(plan.header_row);
    let mut issues = Vec::new();
    if let Identity::Fixed(lookup, text) = &plan.identity
        && let Some(issue) = lookup_issue(lookup, text, catalogue)
    {
        let only = plan.values.first().filter(|_| plan.layout == LayoutName::Long);
        let cell = only.map(|value| cell_name(plan.header_row, value.column));
        issues.push(Issue { row, cell, column: only.map(|value| value.header.to_string()), ..issue });
    }
    for value in &plan.values {
        let Some(lookup) = &value.kpi else { continue };
        if let Some(issue) = lookup_issue(lookup, &value.header, catalogue) {
            let cell = Some(cell_name(plan.header_row, value.column));
            issues.push(Issue { row, cell, column: Some(value.header.to_string()), ..issue });
        }
    }
    issues
}

/// A warning for each column whose unit, written under its header, is not the KPI's.
fn unit_warnings(prepared: &Prepared) -> Vec<Issue> {
    let mut warnings = Vec::new();
    for value in &prepared.plan.values {
        let unit = prepared.units.get(&value.column);
        let entry =
            value.kpi.as_ref().and_then(Lookup::meant).and_then(|index| prepared.catalogue.entry(index));
        if let (Some(unit), Some(entry)) = (unit, entry)
            && !same_unit(unit, &entry.unit)
        {
            warnings.push(unit_mismatch(unit, entry, &value.header));
        }
    }
    warnings
}

/// Whether two units are written the same, case, accents and blanks aside.
pub(crate) fn same_unit(a: &str, b: &str) -> bool {
    let bare = |text: &str| text.split_whitespace().collect::<String>().to_lowercase();
    bare(a) == bare(b) || (!normalise(a).is_empty() && normalise(a) == normalise(b) && has_letters(a))
}

fn has_letters(text: &str) -> bool {
    text.chars().all(|c| c.is_alphanumeric() || c.is_whitespace())
}

/// The warning of a unit that is not the KPI's.
pub(crate) fn unit_mismatch(unit: &str, entry: &crate::KpiEntry, column: &str) -> Issue {
    let mut issue =
        Issue::new(Severity::Warning, IssueCode::UnitMismatch).raw(unit).with("unit", &entry.unit);
    issue.kpi_code = Some(entry.code.clone());
    issue.column = Some(column.to_owned());
    issue
}
