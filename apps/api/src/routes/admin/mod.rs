//! What platform administrators do.

mod backup_view;
mod change_organization;
mod create_organization;
mod get_migration;
mod get_operation;
mod get_organization;
mod list_backups;
mod list_migrations;
mod list_operations;
mod list_organizations;
mod migration_view;
mod request_backup;
mod sample_view;
mod view;

use crate::problem::ApiError;
use sample_view::{AdminOrganizationDetailsView, LimitExceptionView};
use utoipa_actix_web::service_config::ServiceConfig;
use view::AdminOrganizationView;
use vigie_kernel::{Clock, OperatorContext};
use vigie_platform_monitoring::SampleService;
use vigie_tenancy::{Organization, PlanError, PlanService, TenancyService};

/// Registers the routes.
pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(list_organizations::list_organizations)
        .service(create_organization::create_organization)
        .service(get_organization::get_organization)
        .service(change_organization::change_organization)
        .service(list_operations::list_operations)
        .service(get_operation::get_operation)
        .service(request_backup::request_backup)
        .service(list_backups::list_backups)
        .service(list_migrations::list_migrations)
        .service(get_migration::get_migration);
}

/// The first domain of an organization.
async fn domain_of(
    tenancy: &dyn TenancyService,
    operator: &OperatorContext,
    organization: Option<&Organization>,
) -> Result<Option<String>, ApiError> {
    let Some(organization) = organization else { return Ok(None) };
    let domains = tenancy.domains(operator, &[organization.id()]).await?;
    Ok(domains.into_iter().next().map(|(_, domain)| domain))
}

/// Where what is shown of one organization comes from. None of it opens the organization's database.
struct Sources<'a> {
    tenancy: &'a dyn TenancyService,
    plans: &'a dyn PlanService,
    samples: &'a dyn SampleService,
    clock: &'a dyn Clock,
}

impl Sources<'_> {
    /// Everything that one organization is shown with.
    async fn details(
        &self,
        operator: &OperatorContext,
        organization: &Organization,
    ) -> Result<AdminOrganizationDetailsView, ApiError> {
        let id = organization.id();
        let domain = domain_of(self.tenancy, operator, Some(organization)).await?;
        let sample = self.samples.samples(operator, &[id]).await?.pop();
        let now = self.clock.now();
        let exceptions = match self.plans.subscription(id).await {
            Ok(subscription) => subscription.overrides,
            // Who is deleted has no plan any more.
            Err(PlanError::NotFound) => Vec::new(),
            Err(error) => return Err(error.into()),
        };
        Ok(AdminOrganizationDetailsView {
            organization: AdminOrganizationView::new(organization, domain, sample),
            limit_exceptions: exceptions.iter().map(|one| LimitExceptionView::new(one, now)).collect(),
        })
    }
}
