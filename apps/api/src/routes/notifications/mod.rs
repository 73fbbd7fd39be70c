//! The caller's inbox.

mod list;
mod read;
mod read_all;
mod unread_count;
mod view;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the routes.
pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(list::list_notifications)
        .service(unread_count::count_unread)
        .service(read_all::mark_all_read)
        .service(read::mark_read);
}
