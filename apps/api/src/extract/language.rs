//! The caller's language.

use crate::problem::{accepted_language, named_language};
use actix_web::dev::Payload;
use actix_web::http::header;
use actix_web::{Error, FromRequest, HttpMessage as _, HttpRequest};
use std::future::{Ready, ready};
use vigie_auth::Caller;
use vigie_kernel::Locale;

/// The language of `Accept-Language`.
pub(crate) struct Language(pub(crate) Locale);

impl FromRequest for Language {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(accepted_language(asked_for(req)))))
    }
}

/// The language in which the caller reads: that of `Accept-Language`, else his own, else his organization's.
pub(crate) struct ReaderLanguage(pub(crate) Locale);

impl FromRequest for ReaderLanguage {
    type Error = Error;
    type Future = Ready<Result<Self, Error>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let own = match req.extensions().get::<Caller>() {
            Some(Caller::Member(member)) => {
                Some(member.user.locale.unwrap_or(member.tenant.settings().locale))
            }
            Some(Caller::PlatformAdmin(admin)) => admin.user.locale,
            None => None,
        };
        ready(Ok(Self(named_language(asked_for(req)).or(own).unwrap_or_default())))
    }
}

fn asked_for(req: &HttpRequest) -> Option<&str> {
    req.headers().get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok())
}
