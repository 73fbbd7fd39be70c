//! Dashboards.

mod change;
mod create;
mod delete;
mod get;
mod list;
mod view;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the routes.
pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(create::create_dashboard)
        .service(list::list_dashboards)
        .service(get::get_dashboard)
        .service(change::change_dashboard)
        .service(delete::delete_dashboard);
}
