//! The members of an organization, invitations to it, and handing it over.

mod accept_ownership;
mod cancel_invitation;
mod change_member;
mod change_role;
mod get_member;
mod invite;
mod list_invitations;
mod list_members;
mod offer_ownership;
mod remove_member;
mod resend_invitation;
mod view;

use utoipa_actix_web::service_config::ServiceConfig;

/// Registers the routes.
pub(crate) fn configure(config: &mut ServiceConfig) {
    config
        .service(list_members::list_members)
        .service(invite::invite)
        .service(get_member::get_member)
        .service(change_role::change_role)
        .service(change_member::change_member)
        .service(remove_member::remove_member)
        .service(list_invitations::list_invitations)
        .service(resend_invitation::resend_invitation)
        .service(cancel_invitation::cancel_invitation)
        .service(offer_ownership::offer_ownership)
        .service(accept_ownership::accept_ownership);
}
