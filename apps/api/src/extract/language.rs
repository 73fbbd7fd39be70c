//! The caller's language.

use crate::problem::accepted_language;
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{Error, FromRequest, HttpRequest};
use std::future::{Ready, ready};
use vigie_kernel::Locale;

/// The language of `Accept-Language`.
pub(crate) struct Language(pub(crate) Locale);

impl FromRequest for Language {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let header = req.headers().get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok());
        ready(Ok(Self(accepted_language(header))))
    }
}
