//! Mails about accounts, as jobs. A job carries ids alone: the address is read and the token made when the mail is sent.

use crate::{MemberOrganization, OrganizationSummary, SecretText};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use vigie_jobs::{Job, Lane, Retry};
use vigie_kernel::{EmailAddress, Locale, SignUpId, UserId};

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
}

impl Job for AccountMail {
    const NAME: &'static str = "auth.send-mail";
    const LANE: Lane = Lane::Security;
    const RETRY: Retry = Retry::doubling(Duration::from_secs(5)).up_to(10);
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
}

impl MailKind {
    /// Every kind.
    pub const ALL: [Self; 6] = [
        Self::ResetPassword,
        Self::PasswordChanged,
        Self::VerifyEmail,
        Self::FinishSignUp,
        Self::AccountExists,
        Self::SessionEnded,
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
    /// The token of its link; a mail that only tells something has none.
    pub token: Option<MailToken>,
}

/// What becomes of a mail now.
#[derive(Clone, Debug)]
pub enum MailOrder {
    /// It is sent.
    Send(Box<PreparedMail>),
    /// There is no reason any more, or never was.
    Drop,
}

/// The organization in whose name a mail about an account is written, and its language: the one that a login leads to.
pub(crate) fn home_of(places: Vec<MemberOrganization>) -> Option<OrganizationSummary> {
    MemberOrganization::choose(places, None).map(|place| place.organization)
}
