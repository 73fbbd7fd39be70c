//! Who calls, as the authentication found out before the handler.

use crate::middleware::NamedOrganization;
use crate::problem::{ApiError, Code};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest};
use std::future::{Ready, ready};
use vigie_auth::Caller;
use vigie_kernel::{OrganizationId, TenantContext};

/// The member's key to his organization's data. A platform administrator has none.
pub(crate) struct Tenant(pub(crate) TenantContext);

impl FromRequest for Tenant {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(match req.extensions().get::<Caller>() {
            Some(Caller::Member(member)) => Ok(Self(member.tenant.clone())),
            Some(Caller::PlatformAdmin(_)) => Err(ApiError::new(Code::MemberRequired)),
            None => Err(ApiError::new(Code::AuthenticationRequired)),
        })
    }
}

/// Anybody who is logged in.
pub(crate) struct LoggedIn(pub(crate) Caller);

impl FromRequest for LoggedIn {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = req.extensions().get::<Caller>().cloned();
        ready(caller.map(Self).ok_or_else(|| ApiError::new(Code::AuthenticationRequired)))
    }
}

/// The organization that a public request names; `None` when it names none.
pub(crate) struct Named(pub(crate) Option<OrganizationId>);

impl FromRequest for Named {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let named = req.extensions().get::<NamedOrganization>().copied();
        ready(named.map(|named| Self(named.0)).ok_or_else(|| ApiError::missing_service("named organization")))
    }
}
