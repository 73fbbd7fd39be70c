//! `GET /auth/invitations/{token}`

use super::view::SessionOrganizationView;
use crate::problem::ApiError;
use actix_web::{get, web};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use vigie_auth::{MembershipService, SecretText};

/// What an invitation offers.
#[derive(Serialize, ToSchema)]
pub(crate) struct InvitationOfferView {
    organization: SessionOrganizationView,
    /// The address that is invited; nobody else can accept.
    email: String,
    /// The role that is offered.
    role: &'static str,
    full_name: Option<String>,
    /// Whether the address has an account, whose password accepts it.
    has_account: bool,
    /// Until when it can be accepted.
    expires_at: DateTime<Utc>,
}

/// Shows what an invitation offers to who has its token. Changes nothing.
#[utoipa::path(
    operation_id = "auth_invitation_offer", tag = "auth", security(()),
    params(("token" = String, Path, description = "The token that was mailed")),
    responses((status = 200, body = InvitationOfferView))
)]
#[get("/auth/invitations/{token}")]
pub(crate) async fn invitation_offer(
    token: web::Path<String>,
    members: web::Data<dyn MembershipService>,
) -> Result<web::Json<InvitationOfferView>, ApiError> {
    let offer = members.invitation_offer(&SecretText::new(token.into_inner())).await?;
    let it = offer.invitation.snapshot();
    Ok(web::Json(InvitationOfferView {
        organization: SessionOrganizationView::from(&offer.organization),
        email: it.email.as_str().to_owned(),
        role: it.role.name(),
        full_name: it.full_name.clone(),
        has_account: offer.has_account,
        expires_at: it.expires_at,
    }))
}
