//! Writing cells back so that a spreadsheet never runs them.

use crate::issue::Issue;
use std::borrow::Cow;
use vigie_kernel::{Dec, Locale};

/// First characters that make a spreadsheet take a cell for a formula, with their full-width forms.
const DANGEROUS: [char; 12] =
    ['=', '+', '-', '@', '\t', '\r', '\n', '\0', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

/// A text that a spreadsheet shows and does not run: one that begins like a formula gets a leading `'`
/// (OWASP, CSV injection). A plain number stays as it is.
#[must_use]
pub fn neutralise(text: &str) -> Cow<'_, str> {
    if text.starts_with(DANGEROUS) && Dec::parse(text).is_err() {
        Cow::Owned(format!("'{text}"))
    } else {
        Cow::Borrowed(text)
    }
}

const HEADERS_FR: [&str; 10] = [
    "ligne",
    "ligne physique",
    "cellule",
    "colonne",
    "contenu",
    "code indicateur",
    "periode",
    "gravite",
    "erreur",
    "message",
];
const HEADERS_EN: [&str; 10] =
    ["row", "line", "cell", "column", "content", "kpi code", "period", "severity", "error", "message"];

/// The first line of a rejected file, with the mark by which spreadsheets recognise UTF-8.
#[must_use]
pub fn rejected_csv_header(locale: Locale) -> Vec<u8> {
    let names = match locale {
        Locale::Fr => HEADERS_FR,
        Locale::En => HEADERS_EN,
    };
    let mut out = "\u{feff}".as_bytes().to_vec();
    out.extend(line(locale, names.into_iter()));
    out
}

/// The lines of issues in a rejected file: `;` between fields in French, `,` in English.
#[must_use]
pub fn rejected_csv_lines(issues: &[Issue], locale: Locale) -> Vec<u8> {
    let mut out = Vec::new();
    for issue in issues {
        let number = |number: Option<u32>| number.map(|number| number.to_string()).unwrap_or_default();
        let text = |text: &Option<String>| neutralise(text.as_deref().unwrap_or_default()).into_owned();
        let severity = match issue.severity {
            crate::Severity::Error => "error",
            crate::Severity::Warning => "warning",
        };
        let fields = [
            number(issue.row),
            number(issue.line),
            text(&issue.cell),
            text(&issue.column),
            text(&issue.raw),
            text(&issue.kpi_code),
            text(&issue.period),
            severity.to_owned(),
            issue.code.name().to_owned(),
            neutralise(&issue.message(locale)).into_owned(),
        ];
        out.extend(line(locale, fields.iter().map(String::as_str)));
    }
    out
}

fn line<'f>(locale: Locale, fields: impl Iterator<Item = &'f str>) -> Vec<u8> {
    let delimiter = match locale {
        Locale::Fr => b';',
        Locale::En => b',',
    };
    let mut writer = csv::WriterBuilder::new()
        .delimiter(delimiter)
        .terminator(csv::Terminator::CRLF)
        .quote_style(csv::QuoteStyle::Necessary)
        .from_writer(Vec::new());
    // Writing to memory does not fail.
    let _ = writer.write_record(fields);
    writer.into_inner().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn formulas_are_neutralised_and_numbers_are_not() {
        for text in [
            "=1+1",
            "+cmd|' /C calc'!A0",
            "-2+3",
            "@SUM(A1)",
            "\t=1",
            "\r=1",
            "\n=1",
            "\u{ff1d}1+1",
            "-12,3,4",
        ] {
            assert_eq!(neutralise(text), format!("'{text}"), "{text}");
        }
        for text in ["-12.5", "+7", "TRS", "", "1=1", "été"] {
            assert_eq!(neutralise(text), text, "{text}");
        }
    }
}
