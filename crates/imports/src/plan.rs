//! The plan of a table: which cells name the KPI, the period and the value.

use crate::catalogue::{KpiCatalogue, Lookup};
use crate::code::{AssumptionCode, IssueCode};
use crate::error::FileProblem;
use crate::headers::{Field, Part, field_of, is_weak_code, part_of};
use crate::identity::{TemplatePart, stem, template_parts};
use crate::issue::Assumption;
use crate::number_text::{Shape, shape};
use crate::options::{ImportOptions, LayoutName};
use crate::period_text::{When, read_part, read_when, read_year};
use crate::row_check::Missing;
use crate::source::{Cell, Row};
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

/// How the columns of a header look before a layout is chosen.
struct Columns<'h> {
    head: &'h Head<'h>,
    headers: BTreeMap<u32, String>,
    fields: BTreeMap<Field, Vec<u32>>,
    /// Columns that mean something already.
    taken: BTreeSet<u32>,
    whens: BTreeMap<u32, When>,
    years_above: bool,
    assumptions: Vec<Assumption>,
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

impl<'h> Columns<'h> {
    fn read(head: &'h Head<'h>) -> Self {
        let headers: BTreeMap<u32, String> =
            head.header.cells.iter().map(|(column, cell)| (*column, cell.raw())).collect();
        let mut columns = Self {
            head,
            headers,
            fields: BTreeMap::new(),
            taken: BTreeSet::new(),
            whens: BTreeMap::new(),
            years_above: false,
            assumptions: Vec::new(),
        };
        for (column, text) in &columns.headers {
            if let Some(field) = field_of(text) {
                columns.fields.entry(field).or_default().push(*column);
            }
        }
        columns.settle_codes();
        columns.read_header_periods();
        columns
    }

    /// `Code` and `Indicateur` side by side are the code and the name.
    fn settle_codes(&mut self) {
        let Some(codes) = self.fields.get_mut(&Field::KpiCode) else { return };
        if codes.len() < 2 {
            return;
        }
        let weak = |column: &u32| self.headers.get(column).is_some_and(|text| is_weak_code(text));
        let (names, strong): (Vec<u32>, Vec<u32>) = codes.iter().partition(|column| weak(column));
        if !strong.is_empty() {
            *codes = strong;
            self.fields.entry(Field::KpiName).or_default().extend(names);
        }
    }

    fn read_header_periods(&mut self) {
        let mut year = None;
        let mut from_above = BTreeMap::new();
        for (column, cell) in &self.head.header.cells {
            // A year above stands for the columns to its right, as in merged cells.
            year =
                self.head.above.and_then(|row| row.get(*column)).map_or(year, |cell| read_year(&cell.raw()));
            let when = match cell {
                Cell::Date(date) => Some(When::Date(*date)),
                Cell::Text(text) if field_of(text).is_none() => match read_when(text) {
                    Some(When::Year(_)) => None,
                    Some(when) => Some(when),
                    None => {
                        let bare = !text.bytes().all(|b| b.is_ascii_digit());
                        let when = year.filter(|_| bare).and_then(|year| read_part(text, year));
                        if let Some(when) = when {
                            from_above.insert(*column, when);
                        }
                        None
                    }
                },
                Cell::Text(_) | Cell::Number { .. } | Cell::Bool(_) | Cell::Error(_) => None,
            };
            if let Some(when) = when {
                self.whens.insert(*column, when);
            }
        }
        if from_above.len() >= 2 && self.whens.is_empty() {
            self.whens = from_above;
            self.years_above = true;
        }
    }

    /// The one column of a field, `None` when there is none.
    fn one(&self, field: Field) -> Result<Option<u32>, FileProblem> {
        match self.fields.get(&field).map(Vec::as_slice) {
            None | Some([]) => Ok(None),
            Some([one]) => Ok(Some(*one)),
            Some(several) => Err(self.ambiguous(field, several)),
        }
    }

    /// The first column of a field that decides nothing, and may therefore occur twice.
    fn first(&self, field: Field) -> Option<u32> {
        self.fields.get(&field).and_then(|columns| columns.first()).copied()
    }

    fn ambiguous(&self, field: Field, columns: &[u32]) -> FileProblem {
        let names: Vec<String> = columns
            .iter()
            .map(|column| self.headers.get(column).cloned().unwrap_or_else(|| column_letters(*column)))
            .collect();
        FileProblem::new(IssueCode::HeaderAmbiguous)
            .with("field", field.name())
            .with("columns", names.join(", "))
            .with("header_row", self.head.header.number)
    }

    fn lacks(&self, what: &str) -> FileProblem {
        FileProblem::new(IssueCode::HeaderNotFound)
            .with("missing", what)
            .with("header_row", self.head.header.number)
    }

