//! KPIs and their thresholds.

mod change;
mod define;
mod delete;
mod get;
mod list;
mod list_thresholds;
mod recompute;
mod series;
mod set_thresholds;
mod thresholds;
mod view;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the routes.
pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(define::define_kpi)
        .service(list::list_kpis)
        .service(get::get_kpi)
        .service(change::change_kpi)
        .service(delete::delete_kpi)
        .service(list_thresholds::list_thresholds)
        .service(set_thresholds::set_thresholds)
        .service(recompute::recompute)
        .service(series::show_series);
}
