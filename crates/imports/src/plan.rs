//! The plan of a table: which cells name the KPI, the period and the value.

use crate::catalogue::{KpiCatalogue, Lookup};
use crate::columns::Columns;
use crate::error::FileProblem;
use crate::headers::{Field, Part, field_of};
use crate::identity::TemplatePart;
use crate::issue::Assumption;
use crate::number_text::{Shape, shape};
use crate::options::{ImportOptions, LayoutName};
use crate::period_text::When;
use crate::row_check::Missing;
use crate::source::Row;
use crate::text::{column_letters, normalise};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

/// Where a row's KPI is named.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Identity {
    /// In a column of codes, of names, or in both (the code counts, then the name).
    Columns { code: Option<u32>, name: Option<u32> },
    /// In several columns together.
    Template(Vec<(TemplatePart, u32)>),
    /// In the options, the file's name or the only header of values: the same for all rows. With the text that names it.
    Fixed(Lookup, String),
    /// In the header of each column of values.
    PerColumn,
}

/// Where a part of a period is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Feed {
    Column(u32),
    Constant(String),
}

/// Where a row's period is.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum PeriodSource {
    Column(u32),
    /// A year and a part of it.
    YearAnd {
        year: Feed,
        part: Feed,
        kind: Part,
    },
    /// First and last date.
    Bounds(u32, u32),
    Fixed(When),
    /// In the header of each column of values.
    Headers,
}

/// A column of values.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct ValueColumn {
    pub(crate) column: u32,
    pub(crate) header: Arc<str>,
    /// The KPI that the header, the options or the file's name gives.
    pub(crate) kpi: Option<Lookup>,
    /// The period that the header gives.
    pub(crate) when: Option<When>,
    /// Columns of one group share the evidence for their decimal separator.
    pub(crate) group: usize,
}

/// The plan of a table.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Plan {
    pub(crate) layout: LayoutName,
    pub(crate) header_row: u32,
    pub(crate) headers: BTreeMap<u32, String>,
    pub(crate) identity: Identity,
    pub(crate) period: PeriodSource,
    pub(crate) values: Vec<ValueColumn>,
    pub(crate) comment: Option<u32>,
    pub(crate) unit: Option<u32>,
    pub(crate) assumptions: Vec<Assumption>,
}

impl Plan {
    /// The header of a column, its letters when it has none.
    pub(crate) fn header(&self, column: u32) -> String {
        self.headers.get(&column).cloned().unwrap_or_else(|| column_letters(column))
    }
}

/// What a plan is made from.
pub(crate) struct Head<'h> {
    pub(crate) header: &'h Row,
    pub(crate) above: Option<&'h Row>,
    pub(crate) below: &'h [Row],
    pub(crate) options: &'h ImportOptions,
    pub(crate) catalogue: &'h KpiCatalogue,
    pub(crate) missing: &'h Missing,
    pub(crate) file_name: &'h str,
}

/// How many known names and periods a row has, which makes it a header or not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Recognition {
    pub(crate) names: usize,
    pub(crate) periods: usize,
    pub(crate) numbers: usize,
}

impl<'h> Head<'h> {
    /// Counts what is known in the header's row.
    pub(crate) fn recognition(&self) -> Recognition {
        let columns = Columns::read(self);
        let mut out = Recognition { periods: columns.whens.len(), ..Recognition::default() };
        let mut fields = BTreeSet::new();
        for (column, text) in &columns.headers {
            let named = self.mapped_names().any(|name| normalise(name) == normalise(text));
            match field_of(text) {
                _ if named => out.names += 1,
                Some(field) => {
                    fields.insert(field);
                }
                None if self.catalogue.knows(text) => out.names += 1,
                None if columns.whens.contains_key(column) => {}
                None if shape(text) != Shape::Invalid => out.numbers += 1,
                None => {}
            }
        }
        out.names += fields.len();
        out
    }

    /// Whether some column below holds periods.
    pub(crate) fn has_periods_below(&self) -> bool {
        !Columns::read(self).period_candidates().is_empty()
    }

    /// Whether the leftmost column below names KPIs.
    pub(crate) fn has_kpis_below(&self) -> bool {
        let first = self.below.iter().filter_map(|row| row.cells.first()).map(|(column, _)| *column).min();
        first.is_some_and(|column| self.below.iter().any(|row| self.catalogue.knows(&row.raw(column))))
    }

    fn mapped_names(&self) -> impl Iterator<Item = &'h str> {
        let mapping = &self.options.mapping;
        [
            &mapping.kpi_column,
            &mapping.value_column,
            &mapping.period_column,
            &mapping.year_column,
            &mapping.month_column,
        ]
        .into_iter()
        .filter_map(|name| name.as_deref())
    }

    /// Makes the plan, or says what the header lacks.
    pub(crate) fn plan(&self) -> Result<Plan, FileProblem> {
        let mut columns = Columns::read(self);
        let period = columns.named_period()?;
        let wide = match self.options.layout {
            Some(layout) => layout == LayoutName::Wide,
            None => period.is_none() && columns.whens.len() >= 2,
        };
        if wide {
            return columns.wide();
        }
        let period = match period {
            Some(period) => period,
            None => columns.period_by_content()?,
        };
        let identity = columns.identity()?;
        let series = columns.series();
        let has_value =
            self.options.mapping.value_column.is_some() || columns.fields.contains_key(&Field::Value);
        let matrix = match (self.options.layout, &identity) {
            (Some(layout), _) => layout == LayoutName::Matrix,
            (None, Some(_)) => !has_value && series.iter().any(|column| columns.is_kpi(*column)),
            (None, None) => {
                self.options.fixed_kpi().is_none() && series.iter().any(|column| columns.is_kpi(*column))
            }
        };
        if matrix { columns.matrix(period, &series) } else { columns.long(period, identity, &series) }
    }
}
