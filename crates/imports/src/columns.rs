//! The columns of a header: what each one means, and the plan of each layout.

use crate::catalogue::Lookup;
use crate::code::{AssumptionCode, IssueCode};
use crate::error::FileProblem;
use crate::headers::{Field, Part, field_of, is_weak_code, part_of};
use crate::identity::{TemplatePart, stem, template_parts};
use crate::issue::Assumption;
use crate::number_text::{Shape, shape};
use crate::options::LayoutName;
use crate::period_text::{When, read_part, read_when, read_year};
use crate::plan::{Feed, Head, Identity, PeriodSource, Plan, ValueColumn};
use crate::source::Cell;
use crate::text::{column_letters, normalise};
use std::collections::{BTreeMap, BTreeSet};

/// How the columns of a header look before a layout is chosen.
pub(crate) struct Columns<'h> {
    head: &'h Head<'h>,
    pub(crate) headers: BTreeMap<u32, String>,
    pub(crate) fields: BTreeMap<Field, Vec<u32>>,
    /// Columns that mean something already.
    taken: BTreeSet<u32>,
    pub(crate) whens: BTreeMap<u32, When>,
    years_above: bool,
    assumptions: Vec<Assumption>,
}

impl<'h> Columns<'h> {
    pub(crate) fn read(head: &'h Head<'h>) -> Self {
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

    pub(crate) fn named_period(&mut self) -> Result<Option<PeriodSource>, FileProblem> {
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
    pub(crate) fn period_candidates(&self) -> Vec<u32> {
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

    pub(crate) fn period_by_content(&mut self) -> Result<PeriodSource, FileProblem> {
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
    pub(crate) fn identity(&mut self) -> Result<Option<Identity>, FileProblem> {
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
    pub(crate) fn series(&self) -> Vec<u32> {
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

    pub(crate) fn is_kpi(&self, column: u32) -> bool {
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

    pub(crate) fn matrix(mut self, period: PeriodSource, series: &[u32]) -> Result<Plan, FileProblem> {
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

    pub(crate) fn long(
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

    pub(crate) fn wide(mut self) -> Result<Plan, FileProblem> {
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
