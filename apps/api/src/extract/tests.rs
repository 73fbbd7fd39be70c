use super::body::parse_for_tests;
use super::query;
use super::*;
use crate::problem::{ApiError, Code};
use serde::Deserialize;

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Sample {
    name: Option<String>,
    count: Option<i64>,
    weight: Option<DecimalText>,
    #[serde(default)]
    note: Patch<String>,
    #[serde(default)]
    limit: Patch<DecimalText>,
    #[allow(dead_code, reason = "only its type is looked at")]
    inner: Option<Inner>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Inner {
    #[allow(dead_code, reason = "only its type is looked at")]
    flag: Option<bool>,
}

fn told(error: &ApiError) -> Vec<(String, &'static str)> {
    error.errors().as_slice().iter().map(|error| (error.field.clone(), error.code)).collect()
}

/// Reads a body that needs a name and a count, and tells what is wrong.
fn errors_of(json: &str) -> Vec<(String, &'static str)> {
    let read = parse_for_tests::<Sample>(json).and_then(|body| {
        body.read(|sample, checks| {
            checks.required("name", sample.name);
            checks.required("count", sample.count);
            checks.decimal("weight", sample.weight.as_ref());
        })
    });
    read.map_or_else(|error| told(&error), |()| Vec::new())
}

fn expect(json: &str, wanted: &[(&str, &'static str)]) {
    let wanted: Vec<(String, &'static str)> =
        wanted.iter().map(|(field, code)| ((*field).to_owned(), *code)).collect();
    assert_eq!(errors_of(json), wanted, "{json}");
}

#[test]
fn a_good_body_is_read() {
    expect(r#"{"name": "a", "count": 1}"#, &[]);
    expect(r#"{"name": "a", "count": 1, "weight": 0.1, "note": null, "inner": {"flag": true}}"#, &[]);
}

#[test]
fn every_structural_error_is_told_at_once_and_with_its_field() {
    expect("{}", &[("name", "required"), ("count", "required")]);
    expect(r#"{"name": null, "count": 1}"#, &[("name", "required")]);
    expect(r#"{"name": 1, "count": "x"}"#, &[("name", "type_invalid"), ("count", "type_invalid")]);
    expect(r#"{"name": "a", "count": 1, "role": "OWNER"}"#, &[("role", "field_unknown")]);
    expect(
        r#"{"role": "OWNER", "name": 5, "plan": 1, "weight": "abc"}"#,
        &[
            ("role", "field_unknown"),
            ("name", "type_invalid"),
            ("plan", "field_unknown"),
            ("count", "required"),
            ("weight", "number_invalid"),
        ],
    );
    expect(r#"{"name": "a", "name": "b", "count": 1}"#, &[("name", "field_duplicate")]);
    expect(r#"{"name": "a", "count": 1, "inner": {"x": 1}}"#, &[("inner.x", "field_unknown")]);
    expect(
        r#"{"name": "a", "count": 1, "inner": {"flag": true, "flag": true}}"#,
        &[("inner.flag", "field_duplicate")],
    );
    expect(r#"{"name": "a", "count": 1.5}"#, &[("count", "type_invalid")]);
    expect(r#"{"name": "a", "count": 1, "weight": true}"#, &[("weight", "type_invalid")]);
    expect("[]", &[("", "object_expected")]);
    expect(r#" ["a", 1, null, null, null, null]"#, &[("", "object_expected")]);
    expect(r#""text""#, &[("", "object_expected")]);
}

#[test]
fn what_is_no_json_is_told_with_its_place() {
    for bad in [
        "",
        "{",
        "{\"name\": }",
        "{\"name\": \"a\",}",
        "nul",
        "{\"name\": 1 \"count\": 2}",
        "{\"name\": 5, ]",
    ] {
        let error = parse_for_tests::<Sample>(bad).err().unwrap();
        assert_eq!(error.code(), Code::JsonMalformed, "{bad}");
        assert_eq!(told(&error), [(String::new(), "json_syntax")], "{bad}");
    }
}

#[test]
fn deep_nesting_is_refused_unread() {
    let deep = format!("{{\"name\": {}{}}}", "[".repeat(10_000), "]".repeat(10_000));
    let error = parse_for_tests::<Sample>(&deep).err().unwrap();
    assert_eq!(told(&error), [(String::new(), "nested_too_deep")]);
    expect(&format!(r#"{{"name": "{}", "count": 1}}"#, "[".repeat(100)), &[]);
}

#[test]
fn thousands_of_unknown_fields_are_refused_quickly() {
    let fields: Vec<String> = (0..5_000).map(|n| format!("\"f{n}\": 1")).collect();
    let errors = errors_of(&format!("{{{}}}", fields.join(",")));
    assert_eq!(errors.len(), 20);
}

#[test]
fn decimals_keep_every_digit_whichever_way_they_come() {
    for (json, wanted) in [
        (r#"{"weight": "123456789012345678.0123456789"}"#, "123456789012345678.0123456789"),
        (r#"{"weight": 123456789012345678.0123456789}"#, "123456789012345678.0123456789"),
        (r#"{"weight": 1e3}"#, "1000"),
        (r#"{"weight": -0.10}"#, "-0.1"),
    ] {
        let value = parse_for_tests::<Sample>(json)
            .unwrap()
            .read(|sample, checks| checks.decimal("weight", sample.weight.as_ref()))
            .unwrap();
        assert_eq!(value.unwrap().to_string(), wanted, "{json}");
    }
}

#[test]
fn a_patch_has_three_states() {
    let note = |json: &str| parse_for_tests::<Sample>(json).unwrap().read(|sample, _| sample.note).unwrap();
    assert_eq!(note("{}"), Patch::Keep);
    assert_eq!(note(r#"{"note": null}"#), Patch::Clear);
    assert_eq!(note(r#"{"note": "a"}"#), Patch::Set("a".to_owned()));

    let limit = |json: &str| {
        parse_for_tests::<Sample>(json).unwrap().read(|sample, checks| {
            checks.patch(sample.limit, |checks, text| checks.decimal("limit", Some(&text)))
        })
    };
    assert_eq!(limit("{}").unwrap(), None);
    assert_eq!(limit(r#"{"limit": null}"#).unwrap(), Some(None));
    assert_eq!(limit(r#"{"limit": 1.5}"#).unwrap(), Some(Some("1.5".parse().unwrap())));
    assert_eq!(told(&limit(r#"{"limit": "1,5"}"#).unwrap_err()), [("limit".to_owned(), "number_invalid")]);
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct SampleQuery {
    limit: Option<String>,
}

#[test]
fn query_parameters_are_known_and_come_once() {
    assert_eq!(query::parse::<SampleQuery>("limit=5").unwrap().limit.as_deref(), Some("5"));
    assert_eq!(query::parse::<SampleQuery>("").unwrap().limit, None);
    assert!(query::parse::<SampleQuery>("tenant=paris&limit=5").is_ok(), "the tenant may be named anywhere");
    let error = query::parse::<SampleQuery>("limit=5&sort=x&limit=6&where=1").unwrap_err();
    assert_eq!(error.code(), Code::QueryInvalid);
    assert_eq!(
        told(&error),
        [
            ("?limit".to_owned(), "field_duplicate"),
            ("?sort".to_owned(), "parameter_unknown"),
            ("?where".to_owned(), "parameter_unknown"),
        ]
    );
}

#[test]
fn a_limit_keeps_to_its_range() {
    for bad in ["0", "101", "-1", "abc", "1e1", ""] {
        let mut checks = Checks::default();
        assert_eq!(checks.number::<u16>("?limit", Some(bad), 1, 100), None);
        assert!(checks.finish().is_err(), "{bad}");
    }
    let mut checks = Checks::default();
    assert_eq!(checks.number::<u16>("?limit", Some("100"), 1, 100), Some(100));
    assert!(checks.finish().is_ok());
}
