//! The routes: one file for each endpoint, one folder for each area.

pub(crate) mod actions;
pub(crate) mod admin;
pub(crate) mod auth;
pub(crate) mod comments;
pub(crate) mod dashboards;
pub(crate) mod docs;
pub(crate) mod health;
pub(crate) mod imports;
pub(crate) mod kpis;
pub(crate) mod members;
pub(crate) mod notifications;
mod page_query;
pub(crate) mod periods;
pub(crate) mod plans;
pub(crate) mod reporting;
pub(crate) mod user;
pub(crate) mod values;
pub(crate) mod well_known;

use crate::openapi::ApiDocument;
use crate::problem::{ApiError, Code};
use actix_web::http::header;
use actix_web::{HttpRequest, web};
use utoipa_actix_web::service_config::ServiceConfig;

/// Everything under the prefix of the API.
pub(crate) fn configure(config: &mut ServiceConfig) {
    auth::configure(config);
    user::configure(config);
    members::configure(config);
    notifications::configure(config);
    plans::configure(config);
    dashboards::configure(config);
    kpis::configure(config);
    values::configure(config);
    periods::configure(config);
    actions::configure(config);
    comments::configure(config);
    imports::configure(config);
    reporting::configure(config);
    admin::configure(config);
    config.route(docs::DOCUMENT, web::get().to(docs::openapi_document));
}

/// Answers where no route is: 405 when the address knows other methods, else 404.
pub(crate) async fn nothing_here(
    req: HttpRequest,
    document: web::Data<ApiDocument>,
) -> Result<String, ApiError> {
    let methods = document.methods_of(req.path());
    if methods.is_empty() {
        return Err(ApiError::new(Code::RouteNotFound));
    }
    let allow = methods.iter().map(|method| method.as_str()).collect::<Vec<_>>().join(", ");
    Err(ApiError::new(Code::MethodNotAllowed).with_header(header::ALLOW, &allow))
}
