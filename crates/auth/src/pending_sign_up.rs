//! Sign-ups that wait until their address is proved.

use crate::PasswordHash;
use chrono::{DateTime, Utc};
use vigie_kernel::{EmailAddress, Locale, SignUpId, Slug};

/// What somebody has asked for who has not proved his address yet. There is no account and no organization of it.
#[derive(Clone, Debug, PartialEq)]
pub struct PendingSignUp {
    /// Its id.
    pub id: SignUpId,
    /// The address to prove.
    pub email: EmailAddress,
    /// The owner's name, checked.
    pub full_name: String,
    /// The organization's name, checked.
    pub organization_name: String,
    /// The short name that was chosen; made from the name when absent.
    pub slug: Option<Slug>,
    /// The hash of the owner's password.
    pub password_hash: PasswordHash,
    /// The owner's language.
    pub locale: Option<Locale>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
}
