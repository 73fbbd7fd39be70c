//! A person's account.

use chrono::{DateTime, Utc};
use std::fmt;
use vigie_kernel::{EmailAddress, Locale, UserId};

/// A password's hash in PHC form. Not a secret as a password is, but nothing for a log either.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(String);

impl PasswordHash {
    /// Takes over a PHC text.
    #[must_use]
    pub const fn from_phc(phc: String) -> Self {
        Self(phc)
    }

    /// The hash of an account that nobody can log in to before a password is set: no text gives it.
    #[must_use]
    pub fn unset() -> Self {
        Self("!".to_owned())
    }

    /// The PHC text.
    #[must_use]
    pub fn as_phc(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(..)")
    }
}

/// An account as the store keeps it.
#[derive(Clone, Debug, PartialEq)]
pub struct UserSnapshot {
    /// The account's id.
    pub id: UserId,
    /// The address, unique in its canonical form.
    pub email: EmailAddress,
    /// The person's name.
    pub full_name: String,
    /// The password's hash.
    pub password_hash: PasswordHash,
    /// Whether the account may be used.
    pub is_active: bool,
    /// Whether its owner administers the platform.
    pub is_platform_admin: bool,
    /// When he proved that the address is his; `None` when he has not.
    pub email_verified_at: Option<DateTime<Utc>>,
    /// The person's language; `None` takes the organization's.
    pub locale: Option<Locale>,
    /// When the account was made.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
    /// Counted from 1, one more at each change.
    pub version: i64,
}

/// What answers show of an account.
#[derive(Clone, Debug, PartialEq)]
pub struct UserSummary {
    /// The account's id.
    pub id: UserId,
    /// The address.
    pub email: EmailAddress,
    /// The person's name.
    pub full_name: String,
    /// The person's language.
    pub locale: Option<Locale>,
    /// Whether the account may be used.
    pub is_active: bool,
    /// Whether its owner administers the platform.
    pub is_platform_admin: bool,
    /// When he proved that the address is his; `None` when he has not.
    pub email_verified_at: Option<DateTime<Utc>>,
    /// When the account was made.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub updated_at: DateTime<Utc>,
}

/// A person's account.
#[derive(Clone, Debug, PartialEq)]
pub struct User(UserSnapshot);

impl User {
    /// A new, active account.
    pub(crate) const fn new(
        id: UserId,
        email: EmailAddress,
        full_name: String,
        password_hash: PasswordHash,
        locale: Option<Locale>,
        now: DateTime<Utc>,
    ) -> Self {
        Self(UserSnapshot {
            id,
            email,
            full_name,
            password_hash,
            is_active: true,
            is_platform_admin: false,
            email_verified_at: None,
            locale,
            created_at: now,
            updated_at: now,
            version: 1,
        })
    }

    /// The same account as one of a platform administrator.
    pub(crate) fn into_platform_admin(mut self) -> Self {
        self.0.is_platform_admin = true;
        self
    }

    /// An account as it was stored.
    #[must_use]
    pub const fn restore(snapshot: UserSnapshot) -> Self {
        Self(snapshot)
    }

    /// The account as it is stored.
    #[must_use]
    pub const fn snapshot(&self) -> &UserSnapshot {
        &self.0
    }

    /// The account's id.
    #[must_use]
    pub const fn id(&self) -> UserId {
        self.0.id
    }

    /// What answers show of it.
    #[must_use]
    pub fn summary(&self) -> UserSummary {
        UserSummary {
            id: self.0.id,
            email: self.0.email.clone(),
            full_name: self.0.full_name.clone(),
            locale: self.0.locale,
            is_active: self.0.is_active,
            is_platform_admin: self.0.is_platform_admin,
            email_verified_at: self.0.email_verified_at,
            created_at: self.0.created_at,
            updated_at: self.0.updated_at,
        }
    }

    /// Replaces the password.
    pub(crate) fn set_password(&mut self, hash: PasswordHash, now: DateTime<Utc>) {
        self.rehash(hash, now);
    }

    /// Notes that the address is proved, as part of another change.
    pub(crate) fn note_verified(&mut self, now: DateTime<Utc>) {
        self.0.email_verified_at.get_or_insert(now);
    }

    /// Notes that the address is proved to be its owner's; a second proof changes nothing.
    /// Answers whether anything has changed.
    pub(crate) fn verify_email(&mut self, now: DateTime<Utc>) -> bool {
        if self.0.email_verified_at.is_some() {
            return false;
        }
        self.0.email_verified_at = Some(now);
        self.0.updated_at = now;
        self.0.version += 1;
        true
    }

    /// Replaces the hash of an unchanged password.
    pub(crate) fn rehash(&mut self, hash: PasswordHash, now: DateTime<Utc>) {
        self.0.password_hash = hash;
        self.0.updated_at = now;
        self.0.version += 1;
    }
}
