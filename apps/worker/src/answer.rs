//! What a command answers.

use serde_json::Value;

/// What a command answers: the same content for people and for programs.
#[derive(Clone, Debug, Default)]
pub struct Answer {
    /// For people; ends with a line break unless it is empty.
    pub text: String,
    /// For programs (`--json`).
    pub json: Value,
    /// How it went.
    pub exit: Exit,
}

/// How a command that has an answer went.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Exit {
    /// All of it is done: 0.
    #[default]
    Done,
    /// Something that the answer tells went wrong: 1.
    Failed,
    /// A part of it is done: 2.
    Partial,
    /// It was given up before its end: 3.
    Stopped,
}

impl Exit {
    /// The exit code of the process.
    #[must_use]
    pub const fn code(self) -> u8 {
        match self {
            Self::Done => 0,
            Self::Failed => 1,
            Self::Partial => 2,
            Self::Stopped => 3,
        }
    }
}

impl Answer {
    /// An answer of a command that went well.
    pub(crate) fn new(text: impl Into<String>, json: Value) -> Self {
        let mut text = text.into();
        if !text.is_empty() && !text.ends_with('\n') {
            text.push('\n');
        }
        Self { text, json, exit: Exit::Done }
    }
}

/// Rows under their headers, in columns as wide as their widest cell; `nothing` when there is no row.
pub(crate) fn table<const N: usize>(headers: [&str; N], rows: &[[String; N]], nothing: &str) -> String {
    if rows.is_empty() {
        return format!("{nothing}\n");
    }
    let mut widths = headers.map(width);
    for row in rows {
        for (known, cell) in widths.iter_mut().zip(row) {
            *known = width(cell).max(*known);
        }
    }
    let line = |cells: [&str; N]| {
        let padded: Vec<String> =
            cells.iter().zip(widths).map(|(cell, width)| format!("{cell:<width$}")).collect();
        format!("{}\n", padded.join("  ").trim_end())
    };
    let mut text = line(headers);
    for row in rows {
        text.push_str(&line(row.each_ref().map(String::as_str)));
    }
    text
}

fn width(cell: &str) -> usize {
    cell.chars().count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
        let rows = [["demo".to_owned(), "Démo".to_owned()], ["a-b-c-d".to_owned(), "X".to_owned()]];
        assert_eq!(table(["SLUG", "NAME"], &rows, "nothing"), "SLUG     NAME\ndemo     Démo\na-b-c-d  X\n");
        assert_eq!(table(["SLUG"], &[], "no organization"), "no organization\n");
    }
}
