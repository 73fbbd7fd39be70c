//! The body of a problem.

use super::{ApiError, field_message};
use actix_web::HttpResponse;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;
use vigie_kernel::{FieldError, Locale};

/// An error, as RFC 9457 writes it.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// A link to the description of the code.
    #[serde(rename = "type")]
    pub kind: String,
    /// What the code means, in the caller's language.
    pub title: String,
    /// The HTTP status.
    #[schema(example = 422)]
    pub status: u16,
    /// What happened, in the caller's language.
    pub detail: String,
    /// The stable name of the error.
    #[schema(example = "validation_failed")]
    pub code: String,
    /// The id of the request, which the server's log carries too.
    pub request_id: String,
    /// What is wrong with which field; empty when no field is to blame.
    #[serde(default)]
    pub errors: Vec<FieldProblem>,
}

/// What is wrong with one field.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct FieldProblem {
    /// JSON pointer of the field in the body, `?name` for a query parameter, empty for the whole.
    #[schema(example = "/threshold_orange")]
    pub pointer: String,
    /// The stable name of the error.
    #[schema(example = "threshold_order")]
    pub code: String,
    /// What is wrong, in the caller's language.
    pub message: String,
    /// The figures and names that the message shows.
    pub params: BTreeMap<String, String>,
}

/// What the answer needs to know of the request.
#[derive(Debug)]
pub(crate) struct ProblemContext {
    /// The caller's language.
    pub(crate) locale: Locale,
    /// The request's id.
    pub(crate) request_id: String,
}

/// Writes the answer of an error.
pub(crate) fn problem_response(error: &ApiError, context: &ProblemContext) -> HttpResponse {
    let code = error.code();
    let errors: Vec<FieldProblem> =
        error.errors().as_slice().iter().map(|error| field_problem(error, context.locale)).collect();
    let title = code.title(context.locale).to_owned();
    let detail = match (error.detail(context.locale), errors.as_slice()) {
        (Some(detail), _) => detail.to_owned(),
        (None, []) => title.clone(),
        (None, [first, ..]) => first.message.clone(),
    };
    let problem = Problem {
        kind: format!("urn:vigie:error:{}", code.name()),
        title,
        status: code.status().as_u16(),
        detail,
        code: code.name().to_owned(),
        request_id: context.request_id.clone(),
        errors,
    };
    let mut response = HttpResponse::build(code.status());
    for (name, value) in error.headers() {
        response.insert_header((name.clone(), value.clone()));
    }
    response.content_type("application/problem+json").json(problem)
}

fn field_problem(error: &FieldError, locale: Locale) -> FieldProblem {
    FieldProblem {
        pointer: pointer(&error.field),
        code: error.code.to_owned(),
        message: field_message(error, locale),
        params: error.params.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
    }
}

/// The JSON pointer of a dotted path; a query parameter's `?name` stays as it is.
fn pointer(field: &str) -> String {
    if field.is_empty() || field.starts_with('?') {
        return field.to_owned();
    }
    field
        .split('.')
        .fold(String::new(), |path, part| path + "/" + &part.replace('~', "~0").replace('/', "~1"))
}
