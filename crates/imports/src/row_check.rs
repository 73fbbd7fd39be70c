//! Reading the cells of one row by the plan.

use crate::catalogue::KpiCatalogue;
use crate::code::IssueCode;
use crate::headers::Part;
use crate::identity::TemplatePart;
use crate::number_text::{Decimal, NumberProblem, Shape, read_float, read_number, shape};
use crate::options::{ImportOptions, LayoutName};
use crate::period_text::{DateOrder, When, read_part, read_week, read_when, read_year};
use crate::plan::{Feed, Identity, PeriodSource, Plan};
use crate::source::{Cell, Row};
use chrono::{Days, NaiveDate};
use std::collections::HashSet;
use vigie_kernel::Dec;

/// Texts that stand for "no value".
#[derive(Clone, Debug)]
pub(crate) struct Missing {
    tokens: HashSet<String>,
    numbers: Vec<Dec>,
}

const MISSING: [&str; 14] = [
    "", "-", "\u{2013}", "\u{2014}", "\u{2026}", "...", "n/a", "na", "n/d", "nd", "n.d.", "n.d", "null",
    "#n/a",
];

impl Missing {
    /// The usual ones and those of the options.
    pub(crate) fn new(more: &[String]) -> Self {
        let tokens =
            MISSING.iter().map(|text| (*text).to_owned()).chain(more.iter().map(|text| text.to_lowercase()));
        let numbers = more.iter().filter_map(|text| read_number(text, Some(Decimal::Point)).ok());
        Self { tokens: tokens.collect(), numbers: numbers.map(|(number, _)| number).collect() }
    }

    /// Whether the text stands for no value.
    pub(crate) fn contains(&self, text: &str) -> bool {
        let text = text.trim();
        text.len() <= 40 && (self.tokens.contains(text) || self.tokens.contains(&text.to_lowercase()))
    }

    /// Whether the number does, as an option's `-200`.
    pub(crate) fn contains_number(&self, number: Dec) -> bool {
        self.numbers.contains(&number)
    }
}

/// What the first pass found out about the columns.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Rules {
    /// Decimal separators, by group of value columns; `None` when it cannot be told.
    pub(crate) decimals: Vec<Option<Decimal>>,
    /// The order of dates; `None` when it cannot be told.
    pub(crate) order: Option<DateOrder>,
    /// First and last row in which something was recognised.
    pub(crate) first: u32,
    pub(crate) last: u32,
}

/// What a cell of values holds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Content {
    Blank,
    Number { value: Dec, rounded: bool, scaled: bool },
    Wrong(IssueCode),
}

/// What a row says about its period.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum RowPeriod {
    When(When),
    Bounds(NaiveDate, NaiveDate),
    /// Each column has its own.
    Headers,
    Wrong {
        code: IssueCode,
        raw: String,
        column: Option<u32>,
    },
}

/// Reads rows by a plan.
pub(crate) struct RowReader<'r> {
    pub(crate) plan: &'r Plan,
    pub(crate) options: &'r ImportOptions,
    pub(crate) catalogue: &'r KpiCatalogue,
    pub(crate) missing: &'r Missing,
}

/// Serial numbers that a spreadsheet shows as a date of the years 1900 to 9999.
const SERIALS: std::ops::RangeInclusive<u64> = 1..=2_958_465;

