//! `GET /admin/organizations/{id}`

use super::Sources;
use super::sample_view::AdminOrganizationDetailsView;
use crate::extract::{Id, Operator};
use crate::problem::ApiError;
use crate::respond::Versioned;
use actix_web::{get, web};
use vigie_kernel::{Clock, OrganizationId};
use vigie_platform_monitoring::SampleService;
use vigie_tenancy::{PlanService, TenancyService};

/// Shows an organization, with its latest sample and the exceptions from its plan.
#[utoipa::path(
    operation_id = "admin_organization_get", tag = "admin",
    params(("id" = Uuid, Path, description = "The organization")),
    responses((status = 200, body = AdminOrganizationDetailsView)),
    extensions(("x-permission" = json!("platform:admin")))
)]
#[get("/admin/organizations/{id}")]
pub(crate) async fn get_organization(
    Operator(operator): Operator,
    Id(id): Id<OrganizationId>,
    (tenancy, plans): (web::Data<dyn TenancyService>, web::Data<dyn PlanService>),
    (samples, clock): (web::Data<dyn SampleService>, web::Data<dyn Clock>),
) -> Result<Versioned<AdminOrganizationDetailsView>, ApiError> {
    let organization = tenancy.get(id).await?;
    let sources = Sources { tenancy: &**tenancy, plans: &**plans, samples: &**samples, clock: &**clock };
    let body = sources.details(&operator, &organization).await?;
    Ok(Versioned { version: organization.snapshot().version, body })
}
