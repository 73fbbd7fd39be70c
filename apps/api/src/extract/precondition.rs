//! `If-Match`: the version that the caller has seen.

use crate::problem::{ApiError, Code};
use crate::server::ServerState;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{FromRequest, HttpRequest, web};
use std::future::{Ready, ready};

/// The version in `If-Match`; `None` for `*`, and when the header is absent and the installation does not demand it.
pub(crate) struct IfMatch(pub(crate) Option<i64>);

impl FromRequest for IfMatch {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let mut values = req.headers().get_all(header::IF_MATCH);
        let version = match (values.next(), values.next()) {
            (None, _) if is_demanded(req) => Err(Code::PreconditionRequired),
            (None, _) => Ok(None),
            (Some(value), None) => value.to_str().ok().and_then(read).ok_or(Code::IfMatchInvalid),
            (Some(_), Some(_)) => Err(Code::IfMatchInvalid),
        };
        ready(version.map(Self).map_err(ApiError::new))
    }
}

/// Whether this installation refuses changes of what may have changed meanwhile.
fn is_demanded(req: &HttpRequest) -> bool {
    req.app_data::<web::Data<ServerState>>().is_some_and(|state| state.require_if_match)
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
