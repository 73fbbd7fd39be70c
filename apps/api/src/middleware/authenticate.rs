//! Who calls, and for which organization: found out before any body is read.

use super::client::{self, ClientAddress};
use super::request_id::RequestId;
use super::throttle::{Allowance, Throttle, policy_of_public, policy_of_sensitive};
use crate::openapi::{ApiDocument, PREFIX};
use crate::problem::{ApiError, Code};
use crate::server::ServerState;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, header};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage as _, web};
use url::form_urlencoded;
use vigie_auth::{AuthService, Caller, OrganizationStatus};
use vigie_composition::LimitPolicy;
use vigie_kernel::OrganizationId;
use vigie_tenancy::{TenancyService, TenantHints};

/// The organization that the request names by host, header or parameter, in the request's extensions.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NamedOrganization(pub(crate) Option<OrganizationId>);

/// What the authentication asks.
pub(crate) struct Gate {
    pub(crate) auth: web::Data<dyn AuthService>,
    pub(crate) tenancy: web::Data<dyn TenancyService>,
    pub(crate) document: web::Data<ApiDocument>,
    pub(crate) state: web::Data<ServerState>,
    pub(crate) throttle: Throttle,
}

/// Wraps the routes of the API. An operation that the document does not call public needs a valid access token.
pub(crate) async fn authenticate<B: MessageBody + 'static>(
    gate: web::Data<Gate>,
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    match gate.admit(&req).await {
        Ok(allowance) => {
            let mut res = next.call(req).await?.map_into_boxed_body();
            if let Some(allowance) = allowance {
                tell_allowance(res.headers_mut(), &allowance);
            }
            Ok(res)
        }
        Err(error) => Ok(req.error_response(error)),
    }
}

impl Gate {
    /// Lets a request in, or says why not; what is left to the client of his requests.
    async fn admit(&self, req: &ServiceRequest) -> Result<Option<Allowance>, ApiError> {
        // Where no route is, there is nothing to protect: the default route answers.
        let Some(pattern) = req.match_pattern() else { return Ok(None) };
        if let Some(address) = client::address(req, &self.state.trusted_proxies) {
            req.extensions_mut().insert(ClientAddress(address));
        }
        if self.document.is_public(req.method(), &pattern) {
            let allowance = self.count_address(policy_of_public(&pattern), req).await?;
            let named = self.named(req).await?;
            req.extensions_mut().insert(NamedOrganization(named));
            return Ok(allowance);
        }
        let Some(token) = bearer(req) else {
            self.count_address(LimitPolicy::AnonymousByIp, req).await?;
            let error = ApiError::new(Code::AuthenticationRequired);
            return Err(error.with_header(header::WWW_AUTHENTICATE, "Bearer"));
        };
        let named = self.named(req).await?;
        let request_id =
            req.extensions().get::<RequestId>().map_or_else(String::new, |request_id| request_id.0.clone());
        let caller = match self.auth.authenticate(token, named, &request_id).await {
            Ok(caller) => caller,
            Err(error) => {
                self.count_address(LimitPolicy::AnonymousByIp, req).await?;
                return Err(error.into());
            }
        };
        if let Some(policy) = policy_of_sensitive(&pattern) {
            self.count_address(policy, req).await?;
        }
        let allowance = self.throttle.count_user(caller.user().as_uuid()).await.map_err(too_many)?;
        if let (Caller::Member(member), Some(needed)) =
            (&caller, self.document.module_of(req.method(), &pattern))
        {
            needed.check(member.tenant.entitlements())?;
        }
        // One's own session and password are no data of the organization.
        if !pattern.starts_with(&format!("{PREFIX}/auth/")) {
            refuse_write(&caller, req.method())?;
        }
        req.extensions_mut().insert(caller);
        Ok(allowance)
    }

    async fn named(&self, req: &ServiceRequest) -> Result<Option<OrganizationId>, ApiError> {
        let header = req.headers().get("x-tenant-id").and_then(|value| value.to_str().ok());
        let query = form_urlencoded::parse(req.query_string().as_bytes())
            .find_map(|(name, value)| (name == "tenant").then(|| value.into_owned()));
        let hints = TenantHints {
            host: client::host(req, &self.state.trusted_proxies),
            header: header.map(str::to_owned),
            query,
        };
        Ok(self.tenancy.resolve(&hints).await?.map(|organization| organization.id))
    }

    async fn count_address(
        &self,
        policy: LimitPolicy,
        req: &ServiceRequest,
    ) -> Result<Option<Allowance>, ApiError> {
        let address = client::address(req, &self.state.trusted_proxies);
        self.throttle.count_address(policy, address).await.map_err(too_many)
    }
}

fn too_many(seconds: u64) -> ApiError {
    ApiError::new(Code::TooManyRequests).retry_after(seconds)
}

fn tell_allowance(headers: &mut header::HeaderMap, allowance: &Allowance) {
    for (name, value) in
        [("ratelimit-policy", allowance.policy_header()), ("ratelimit", allowance.state_header())]
    {
        if let Ok(value) = header::HeaderValue::from_str(&value) {
            headers.insert(header::HeaderName::from_static(name), value);
        }
    }
}

fn bearer(req: &ServiceRequest) -> Option<&str> {
    let value = req.headers().get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty()).then_some(token)
}

/// Seconds after which somebody may write again while his organization migrates.
const MIGRATION_RETRY: u64 = 5;

fn refuse_write(caller: &Caller, method: &Method) -> Result<(), ApiError> {
    if *method == Method::GET {
        return Ok(());
    }
    let Caller::Member(member) = caller else { return Ok(()) };
    match member.organization.status {
        OrganizationStatus::ReadOnly => Err(ApiError::new(Code::TenantReadOnly)),
        OrganizationStatus::Migrating => {
            Err(ApiError::new(Code::TenantMigrating).retry_after(MIGRATION_RETRY))
        }
        // Who of these may come in at all was decided before.
        OrganizationStatus::Active
        | OrganizationStatus::Provisioning
        | OrganizationStatus::Suspended
        | OrganizationStatus::Archived
        | OrganizationStatus::Failed
        | OrganizationStatus::Deleted => Ok(()),
    }
}
