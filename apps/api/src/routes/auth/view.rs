//! How accounts, organizations and sessions are shown.

use crate::middleware::{ClientAddress, network_of};
use actix_web::HttpMessage as _;
use actix_web::HttpRequest;
use actix_web::http::header;
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use vigie_auth::{ClientInfo, OrganizationSummary, Profile, SignedIn, UserSummary};
use vigie_kernel::{Locale, Role};

/// What a platform administrator has instead of a role in an organization.
const PLATFORM_ADMIN: &str = "PLATFORM_ADMIN";

/// An account, with its role in the organization of the session.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserView {
    id: Uuid,
    email: String,
    full_name: String,
    /// `OWNER`, `ADMIN`, `MANAGER`, `USER` or `PLATFORM_ADMIN`.
    role: Option<&'static str>,
    /// Null for a platform administrator.
    organization_id: Option<Uuid>,
    /// `fr` or `en`; null when the account has no language of its own.
    locale: Option<&'static str>,
    is_active: bool,
    /// When he proved that the address is his; null when he has not.
    email_verified_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl UserView {
    fn new(user: &UserSummary, role: Option<Role>, organization: Option<&OrganizationSummary>) -> Self {
        let role = if user.is_platform_admin && organization.is_none() {
            Some(PLATFORM_ADMIN)
        } else {
            role.map(Role::name)
        };
        Self {
            id: user.id.as_uuid(),
            email: user.email.as_str().to_owned(),
            full_name: user.full_name.clone(),
            role,
            organization_id: organization.map(|organization| organization.id.as_uuid()),
            locale: user.locale.map(Locale::code),
            is_active: user.is_active,
            email_verified_at: user.email_verified_at,
            created_at: user.created_at,
            updated_at: user.updated_at,
        }
    }
}

impl From<&Profile> for UserView {
    fn from(profile: &Profile) -> Self {
        Self::new(&profile.user, profile.role, profile.organization.as_ref())
    }
}

/// The organization of a session.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionOrganizationView {
    id: Uuid,
    /// Its short name in addresses.
    slug: String,
    name: String,
    status: &'static str,
    /// IANA time zone.
    time_zone: &'static str,
    /// `fr` or `en`.
    locale: &'static str,
}

impl From<&OrganizationSummary> for SessionOrganizationView {
    fn from(organization: &OrganizationSummary) -> Self {
        Self {
            id: organization.id.as_uuid(),
            slug: organization.slug.to_string(),
            name: organization.name.clone(),
            status: organization.status.name(),
            time_zone: organization.settings.time_zone.name(),
            locale: organization.settings.locale.code(),
        }
    }
}

/// The caller and the organization of his session.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProfileView {
    user: UserView,
    /// Null for a platform administrator.
    organization: Option<SessionOrganizationView>,
}

impl From<&Profile> for ProfileView {
    fn from(profile: &Profile) -> Self {
        Self {
            user: UserView::from(profile),
            organization: profile.organization.as_ref().map(SessionOrganizationView::from),
        }
    }
}

/// An open session with its tokens.
#[derive(Serialize, ToSchema)]
pub(crate) struct SessionView {
    /// For the `Authorization` header.
    access_token: String,
    /// Good for one exchange at `POST /auth/refresh`.
    refresh_token: String,
    #[schema(example = "Bearer")]
    token_type: &'static str,
    /// Seconds for which the access token is good.
    expires_in: i64,
    user: UserView,
    /// Null for a platform administrator.
    organization: Option<SessionOrganizationView>,
}

impl From<SignedIn> for SessionView {
    fn from(signed_in: SignedIn) -> Self {
        let SignedIn { access_token, refresh_token, expires_in, user, role, organization } = signed_in;
        Self {
            access_token: access_token.expose().to_owned(),
            refresh_token: refresh_token.expose().to_owned(),
            token_type: "Bearer",
            expires_in,
            user: UserView::new(&user, role, organization.as_ref()),
            organization: organization.as_ref().map(SessionOrganizationView::from),
        }
    }
}

/// What the request tells of its client.
pub(super) fn client_of(req: &HttpRequest) -> ClientInfo {
    let user_agent = req.headers().get(header::USER_AGENT).and_then(|value| value.to_str().ok());
    let request_id =
        req.extensions().get::<crate::middleware::RequestId>().map(|request_id| request_id.0.clone());
    let address = req.extensions().get::<ClientAddress>().map(|address| address.0);
    ClientInfo {
        user_agent: user_agent.map(str::to_owned),
        network: address.map(network_of),
        request_id: request_id.unwrap_or_default(),
    }
}
