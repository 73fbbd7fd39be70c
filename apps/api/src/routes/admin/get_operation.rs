//! `GET /admin/operations/{id}`

use super::view::OperationView;
use crate::extract::{Id, Operator};
use crate::problem::ApiError;
use actix_web::{get, web};
use vigie_kernel::OperationId;
use vigie_tenancy::TenancyService;

/// Shows an operation: its steps, and what became of each so far.
#[utoipa::path(
    operation_id = "admin_operation_get", tag = "admin",
    params(("id" = Uuid, Path, description = "The operation")),
    responses((status = 200, body = OperationView)),
    extensions(("x-permission" = json!("platform:admin")))
)]
#[get("/admin/operations/{id}")]
pub(crate) async fn get_operation(
    Operator(operator): Operator,
    Id(id): Id<OperationId>,
    tenancy: web::Data<dyn TenancyService>,
) -> Result<web::Json<OperationView>, ApiError> {
    let outcome = tenancy.operation(&operator, id).await?;
    Ok(web::Json(OperationView::from(&outcome.operation)))
}