    /// The column of a header that the options name.
    fn mapped(&mut self, name: Option<&String>) -> Result<Option<u32>, FileProblem> {
        let Some(name) = name else { return Ok(None) };
        let wanted = normalise(name);
        let found =
            self.headers.iter().find(|(_, text)| normalise(text) == wanted).map(|(column, _)| *column);
        let column = found.ok_or_else(|| self.lacks(name))?;
        self.take(column);
        Ok(Some(column))
    }

    /// Gives a column its meaning, whatever its name would have meant.
    fn take(&mut self, column: u32) {
        self.taken.insert(column);
        for columns in self.fields.values_mut() {
            columns.retain(|other| *other != column);
        }
        self.whens.remove(&column);
    }

    fn named_period(&mut self) -> Result<Option<PeriodSource>, FileProblem> {
        let mapping = &self.head.options.mapping;
        if let Some(column) = self.mapped(mapping.period_column.as_ref())? {
            return Ok(Some(PeriodSource::Column(column)));
        }
        let constant = |name: &str| mapping.constants.get(name).cloned();
        let year = self.mapped(mapping.year_column.as_ref())?.map(Feed::Column);
        let year = year.or_else(|| constant("year").map(Feed::Constant));
        let month = self.mapped(mapping.month_column.as_ref())?.map(Feed::Column);
        let month = month.or_else(|| constant("month").map(Feed::Constant));
        if let (Some(year), Some(part)) = (year.clone(), month.clone()) {
            return Ok(Some(PeriodSource::YearAnd { year, part, kind: Part::Month }));
        }
        if let Some(text) = constant("period") {
            let when = read_when(&text)
                .ok_or_else(|| FileProblem::new(IssueCode::PeriodInvalid).with("raw", &text))?;
            return Ok(Some(PeriodSource::Fixed(when)));
        }
        let year = match year {
            Some(year) => Some(year),
            None => self.one(Field::Year)?.map(Feed::Column),
        };
        if let Some(column) = self.one(Field::Period)? {
            let kind = self.headers.get(&column).and_then(|text| part_of(text));
            self.take(column);
            return Ok(Some(match (year, kind) {
                (Some(year), Some(kind)) => {
                    if let Feed::Column(year) = &year {
                        self.take(*year);
                    }
                    PeriodSource::YearAnd { year, part: Feed::Column(column), kind }
                }
                (Some(_) | None, _) => PeriodSource::Column(column),
            }));
        }
        if let (Some(Feed::Column(year)), Some(part)) = (&year, month) {
            let year = *year;
            self.take(year);
            return Ok(Some(PeriodSource::YearAnd { year: Feed::Column(year), part, kind: Part::Month }));
        }
        Ok(match (self.one(Field::PeriodStart)?, self.one(Field::PeriodEnd)?) {
            (Some(start), Some(end)) => {
                self.take(start);
                self.take(end);
                Some(PeriodSource::Bounds(start, end))
            }
            (Some(one), None) | (None, Some(one)) => {
                self.take(one);
                Some(PeriodSource::Column(one))
            }
            (None, None) => None,
        })
    }

    /// Columns below whose cells are mostly dates or names of periods.
    fn period_candidates(&self) -> Vec<u32> {
        let is_period = |cell: &Cell| match cell {
            Cell::Date(_) => true,
            Cell::Text(text) => read_when(text).is_some_and(|when| !matches!(when, When::Year(_))),
            Cell::Number { .. } | Cell::Bool(_) | Cell::Error(_) => false,
        };
        let wanted = if self.head.below.len() <= 2 { 1 } else { 2 };
        self.sampled()
            .into_iter()
            .filter(|(column, cells)| {
                let hits = cells.iter().filter(|cell| is_period(cell)).count();
                !self.taken.contains(column) && hits >= wanted && hits * 5 >= cells.len() * 3
            })
            .map(|(column, _)| column)
            .collect()
    }

    /// The cells below, by column.
    fn sampled(&self) -> BTreeMap<u32, Vec<&Cell>> {
        let mut columns: BTreeMap<u32, Vec<&Cell>> = BTreeMap::new();
        for (column, cell) in self.head.below.iter().flat_map(|row| &row.cells) {
            columns.entry(*column).or_default().push(cell);
        }
        columns
    }

    fn period_by_content(&mut self) -> Result<PeriodSource, FileProblem> {
        let candidates = self.period_candidates();
        let leftmost = self.sampled().keys().chain(self.headers.keys()).min().copied();
        let column = match candidates.as_slice() {
            [] => return Err(self.lacks(Field::Period.name())),
            [one] => *one,
            several => *several
                .iter()
                .find(|column| Some(**column) == leftmost)
                .ok_or_else(|| self.ambiguous(Field::Period, several))?,
        };
        self.take(column);
        let name = self.headers.get(&column).cloned().unwrap_or_else(|| column_letters(column));
        self.assume(AssumptionCode::PeriodColumnByContent, Some(&name), "its cells are dates or periods");
        Ok(PeriodSource::Column(column))
    }

