//! `GET /user/organizations/me/usage`

use super::view::UsageView;
use crate::extract::Tenant;
use crate::problem::ApiError;
use actix_web::{get, web};
use vigie_tenancy::PlanService;

/// Shows the limits of the organization that the caller is logged in to, and what is in use of them.
#[utoipa::path(
    operation_id = "organization_usage", tag = "user",
    responses((status = 200, body = UsageView)),
    extensions(("x-permission" = json!("organization:read")))
)]
#[get("/user/organizations/me/usage")]
pub(crate) async fn own_usage(
    Tenant(tenant): Tenant,
    plans: web::Data<dyn PlanService>,
) -> Result<web::Json<UsageView>, ApiError> {
    Ok(web::Json(UsageView::from(plans.usage(&tenant).await?)))
}
