//! Comparing names as people write them.

use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// A name as it is compared: accents dropped, lower case, everything but letters and digits to single spaces.
pub(crate) fn normalise(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut gap = false;
    for c in text.nfkd().filter(|c| !is_combining_mark(*c)).flat_map(char::to_lowercase) {
        let plain = match c {
            'œ' => Some("oe"),
            'æ' => Some("ae"),
            'ß' => Some("ss"),
            'ø' => Some("o"),
            _ => None,
        };
        if plain.is_none() && !c.is_alphanumeric() {
            gap = true;
            continue;
        }
        if gap && !out.is_empty() {
            out.push(' ');
        }
        gap = false;
        match plain {
            Some(plain) => out.push_str(plain),
            None => out.push(c),
        }
    }
    out
}

/// The part of a header before its unit in brackets: `Valeur (%)` is `Valeur`.
pub(crate) fn without_brackets(text: &str) -> Option<&str> {
    let end = text.find(['(', '['])?;
    let before = text[..end].trim();
    (!before.is_empty()).then_some(before)
}

/// The letters of a spreadsheet column, `A` for 0.
pub(crate) fn column_letters(column: u32) -> String {
    let mut letters = Vec::new();
    let mut rest = column;
    loop {
        letters.push(char::from(b'A' + u8::try_from(rest % 26).unwrap_or(0)));
        match (rest / 26).checked_sub(1) {
            Some(next) => rest = next,
            None => break,
        }
    }
    letters.iter().rev().collect()
}

/// The name of a spreadsheet cell, row counted from 1 and column from 0: `C12`.
pub(crate) fn cell_name(row: u32, column: u32) -> String {
    format!("{}{row}", column_letters(column))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_compare_without_accents_case_and_punctuation() {
        assert_eq!(normalise("  Libellé de l’Indicateur : "), "libelle de l indicateur");
        assert_eq!(normalise("CODE_KPI"), "code kpi");
        assert_eq!(normalise("Taux d'œuvre (%)"), "taux d oeuvre");
        assert_eq!(without_brackets("Valeur (%)"), Some("Valeur"));
        assert_eq!(without_brackets("(k€)"), None);
    }

    #[test]
    fn columns_have_letters() {
        let names: Vec<String> = [0, 25, 26, 51, 52, 701, 702, 16_383].map(column_letters).into();
        assert_eq!(names, ["A", "Z", "AA", "AZ", "BA", "ZZ", "AAA", "XFD"]);
        assert_eq!(cell_name(12, 2), "C12");
    }
}
