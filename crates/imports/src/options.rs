//! The `options` of an import, read with every error at once.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use vigie_kernel::{FieldError, FieldErrors, Locale};

/// How a table is laid out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum LayoutName {
    /// One row for each KPI and period.
    Long,
    /// KPIs down, periods across.
    Wide,
    /// Periods down, KPIs across.
    Matrix,
}

/// What happens to a period that has a value.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum OnConflict {
    /// The file's value replaces it.
    #[default]
    Upsert,
    /// It stays; the row counts as skipped.
    Skip,
    /// It stays; the row is rejected.
    Reject,
}

/// Whether refused rows keep the others out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Atomicity {
    /// No.
    #[default]
    Partial,
    /// Yes: all or nothing.
    All,
}

/// Which sheet is read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SheetChoice {
    /// By its name, whatever its case.
    Name(String),
    /// By its place, counted from 1.
    Number(u32),
}

/// What columns mean, by their header.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Mapping {
    /// Builds the KPI's code or name from columns: `{Départ}>{Arrivée}`.
    pub kpi_template: Option<String>,
    /// The column of KPI codes or names.
    pub kpi_column: Option<String>,
    /// The column of values.
    pub value_column: Option<String>,
    /// The column of periods.
    pub period_column: Option<String>,
    /// The column of years, to go with the months.
    pub year_column: Option<String>,
    /// The column of months, numbers or names.
    pub month_column: Option<String>,
    /// Contents of columns that the file lacks: `kpi`, `period`, `year`, `month`, `comment`.
    pub constants: BTreeMap<String, String>,
}

/// The options of an import. Their defaults read most files.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImportOptions {
    /// The layout; found out when absent.
    pub layout: Option<LayoutName>,
    /// The sheet; the first visible one with a table when absent.
    pub sheet: Option<SheetChoice>,
    /// The header's row, counted from 1; found out when absent.
    pub header_row: Option<u32>,
    /// The KPI of a file in which no cell names one, by code or name.
    pub kpi: Option<String>,
    /// What columns mean.
    pub mapping: Mapping,
    /// What happens to a period that has a value.
    pub on_conflict: OnConflict,
    /// Whether refused rows keep the others out.
    pub atomicity: Atomicity,
    /// Refuse what only the language could decide.
    pub strict: bool,
    /// Blank cells clear values.
    pub clear_on_blank: bool,
    /// Bare numbers in the column of periods are spreadsheet dates.
    pub excel_serials: bool,
    /// Further texts that mean "no value", such as `-200`.
    pub missing_tokens: Vec<String>,
    /// Language of ambiguous dates and numbers; the organization's when absent.
    pub locale: Option<Locale>,
}

const MAX_TEXT: usize = 200;
const MAX_TOKENS: usize = 50;
const CONSTANTS: [&str; 5] = ["kpi", "period", "year", "month", "comment"];

impl ImportOptions {
    /// Reads the `options` object; `Null` is none. Every error is told, with the path of its field under `options`.
    pub fn parse(options: &Value) -> Result<Self, FieldErrors> {
        let mut reader = Reader { errors: FieldErrors::new() };
        let mut out = Self::default();
        match options {
            Value::Null => {}
            Value::Object(fields) => reader.options(fields, &mut out),
            Value::Bool(_) | Value::Number(_) | Value::String(_) | Value::Array(_) => {
                reader.refuse("options", "type_invalid");
            }
        }
        reader.errors.into_result()?;
        Ok(out)
    }

    /// The KPI that the options name, if any.
    pub(crate) fn fixed_kpi(&self) -> Option<&str> {
        self.kpi.as_deref().or_else(|| self.mapping.constants.get("kpi").map(String::as_str))
    }
}

struct Reader {
    errors: FieldErrors,
}

impl Reader {
    fn options(&mut self, fields: &Map<String, Value>, out: &mut ImportOptions) {
        for (name, value) in fields {
            let path = format!("options.{name}");
            match name.as_str() {
                "layout" => out.layout = self.named(&path, value, &LAYOUTS),
                "sheet" => out.sheet = self.sheet(&path, value),
                "header_row" => out.header_row = self.row(&path, value),
                "kpi" => out.kpi = self.text(&path, value),
                "mapping" => self.mapping(&path, value, &mut out.mapping),
                "on_conflict" => out.on_conflict = self.named(&path, value, &CONFLICTS).unwrap_or_default(),
                "atomicity" => out.atomicity = self.named(&path, value, &ATOMICITIES).unwrap_or_default(),
                "strict" => out.strict = self.flag(&path, value),
                "create_missing" => {
                    if self.flag(&path, value) {
                        self.refuse(&path, "not_supported");
                    }
                }
                "clear_on_blank" => out.clear_on_blank = self.flag(&path, value),
                "excel_serials" => out.excel_serials = self.flag(&path, value),
                "missing_tokens" => out.missing_tokens = self.tokens(&path, value),
                "locale" => {
                    out.locale = self.text(&path, value).and_then(|tag| {
                        let locale = Locale::from_tag(&tag);
                        if locale.is_none() {
                            self.refuse(&path, "value_unknown");
                        }
                        locale
                    });
                }
                _ => self.refuse(&path, "field_unknown"),
            }
        }
    }

