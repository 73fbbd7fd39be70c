//! Checks of free text that every domain shares.

use crate::{FieldError, FieldErrors};

/// A required one-line or multi-line text: trimmed, not empty, at most `max` characters, no control characters but line
/// breaks and tabs. Codes: `required`, `too_long`, `invalid_characters`.
pub fn required_text(field: &'static str, text: &str, max: usize) -> Result<String, FieldErrors> {
    let text = text.trim();
    if text.is_empty() {
        return Err(FieldError::new(field, "required").into());
    }
    check(field, text, max)
}

/// Like [`required_text`], where an absent or blank text is `None`.
pub fn optional_text(
    field: &'static str,
    text: Option<&str>,
    max: usize,
) -> Result<Option<String>, FieldErrors> {
    match text.map(str::trim) {
        None | Some("") => Ok(None),
        Some(text) => check(field, text, max).map(Some),
    }
}

fn check(field: &'static str, text: &str, max: usize) -> Result<String, FieldErrors> {
    let length = text.chars().count();
    if length > max {
        return Err(FieldError::new(field, "too_long").with("max", max).with("actual", length).into());
    }
    if text.chars().any(|c| c.is_control() && !matches!(c, '\n' | '\r' | '\t')) {
        return Err(FieldError::new(field, "invalid_characters").into());
    }
    Ok(text.to_owned())
}
