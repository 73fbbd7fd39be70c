//! JSON bodies.

use super::Checks;
use super::json_depth::nests_deeper_than;
use super::json_repair::{self, NotJson, Repaired};
use crate::problem::{ApiError, Code};
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::web::{Bytes, BytesMut};
use actix_web::{FromRequest, HttpRequest};
use futures_util::StreamExt as _;
use futures_util::future::LocalBoxFuture;
use serde::de::DeserializeOwned;
use std::time::Duration;
use vigie_kernel::{FieldError, FieldErrors};

/// Deepest nesting of a body.
const MAX_DEPTH: usize = 32;
/// Time that a body of any size may take; on top of it comes a second for each [`BYTES_PER_SECOND`].
const PAYLOAD_BASE: Duration = Duration::from_secs(10);
const BYTES_PER_SECOND: u64 = 64 * 1024;

/// A request type. Every field is optional to serde, so that all that is missing is told at once.
pub(crate) trait RequestBody: DeserializeOwned + 'static {
    /// The largest body, in bytes.
    const LIMIT: usize = 256 * 1024;
}

/// A JSON body, read as far as it fits its type.
pub(crate) struct Body<T> {
    value: Option<T>,
    errors: FieldErrors,
    bytes: Bytes,
}

impl<T> Body<T> {
    /// The body as it came.
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Translates the body; refuses it with every error that reading or translating found.
    pub(crate) fn read<C>(self, translate: impl FnOnce(T, &mut Checks) -> C) -> Result<C, ApiError> {
        let Some(value) = self.value else { return Err(ApiError::invalid(self.errors)) };
        let mut checks = Checks::after(self.errors);
        let command = translate(value, &mut checks);
        checks.finish()?;
        Ok(command)
    }
}

impl<T: RequestBody> FromRequest for Body<T> {
    type Error = ApiError;
    type Future = LocalBoxFuture<'static, Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, payload: &mut Payload) -> Self::Future {
        let checked = check_head(req, T::LIMIT);
        let payload = payload.take();
        Box::pin(async move {
            checked?;
            let bytes = read_payload(payload, T::LIMIT).await?;
            parse(bytes)
        })
    }
}

fn check_head(req: &HttpRequest, limit: usize) -> Result<(), ApiError> {
    let essence = |value: &str| value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let content_type =
        req.headers().get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(essence);
    if !content_type.is_some_and(|kind| kind == "application/json" || kind.ends_with("+json")) {
        return Err(ApiError::new(Code::UnsupportedMediaType));
    }
    if req.headers().contains_key(header::CONTENT_ENCODING) {
        return Err(ApiError::new(Code::UnsupportedMediaType));
    }
    let length = req
        .headers()
        .get(header::CONTENT_LENGTH)
        .and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    if length.is_some_and(|length| length > limit) { Err(too_large(limit)) } else { Ok(()) }
}

/// Reads a whole body of at most `limit` bytes, within the time that its size allows.
async fn read_payload(payload: Payload, limit: usize) -> Result<Bytes, ApiError> {
    let extra = u64::try_from(limit).unwrap_or(u64::MAX) / BYTES_PER_SECOND;
    tokio::time::timeout(PAYLOAD_BASE + Duration::from_secs(extra), collect(payload, limit))
        .await
        .map_err(|_| ApiError::new(Code::BodyTimeout))?
}

async fn collect(mut payload: Payload, limit: usize) -> Result<Bytes, ApiError> {
    let mut bytes = BytesMut::new();
    while let Some(chunk) = payload.next().await {
        let chunk = chunk.map_err(|error| ApiError::caused(Code::BodyUnreadable, error))?;
        if bytes.len() + chunk.len() > limit {
            return Err(too_large(limit));
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes.freeze())
}

fn too_large(limit: usize) -> ApiError {
    ApiError::field(Code::BodyTooLarge, FieldError::new("", "body_too_large").with("max_bytes", limit))
}

fn parse<T: DeserializeOwned>(bytes: Bytes) -> Result<Body<T>, ApiError> {
    if nests_deeper_than(&bytes, MAX_DEPTH) {
        let error = FieldError::new("", "nested_too_deep").with("max", MAX_DEPTH);
        return Err(ApiError::field(Code::JsonMalformed, error));
    }
    match json_repair::read(&bytes) {
        Ok(Repaired { value, errors }) => Ok(Body { value, errors, bytes }),
        Err(NotJson::Syntax(line, column)) => Err(ApiError::field(
            Code::JsonMalformed,
            FieldError::new("", "json_syntax").with("line", line).with("column", column),
        )),
    }
}

#[cfg(test)]
pub(super) fn parse_for_tests<T: DeserializeOwned>(json: &str) -> Result<Body<T>, ApiError> {
    parse(Bytes::copy_from_slice(json.as_bytes()))
}
