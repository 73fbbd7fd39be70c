//! Comments on KPIs and actions.

mod change;
mod delete;
mod list_of_action;
mod list_of_kpi;
mod view;
mod write_on_action;
mod write_on_kpi;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the routes.
pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(write_on_kpi::write_comment_on_kpi)
        .service(list_of_kpi::list_comments_of_kpi)
        .service(write_on_action::write_comment_on_action)
        .service(list_of_action::list_comments_of_action)
        .service(change::change_comment)
        .service(delete::delete_comment);
}
