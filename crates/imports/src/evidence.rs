//! The first pass: what the columns say about separators and dates, and where the data begins and ends.

use crate::code::AssumptionCode;
use crate::issue::Assumption;
use crate::number_text::{Decimal, Shape, shape};
use crate::options::LayoutName;
use crate::period_text::{DateOrder, When, read_when};
use crate::plan::{PeriodSource, Plan};
use crate::row_check::{Missing, RowReader, Rules};
use crate::source::{Cell, Row};
use std::collections::BTreeMap;
use vigie_kernel::Locale;

/// What the numbers of a group of columns look like.
#[derive(Clone, Copy, Debug, Default)]
struct Numbers {
    points: u64,
    commas: u64,
    either: u64,
    total: u64,
}

/// What the dates of the column of periods look like.
#[derive(Clone, Copy, Debug, Default)]
struct Dates {
    day_first: Option<u32>,
    month_first: Option<u32>,
    either: u64,
}

/// Collects the evidence of the first pass.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    numbers: Vec<Numbers>,
    dates: Dates,
    first: u32,
    last: u32,
    /// Rows after the header that are not blank.
    seen: u64,
    seen_at_last: u64,
    seen_before_first: u64,
    data_rows: u64,
    /// Numbers of the last row and of the row before, for blank rows in between.
    blank_rows: u64,
    previous: u32,
    blank_at_last: u64,
    /// Texts under the header, above the first row of data.
    pub(crate) units: BTreeMap<u32, String>,
    unit_row: Option<u32>,
}

impl Evidence {
    /// Begins with what the header itself says.
    pub(crate) fn new(plan: &Plan) -> Self {
        let groups = plan.values.iter().map(|value| value.group + 1).max().unwrap_or(1);
        let mut evidence =
            Self { numbers: vec![Numbers::default(); groups], previous: plan.header_row, ..Self::default() };
        for when in plan.values.iter().filter_map(|value| value.when) {
            evidence.date(when, plan.header_row);
        }
        evidence
    }

    /// Looks at a row below the header; tells whether it can hold data.
    pub(crate) fn look(&mut self, reader: &RowReader<'_>, row: &Row) -> bool {
        self.seen += 1;
        self.blank_rows += u64::from(row.number.saturating_sub(self.previous).saturating_sub(1));
        self.previous = row.number;
        if !reader.has_data(row) {
            if self.first == 0 && self.unit_row.is_none() && reader.plan.layout == LayoutName::Matrix {
                self.read_units(reader.plan, row);
            }
            return false;
        }
        if self.first == 0 {
            self.first = row.number;
            self.seen_before_first = self.seen - 1;
            self.blank_rows = 0;
        }
        self.last = row.number;
        self.seen_at_last = self.seen;
        self.blank_at_last = self.blank_rows;
        self.data_rows += 1;
        for value in &reader.plan.values {
            if let Some(Cell::Text(text)) = row.get(value.column) {
                self.number(value.group, text, reader.missing);
            }
        }
        self.period_cells(reader.plan, row);
        true
    }

    /// A row of units stands under the headers of the values and has nothing under that of the periods.
    fn read_units(&mut self, plan: &Plan, row: &Row) {
        if matches!(plan.period, PeriodSource::Column(column) if row.get(column).is_some()) {
            return;
        }
        self.unit_row = Some(row.number);
        for value in &plan.values {
            if let Some(Cell::Text(text)) = row.get(value.column) {
                let unit = text.strip_prefix('(').and_then(|rest| rest.strip_suffix(')')).unwrap_or(text);
                self.units.insert(value.column, unit.trim().to_owned());
            }
        }
    }

    fn number(&mut self, group: usize, text: &str, missing: &Missing) {
        let Some(numbers) = self.numbers.get_mut(group) else { return };
        let shape = shape(text);
        if shape == Shape::Invalid || missing.contains(text) {
            return;
        }
        numbers.total += 1;
        match shape {
            Shape::Point => numbers.points += 1,
            Shape::Comma => numbers.commas += 1,
            Shape::Either => numbers.either += 1,
            Shape::Plain | Shape::Invalid => {}
        }
    }

    fn period_cells(&mut self, plan: &Plan, row: &Row) {
        let columns = match &plan.period {
            PeriodSource::Column(column) => [Some(*column), None],
            PeriodSource::Bounds(start, end) => [Some(*start), Some(*end)],
            PeriodSource::YearAnd { .. } | PeriodSource::Fixed(_) | PeriodSource::Headers => [None, None],
        };
        for column in columns.into_iter().flatten() {
            if let Some(Cell::Text(text)) = row.get(column)
                && let Some(when) = read_when(text)
            {
                self.date(when, row.number);
            }
        }
    }

    fn date(&mut self, when: When, row: u32) {
        let When::Slashed { a, b, .. } = when else { return };
        if a > 12 {
            self.dates.day_first.get_or_insert(row);
        } else if b > 12 {
            self.dates.month_first.get_or_insert(row);
        } else if a != b {
            self.dates.either += 1;
        }
    }

    /// Rows of a long table, or cells of the others, that the second pass will count.
    pub(crate) fn total(&self, plan: &Plan) -> u64 {
        let columns = u64::try_from(plan.values.len()).unwrap_or(u64::MAX);
        match plan.layout {
            LayoutName::Long => self.seen_at_last.saturating_sub(self.seen_before_first),
            LayoutName::Wide | LayoutName::Matrix => self.data_rows.saturating_mul(columns),
        }
    }

    /// Rows of data so far.
    pub(crate) const fn data_rows(&self) -> u64 {
        self.data_rows
    }

    /// Whether any row can hold data.
    pub(crate) const fn has_data(&self) -> bool {
        self.first > 0
    }

