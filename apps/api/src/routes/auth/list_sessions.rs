//! `GET /auth/sessions`

use super::device::device_of;
use crate::extract::LoggedIn;
use crate::problem::ApiError;
use crate::respond::List;
use actix_web::{get, web};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use vigie_auth::{AuthService, SessionSnapshot};
use vigie_kernel::SessionId;

/// A place where the caller is logged in.
#[derive(Serialize, ToSchema)]
pub(crate) struct OpenSessionView {
    id: Uuid,
    /// Browser and system as far as they are known, such as `Firefox, Windows`.
    device: Option<String>,
    /// What the client called itself when it logged in.
    user_agent: Option<String>,
    /// The network that it was used from last: the /24 of an IPv4 address, the /48 of an IPv6 address.
    network: Option<String>,
    /// The organization that it is for; null for a platform administrator.
    organization_id: Option<Uuid>,
    created_at: DateTime<Utc>,
    /// When it was opened or renewed last.
    last_used_at: DateTime<Utc>,
    /// When it ends whatever happens.
    expires_at: DateTime<Utc>,
    /// Whether it is the session of this request.
    current: bool,
}

impl OpenSessionView {
    fn new(session: SessionSnapshot, current: SessionId) -> Self {
        let device = session.user_agent.as_deref().and_then(device_of);
        Self {
            id: session.id.as_uuid(),
            device,
            user_agent: session.user_agent,
            network: session.network,
            organization_id: session.organization_id.map(Into::into),
            created_at: session.created_at,
            last_used_at: session.last_used_at,
            expires_at: session.expires_at,
            current: session.id == current,
        }
    }
}

/// Lists where the caller is logged in, the last used first; at most ten.
#[utoipa::path(
    operation_id = "auth_session_list", tag = "auth",
    responses((status = 200, body = List<OpenSessionView>)),
    extensions(("x-permission" = json!("login")))
)]
#[get("/auth/sessions")]
pub(crate) async fn list_sessions(
    LoggedIn(caller): LoggedIn,
    auth: web::Data<dyn AuthService>,
) -> Result<List<OpenSessionView>, ApiError> {
    let open = auth.sessions(&caller).await?;
    let current = caller.session();
    Ok(List::whole(open.into_iter().map(|session| OpenSessionView::new(session, current)).collect()))
}
