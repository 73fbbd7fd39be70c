//! Signing up, logging in and out.

mod accept_invitation;
mod address;
mod change_password;
mod device;
mod end_other_sessions;
mod end_session;
mod forgot_password;
mod invitation_offer;
mod list_sessions;
mod login;
mod logout;
mod logout_all;
mod me;
mod refresh;
mod register;
mod resend_verification_email;
mod reset_password;
mod send_verification_email;
mod sign_up;
mod switch_organization;
mod verify_email;
mod view;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the routes.
pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(sign_up::sign_up)
        .service(register::register)
        .service(login::login)
        .service(refresh::refresh)
        .service(forgot_password::forgot_password)
        .service(reset_password::reset_password)
        .service(change_password::change_password)
        .service(verify_email::verify_email)
        .service(send_verification_email::send_verification)
        .service(resend_verification_email::resend_verification)
        .service(invitation_offer::invitation_offer)
        .service(accept_invitation::accept_invitation)
        .service(list_sessions::list_sessions)
        .service(end_session::end_session)
        .service(end_other_sessions::end_other_sessions)
        .service(switch_organization::switch_organization)
        .service(logout::logout)
        .service(logout_all::logout_all)
        .service(me::me);
}

pub(crate) use view::UserView;
