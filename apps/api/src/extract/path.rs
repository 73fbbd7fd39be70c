//! Parts of the path.

use crate::problem::{ApiError, Code};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use std::future::{Ready, ready};
use uuid::Uuid;
use vigie_kernel::FieldError;

/// The `{id}` of the path, as the typed id that the handler wants.
pub(crate) struct Id<T>(pub(crate) T);

impl<T: From<Uuid> + 'static> FromRequest for Id<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let id = req.match_info().get("id").and_then(|text| Uuid::try_parse(text).ok());
        ready(
            id.map(|id| Self(T::from(id)))
                .ok_or_else(|| ApiError::field(Code::PathInvalid, FieldError::new("id", "id_invalid"))),
        )
    }
}

/// The `{period}` of the path, decoded.
pub(crate) struct Key(pub(crate) String);

impl FromRequest for Key {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let key = req.match_info().get("period").filter(|key| key.len() <= 32).map(str::to_owned);
        ready(
            key.map(Self).ok_or_else(|| {
                ApiError::field(Code::PathInvalid, FieldError::new("period", "period_invalid"))
            }),
        )
    }
}
