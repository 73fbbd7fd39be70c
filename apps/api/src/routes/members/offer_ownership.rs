//! `POST /user/organizations/me/ownership-transfer`

use crate::extract::{Body, Checks, LoggedIn, RequestBody, SecretField, Tenant};
use crate::once::{Answered, IdempotencyHeader, Once};
use crate::problem::ApiError;
use crate::respond::Told;
use actix_web::{post, web};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;
use vigie_auth::{MembershipService, OfferOwnership};

/// To whom, and the caller's password.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct OfferOwnershipRequest {
    /// A member of the organization.
    #[schema(value_type = Uuid)]
    user_id: Option<String>,
    #[schema(value_type = String, format = "password")]
    current_password: Option<SecretField>,
}

impl RequestBody for OfferOwnershipRequest {
    const LIMIT: usize = 8 * 1024;
}

impl OfferOwnershipRequest {
    fn command(self, checks: &mut Checks) -> OfferOwnership {
        let given = self.user_id.is_some();
        let user = checks.id("user_id", self.user_id.as_deref());
        if !given {
            checks.refuse("user_id", "required");
        }
        OfferOwnership {
            user: user.unwrap_or_else(|| Uuid::nil().into()),
            current_password: checks.required("current_password", self.current_password).into(),
        }
    }
}

/// An offer to take over the organization.
#[derive(Serialize, ToSchema)]
pub(crate) struct OwnershipOfferView {
    id: Uuid,
    to_user_id: Uuid,
    created_at: DateTime<Utc>,
    /// Until when it can be accepted.
    expires_at: DateTime<Utc>,
}

/// Offers the organization to another member, who has 72 hours to accept; an earlier offer is good no more. Accepting makes him an owner
/// and the caller an administrator.
#[utoipa::path(
    operation_id = "ownership_offer", tag = "user",
    params(IdempotencyHeader),
    request_body = OfferOwnershipRequest,
    responses((status = 200, body = OwnershipOfferView)),
    extensions(("x-permission" = json!("organization:transfer")))
)]
#[post("/user/organizations/me/ownership-transfer")]
pub(crate) async fn offer_ownership(
    Tenant(tenant): Tenant,
    LoggedIn(caller): LoggedIn,
    members: web::Data<dyn MembershipService>,
    once: Once,
    body: Body<OfferOwnershipRequest>,
) -> Result<Answered<Told<OwnershipOfferView>>, ApiError> {
    let once = once.of(&body);
    let command = body.read(OfferOwnershipRequest::command)?;
    let offer = async {
        let offer = members.offer_ownership(&caller, command).await?;
        Ok(Told(OwnershipOfferView {
            id: offer.id.as_uuid(),
            to_user_id: offer.to.as_uuid(),
            created_at: offer.created_at,
            expires_at: offer.expires_at,
        }))
    };
    once.run(&tenant, offer).await
}
