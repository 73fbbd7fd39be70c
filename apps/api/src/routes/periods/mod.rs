//! Closing periods.

mod get_closing;
mod put_closing;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the routes.
pub(crate) fn configure(config: &mut ServiceConfig) {
    config.service(get_closing::get_closing).service(put_closing::put_closing);
}
