//! Why identity refused.

use crate::{ProvisionFailed, RULE_INVITATION, RULE_MEMBERSHIP, RULE_USER_EMAIL, TooMany};
use thiserror::Error;
use vigie_kernel::{BoxError, FieldErrors, LimitReached, PermissionDenied, StoreError};

/// Why an organization does not let its members in now.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum OrganizationRefusal {
    /// Still being made: 503 `tenant_provisioning`.
    #[error("the organization is being prepared")]
    Provisioning,
    /// Closed by the platform: 403 `tenant_suspended`.
    #[error("the organization is suspended")]
    Suspended {
        /// What the platform gave as the reason.
        reason: Option<String>,
    },
    /// Not in use any more: 410 `tenant_archived`.
    #[error("the organization is archived")]
    Archived,
    /// Its provisioning did not end: 503 `tenant_failed`.
    #[error("the organization's preparation failed")]
    Failed,
    /// Deleted or never there: 404 `tenant_unknown`.
    #[error("no such organization")]
    Unknown,
}

/// Why a use case of identity did not go through.
#[derive(Debug, Error)]
pub enum AuthError {
    /// The request's content is wrong: 422.
    #[error("invalid content: {0}")]
    Invalid(#[from] FieldErrors),
    /// Unknown address, wrong password, disabled account, no membership: one answer for all, 401 `invalid_credentials`.
    #[error("the address or the password is wrong")]
    InvalidCredentials,
    /// No live session behind the access or refresh token, or one of another organization: 401 `invalid_token`.
    #[error("the token is not valid")]
    InvalidToken,
    /// The token to set a password with is unknown, used, superseded or expired: 400 `token_not_good`.
    #[error("the token is not good, or not any more")]
    TokenNotGood,
    /// The caller has no live session of that id: 404 `session_not_found`.
    #[error("there is no such session")]
    SessionUnknown,
    /// Nobody has an account with this address. Told to the operator only: 404.
    #[error("nobody has an account with this address")]
    AccountUnknown,
    /// Too many failed logins in a row: 429 `login_delayed`, to be tried again after so many seconds.
    #[error("try again in {retry_after} s")]
    Throttled {
        /// Seconds to wait, at least 1.
        retry_after: u64,
    },
    /// Too many refreshes of one session, or sign-ups with one address: 429 `too_many_requests`.
    #[error(transparent)]
    TooMany(#[from] TooMany),
    /// Sign-up is switched off: 403 `signup_closed`.
    #[error("sign-up is closed")]
    SignupClosed,
    /// Somebody has an account with this address: 409 `email_taken`.
    #[error("the address is taken")]
    EmailTaken,
    /// An organization has this slug: 409 `slug_taken`.
    #[error("the organization's short name is taken")]
    SlugTaken,
    /// The user is a member already: 409 `already_member`.
    #[error("already a member")]
    AlreadyMember,
    /// The role does not allow it: 403 `forbidden`.
    #[error(transparent)]
    Denied(#[from] PermissionDenied),
    /// The caller's role is not above the one that it is about: 403 `role_not_allowed`.
    #[error("the role is not below one's own")]
    RoleNotAllowed,
    /// There would be no owner left who can sign in: 409 `last_owner`.
    #[error("there would be no owner left")]
    LastOwner,
    /// The organization has no such member: 404 `member_not_found`.
    #[error("there is no such member")]
    MemberNotFound,
    /// The address is invited already: 409 `already_invited`.
    #[error("the address is invited already")]
    AlreadyInvited,
    /// The organization has no such invitation that is pending: 404 `invitation_not_found`.
    #[error("there is no such invitation")]
    InvitationNotFound,
    /// Nobody has offered the organization to the caller: 404 `offer_not_found`.
    #[error("there is no such offer")]
    OfferNotFound,
    /// The plan allows no more members: 403 `plan_limit_reached`.
    #[error(transparent)]
    LimitReached(#[from] LimitReached),
    /// The user is no active member of the organization: 403.
    #[error("not a member of the organization")]
    NotAMember,
    /// The organization does not let its members in.
    #[error(transparent)]
    Organization(#[from] OrganizationRefusal),
    /// Too many passwords are being hashed: 503 `auth_busy`, `Retry-After: 2`.
    #[error("too many logins at once")]
    Busy,
    /// The new organization's database could not be made; nothing of the sign-up is left: 503 `provisioning_failed`.
    #[error("the organization could not be prepared")]
    ProvisioningFailed(#[source] BoxError),
    /// Another writer came first: 409.
    #[error("changed by another writer meanwhile")]
    ChangedMeanwhile,
    /// The store did not do what was asked.
    #[error(transparent)]
    Store(StoreError),
    /// Hashing, signing or sealing failed: a bug or a damaged installation.
    #[error("hashing, signing or sealing failed")]
    Broken(#[source] BoxError),
}

impl From<StoreError> for AuthError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(RULE_USER_EMAIL) => Self::EmailTaken,
            StoreError::Conflict(RULE_MEMBERSHIP) => Self::AlreadyMember,
            StoreError::Conflict(RULE_INVITATION) => Self::AlreadyInvited,
            StoreError::Stale => Self::ChangedMeanwhile,
            e @ (StoreError::Conflict(_)
            | StoreError::TenantUnavailable(_)
            | StoreError::Unavailable(_)
            | StoreError::Broken(_)) => Self::Store(e),
        }
    }
}

impl From<ProvisionFailed> for AuthError {
    fn from(error: ProvisionFailed) -> Self {
        match error {
            ProvisionFailed::SlugTaken => Self::SlugTaken,
            ProvisionFailed::EmailTaken => Self::EmailTaken,
            ProvisionFailed::Failed(cause) => Self::ProvisioningFailed(cause),
        }
    }
}
