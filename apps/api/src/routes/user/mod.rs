//! The caller and his organization.

mod me;
mod organization;
mod permissions;

pub(crate) use organization::SettingsView;
use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the routes.
pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(me::own_account)
        .service(organization::own_organization)
        .service(permissions::permission_matrix);
}