    fn assume(&mut self, code: AssumptionCode, column: Option<&str>, evidence: impl Into<String>) {
        self.assumptions.push(Assumption::new(code, column, evidence));
    }

    /// The columns that name the KPI of a row.
    fn identity(&mut self) -> Result<Option<Identity>, FileProblem> {
        let mapping = &self.head.options.mapping;
        if let Some(parts) = mapping.kpi_template.as_deref().and_then(template_parts) {
            let mut out = Vec::with_capacity(parts.len());
            for part in parts {
                let column = match &part {
                    TemplatePart::Text(_) => 0,
                    TemplatePart::Column(name) => self.mapped(Some(name))?.unwrap_or_default(),
                };
                out.push((part, column));
            }
            return Ok(Some(Identity::Template(out)));
        }
        if let Some(column) = self.mapped(mapping.kpi_column.as_ref())? {
            return Ok(Some(Identity::Columns { code: Some(column), name: None }));
        }
        if self.head.options.fixed_kpi().is_some() {
            return Ok(None);
        }
        let code = self.one(Field::KpiCode)?;
        let name = if code.is_some() { self.first(Field::KpiName) } else { self.one(Field::KpiName)? };
        Ok((code.is_some() || name.is_some()).then_some(Identity::Columns { code, name }))
    }

    /// Columns with a header that could be the name of a KPI: without another meaning, and with numbers below.
    fn series(&self) -> Vec<u32> {
        let sampled = self.sampled();
        let mut out = Vec::new();
        for (column, text) in &self.headers {
            let free = field_of(text).is_none() || self.head.catalogue.knows(text);
            let cells = sampled.get(column).map_or(&[][..], Vec::as_slice);
            let numeric = cells.is_empty() || cells.iter().any(|cell| self.is_number(cell));
            if free && numeric && !self.taken.contains(column) && !self.whens.contains_key(column) {
                out.push(*column);
            }
        }
        out
    }

    /// A number, or what stands for a missing one.
    fn is_number(&self, cell: &Cell) -> bool {
        match cell {
            Cell::Number { .. } | Cell::Error(_) => true,
            Cell::Text(text) => self.head.missing.contains(text) || shape(text) != Shape::Invalid,
            Cell::Date(_) | Cell::Bool(_) => false,
        }
    }

    fn is_kpi(&self, column: u32) -> bool {
        self.headers.get(&column).is_some_and(|text| self.head.catalogue.knows(text))
    }

    fn value_column(&self, column: u32, group: usize) -> ValueColumn {
        let header = self.headers.get(&column).cloned().unwrap_or_else(|| column_letters(column));
        ValueColumn {
            column,
            header: header.into(),
            kpi: None,
            when: self.whens.get(&column).copied(),
            group,
        }
    }

    fn matrix(mut self, period: PeriodSource, series: &[u32]) -> Result<Plan, FileProblem> {
        let mut values = Vec::new();
        for (group, column) in series.iter().enumerate() {
            let mut value = self.value_column(*column, group);
            value.kpi = Some(self.head.catalogue.find(&value.header, true));
            values.push(value);
        }
        match values.as_mut_slice() {
            [] => return Err(self.lacks(Field::Value.name())),
            [only] => self.name_single(only),
            _ => {}
        }
        Ok(self.finish(LayoutName::Matrix, Identity::PerColumn, period, values))
    }

    /// The only column of values: when its header names no KPI, the options or the file's name may.
    fn name_single(&mut self, value: &mut ValueColumn) {
        let header = value.header.to_string();
        if let Some(text) = self.head.options.fixed_kpi() {
            value.kpi = Some(self.head.catalogue.find(text, true));
            self.assume(AssumptionCode::KpiFromOptions, Some(&header), text);
        } else if value.kpi.as_ref().is_none_or(|kpi| kpi.meant().is_none()) {
            if let Some(found) = self.head.catalogue.find_by_file_name(self.head.file_name, &header) {
                value.kpi = Some(found);
                self.assume(AssumptionCode::KpiFromFileName, Some(&header), self.head.file_name);
            } else if let Some(Lookup::Unknown(near)) = &mut value.kpi {
                let by_name = self.head.catalogue.find(stem(self.head.file_name), true);
                if let (true, Lookup::Unknown(others)) = (near.is_empty(), by_name) {
                    *near = others;
                }
            }
        }
    }

