//! The committed API document is the one of the code, and says of each operation what callers need to know.

use serde_json::Value;
use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

fn document() -> Value {
    serde_json::to_value(vigie_api::openapi()).unwrap()
}

fn operations(document: &Value) -> Vec<(String, String, &Value)> {
    let mut found = Vec::new();
    for (path, item) in document["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            if ["get", "post", "put", "patch", "delete"].contains(&method.as_str()) {
                found.push((method.to_uppercase(), path.clone(), operation));
            }
        }
    }
    found
}

#[test]
fn the_committed_document_is_the_one_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/openapi.json");
    let wanted = serde_json::to_string_pretty(&document()).unwrap() + "\n";
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(&path, &wanted).unwrap();
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == wanted, "docs/openapi.json is out of date: run with UPDATE_DOCS=1");
}

#[test]
fn it_is_openapi_3_1() {
    assert_eq!(document()["openapi"], "3.1.0");
}

#[test]
fn every_operation_has_a_name_of_its_own_a_tag_and_a_summary() {
    let document = document();
    let mut names = BTreeSet::new();
    for (method, path, operation) in operations(&document) {
        let name = operation["operationId"].as_str().unwrap();
        assert!(names.insert(name.to_owned()), "{name} twice");
        let shaped = name.contains('_') && name.chars().all(|c| c.is_ascii_lowercase() || c == '_');
        assert!(shaped, "{method} {path}: {name}");
        assert_eq!(operation["tags"].as_array().map(Vec::len), Some(1), "{method} {path}");
        for (status, response) in operation["responses"].as_object().unwrap() {
            assert!(
                response["description"].as_str().is_some_and(|text| !text.is_empty()),
                "{method} {path} {status}"
            );
        }
        assert!(operation["summary"].as_str().is_some_and(|text| !text.is_empty()), "{method} {path}");
    }
    assert!(names.len() > 35, "routes have dropped out of the document");
}

#[test]
fn an_operation_is_public_or_tells_its_permission() {
    let mut known: BTreeSet<&str> = vigie_kernel::Permission::ALL.iter().map(|one| one.name()).collect();
    known.insert("login");
    for (method, path, operation) in operations(&document()) {
        let public = operation["security"] == serde_json::json!([{}]);
        let permission = operation["x-permission"].as_str();
        assert_eq!(public, permission.is_none(), "{method} {path}");
        assert!(permission.is_none_or(|name| known.contains(name)), "{method} {path}: {permission:?}");
        if !public {
            assert_eq!(operation["security"], serde_json::json!([{"bearer": []}]), "{method} {path}");
        }
        assert!(operation["responses"]["default"].is_object(), "{method} {path}: no problem described");
    }
}

#[test]
fn every_operation_with_a_token_tells_its_module_or_is_core() {
    let modules: BTreeSet<&str> = vigie_kernel::Module::ALL.iter().map(|one| one.name()).collect();
    let mut seen = BTreeSet::new();
    for (method, path, operation) in operations(&document()) {
        let Some(module) = operation["x-module"].as_str() else {
            panic!("{method} {path}: its tag is missing in apps/api/src/modules.rs")
        };
        assert!(module == "core" || modules.contains(module), "{method} {path}: {module}");
        let public = operation["security"] == serde_json::json!([{}]);
        assert!(!public || module == "core", "{method} {path}: nobody is in an organization");
        seen.insert(module.to_owned());
    }
    assert!(seen.len() > 5, "{seen:?}");
}

#[test]
fn every_reference_leads_somewhere() {
    fn references(value: &Value, found: &mut BTreeSet<String>) {
        match value {
            Value::Object(fields) => {
                if let Some(Value::String(target)) = fields.get("$ref") {
                    found.insert(target.clone());
                }
                fields.values().for_each(|value| references(value, found));
            }
            Value::Array(items) => items.iter().for_each(|value| references(value, found)),
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
        }
    }
    let document = document();
    let mut found = BTreeSet::new();
    references(&document, &mut found);
    assert!(!found.is_empty());
    for reference in found {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

#[test]
fn path_parameters_are_described() {
    let document = document();
    for (method, path, operation) in operations(&document) {
        let named: BTreeSet<&str> =
            path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}')).collect();
        let parameters = operation["parameters"].as_array().cloned().unwrap_or_default();
        let described: BTreeSet<&str> = parameters
            .iter()
            .filter(|parameter| parameter["in"] == "path")
            .filter_map(|parameter| parameter["name"].as_str())
            .collect();
        assert_eq!(named, described, "{method} {path}");
    }
}

#[test]
fn every_creation_in_an_organization_takes_an_idempotency_key() {
    for (method, path, operation) in operations(&document()) {
        let takes = operation["parameters"].as_array().is_some_and(|all| {
            all.iter().any(|one| one["name"] == "Idempotency-Key" && one["in"] == "header")
        });
        let public = operation["security"] == serde_json::json!([{}]);
        let should = method == "POST" && !public && !path.starts_with("/api/v1/auth/");
        assert_eq!(takes, should, "{method} {path}");
    }
}
