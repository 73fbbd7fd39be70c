//! The name of an organization's database.

use std::fmt;
use thiserror::Error;
use vigie_kernel::Slug;

/// Longest identifier of PostgreSQL, in bytes.
const LONGEST: usize = 63;

/// A database name that is safe inside a quoted or bare SQL identifier and as a file name:
/// `[a-z_][a-z0-9_]*`, at most 63 bytes.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct DatabaseName(String);

/// The text is no database name: not `[a-z_][a-z0-9_]*` of at most 63 bytes.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error(
    "a database name has lower-case letters, digits and underscores, at most 63, and starts with no digit"
)]
pub struct DatabaseNameError;

impl DatabaseName {
    /// Reads a stored name.
    pub fn parse(text: &str) -> Result<Self, DatabaseNameError> {
        let starts_well = text.starts_with(|c: char| c.is_ascii_lowercase() || c == '_');
        let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
        if starts_well && text.len() <= LONGEST && text.chars().all(plain) {
            Ok(Self(text.to_owned()))
        } else {
            Err(DatabaseNameError)
        }
    }

    /// The first choice for a slug: the prefix (such as `vigie_org_`), then the slug with `_` for `-`, cut to 63 bytes.
    /// An error only for a prefix that is no database name of at most 40 bytes itself.
    pub fn for_slug(prefix: &str, slug: &Slug) -> Result<Self, DatabaseNameError> {
        if prefix.len() > 40 {
            return Err(DatabaseNameError);
        }
        let mut name = Self::parse(prefix)?.0;
        name.extend(
            slug.as_str().chars().map(|c| if c == '-' { '_' } else { c }).take(LONGEST - prefix.len()),
        );
        Ok(Self(name))
    }

    /// The choice after `taken` others of the same base were found in use: `base_2`, `base_3` .., cut to 63 bytes.
    #[must_use]
    pub fn after(&self, taken: u32) -> Self {
        let suffix = format!("_{}", taken.saturating_add(1));
        let base: String = self.0.chars().take(LONGEST - suffix.len()).collect();
        Self(base + &suffix)
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DatabaseName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
