//! Codes of KPIs: how files and formulas name them.

use vigie_kernel::FieldError;

/// Longest code.
const MAX_CODE: usize = 40;

/// Reads a code in any case: `[A-Z0-9_.-]{1,40}`. Field code `code_invalid`.
pub(crate) fn parse_code(text: &str) -> Result<String, FieldError> {
    let code = text.trim().to_ascii_uppercase();
    let legal = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || matches!(c, '_' | '.' | '-');
    if code.is_empty() || code.len() > MAX_CODE || !code.chars().all(legal) {
        return Err(FieldError::new("code", "code_invalid").with("max", MAX_CODE));
    }
    Ok(code)
}

/// A code made from a name: accents dropped, everything else to underscores. The attempts after the first carry a number.
pub(crate) fn code_from_name(name: &str, attempt: u32) -> String {
    let mut base = String::with_capacity(name.len());
    for c in name.chars().flat_map(char::to_lowercase) {
        match plain(c) {
            Some(text) => base.push_str(text),
            None if c.is_ascii_alphanumeric() => base.push(c.to_ascii_uppercase()),
            None if c == '%' => base.push_str("PCT"),
            None if !base.ends_with('_') => base.push('_'),
            None => {}
        }
    }
    let base = base.trim_matches('_');
    let base = if base.is_empty() { "KPI" } else { base };
    let suffix = if attempt > 1 { format!("_{attempt}") } else { String::new() };
    let kept = base.get(..MAX_CODE - suffix.len()).unwrap_or(base).trim_end_matches('_');
    format!("{kept}{suffix}")
}

/// The plain letters of the accented ones that French and its neighbours use.
const fn plain(c: char) -> Option<&'static str> {
    match c {
        'à' | 'â' | 'ä' | 'á' | 'ã' | 'å' => Some("A"),
        'ç' => Some("C"),
        'è' | 'é' | 'ê' | 'ë' => Some("E"),
        'ì' | 'í' | 'î' | 'ï' => Some("I"),
        'ñ' => Some("N"),
        'ò' | 'ó' | 'ô' | 'ö' | 'õ' | 'ø' => Some("O"),
        'ù' | 'ú' | 'û' | 'ü' => Some("U"),
        'ý' | 'ÿ' => Some("Y"),
        'œ' => Some("OE"),
        'æ' => Some("AE"),
        'ß' => Some("SS"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_read_in_any_case() {
        assert_eq!(parse_code(" trs-1.b_2 ").unwrap(), "TRS-1.B_2");
        for bad in ["", " ", "a b", "é", "a/b", &"x".repeat(41)] {
            assert_eq!(parse_code(bad).unwrap_err().code, "code_invalid", "{bad}");
        }
    }

    #[test]
    fn a_name_makes_a_code() {
        assert_eq!(code_from_name("Taux de service (%)", 1), "TAUX_DE_SERVICE_PCT");
        assert_eq!(code_from_name("Délai moyen – cœur d'activité", 1), "DELAI_MOYEN_COEUR_D_ACTIVITE");
        assert_eq!(code_from_name("TRS", 3), "TRS_3");
        assert_eq!(code_from_name("日本", 1), "KPI");
        let long = code_from_name(&"a ".repeat(60), 12);
        assert!(long.len() <= 40 && long.ends_with("A_12"), "{long}");
        assert!(parse_code(&long).is_ok());
    }
}
