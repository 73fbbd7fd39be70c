//! Where the organization stands.

mod overview;
mod top_risks;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the routes.
pub(crate) fn configure(config: &mut ServiceConfig) {
    config.service(overview::show_overview).service(top_risks::list_top_risks);
}
