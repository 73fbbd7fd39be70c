//! The outermost layer: request id, time limit, problems in the caller's language, headers, log line and figures.

use super::headers::secure;
use super::request_id::RequestId;
use crate::metrics;
use crate::problem::{ApiError, Code, ProblemContext, Whose, accepted_language, problem_response};
use crate::server::ServerState;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header;
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, web};
use std::time::{Duration, Instant};
use tokio_util::context::TokioContext;
use tracing::Instrument as _;
use vigie_kernel::IdSource;

/// Time that a handler has.
const HANDLER_TIME: Duration = Duration::from_secs(30);
/// Longest path with its query, in bytes.
const MAX_ADDRESS: usize = 8 * 1024;
/// Slowest accepted upload, in bytes per second.
const UPLOAD_BYTES_PER_SECOND: u64 = 64 * 1024;

/// Wraps the whole application.
pub(crate) async fn edge<B: MessageBody + 'static>(
    ids: web::Data<dyn IdSource>,
    state: web::Data<ServerState>,
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let started = Instant::now();
    let _in_flight = metrics::InFlight::start();
    let request_id = RequestId::of(req.headers(), &**ids);
    let language = req.headers().get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
    let context = ProblemContext { locale: accepted_language(language), request_id: request_id.0.clone() };
    req.extensions_mut().insert(request_id);
    let method = req.method().as_str().to_owned();
    let route = req.match_pattern().unwrap_or_else(|| "UNMATCHED".to_owned());
    let path = req.path().to_owned();
    let time = time_for(&req);
    let span = tracing::info_span!(
        "request",
        request.id = %context.request_id,
        http.method = %method,
        http.route = %route
    );

    let answer = if req.uri().path_and_query().is_some_and(|uri| uri.as_str().len() > MAX_ADDRESS) {
        Ok(Ok(req.error_response(ApiError::new(Code::UriTooLong)).map_into_boxed_body()))
    } else {
        let answering = async { next.call(req).await.map(ServiceResponse::map_into_boxed_body) };
        let answering = tokio::time::timeout(time, answering).instrument(span.clone());
        // Each thread of the server has a runtime of its own, which ends with it. What a request opens, such as a database connection
        // that others use after it, must live as long as the process.
        TokioContext::new(answering, state.runtime.clone()).await
    };
    let _entered = span.enter();
    let mut res = match answer {
        Ok(Ok(res)) => told_in_our_form(res, &context),
        // Without the request at hand: the error's own answer has to carry everything.
        Ok(Err(error)) => return Err(InContext::new(of_framework(&error), context, path).into()),
        Err(_) => return Err(InContext::new(ApiError::new(Code::Timeout), context, path).into()),
    };
    if res.headers().get(header::CONTENT_ENCODING).is_some_and(|value| value == "identity") {
        res.headers_mut().remove(header::CONTENT_ENCODING);
    }
    secure(res.headers_mut(), &path, &context.request_id);
    let (status, took) = (res.status().as_u16(), started.elapsed());
    metrics::answered(&route, &method, status, took);
    tracing::info!(http.status = status, http.took_us = micros(took), "answered");
    Ok(res)
}

fn micros(took: Duration) -> u64 {
    u64::try_from(took.as_micros()).unwrap_or(u64::MAX)
}

/// The time for a request: more for one that brings a large body.
fn time_for(req: &ServiceRequest) -> Duration {
    let length: Option<u64> =
        req.headers().get(header::CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse().ok());
    HANDLER_TIME + Duration::from_secs(length.unwrap_or(0).min(1 << 27) / UPLOAD_BYTES_PER_SECOND)
}

/// Turns the answer of an error into a problem in the caller's language, and logs its cause once.
fn told_in_our_form(res: ServiceResponse<BoxBody>, context: &ProblemContext) -> ServiceResponse<BoxBody> {
    let Some(error) = res.response().error() else { return res };
    let answer = match error.as_error::<ApiError>() {
        Some(error) => told(error, context),
        None => told(&of_framework(error), context),
    };
    let (req, old) = res.into_parts();
    let mut res = ServiceResponse::new(req, answer);
    for name in ["ratelimit-policy", "ratelimit"] {
        if let Some(value) = old.headers().get(name) {
            res.headers_mut().insert(header::HeaderName::from_static(name), value.clone());
        }
    }
    res
}

fn told(error: &ApiError, context: &ProblemContext) -> actix_web::HttpResponse {
    log(error);
    problem_response(error, context)
}

fn log(error: &ApiError) {
    let cause = error.cause().map(chain);
    match error.code().whose() {
        Whose::Ours => tracing::error!(error.code = error.code().name(), error.cause = cause, "failed"),
        Whose::Caller => tracing::info!(error.code = error.code().name(), error.cause = cause, "refused"),
    }
}

/// The cause with its own causes.
fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        text.push_str(": ");
        text.push_str(&error.to_string());
        source = error.source();
    }
    text
}

/// An error of the framework in our form.
fn of_framework(error: &Error) -> ApiError {
    let status = error.as_response_error().status_code();
    let code = match status.as_u16() {
        404 => Code::RouteNotFound,
        405 => Code::MethodNotAllowed,
        408 => Code::BodyTimeout,
        413 => Code::BodyTooLarge,
        415 => Code::UnsupportedMediaType,
        400..=499 => Code::RequestInvalid,
        _ => Code::Internal,
    };
    ApiError::caused(code, error.to_string())
}

/// An error whose answer is made without the request.
#[derive(Debug)]
struct InContext {
    error: ApiError,
    context: ProblemContext,
    path: String,
}

impl InContext {
    fn new(error: ApiError, context: ProblemContext, path: String) -> Self {
        log(&error);
        Self { error, context, path }
    }
}

impl std::fmt::Display for InContext {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.error.fmt(f)
    }
}

impl actix_web::ResponseError for InContext {
    fn status_code(&self) -> actix_web::http::StatusCode {
        self.error.code().status()
    }

    fn error_response(&self) -> actix_web::HttpResponse {
        let mut response = problem_response(&self.error, &self.context);
        secure(response.headers_mut(), &self.path, &self.context.request_id);
        response
    }
}
