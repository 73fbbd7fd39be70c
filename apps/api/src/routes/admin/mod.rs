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
mod view;

use crate::problem::ApiError;
use utoipa_actix_web::service_config::ServiceConfig;
use vigie_kernel::OperatorContext;
use vigie_tenancy::{Organization, TenancyService};

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