    fn mapping(&mut self, path: &str, value: &Value, out: &mut Mapping) {
        let Value::Object(fields) = value else {
            if !value.is_null() {
                self.refuse(path, "type_invalid");
            }
            return;
        };
        for (name, value) in fields {
            let path = format!("{path}.{name}");
            match name.as_str() {
                "kpi_template" => {
                    out.kpi_template = self.text(&path, value);
                    if out
                        .kpi_template
                        .as_deref()
                        .is_some_and(|text| crate::identity::template_parts(text).is_none())
                    {
                        self.refuse(&path, "template_invalid");
                    }
                }
                "kpi_column" => out.kpi_column = self.text(&path, value),
                "value_column" => out.value_column = self.text(&path, value),
                "period_column" => out.period_column = self.text(&path, value),
                "year_column" => out.year_column = self.text(&path, value),
                "month_column" => out.month_column = self.text(&path, value),
                "constants" => self.constants(&path, value, &mut out.constants),
                _ => self.refuse(&path, "field_unknown"),
            }
        }
    }

    fn constants(&mut self, path: &str, value: &Value, out: &mut BTreeMap<String, String>) {
        let Value::Object(fields) = value else {
            if !value.is_null() {
                self.refuse(path, "type_invalid");
            }
            return;
        };
        for (name, value) in fields {
            let path = format!("{path}.{name}");
            if !CONSTANTS.contains(&name.as_str()) {
                self.refuse(&path, "field_unknown");
                continue;
            }
            let text = match value {
                Value::Number(number) => Some(number.to_string()),
                Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                    self.text(&path, value)
                }
            };
            if let Some(text) = text {
                out.insert(name.clone(), text);
            }
        }
    }

    fn refuse(&mut self, path: &str, code: &'static str) {
        self.errors.push(FieldError::new(path, code));
    }

    fn text(&mut self, path: &str, value: &Value) -> Option<String> {
        match value {
            Value::Null => None,
            Value::String(text) => {
                let text = text.trim();
                if text.is_empty() {
                    self.refuse(path, "required");
                    return None;
                }
                let actual = text.chars().count();
                if actual > MAX_TEXT {
                    self.errors
                        .push(FieldError::new(path, "too_long").with("max", MAX_TEXT).with("actual", actual));
                    return None;
                }
                Some(text.to_owned())
            }
            Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
                self.refuse(path, "type_invalid");
                None
            }
        }
    }

    fn flag(&mut self, path: &str, value: &Value) -> bool {
        if !value.is_null() && !value.is_boolean() {
            self.refuse(path, "type_invalid");
        }
        value.as_bool().unwrap_or(false)
    }

    fn row(&mut self, path: &str, value: &Value) -> Option<u32> {
        if value.is_null() {
            return None;
        }
        let row =
            value.as_u64().and_then(|row| u32::try_from(row).ok()).filter(|row| (1..=1_000).contains(row));
        if row.is_none() {
            self.errors.push(FieldError::new(path, "out_of_range").with("min", 1).with("max", 1_000));
        }
        row
    }

    fn sheet(&mut self, path: &str, value: &Value) -> Option<SheetChoice> {
        if let Some(number) = value.as_u64() {
            let number = u32::try_from(number).ok().filter(|number| *number > 0);
            if number.is_none() {
                self.refuse(path, "out_of_range");
            }
            return number.map(SheetChoice::Number);
        }
        self.text(path, value).map(SheetChoice::Name)
    }

    fn named<T: Copy>(&mut self, path: &str, value: &Value, names: &[(&str, T)]) -> Option<T> {
        let text = self.text(path, value)?;
        let found = names.iter().find(|(name, _)| name.eq_ignore_ascii_case(&text)).map(|(_, value)| *value);
        if found.is_none() {
            let allowed = names.iter().map(|(name, _)| *name).collect::<Vec<_>>().join(", ");
            self.errors.push(FieldError::new(path, "value_unknown").with("allowed", allowed));
        }
        found
    }

    fn tokens(&mut self, path: &str, value: &Value) -> Vec<String> {
        let Value::Array(items) = value else {
            if !value.is_null() {
                self.refuse(path, "type_invalid");
            }
            return Vec::new();
        };
        if items.len() > MAX_TOKENS {
            self.errors.push(FieldError::new(path, "too_many").with("max", MAX_TOKENS));
            return Vec::new();
        }
        let token = |(index, item): (usize, &Value)| match item {
            Value::Number(number) => Some(number.to_string()),
            Value::Null | Value::Bool(_) | Value::String(_) | Value::Array(_) | Value::Object(_) => {
                self.text(&format!("{path}.{index}"), item)
            }
        };
        items.iter().enumerate().filter_map(token).collect()
    }
}

const LAYOUTS: [(&str, LayoutName); 3] =
    [("long", LayoutName::Long), ("wide", LayoutName::Wide), ("matrix", LayoutName::Matrix)];
const CONFLICTS: [(&str, OnConflict); 3] =
    [("UPSERT", OnConflict::Upsert), ("SKIP", OnConflict::Skip), ("REJECT", OnConflict::Reject)];
const ATOMICITIES: [(&str, Atomicity); 2] = [("PARTIAL", Atomicity::Partial), ("ALL", Atomicity::All)];
