use crate::*;
use serde_json::json;

fn errors(options: &serde_json::Value) -> Vec<String> {
    let errors = ImportOptions::parse(options).unwrap_err();
    errors.as_slice().iter().map(|error| format!("{}: {}", error.field, error.code)).collect()
}

#[test]
fn nothing_is_needed() {
    assert_eq!(ImportOptions::parse(&serde_json::Value::Null), Ok(ImportOptions::default()));
    assert_eq!(ImportOptions::parse(&json!({})), Ok(ImportOptions::default()));
}

#[test]
fn every_option_is_read() {
    let options = ImportOptions::parse(&json!({
        "layout": "matrix", "sheet": "Feuil1", "header_row": 4, "kpi": "TRS", "on_conflict": "skip",
        "atomicity": "ALL", "strict": true, "create_missing": false, "clear_on_blank": true, "excel_serials": true,
        "missing_tokens": ["-200", -99], "locale": "en",
        "mapping": {"kpi_template": "{a}>{b}", "constants": {"year": 2026}}
    }))
    .unwrap();
    assert_eq!(options.layout, Some(LayoutName::Matrix));
    assert_eq!(options.sheet, Some(SheetChoice::Name("Feuil1".to_owned())));
    assert_eq!((options.on_conflict, options.atomicity), (OnConflict::Skip, Atomicity::All));
    assert_eq!(options.missing_tokens, ["-200", "-99"]);
    assert_eq!(options.mapping.constants["year"], "2026");
}

#[test]
fn every_error_is_told_with_its_path() {
    let mut told = errors(&json!({
        "layout": "diagonal", "header_row": 0, "strict": "yes", "create_missing": true, "colour": 1,
        "mapping": {"kpi_template": "{", "constants": {"scope": "x"}, "nope": 1}
    }));
    let mut expected = [
        "options.layout: value_unknown",
        "options.header_row: out_of_range",
        "options.strict: type_invalid",
        "options.create_missing: not_supported",
        "options.colour: field_unknown",
        "options.mapping.kpi_template: template_invalid",
        "options.mapping.constants.scope: field_unknown",
        "options.mapping.nope: field_unknown",
    ];
    told.sort();
    expected.sort_unstable();
    assert_eq!(told, expected);
    assert_eq!(errors(&json!([1])), ["options: type_invalid"]);
}
