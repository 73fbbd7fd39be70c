//! Text that people wrote, as far as it may stand in a mail.

use vigie_kernel::{FieldError, FieldErrors};

/// Longest [`Line`], in characters.
pub const MAX_LINE: usize = 200;
/// Longest [`Paragraphs`], in characters.
pub const MAX_BODY: usize = 10_000;

/// One line of somebody's text, such as a name: trimmed, 1 to [`MAX_LINE`] characters, without line breaks, other control characters
/// or characters that turn the direction of what follows. It says nothing of HTML: whoever renders it escapes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line(String);

impl Line {
    /// Reads a line. Refuses rather than repairs. Codes: `required`, `too_long`, `invalid_characters`.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, FieldErrors> {
        checked(field, text, MAX_LINE, |c| c.is_control() || breaks_lines(c)).map(Self)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The text, cut to so many characters, the last of which is then an ellipsis.
    #[must_use]
    pub fn shortened(&self, max: usize) -> String {
        if self.0.chars().count() <= max {
            return self.0.clone();
        }
        let kept: String = self.0.chars().take(max.saturating_sub(1)).collect();
        format!("{}…", kept.trim_end())
    }
}

/// Some lines of somebody's text: trimmed, 1 to [`MAX_BODY`] characters, line breaks as `\n`, no other control characters and none
/// that turn the direction of what follows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paragraphs(String);

impl Paragraphs {
    /// Reads a text. Codes: `required`, `too_long`, `invalid_characters`.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, FieldErrors> {
        let text = text.replace("\r\n", "\n");
        checked(field, &text, MAX_BODY, |c| c.is_control() && !matches!(c, '\n' | '\t')).map(Self)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its lines, empty ones included.
    pub fn lines(&self) -> impl Iterator<Item = &str> {
        self.0.lines()
    }
}

fn checked(
    field: &'static str,
    text: &str,
    max: usize,
    refused: impl Fn(char) -> bool,
) -> Result<String, FieldErrors> {
    // Only blanks are trimmed: a line break at the end is refused like one in the middle.
    let text = text.trim_matches(' ');
    let length = text.chars().count();
    if text.trim().is_empty() {
        return Err(FieldError::new(field, "required").into());
    }
    if length > max {
        return Err(FieldError::new(field, "too_long").with("max", max).with("actual", length).into());
    }
    if text.chars().any(|c| refused(c) || turns_direction(c)) {
        return Err(FieldError::new(field, "invalid_characters").into());
    }
    Ok(text.to_owned())
}

/// Line and paragraph separators, which are no control characters.
pub(super) fn breaks_lines(c: char) -> bool {
    matches!(c, '\u{2028}' | '\u{2029}')
}

/// Embeddings, overrides and isolates: with them `gpj.exe` reads `exe.jpg`. The marks that Arabic and Hebrew names need are none.
pub(super) fn turns_direction(c: char) -> bool {
    matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}
