//! Roles inside an organization.

use serde::{Deserialize, Serialize};

/// What a member is in an organization, from the most to the least powerful.
///
/// Platform administrators have no role here: they act through [`crate::OperatorContext`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Role {
    /// Owns the organization; there is always at least one.
    Owner,
    /// Administers members and settings.
    Admin,
    /// Steers every dashboard and KPI.
    Manager,
    /// Reads, comments and works on what is his own.
    User,
}

impl Role {
    /// Every role, most powerful first.
    pub const ALL: [Self; 4] = [Self::Owner, Self::Admin, Self::Manager, Self::User];

    /// The stable name, as in answers and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Owner => "OWNER",
            Self::Admin => "ADMIN",
            Self::Manager => "MANAGER",
            Self::User => "USER",
        }
    }

    /// The role of that name, or `None`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.name() == name)
    }
}
