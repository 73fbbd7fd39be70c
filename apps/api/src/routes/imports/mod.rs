//! Imports of values from files.

mod cancel;
mod events;
mod get;
mod list;
mod rejected;
mod start;
mod view;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the routes.
pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(start::start_import)
        .service(list::list_imports)
        .service(get::get_import)
        .service(events::import_events)
        .service(cancel::cancel_import)
        .service(rejected::rejected_rows);
}
