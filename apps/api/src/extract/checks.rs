//! Collecting what is wrong with the fields of a request while it is translated into a command.

use super::{DecimalText, Patch};
use chrono::NaiveDate;
use std::collections::HashSet;
use std::str::FromStr;
use uuid::Uuid;
use vigie_kernel::{Dec, FieldError, FieldErrors};

/// Takes the fields of a request and notes each that is missing or wrong. A wrong field gives a placeholder that is
/// never used: the request is refused as a whole once all fields were looked at.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    errors: FieldErrors,
    /// Fields that are known to be wrong already: one error each is enough.
    told: HashSet<String>,
}

impl Checks {
    /// Starts with what reading the structure has found.
    pub(super) fn after(errors: FieldErrors) -> Self {
        let told = errors
            .as_slice()
            .iter()
            .filter_map(|error| error.field.split('.').next().map(str::to_owned))
            .collect();
        Self { errors, told }
    }

    /// Notes an error.
    pub(crate) fn refuse(&mut self, field: &str, code: &'static str) {
        self.push(FieldError::new(field, code));
    }

    /// Notes an error with parameters, unless the field is known to be wrong already.
    pub(crate) fn push(&mut self, error: FieldError) {
        if self.told.insert(error.field.clone()) {
            self.errors.push(error);
        }
    }

    /// A field that must be there.
    pub(crate) fn required<T: Default>(&mut self, field: &str, value: Option<T>) -> T {
        self.required_or(field, value, T::default)
    }

    /// A field that must be there, of a type that has no default.
    pub(crate) fn required_or<T>(
        &mut self,
        field: &str,
        value: Option<T>,
        placeholder: impl FnOnce() -> T,
    ) -> T {
        value.unwrap_or_else(|| {
            self.refuse(field, "required");
            placeholder()
        })
    }

    /// A name out of a fixed list; `None` when absent or refused as `value_unknown`.
    pub(crate) fn one_of<T>(
        &mut self,
        field: &str,
        name: Option<&str>,
        read: impl FnOnce(&str) -> Option<T>,
    ) -> Option<T> {
        let name = name?;
        let found = read(name);
        if found.is_none() {
            self.refuse(field, "value_unknown");
        }
        found
    }

    /// A decimal; `None` when absent or refused.
    pub(crate) fn decimal(&mut self, field: &str, text: Option<&DecimalText>) -> Option<Dec> {
        match text?.read() {
            Ok(value) => Some(value),
            Err(error) => {
                self.refuse(field, error.code());
                None
            }
        }
    }

    /// A field of a PATCH, in the form of commands: `None` = keep, `Some(None)` = take away. A refused one is kept.
    pub(crate) fn patch<T, U>(
        &mut self,
        value: Patch<T>,
        read: impl FnOnce(&mut Self, T) -> Option<U>,
    ) -> Option<Option<U>> {
        match value {
            Patch::Keep => None,
            Patch::Clear => Some(None),
            Patch::Set(value) => read(self, value).map(Some),
        }
    }

    /// An id; `None` when absent or refused as `id_invalid`.
    pub(crate) fn id<T: From<Uuid>>(&mut self, field: &str, text: Option<&str>) -> Option<T> {
        let id = text.map(Uuid::try_parse)?.ok();
        if id.is_none() {
            self.refuse(field, "id_invalid");
        }
        id.map(T::from)
    }

    /// A date as ISO 8601; `None` when absent or refused as `date_invalid`.
    pub(crate) fn date(&mut self, field: &str, text: Option<&str>) -> Option<NaiveDate> {
        self.parsed(field, text, "date_invalid")
    }

    /// Anything that is read from a text; `None` when absent or refused with the given code.
    pub(crate) fn parsed<T: FromStr>(
        &mut self,
        field: &str,
        text: Option<&str>,
        code: &'static str,
    ) -> Option<T> {
        let parsed = text?.parse().ok();
        if parsed.is_none() {
            self.refuse(field, code);
        }
        parsed
    }

    /// A whole number between two bounds; `None` when absent or refused.
    pub(crate) fn number<T>(&mut self, field: &str, text: Option<&str>, min: T, max: T) -> Option<T>
    where
        T: FromStr + PartialOrd + std::fmt::Display,
    {
        let number = text?.parse().ok().filter(|number| (&min..=&max).contains(&number));
        if number.is_none() {
            self.push(FieldError::new(field, "not_in_range").with("min", min).with("max", max));
        }
        number
    }

    /// `true` or `false`; `None` when absent or refused.
    pub(crate) fn flag(&mut self, field: &str, text: Option<&str>) -> Option<bool> {
        self.parsed(field, text, "not_true_or_false")
    }

    /// A value of a PATCH that may not be taken away.
    pub(crate) fn not_null<T>(&mut self, field: &str, value: Patch<T>) -> Option<T> {
        match value {
            Patch::Keep => None,
            Patch::Clear => {
                self.refuse(field, "required");
                None
            }
            Patch::Set(value) => Some(value),
        }
    }

    /// The errors found, or nothing.
    pub(super) fn finish(self) -> Result<(), FieldErrors> {
        self.errors.into_result()
    }
}
