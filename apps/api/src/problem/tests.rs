use super::field::FIELD_MESSAGES;
use super::*;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

fn crates() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../crates")
}

fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let is_test = path.file_stem().is_some_and(|name| name.to_string_lossy().contains("test"));
        if path.is_dir() && !is_test {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") && !is_test {
            found.push(path);
        }
    }
}

/// The code texts of `FieldError::new(.., "code")` and `.refuse(.., "code")` in a source.
fn field_codes(source: &str) -> BTreeSet<String> {
    let production = source.split("#[cfg(test)]\nmod tests {").next().unwrap_or(source);
    let mut codes = BTreeSet::new();
    for call in ["FieldError::new(", "refuse("] {
        for (start, _) in production.match_indices(call) {
            let rest = &production[start + call.len()..];
            let arguments = rest.split([';', '\n']).next().unwrap_or(rest).split(").").next().unwrap_or(rest);
            let Some(code) = arguments.rsplit('"').nth(1).filter(|_| arguments.contains(',')) else {
                continue;
            };
            let after_comma = arguments.rfind(&format!("\"{code}\"")) > arguments.find(',');
            // A closure that takes a field and a feature, not a code.
            let is_feature = arguments.contains(&format!("\"{code}\", \"{code}\""));
            if after_comma
                && !is_feature
                && !code.is_empty()
                && code.chars().all(|c| c.is_ascii_lowercase() || c == '_')
            {
                codes.insert(code.to_owned());
            }
        }
    }
    codes
}

#[test]
fn every_field_code_of_the_domains_has_a_message() {
    let mut files = Vec::new();
    for folder in fs::read_dir(crates()).unwrap() {
        sources(&folder.unwrap().path().join("src"), &mut files);
    }
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut files);
    let mut missing: BTreeMap<String, PathBuf> = BTreeMap::new();
    let mut seen = 0;
    for file in files {
        for code in field_codes(&fs::read_to_string(&file).unwrap()) {
            seen += 1;
            if !FIELD_MESSAGES.iter().any(|(known, _, _)| *known == code) {
                missing.insert(code, file.clone());
            }
        }
    }
    assert!(seen > 30, "the sources are not where this test looks");
    assert!(missing.is_empty(), "no message for {missing:?}");
}

#[test]
fn codes_that_shared_types_tell_have_messages() {
    let codes = [
        vigie_kernel::DecError::Invalid.code(),
        vigie_kernel::DecError::OutOfRange.code(),
        vigie_kernel::DecError::TooManyDecimals.code(),
        vigie_kernel::SlugError::Shape.code(),
        vigie_kernel::SlugError::Reserved.code(),
        "period_invalid",
        "period_frequency_mismatch",
        "period_bounds_mismatch",
        "period_in_future",
        "period_before_start",
        "period_after_end",
        "period_locked",
    ];
    for code in codes {
        assert!(FIELD_MESSAGES.iter().any(|(known, _, _)| *known == code), "{code}");
    }
}

#[test]
fn the_tables_have_no_doubles_and_no_gaps() {
    let names: BTreeSet<&str> = Code::ALL.iter().map(|code| code.name()).collect();
    assert_eq!(names.len(), Code::ALL.len());
    let fields: BTreeSet<&str> = FIELD_MESSAGES.iter().map(|(code, _, _)| *code).collect();
    assert_eq!(fields.len(), FIELD_MESSAGES.len());
    for (code, en, fr) in FIELD_MESSAGES {
        assert!(!en.is_empty() && !fr.is_empty(), "{code}");
        let places = |text: &str| {
            let mut names: Vec<String> =
                text.split('{').skip(1).map(|rest| rest.split('}').next().unwrap().to_owned()).collect();
            names.sort();
            names
        };
        assert_eq!(places(en), places(fr), "{code} shows the same figures in both languages");
    }
    for code in Code::ALL {
        let ours = code.whose() == Whose::Ours;
        assert_eq!(ours, code.status().is_server_error(), "{}: our fault is 5xx", code.name());
    }
}

#[test]
fn the_committed_list_of_errors_is_the_one_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/errors.md");
    let wanted = errors_document();
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &wanted).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == wanted, "docs/errors.md is out of date: run with UPDATE_DOCS=1");
}

#[test]
fn a_message_shows_its_figures_in_the_callers_language() {
    let error = FieldError::new("title", "too_long").with("max", 200).with("actual", 201);
    assert_eq!(field_message(&error, Locale::En), "It has 201 characters; at most 200 are accepted.");
    assert_eq!(field_message(&error, Locale::Fr), "Il compte 201 caractères ; 200 au plus sont acceptés.");
}

#[test]
fn the_caller_chooses_the_language() {
    for (header, locale) in [
        (None, Locale::En),
        (Some("fr"), Locale::Fr),
        (Some("fr-FR,fr;q=0.9,en;q=0.8"), Locale::Fr),
        (Some("de, en;q=0.5, fr;q=0.7"), Locale::Fr),
        (Some("en;q=0.5, fr;q=0"), Locale::En),
        (Some("fr;q=nonsense"), Locale::En),
        (Some("*"), Locale::En),
        (Some(""), Locale::En),
    ] {
        assert_eq!(accepted_language(header), locale, "{header:?}");
    }
}

#[actix_web::test]
async fn a_problem_names_the_field_and_hides_the_cause() {
    let error = ApiError::caused(Code::ValidationFailed, "secret cause")
        .with_errors(FieldError::new("rows.3.a/b", "required").into());
    let context = ProblemContext { locale: Locale::Fr, request_id: "request-1".to_owned() };
    let response = problem_response(&error, &context);
    assert_eq!(response.status(), 422);
    assert_eq!(response.headers().get("content-type").unwrap(), "application/problem+json");
    let body = actix_web::body::to_bytes(response.into_body()).await.unwrap();
    let body: serde_json::Value = serde_json::from_slice(&body).unwrap();
    assert_eq!(
        body,
        serde_json::json!({
            "type": "urn:vigie:error:validation_failed",
            "title": "Le contenu n'est pas valide.",
            "status": 422,
            "detail": "Il est obligatoire.",
            "code": "validation_failed",
            "request_id": "request-1",
            "errors": [{"pointer": "/rows/3/a~1b", "code": "required", "message": "Il est obligatoire.", "params": {}}]
        })
    );
}
