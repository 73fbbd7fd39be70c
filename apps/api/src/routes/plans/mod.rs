//! Plans, limits and modules.

mod modules;
mod set_module;
mod usage;
mod view;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the routes.
pub(crate) fn configure(config: &mut ServiceConfig) {
    config.service(modules::own_modules).service(usage::own_usage).service(set_module::set_module);
}
