//! Mails about accounts, as jobs. A job carries ids alone: the address is read and the token made when the mail is sent.

use crate::{MemberOrganization, OrganizationSummary, SecretText};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use vigie_jobs::{Job, Lane, Retry};
use vigie_kernel::{EmailAddress, InvitationId, Locale, OwnershipOfferId, Role, SignUpId, UserId};

/// A mail that is to be sent. [`crate::AuthService::prepare_mail`] tells what it says and to whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum AccountMail {
    /// The link that sets a new password. Somebody without an account has no user: nothing is sent, after the same work.
    ResetPassword {
        /// Whose password.
        user: Option<UserId>,
    },
    /// The password was changed.
    PasswordChanged {
        /// Whose password.
        user: UserId,
    },
    /// The link that proves an account's address.
    VerifyEmail {
        /// Whose address; nobody's for an address without an account.
        user: Option<UserId>,
    },
    /// The link that finishes a sign-up or, when its address has an account already, that there is one.
    SignUp {
        /// The sign-up that waits.
        sign_up: SignUpId,
    },
    /// A session was ended because a used refresh token of it came back.
    SessionEnded {
        /// Whose session.
        user: UserId,
    },
    /// The link that accepts an invitation.
    Invitation {
        /// The invitation.
        invitation: InvitationId,
    },
    /// An organization is offered to a member.
    OwnershipOffered {
        /// The offer.
        offer: OwnershipOfferId,
    },
}

impl Job for AccountMail {
    const NAME: &'static str = "auth.send-mail";
    const LANE: Lane = Lane::Security;
    // NOTIFICATIONS 5: what lets people in is tried for as long as its token would live.
    const RETRY: Retry = Retry::after(&[
        Duration::from_secs(5),
        Duration::from_secs(15),
        Duration::from_secs(45),
        Duration::from_mins(2),
        Duration::from_mins(5),
        Duration::from_mins(10),
    ]);
}

/// Which template a mail is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MailKind {
    /// A link that sets a new password.
    ResetPassword,
    /// The password was changed.
    PasswordChanged,
    /// A link that proves the address of an account.
    VerifyEmail,
    /// A link that proves the address of a sign-up, and finishes it.
    FinishSignUp,
    /// Somebody has signed up with an address that has an account.
    AccountExists,
    /// A session was ended because a used refresh token of it came back.
    SessionEnded,
    /// A link that accepts an invitation to an organization.
    Invitation,
    /// An organization is offered to a member: he accepts when he is logged in.
    OwnershipOffered,
}

impl MailKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::ResetPassword,
        Self::PasswordChanged,
        Self::VerifyEmail,
        Self::FinishSignUp,
        Self::AccountExists,
        Self::SessionEnded,
        Self::Invitation,
        Self::OwnershipOffered,
    ];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ResetPassword => "reset_password",
            Self::PasswordChanged => "password_changed",
            Self::VerifyEmail => "verify_email",
            Self::FinishSignUp => "finish_sign_up",
            Self::AccountExists => "account_exists",
            Self::SessionEnded => "session_ended",
            Self::Invitation => "invitation",
            Self::OwnershipOffered => "ownership_offered",
        }
    }
}

/// A token that was made for one attempt at sending a mail.
#[derive(Clone, Debug)]
pub struct MailToken {
    /// The token, for the link. The store has its hash.
    pub text: SecretText,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
}

/// Everything that a mail says.
#[derive(Clone, Debug)]
pub struct PreparedMail {
    /// What it is about.
    pub kind: MailKind,
    /// Where it goes: the stored address, never one of a request.
    pub recipient: EmailAddress,
    /// The recipient's name, where it is known.
    pub name: Option<String>,
    /// The language.
    pub locale: Locale,
    /// The organization in whose name it is written; the product's own when there is none.
    pub organization: Option<OrganizationSummary>,
    /// The name of who has caused it; of an invitation and an offer.
    pub by: Option<String>,
    /// The role that is offered; of an invitation.
    pub role: Option<Role>,
    /// The token of its link; a mail that only tells something has none.
    pub token: Option<MailToken>,
}

/// What becomes of a mail now.
#[derive(Clone, Debug)]
pub enum MailOrder {
    /// It is sent.
    Send(Box<PreparedMail>),
    /// Nothing may leave the organization now: it is asked for again later.
    Paused,
    /// There is no reason any more, or never was.
    Drop,
}

/// The organization in whose name a mail about an account is written, and its language: the one that a login leads to.
pub(crate) fn home_of(places: Vec<MemberOrganization>) -> Option<OrganizationSummary> {
    MemberOrganization::choose(places, None).map(|place| place.organization)
}