    fn long(
        mut self,
        period: PeriodSource,
        identity: Option<Identity>,
        series: &[u32],
    ) -> Result<Plan, FileProblem> {
        if let Some(Identity::Columns { code, name }) = &identity {
            for column in [*code, *name].into_iter().flatten() {
                self.taken.insert(column);
            }
        }
        let series: Vec<u32> = series.iter().copied().filter(|column| !self.taken.contains(column)).collect();
        let value_option = self.head.options.mapping.value_column.as_ref();
        let mut by_content = false;
        let column = match (self.mapped(value_option)?, self.one(Field::Value)?, series.as_slice()) {
            (Some(column), _, _) | (None, Some(column), _) => column,
            (None, None, [one]) => {
                by_content = true;
                *one
            }
            (None, None, []) => return Err(self.lacks(Field::Value.name())),
            // Nothing names a KPI anywhere: each column is told as unknown.
            (None, None, several) if identity.is_none() && self.head.options.fixed_kpi().is_none() => {
                return self.matrix(period, several);
            }
            (None, None, several) => return Err(self.ambiguous(Field::Value, several)),
        };
        self.take(column);
        let mut value = self.value_column(column, 0);
        if by_content {
            self.assume(
                AssumptionCode::ValueColumnByContent,
                Some(&value.header),
                "the only column of numbers",
            );
        }
        let identity = identity.unwrap_or_else(|| {
            value.kpi = Some(self.head.catalogue.find(&value.header, true));
            self.name_single(&mut value);
            let text = self.head.options.fixed_kpi().unwrap_or(&value.header).to_owned();
            Identity::Fixed(value.kpi.take().unwrap_or(Lookup::Unknown(String::new())), text)
        });
        Ok(self.finish(LayoutName::Long, identity, period, vec![value]))
    }

    fn wide(mut self) -> Result<Plan, FileProblem> {
        let identity = match self.identity()? {
            Some(identity) => identity,
            None => self.wide_identity()?,
        };
        let columns: Vec<u32> = self.whens.keys().copied().collect();
        if columns.is_empty() {
            return Err(self.lacks(Field::Period.name()));
        }
        let values = columns.iter().map(|column| self.value_column(*column, 0)).collect();
        if self.years_above {
            self.assume(AssumptionCode::YearsFromRowAbove, None, "the row above the header holds years");
        }
        Ok(self.finish(LayoutName::Wide, identity, PeriodSource::Headers, values))
    }

    /// The KPI of a wide table whose header names no column of KPIs.
    fn wide_identity(&mut self) -> Result<Identity, FileProblem> {
        if let Some(text) = self.head.options.fixed_kpi() {
            self.assume(AssumptionCode::KpiFromOptions, None, text);
            return Ok(Identity::Fixed(self.head.catalogue.find(text, true), text.to_owned()));
        }
        let sampled = self.sampled();
        let named = sampled.iter().find(|(column, cells)| {
            !self.whens.contains_key(column)
                && cells.iter().any(|cell| self.head.catalogue.knows(&cell.raw()))
        });
        if let Some(column) = named.map(|(column, _)| *column) {
            let name = self.headers.get(&column).cloned().unwrap_or_else(|| column_letters(column));
            self.assume(
                AssumptionCode::KpiColumnByContent,
                Some(&name),
                "its cells are codes or names of KPIs",
            );
            return Ok(Identity::Columns { code: Some(column), name: None });
        }
        if let Some(found) = self.head.catalogue.find_by_file_name(self.head.file_name, "") {
            self.assume(AssumptionCode::KpiFromFileName, None, self.head.file_name);
            return Ok(Identity::Fixed(found, stem(self.head.file_name).to_owned()));
        }
        Err(self.lacks(Field::KpiCode.name()))
    }

    fn finish(
        mut self,
        layout: LayoutName,
        identity: Identity,
        period: PeriodSource,
        values: Vec<ValueColumn>,
    ) -> Plan {
        let comment = self.first(Field::Comment);
        let unit = self.first(Field::Unit).filter(|_| layout != LayoutName::Matrix);
        let mut used: BTreeSet<u32> = values.iter().map(|value| value.column).collect();
        used.extend(&self.taken);
        used.extend(comment.iter().chain(&unit));
        if let Identity::Columns { code, name } = &identity {
            used.extend([*code, *name].into_iter().flatten());
        }
        let ignored: Vec<&str> = self
            .headers
            .iter()
            .filter(|(column, _)| !used.contains(column))
            .map(|(_, text)| text.as_str())
            .take(50)
            .collect();
        if !ignored.is_empty() {
            let names = ignored.join(", ");
            self.assume(AssumptionCode::ColumnsIgnored, None, names);
        }
        Plan {
            layout,
            header_row: self.head.header.number,
            headers: self.headers,
            identity,
            period,
            values,
            comment,
            unit,
            assumptions: self.assumptions,
        }
    }
}
