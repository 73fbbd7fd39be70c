//! The first owner of an organization, as far as creating it is concerned. His account belongs to identity.

use chrono::{DateTime, Utc};
use std::fmt;
use vigie_kernel::{EmailAddress, Locale, MembershipId, OneTimeTokenId, OrganizationId, UserId};

/// A text that must not reach a log: a token, a hash.
#[derive(Clone, PartialEq, Eq)]
pub struct Redacted(String);

impl Redacted {
    /// Takes over a text.
    #[must_use]
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The text itself, for the one place that needs it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for Redacted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redacted(..)")
    }
}

/// The account that is made for a first owner.
#[derive(Clone, Debug)]
pub struct OwnerAccount {
    /// Its id.
    pub user: UserId,
    /// Its address.
    pub email: EmailAddress,
    /// The owner's name.
    pub full_name: String,
    /// The hash of the password; `None` for an account that cannot log in before a password is set.
    pub password_hash: Option<Redacted>,
    /// The owner's language.
    pub locale: Option<Locale>,
    /// When it is made.
    pub created_at: DateTime<Utc>,
}

/// The membership of a first owner.
#[derive(Clone, Copy, Debug)]
pub struct OwnerMembership {
    /// Its id.
    pub id: MembershipId,
    /// The owner's account.
    pub user: UserId,
    /// The organization.
    pub organization: OrganizationId,
    /// When it begins.
    pub created_at: DateTime<Utc>,
}

/// A token to set a first password with, as it is stored.
#[derive(Clone, Debug)]
pub struct OwnerToken {
    /// Its id.
    pub id: OneTimeTokenId,
    /// The SHA-256 of its text.
    pub hash: [u8; 32],
    /// Whose it is.
    pub user: UserId,
    /// The organization for whose sake it was given.
    pub organization: OrganizationId,
    /// When it was given.
    pub created_at: DateTime<Utc>,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
}

/// A token that nobody has seen.
#[derive(Clone, Debug)]
pub struct FreshToken {
    /// Its text, for its holder.
    pub text: Redacted,
    /// The SHA-256 of its text, for the store.
    pub hash: [u8; 32],
}
