//! Problem JSON (RFC 9457) for every error of ours and of the framework.
//!
//! An [`ApiError`] says what went wrong by a [`Code`] of one table, with the field errors and the cause. The edge
//! middleware turns it into the answer, in the caller's language and with the request's id, and logs the cause once.
//! The cause itself is never sent.

mod code;
mod docs;
mod field;
mod from;
mod language;
mod render;
#[cfg(test)]
mod tests;

pub(crate) use code::{Code, Whose};
pub use docs::errors_document;
pub(crate) use field::field_message;
pub(crate) use language::{accepted_language, named_language};
pub use render::{FieldProblem, Problem};
pub(crate) use render::{ProblemContext, problem_response};

use actix_web::http::{StatusCode, header};
use actix_web::{HttpResponse, ResponseError};
use std::fmt;
use vigie_kernel::{BoxError, FieldError, FieldErrors, Locale};

/// What happened, in each language, when the code's title does not say it all.
#[derive(Clone, Debug)]
pub(crate) struct Detail {
    /// In English.
    pub(crate) en: String,
    /// In French.
    pub(crate) fr: String,
}

/// What an endpoint answers when it does not do what was asked.
#[derive(Debug)]
pub(crate) struct ApiError {
    code: Code,
    errors: FieldErrors,
    detail: Option<Detail>,
    cause: Option<BoxError>,
    headers: Vec<(header::HeaderName, header::HeaderValue)>,
}

impl ApiError {
    /// An error that the code says all about.
    #[must_use]
    pub(crate) const fn new(code: Code) -> Self {
        Self { code, errors: FieldErrors::new(), detail: None, cause: None, headers: Vec::new() }
    }

    /// An error with the cause that the log keeps.
    pub(crate) fn caused(code: Code, cause: impl Into<BoxError>) -> Self {
        Self { cause: Some(cause.into()), ..Self::new(code) }
    }

    /// Content that is not valid, with every field error that was found.
    #[must_use]
    pub(crate) fn invalid(errors: FieldErrors) -> Self {
        Self { errors, ..Self::new(Code::ValidationFailed) }
    }

    /// A code with one field error that says where.
    #[must_use]
    pub(crate) fn field(code: Code, error: FieldError) -> Self {
        Self { errors: error.into(), ..Self::new(code) }
    }

    /// The server was put together without something that a handler needs.
    pub(crate) fn missing_service(name: &'static str) -> Self {
        Self::caused(Code::Internal, format!("no {name} in the application data"))
    }

    /// The same code with other field errors.
    #[must_use]
    pub(crate) fn with_errors(self, errors: FieldErrors) -> Self {
        Self { errors, ..self }
    }

    /// The same error about query parameters: the domain does not know that its fields came in the query.
    #[must_use]
    pub(crate) fn in_query(mut self) -> Self {
        let mut errors = FieldErrors::new();
        for error in self.errors.as_slice() {
            let field = format!("?{}", error.field.trim_start_matches('?'));
            errors.push(FieldError { field, ..error.clone() });
        }
        self.errors = errors;
        self
    }

    /// Says what happened in words of its own.
    #[must_use]
    pub(crate) fn with_detail(self, detail: Detail) -> Self {
        Self { detail: Some(detail), ..self }
    }

    /// What happened, in words of its own.
    pub(crate) fn detail(&self, locale: Locale) -> Option<&str> {
        self.detail.as_ref().map(|detail| match locale {
            Locale::En => detail.en.as_str(),
            Locale::Fr => detail.fr.as_str(),
        })
    }

    /// Adds a header to the answer; a value that is no header text is left out.
    #[must_use]
    pub(crate) fn with_header(mut self, name: header::HeaderName, value: &str) -> Self {
        if let Ok(value) = header::HeaderValue::from_str(value) {
            self.headers.push((name, value));
        }
        self
    }

    /// Tells the caller to come back after so many seconds.
    #[must_use]
    pub(crate) fn retry_after(self, seconds: u64) -> Self {
        self.with_header(header::RETRY_AFTER, &seconds.to_string())
    }

    /// The code.
    #[must_use]
    pub(crate) const fn code(&self) -> Code {
        self.code
    }

    /// The field errors.
    #[must_use]
    pub(crate) const fn errors(&self) -> &FieldErrors {
        &self.errors
    }

    /// The cause, for the log.
    #[must_use]
    pub(crate) fn cause(&self) -> Option<&(dyn std::error::Error + 'static)> {
        self.cause.as_deref().map(|cause| -> &(dyn std::error::Error + 'static) { cause })
    }

    pub(crate) fn headers(&self) -> &[(header::HeaderName, header::HeaderValue)] {
        &self.headers
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code.name())
    }
}

impl std::error::Error for ApiError {}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        self.code.status()
    }

    /// The answer without a request at hand. The edge middleware replaces it by one that knows language and request id.
    fn error_response(&self) -> HttpResponse {
        problem_response(self, &ProblemContext { locale: Locale::En, request_id: String::new() })
    }
}

impl From<FieldErrors> for ApiError {
    fn from(errors: FieldErrors) -> Self {
        Self::invalid(errors)
    }
}
