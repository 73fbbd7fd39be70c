//! Answers that can be kept, and how a kept one is sent.

use actix_web::body::BoxBody;
use actix_web::http::{StatusCode, header};
use actix_web::{HttpRequest, HttpResponse, Responder};
use vigie_kernel::KeptAnswer;

/// Tells an answer that was given before.
const REPLAYED: &str = "idempotency-replayed";

/// An answer that says itself what is kept of it.
pub(crate) trait Keep: Responder<Body = BoxBody> {
    /// Status, `Location`, `ETag` and body.
    fn keep(&self) -> serde_json::Result<KeptAnswer>;
}

/// The answer of a request that may have a key.
pub(crate) enum Answered<R> {
    /// Without a key: what the handler answers.
    Now(R),
    /// With one: what is kept.
    Kept {
        /// The answer.
        answer: KeptAnswer,
        /// Whether it was given before.
        replayed: bool,
    },
}

impl<R: Keep> Responder for Answered<R> {
    type Body = BoxBody;

    fn respond_to(self, req: &HttpRequest) -> HttpResponse {
        match self {
            Self::Now(answer) => answer.respond_to(req),
            Self::Kept { answer, replayed } => respond(answer, replayed),
        }
    }
}

fn respond(answer: KeptAnswer, replayed: bool) -> HttpResponse {
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::OK);
    let mut response = HttpResponse::build(status);
    if let Some(location) = answer.location {
        response.insert_header((header::LOCATION, location));
    }
    if let Some(etag) = answer.etag {
        response.insert_header((header::ETAG, etag));
    }
    if replayed {
        response.insert_header((REPLAYED, "true"));
    }
    if answer.body.is_empty() {
        return response.finish();
    }
    response.content_type(header::ContentType::json()).body(answer.body)
}
