//! Signing up, logging in and out.

mod login;
mod logout;
mod logout_all;
mod me;
mod refresh;
mod register;
mod reset_password;
mod sign_up;
mod view;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the routes.
pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(sign_up::sign_up)
        .service(register::register)
        .service(login::login)
        .service(refresh::refresh)
        .service(reset_password::reset_password)
        .service(logout::logout)
        .service(logout_all::logout_all)
        .service(me::me);
}

pub(crate) use view::UserView;
