//! Whether the server works, for whoever watches it. Needs no token.

mod live;
mod ready;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the routes.
pub(crate) fn configure(config: &mut ServiceConfig) {
    config.service(live::live).service(ready::ready);
}
