//! `GET /admin/organizations/{id}`

use super::view::AdminOrganizationView;
use crate::extract::{Id, Operator};
use crate::problem::ApiError;
use crate::respond::Versioned;
use actix_web::{get, web};
use vigie_kernel::OrganizationId;
use vigie_tenancy::TenancyService;

/// Shows an organization.
#[utoipa::path(
    operation_id = "admin_organization_get", tag = "admin",
    params(("id" = Uuid, Path, description = "The organization")),
    responses((status = 200, body = AdminOrganizationView)),
    extensions(("x-permission" = json!("platform:admin")))
)]
#[get("/admin/organizations/{id}")]
pub(crate) async fn get_organization(
    Operator(operator): Operator,
    Id(id): Id<OrganizationId>,
    tenancy: web::Data<dyn TenancyService>,
) -> Result<Versioned<AdminOrganizationView>, ApiError> {
    let organization = tenancy.get(id).await?;
    let domain = super::domain_of(&**tenancy, &operator, Some(&organization)).await?;
    let version = organization.snapshot().version;
    Ok(Versioned { version, body: AdminOrganizationView::new(&organization, domain) })
}