impl RowReader<'_> {
    /// Whether the row can hold data: something in it is a KPI, a period or a number.
    pub(crate) fn has_data(&self, row: &Row) -> bool {
        let numbers = self.plan.values.iter().any(|value| row.get(value.column).is_some_and(is_number));
        if numbers {
            return true;
        }
        match self.plan.layout {
            LayoutName::Matrix => self.has_period(row),
            LayoutName::Wide => self.names_kpi(row),
            LayoutName::Long => self.has_period(row) || self.names_kpi(row),
        }
    }

    fn has_period(&self, row: &Row) -> bool {
        !matches!(self.period(row, Some(DateOrder::DayFirst)), RowPeriod::Wrong { .. } | RowPeriod::Headers)
            && !matches!(self.plan.period, PeriodSource::Fixed(_))
    }

    fn names_kpi(&self, row: &Row) -> bool {
        match &self.plan.identity {
            Identity::Columns { code, name } => {
                [*code, *name].into_iter().flatten().any(|column| self.catalogue.knows(&row.raw(column)))
            }
            Identity::Template(_) => self.kpi_text(row).is_some_and(|text| self.catalogue.knows(&text)),
            Identity::Fixed(..) | Identity::PerColumn => false,
        }
    }

    /// The text that names the row's KPI, and `None` when the columns or the options do.
    pub(crate) fn kpi_text(&self, row: &Row) -> Option<String> {
        match &self.plan.identity {
            Identity::Columns { code, name } => {
                let text = |column: &Option<u32>| {
                    column.map(|column| row.raw(column)).filter(|text| !text.is_empty())
                };
                Some(text(code).or_else(|| text(name)).unwrap_or_default())
            }
            Identity::Template(parts) => Some(
                parts
                    .iter()
                    .map(|(part, column)| match part {
                        TemplatePart::Text(text) => text.clone(),
                        TemplatePart::Column(_) => row.raw(*column),
                    })
                    .collect(),
            ),
            Identity::Fixed(..) | Identity::PerColumn => None,
        }
    }

    /// The column that names the row's KPI, for messages.
    pub(crate) fn kpi_column(&self, row: &Row) -> Option<u32> {
        match &self.plan.identity {
            Identity::Columns { code, name } => {
                let filled = |column: &u32| row.get(*column).is_some();
                code.filter(filled).or_else(|| name.filter(filled)).or(*code).or(*name)
            }
            Identity::Template(parts) => parts
                .iter()
                .find(|(part, _)| matches!(part, TemplatePart::Column(_)))
                .map(|(_, column)| *column),
            Identity::Fixed(..) | Identity::PerColumn => None,
        }
    }

    /// What the row says about its period.
    pub(crate) fn period(&self, row: &Row, order: Option<DateOrder>) -> RowPeriod {
        match &self.plan.period {
            PeriodSource::Headers => RowPeriod::Headers,
            PeriodSource::Fixed(when) => RowPeriod::When(*when),
            PeriodSource::Column(column) => self.when(row, *column),
            PeriodSource::YearAnd { year, part, kind } => self.year_and(row, year, part, *kind),
            PeriodSource::Bounds(start, end) => {
                let date = |column: u32| match self.when(row, column) {
                    RowPeriod::When(when) => when.date(order).map_err(|problem| RowPeriod::Wrong {
                        code: when_code(problem),
                        raw: row.raw(column),
                        column: Some(column),
                    }),
                    wrong @ (RowPeriod::Bounds(..) | RowPeriod::Headers | RowPeriod::Wrong { .. }) => {
                        Err(wrong)
                    }
                };
                match (date(*start), date(*end)) {
                    (Ok(start), Ok(end)) => RowPeriod::Bounds(start, end),
                    (Err(wrong), _) | (_, Err(wrong)) => wrong,
                }
            }
        }
    }

    fn when(&self, row: &Row, column: u32) -> RowPeriod {
        let read = match row.get(column) {
            Some(Cell::Date(date)) => Some(When::Date(*date)),
            Some(Cell::Text(text)) => read_when(text).or_else(|| self.serial(text)),
            Some(cell @ Cell::Number { .. }) => {
                let raw = cell.raw();
                self.serial(&raw).or_else(|| read_when(&raw))
            }
            Some(Cell::Error(_)) => {
                let (raw, column) = (row.raw(column), Some(column));
                return RowPeriod::Wrong { code: IssueCode::CellError, raw, column };
            }
            Some(Cell::Bool(_)) | None => None,
        };
        read.map_or_else(
            || RowPeriod::Wrong {
                code: IssueCode::PeriodInvalid,
                raw: row.raw(column),
                column: Some(column),
            },
            RowPeriod::When,
        )
    }

    /// A bare number as a spreadsheet's date, when the options ask for it. Day 60 is the 29 February that 1900 never had.
    fn serial(&self, text: &str) -> Option<When> {
        if !self.options.excel_serials {
            return None;
        }
        let whole = text.split(['.', ',']).next().unwrap_or(text);
        let serial: u64 = whole.parse().ok().filter(|serial| SERIALS.contains(serial) && *serial != 60)?;
        let shift = if serial < 60 { serial + 1 } else { serial };
        NaiveDate::from_ymd_opt(1899, 12, 30)?.checked_add_days(Days::new(shift)).map(When::Date)
    }

    fn year_and(&self, row: &Row, year: &Feed, part: &Feed, kind: Part) -> RowPeriod {
        if let Feed::Column(column) = part
            && let whole @ RowPeriod::When(_) = self.when(row, *column)
        {
            // A column called month may well hold whole dates.
            return whole;
        }
        let text = |feed: &Feed| match feed {
            Feed::Column(column) => row.raw(*column),
            Feed::Constant(text) => text.clone(),
        };
        let (year, part_text) = (text(year), text(part));
        let when = read_year(&year).and_then(|year| match kind {
            Part::Month => read_part(&part_text, year),
            Part::Week => read_week(&part_text, year),
        });
        let column = match part {
            Feed::Column(column) => Some(*column),
            Feed::Constant(_) => None,
        };
        let raw = || format!("{year} {part_text}").trim().to_owned();
        when.map_or_else(
            || RowPeriod::Wrong { code: IssueCode::PeriodInvalid, raw: raw(), column },
            RowPeriod::When,
        )
    }

    /// What a cell of values holds. `percent` says that the KPI is in %.
    pub(crate) fn content(&self, cell: Option<&Cell>, decimal: Option<Decimal>, percent: bool) -> Content {
        let number = match cell {
            None | Some(Cell::Error("#N/A")) => return Content::Blank,
            Some(Cell::Error(_)) => return Content::Wrong(IssueCode::CellError),
            Some(Cell::Text(text)) => {
                if self.missing.contains(text) {
                    return Content::Blank;
                }
                read_number(text, decimal).map(|(value, rounded)| (value, rounded, false))
            }
            Some(Cell::Number { value, percent: shown }) => {
                let scaled = *shown && percent;
                read_float(*value, if scaled { 2 } else { 0 })
                    .map(|(value, rounded)| (value, rounded, scaled))
            }
            Some(Cell::Date(_) | Cell::Bool(_)) => return Content::Wrong(IssueCode::NumberInvalid),
        };
        match number {
            Ok((value, ..)) if self.missing.contains_number(value) => Content::Blank,
            Ok((value, rounded, scaled)) => Content::Number { value, rounded, scaled },
            Err(NumberProblem::Invalid) => Content::Wrong(IssueCode::NumberInvalid),
            Err(NumberProblem::Ambiguous) => Content::Wrong(IssueCode::NumberAmbiguous),
            Err(NumberProblem::OutOfRange) => Content::Wrong(IssueCode::NumberOutOfRange),
        }
    }
}

fn is_number(cell: &Cell) -> bool {
    match cell {
        Cell::Number { .. } => true,
        Cell::Text(text) => shape(text) != Shape::Invalid,
        Cell::Date(_) | Cell::Bool(_) | Cell::Error(_) => false,
    }
}

/// The code of a period that is none.
pub(crate) const fn when_code(problem: crate::period_text::WhenProblem) -> IssueCode {
    use crate::period_text::WhenProblem;
    match problem {
        WhenProblem::Invalid => IssueCode::PeriodInvalid,
        WhenProblem::Ambiguous => IssueCode::DateAmbiguous,
        WhenProblem::Mismatch { .. } => IssueCode::PeriodFrequencyMismatch,
    }
}
