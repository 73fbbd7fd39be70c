//! `Last-Event-ID`: what the client of a stream has already.

use crate::problem::{ApiError, Code, Detail};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use std::future::{Ready, ready};

const HEADER: &str = "last-event-id";

/// The number in `Last-Event-ID`; `None` when the header is absent or empty.
pub(crate) struct LastEventId(pub(crate) Option<i64>);

impl FromRequest for LastEventId {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let read = match req.headers().get(HEADER) {
            None => Ok(None),
            Some(value) if value.is_empty() => Ok(None),
            Some(value) => {
                value.to_str().ok().and_then(|text| text.parse().ok()).map(Some).ok_or_else(invalid)
            }
        };
        ready(read.map(Self))
    }
}

fn invalid() -> ApiError {
    ApiError::new(Code::HeaderInvalid).with_detail(Detail {
        en: "Last-Event-ID must be the id of an event of this stream.".to_owned(),
        fr: "Last-Event-ID doit être l'id d'un événement de ce flux.".to_owned(),
    })
}
