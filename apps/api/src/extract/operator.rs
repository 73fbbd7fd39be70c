//! A platform administrator, and the key that his requests may have to have.

use crate::problem::{ApiError, Code};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use std::future::{Ready, ready};
use vigie_auth::Caller;
use vigie_kernel::{IdempotencyKey, OperatorContext};

/// The right to operate the platform. No member of an organization has it.
pub(crate) struct Operator(pub(crate) OperatorContext);

impl FromRequest for Operator {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(match req.extensions().get::<Caller>() {
            Some(Caller::PlatformAdmin(admin)) => Ok(Self(admin.operator.clone())),
            Some(Caller::Member(_)) => Err(ApiError::new(Code::PlatformAdminRequired)),
            None => Err(ApiError::new(Code::AuthenticationRequired)),
        })
    }
}

/// An `Idempotency-Key` that has to be there.
pub(crate) struct RequiredKey(pub(crate) IdempotencyKey);

impl FromRequest for RequiredKey {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let mut values = req.headers().get_all("idempotency-key");
        ready(match (values.next(), values.next()) {
            (None, _) => Err(ApiError::new(Code::IdempotencyKeyRequired)),
            (Some(value), None) => value
                .to_str()
                .ok()
                .and_then(|text| IdempotencyKey::parse(text.trim()))
                .map(Self)
                .ok_or_else(|| ApiError::new(Code::IdempotencyKeyInvalid)),
            (Some(_), Some(_)) => Err(ApiError::new(Code::IdempotencyKeyInvalid)),
        })
    }
}
