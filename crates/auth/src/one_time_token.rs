//! Tokens that are good for one use.

use crate::{SecretText, TokenHash, token_text};
use chrono::{DateTime, Utc};
use vigie_kernel::{OneTimeTokenId, OrganizationId, UserId};

/// What a token is good for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenPurpose {
    /// Setting the password of an account.
    SetPassword,
    /// Proving the address of an account or of a sign-up.
    VerifyEmail,
    /// Becoming a member of an organization.
    Invitation,
}

impl TokenPurpose {
    /// Every purpose.
    pub const ALL: [Self; 3] = [Self::SetPassword, Self::VerifyEmail, Self::Invitation];

    /// The stable name, as in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SetPassword => "set_password",
            Self::VerifyEmail => "verify_email",
            Self::Invitation => "invitation",
        }
    }

    const fn prefix(self) -> &'static str {
        match self {
            Self::SetPassword => "pr_",
            Self::VerifyEmail => "ve_",
            Self::Invitation => "in_",
        }
    }
}

/// A token as its holder has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneTimeSecret(SecretText);

impl OneTimeSecret {
    /// The token of these random bytes.
    #[must_use]
    pub fn new(purpose: TokenPurpose, random: &[u8; 32]) -> Self {
        Self(token_text::make(purpose.prefix(), random))
    }

    /// Reads a token; `None` when it is none of ours, or good for something else.
    #[must_use]
    pub fn parse(purpose: TokenPurpose, text: &str) -> Option<Self> {
        token_text::parse(purpose.prefix(), text).map(Self)
    }

    /// The token's text.
    #[must_use]
    pub const fn text(&self) -> &SecretText {
        &self.0
    }

    /// What the store keeps of it.
    #[must_use]
    pub fn hash(&self) -> TokenHash {
        token_text::hash(&self.0)
    }
}

/// A token as the store keeps it, until it is used, superseded or expired.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OneTimeToken {
    /// Its id.
    pub id: OneTimeTokenId,
    /// What it is recognised by.
    pub hash: TokenHash,
    /// What it is good for.
    pub purpose: TokenPurpose,
    /// Whose it is.
    pub user: UserId,
    /// The organization for whose sake it was given.
    pub organization: Option<OrganizationId>,
    /// The canonical address that it was mailed to; `None` when it was handed over in another way.
    pub email_key: Option<String>,
    /// When it was given.
    pub created_at: DateTime<Utc>,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
}

/// A token that has just been used up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConsumedToken {
    /// Whose it was.
    pub user: UserId,
    /// The canonical address that it was mailed to; `None` when it was handed over in another way.
    pub email_key: Option<String>,
}
