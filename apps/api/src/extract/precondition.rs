//! `If-Match`: the version that the caller has seen.

use crate::problem::{ApiError, Code};
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest};
use std::future::{Ready, ready};

/// The version in `If-Match`; `None` when the header is absent or `*`.
pub(crate) struct IfMatch(pub(crate) Option<i64>);

impl FromRequest for IfMatch {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let mut values = req.headers().get_all(header::IF_MATCH);
        let version = match (values.next(), values.next()) {
            (None, _) => Ok(None),
            (Some(value), None) => value.to_str().ok().and_then(read).ok_or(Code::IfMatchInvalid),
            (Some(_), Some(_)) => Err(Code::IfMatchInvalid),
        };
        ready(version.map(Self).map_err(ApiError::new))
    }
}

/// `*` or one strong tag `"<version>"`.
fn read(text: &str) -> Option<Option<i64>> {
    let text = text.trim();
    if text == "*" {
        return Some(None);
    }
    let version = text.strip_prefix('"')?.strip_suffix('"')?;
    version.parse().ok().map(Some)
}