    /// Decides what only the whole column can decide, and tells what was taken for granted.
    pub(crate) fn decide(
        &self,
        plan: &Plan,
        strict: bool,
        locale: Locale,
        semicolons: bool,
    ) -> (Rules, Vec<Assumption>) {
        let mut told = Vec::new();
        let elsewhere = self.elsewhere();
        let mut decimals = Vec::with_capacity(self.numbers.len());
        for (group, numbers) in self.numbers.iter().enumerate() {
            let label = label(plan, group);
            let fallback = if strict { None } else { Some(fallback(elsewhere, semicolons, locale)) };
            decimals.push(decimal(*numbers, fallback, label.as_deref(), &mut told));
        }
        let order = self.order(plan, strict, locale, &mut told);
        self.tell_rows(plan, &mut told);
        (Rules { decimals, order, first: self.first, last: self.last }, told)
    }

    /// The separator of the other columns, when they agree.
    fn elsewhere(&self) -> Option<Decimal> {
        let points = self.numbers.iter().any(|numbers| numbers.points > 0);
        let commas = self.numbers.iter().any(|numbers| numbers.commas > 0);
        match (points, commas) {
            (true, false) => Some(Decimal::Point),
            (false, true) => Some(Decimal::Comma),
            (true, true) | (false, false) => None,
        }
    }

    fn order(
        &self,
        plan: &Plan,
        strict: bool,
        locale: Locale,
        told: &mut Vec<Assumption>,
    ) -> Option<DateOrder> {
        let column = match &plan.period {
            PeriodSource::Column(column) | PeriodSource::Bounds(column, _) => Some(plan.header(*column)),
            PeriodSource::YearAnd { .. } | PeriodSource::Fixed(_) | PeriodSource::Headers => None,
        };
        let (order, evidence) = match (self.dates.day_first, self.dates.month_first) {
            (Some(_), Some(_)) => return None,
            (Some(row), None) => (DateOrder::DayFirst, format!("first row with part > 12: {row}")),
            (None, Some(row)) => (DateOrder::MonthFirst, format!("first row with part > 12: {row}")),
            (None, None) if self.dates.either == 0 => return Some(DateOrder::DayFirst),
            (None, None) if strict => return None,
            (None, None) => match locale {
                Locale::Fr => (DateOrder::DayFirst, "locale fr".to_owned()),
                Locale::En => (DateOrder::MonthFirst, "locale en".to_owned()),
            },
        };
        let code = match order {
            DateOrder::DayFirst => AssumptionCode::DateDayFirst,
            DateOrder::MonthFirst => AssumptionCode::DateMonthFirst,
        };
        told.push(Assumption::new(code, column.as_deref(), evidence));
        Some(order)
    }

    fn tell_rows(&self, plan: &Plan, told: &mut Vec<Assumption>) {
        let between = self.seen_at_last.saturating_sub(self.seen_before_first);
        let units = u64::from(!self.units.is_empty());
        let inside = match plan.layout {
            LayoutName::Long => 0,
            LayoutName::Wide | LayoutName::Matrix => between.saturating_sub(self.data_rows),
        };
        let notes = self.seen_before_first.saturating_sub(units) + inside + (self.seen - self.seen_at_last);
        if notes > 0 {
            told.push(Assumption::new(AssumptionCode::NoteRowsIgnored, None, format!("{notes} rows")));
        }
        if let Some(row) = self.unit_row.filter(|_| units > 0) {
            told.push(Assumption::new(AssumptionCode::UnitRow, None, format!("row {row}")));
        }
        if self.blank_at_last > 0 {
            let evidence = format!("{} rows", self.blank_at_last);
            told.push(Assumption::new(AssumptionCode::EmptyRowsIgnored, None, evidence));
        }
    }
}

/// The header of a group's only column.
fn label(plan: &Plan, group: usize) -> Option<String> {
    let mut columns = plan.values.iter().filter(|value| value.group == group);
    match (columns.next(), columns.next()) {
        (Some(only), None) => Some(only.header.to_string()),
        (Some(_) | None, _) => None,
    }
}

fn fallback(elsewhere: Option<Decimal>, semicolons: bool, locale: Locale) -> (Decimal, &'static str) {
    match (elsewhere, semicolons, locale) {
        (Some(decimal), ..) => (decimal, "the other columns"),
        (None, true, _) => (Decimal::Comma, "delimiter ;"),
        (None, false, Locale::Fr) => (Decimal::Comma, "locale fr"),
        (None, false, Locale::En) => (Decimal::Point, "locale en"),
    }
}

/// The separator of a group, `None` when a text like `1,234` could be either.
fn decimal(
    numbers: Numbers,
    fallback: Option<(Decimal, &'static str)>,
    label: Option<&str>,
    told: &mut Vec<Assumption>,
) -> Option<Decimal> {
    let Numbers { points, commas, either, total } = numbers;
    let (decimal, evidence) = match (points, commas) {
        (0, 0) if either == 0 => return Some(Decimal::Point),
        (0, 0) => {
            let (decimal, why) = fallback?;
            (decimal, format!("{either} ambiguous cells, decided by {why}"))
        }
        (_, 0) => (Decimal::Point, format!("{points} of {total} cells")),
        (0, _) => (Decimal::Comma, format!("{commas} of {total} cells")),
        (_, _) => return None,
    };
    match decimal {
        Decimal::Comma => told.push(Assumption::new(AssumptionCode::DecimalComma, label, evidence)),
        // The point is what everybody expects: worth telling only where it settles something.
        Decimal::Point if either > 0 => {
            told.push(Assumption::new(AssumptionCode::DecimalPoint, label, evidence));
        }
        Decimal::Point => {}
    }
    Some(decimal)
}
