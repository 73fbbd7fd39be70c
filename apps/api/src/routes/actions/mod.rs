//! Actions on KPIs.

mod change;
mod create;
mod delete;
mod get;
mod list;
mod list_of_kpi;
mod view;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the routes.
pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(create::create_action)
        .service(list_of_kpi::list_actions_of_kpi)
        .service(list::list_actions)
        .service(get::get_action)
        .service(change::change_action)
        .service(delete::delete_action);
}
