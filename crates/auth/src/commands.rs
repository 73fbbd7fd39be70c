//! What callers ask of identity, and what a login answers.

use crate::{OrganizationSummary, SecretText, UserSummary};
use chrono::{DateTime, Utc};
use vigie_kernel::{OrganizationId, Role, UserId};

/// What is known of the client that asks.
#[derive(Clone, Debug, Default)]
pub struct ClientInfo {
    /// Its `User-Agent`, cut to 255 characters when stored.
    pub user_agent: Option<String>,
    /// The network that it is in: never a whole address.
    pub network: Option<String>,
    /// The id of the request.
    pub request_id: String,
}

/// Makes an organization and the account of its owner.
#[derive(Clone, Debug)]
pub struct SignUp {
    /// The organization's name, 1 to 120 characters.
    pub organization_name: String,
    /// Its slug; made from the name when absent.
    pub organization_slug: Option<String>,
    /// The owner's name, 1 to 120 characters.
    pub full_name: String,
    /// The owner's address.
    pub email: String,
    /// The owner's password.
    pub password: SecretText,
    /// The owner's language, also the organization's first one: a tag such as `fr` or `en-GB`.
    pub locale: Option<String>,
}

/// Opens a session with an address and a password.
#[derive(Clone, Debug)]
pub struct Login {
    /// The address.
    pub email: String,
    /// The password.
    pub password: SecretText,
    /// The organization that the request names, if it names one; otherwise the user's only or last one is taken.
    pub organization: Option<OrganizationId>,
}

/// Exchanges a refresh token for its successor and a new access token.
#[derive(Clone, Debug)]
pub struct Refresh {
    /// The token as it was handed out.
    pub refresh_token: SecretText,
    /// The organization that the request names, if it names one: it must be the session's.
    pub organization: Option<OrganizationId>,
}

/// A session has been opened or renewed.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// The access token, for the `Authorization` header.
    pub access_token: SecretText,
    /// The refresh token, good for one exchange.
    pub refresh_token: SecretText,
    /// Seconds for which the access token is good.
    pub expires_in: i64,
    /// Whose session it is.
    pub user: UserSummary,
    /// The role in the organization; `None` for a platform administrator.
    pub role: Option<Role>,
    /// The organization that the session is for; `None` for a platform administrator.
    pub organization: Option<OrganizationSummary>,
}

/// What a sign-up answers.
#[derive(Clone, Debug)]
pub enum SignedUp {
    /// The organization is made and its owner's first session is open.
    Done(Box<SignedIn>),
    /// A mail goes to the address, whoever has it: its link finishes the sign-up.
    Mailed,
}

/// Proves an address with the token that was mailed to it, and finishes the sign-up that waits for that.
#[derive(Clone, Debug)]
pub struct VerifyEmail {
    /// The token, good once.
    pub token: SecretText,
    /// Another short name for the organization of the sign-up, when the one that was chosen is taken meanwhile.
    pub organization_slug: Option<String>,
}

/// An address has been proved.
#[derive(Clone, Debug, PartialEq)]
pub struct Verified {
    /// Whose it is.
    pub user: UserId,
    /// The organization that the sign-up has made; `None` when there was an account already.
    pub organization: Option<OrganizationSummary>,
}

/// Changes the caller's own password. Ends his other sessions.
#[derive(Clone, Debug)]
pub struct ChangePassword {
    /// The password that he has.
    pub current_password: SecretText,
    /// The new one.
    pub new_password: SecretText,
}

/// Adds a member to an organization, by the operator of the platform.
#[derive(Clone, Debug)]
pub struct AddMember {
    /// The organization's slug.
    pub organization_slug: String,
    /// The member's address. An account with it becomes a member and keeps its name and password.
    pub email: String,
    /// The member's name, for a new account.
    pub full_name: String,
    /// The role.
    pub role: Role,
    /// The password of a new account.
    pub password: SecretText,
}

/// A member has been added.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AddedMember {
    /// The member.
    pub user: UserId,
    /// The organization.
    pub organization: OrganizationId,
    /// Whether the account was made too; `false` when it was there already.
    pub account_created: bool,
}

/// Makes the account of a platform administrator.
#[derive(Clone, Debug)]
pub struct CreatePlatformAdmin {
    /// The address; it must not have an account.
    pub email: String,
    /// The name, 1 to 120 characters.
    pub full_name: String,
    /// The password.
    pub password: SecretText,
}

/// Sets the password of an account with a token that was given for it. Ends every session of the account.
#[derive(Clone, Debug)]
pub struct SetPassword {
    /// The token, good once.
    pub token: SecretText,
    /// The new password.
    pub new_password: SecretText,
}

/// A token to set a password with. Shown once.
#[derive(Clone, Debug)]
pub struct IssuedToken {
    /// Whose password it sets.
    pub user: UserId,
    /// The token.
    pub token: SecretText,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
}
