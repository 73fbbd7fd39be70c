//! Users, memberships, roles, passwords, sessions and tokens.
//!
//! A person has one account ([`User`]) and a [`Membership`] of each organization that he works in. A login opens a
//! [`Session`], which is also the family of its [`RefreshToken`]s; the short-lived access token names exactly one session and
//! one organization. What a request may do is decided by the live session in the store, never by what the token says: the
//! token is a hint that a session exists. [`AuthService::authenticate`] turns a bearer token into a [`Caller`], and it is the
//! only place, beside [`AuthService::context_for`], that makes a tenant context.
//!
//! Everything here lives in the control database: restoring an organization's own database can never revive a member or
//! roll back a password.
#![deny(missing_docs)]

mod audit;
mod caller;
mod commands;
mod common_passwords;
mod error;
mod invitation;
mod live;
mod login_attempts;
mod mail;
mod matrix;
mod member_rules;
mod members_commands;
mod membership;
mod one_time_token;
mod organization;
mod ownership;
mod password;
mod pending_sign_up;
mod policy;
mod ports;
mod project_member;
mod refresh_token;
mod seats;
mod secret;
mod service;
mod session;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
#[cfg(test)]
mod tests;
mod token_text;
mod upkeep;
mod user;

pub use caller::{AdminCaller, Caller, MemberCaller, Profile};
pub use commands::{
    AddMember, AddedMember, ChangePassword, ClientInfo, CreatePlatformAdmin, IssuedToken, Login, Refresh,
    SetPassword, SignUp, SignedIn, SignedUp, Verified, VerifyEmail,
};
pub use error::{AuthError, OrganizationRefusal};
pub use invitation::{Invitation, InvitationOffer, InvitationSnapshot, InvitationStatus};
pub use live::{LiveMembership, LiveSession, SessionCache, SessionName};
pub use login_attempts::LoginAttempts;
pub use mail::{AccountMail, MailKind, MailOrder, MailToken, PreparedMail};
pub use matrix::{PERMISSION_ROWS, PermissionRow, permissions_of};
pub use members_commands::{
    AcceptInvitation, ChangeRole, Invite, Member, MemberFilter, OfferOwnership, SetMemberActive,
};
pub use membership::{MemberOrganization, Membership, MembershipSnapshot};
pub use one_time_token::{ConsumedToken, OneTimeSecret, OneTimeToken, TokenPurpose};
pub use organization::{MadeOrganization, NewOrganization, OrganizationStatus, OrganizationSummary};
pub use ownership::OwnershipOffer;
pub use password::{MAX_PASSWORD_BYTES, MAX_PASSWORD_CHARS, PasswordContext, check_password};
pub use pending_sign_up::PendingSignUp;
pub use policy::{AuthPolicy, SignupMode};
pub use ports::*;
pub use project_member::ProjectMember;
pub use refresh_token::{RefreshSecret, RefreshToken, RefreshTokenSnapshot, TokenHash};
pub use seats::Seats;
pub use secret::SecretText;
pub use service::{Auth, AuthPorts, AuthService, MembershipService};
pub use session::{Session, SessionEnd, SessionEndReason, SessionSnapshot};
pub use upkeep::{Forgotten, Upkeep};
pub use user::{PasswordHash, User, UserSnapshot, UserSummary};
