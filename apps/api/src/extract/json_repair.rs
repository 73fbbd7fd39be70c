//! Reading a JSON body so that every structural error is told at once, with the field it is in.
//!
//! A body that fits its type is read in one pass. One that does not is read again field by field: each top-level field that
//! is in the way is noted and left out, until the rest fits. What was left out is known to [`super::Checks`], which then does
//! not call it missing as well.

use serde::de::{DeserializeOwned, MapAccess, Visitor};
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;
use serde_path_to_error::Segment;
use std::collections::HashSet;
use std::fmt;
use vigie_kernel::{FieldError, FieldErrors};

/// After so many bad fields the rest is not looked at.
const MAX_ERRORS: usize = 20;

/// A body as far as it could be read.
pub(super) struct Repaired<T> {
    /// What fits the type; `None` when nothing does.
    pub(super) value: Option<T>,
    /// What was wrong.
    pub(super) errors: FieldErrors,
}

/// Why a body is no JSON at all.
pub(super) enum NotJson {
    /// A syntax error, with line and column.
    Syntax(usize, usize),
}

/// Reads a body and notes everything that does not fit.
pub(super) fn read<T: DeserializeOwned>(json: &[u8]) -> Result<Repaired<T>, NotJson> {
    // A type with named fields also reads an array of their values, which no caller means.
    let is_object = json.trim_ascii_start().first() == Some(&b'{');
    let error = match serde_json::from_slice(json) {
        Ok(_) if !is_object => return Ok(no_object()),
        Ok(value) => return Ok(Repaired { value: Some(value), errors: FieldErrors::new() }),
        Err(error) => error,
    };
    if error.is_syntax() || error.is_eof() || error.is_io() {
        return Err(NotJson::Syntax(error.line(), error.column()));
    }
    // The type may have stopped before a syntax error further on.
    if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(json) {
        return Err(NotJson::Syntax(error.line(), error.column()));
    }
    Ok(match serde_json::from_slice::<Entries>(json) {
        Ok(entries) => repair(entries),
        Err(_) => no_object(),
    })
}

fn no_object<T>() -> Repaired<T> {
    Repaired { value: None, errors: FieldError::new("", "object_expected").into() }
}

fn repair<T: DeserializeOwned>(entries: Entries) -> Repaired<T> {
    let mut errors = FieldErrors::new();
    let mut kept = without_duplicates(entries.0, &mut errors);
    for _ in 0..MAX_ERRORS {
        let text = object_text(&kept);
        let mut deserializer = serde_json::Deserializer::from_str(&text);
        let error = match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
            Ok(value) => return Repaired { value: Some(value), errors },
            Err(error) => error,
        };
        let segments: Vec<String> = error.path().iter().filter_map(segment).collect();
        errors.push(describe(&segments, &error.inner().to_string()));
        let Some(first) = segments.first() else { break };
        let before = kept.len();
        kept.retain(|(key, _)| key != first);
        if kept.len() == before {
            break;
        }
    }
    Repaired { value: None, errors }
}

fn without_duplicates(
    entries: Vec<(String, Box<RawValue>)>,
    errors: &mut FieldErrors,
) -> Vec<(String, Box<RawValue>)> {
    let mut seen = HashSet::new();
    let mut told = HashSet::new();
    entries
        .into_iter()
        .filter(|(key, _)| {
            let first = seen.insert(key.clone());
            if !first && told.insert(key.clone()) && told.len() <= MAX_ERRORS {
                errors.push(FieldError::new(key.clone(), "field_duplicate"));
            }
            first
        })
        .collect()
}

fn object_text(entries: &[(String, Box<RawValue>)]) -> String {
    let mut text = String::from("{");
    for (index, (key, value)) in entries.iter().enumerate() {
        if index > 0 {
            text.push(',');
        }
        text.push_str(&serde_json::Value::from(key.as_str()).to_string());
        text.push(':');
        text.push_str(value.get());
    }
    text.push('}');
    text
}

fn segment(segment: &Segment) -> Option<String> {
    match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(key.clone()),
        Segment::Enum { variant } => Some(variant.clone()),
        Segment::Unknown => None,
    }
}

/// Translates what serde says into a field code. The texts are serde's own and pinned by tests.
fn describe(path: &[String], message: &str) -> FieldError {
    let field = path.join(".");
    let quoted = || message.split('`').nth(1).unwrap_or_default().to_owned();
    if message.starts_with("unknown field") {
        return FieldError::new(field, "field_unknown");
    }
    if message.starts_with("duplicate field") {
        return FieldError::new(join(&field, &quoted()), "field_duplicate");
    }
    if message.starts_with("missing field") {
        return FieldError::new(join(&field, &quoted()), "required");
    }
    if message.starts_with("unknown variant") {
        return FieldError::new(field, "value_unknown");
    }
    FieldError::new(field, "type_invalid")
}

fn join(field: &str, name: &str) -> String {
    if field.is_empty() || field.ends_with(name) { name.to_owned() } else { format!("{field}.{name}") }
}

/// The fields of an object as they came, doubles included.
struct Entries(Vec<(String, Box<RawValue>)>);

impl<'de> Deserialize<'de> for Entries {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Collect;
        impl<'de> Visitor<'de> for Collect {
            type Value = Entries;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Entries, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Entries(entries))
            }
        }
        deserializer.deserialize_map(Collect)
    }
}
