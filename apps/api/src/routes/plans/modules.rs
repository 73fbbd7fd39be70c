//! `GET /user/organizations/me/modules`

use super::view::ModuleView;
use crate::extract::Tenant;
use crate::problem::ApiError;
use crate::respond::List;
use actix_web::{get, web};
use vigie_tenancy::PlanService;

/// Lists the modules of the organization that the caller is logged in to, those that are off too.
#[utoipa::path(
    operation_id = "organization_modules", tag = "user",
    responses((status = 200, body = List<ModuleView>)),
    extensions(("x-permission" = json!("organization:read")))
)]
#[get("/user/organizations/me/modules")]
pub(crate) async fn own_modules(
    Tenant(tenant): Tenant,
    plans: web::Data<dyn PlanService>,
) -> Result<List<ModuleView>, ApiError> {
    let modules = plans.modules(&tenant).await?;
    Ok(List::whole(modules.into_iter().map(ModuleView::from).collect()))
}
