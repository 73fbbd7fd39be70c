//! Values of KPIs by period.

mod add;
mod delete;
mod entry;
mod get;
mod list;
mod put;
mod revisions;
mod view;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the routes.
pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(list::list_values)
        .service(add::add_value)
        .service(get::get_value)
        .service(put::put_value)
        .service(delete::delete_value)
        .service(revisions::list_revisions);
}
