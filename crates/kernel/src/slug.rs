//! The short name of an organization in addresses.

use serde::Serialize;
use std::fmt;
use thiserror::Error;

/// Slugs that name parts of the product or of a usual installation (docs: TENANCY, resolution).
const RESERVED: &[&str] = &[
    "www",
    "api",
    "app",
    "admin",
    "mail",
    "static",
    "cdn",
    "login",
    "status",
    "platform",
    "auth",
    "docs",
    "health",
    "metrics",
    "support",
    "help",
    "root",
    "smtp",
    "imap",
    "ftp",
    "ns1",
    "ns2",
    "localhost",
    "vigie",
    "assets",
    "internal",
    "system",
    "test-internal",
    "public",
    "private",
    "console",
    "account",
    "accounts",
    "billing",
];

/// An organization's short name: 3 to 40 lower-case ASCII letters, digits and inner hyphens, not reserved.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct Slug(String);

/// Why a text is no slug.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum SlugError {
    /// Not `[a-z0-9]([a-z0-9-]{1,38}[a-z0-9])`.
    #[error("a slug has 3 to 40 lower-case letters, digits and inner hyphens")]
    Shape,
    /// Reserved for the product.
    #[error("this slug is reserved")]
    Reserved,
}

impl SlugError {
    /// The field code: `slug_invalid` or `slug_reserved`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Shape => "slug_invalid",
            Self::Reserved => "slug_reserved",
        }
    }
}

impl Slug {
    /// Reads a slug exactly as written.
    pub fn parse(text: &str) -> Result<Self, SlugError> {
        let ends_well = |c: Option<char>| c.is_some_and(|c| c.is_ascii_lowercase() || c.is_ascii_digit());
        let shaped = (3..=40).contains(&text.len())
            && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-')
            && ends_well(text.chars().next())
            && ends_well(text.chars().next_back());
        if !shaped {
            return Err(SlugError::Shape);
        }
        if RESERVED.contains(&text) {
            return Err(SlugError::Reserved);
        }
        Ok(Self(text.to_owned()))
    }

    /// Makes a slug from a name: accents dropped, other characters to hyphens, at most 40 characters.
    /// `None` when nothing usable is left or the result is reserved.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        let mut slug = String::with_capacity(name.len());
        for c in name.chars().flat_map(char::to_lowercase) {
            match fold(c) {
                Some(text) => slug.push_str(text),
                None if c.is_ascii_alphanumeric() => slug.push(c),
                None if !slug.ends_with('-') => slug.push('-'),
                None => {}
            }
        }
        let cut: String = slug.trim_matches('-').chars().take(40).collect();
        Self::parse(cut.trim_matches('-')).ok()
    }

    /// The slug as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The plain letters of the accented ones that French and its neighbours use.
const fn fold(c: char) -> Option<&'static str> {
    match c {
        'à' | 'â' | 'ä' | 'á' | 'ã' | 'å' => Some("a"),
        'ç' => Some("c"),
        'è' | 'é' | 'ê' | 'ë' => Some("e"),
        'ì' | 'í' | 'î' | 'ï' => Some("i"),
        'ñ' => Some("n"),
        'ò' | 'ó' | 'ô' | 'ö' | 'õ' | 'ø' => Some("o"),
        'ù' | 'ú' | 'û' | 'ü' => Some("u"),
        'ý' | 'ÿ' => Some("y"),
        'œ' => Some("oe"),
        'æ' => Some("ae"),
        'ß' => Some("ss"),
        _ => None,
    }
}

impl fmt::Display for Slug {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slugs_keep_to_their_shape() {
        assert_eq!(Slug::parse("paris").unwrap().as_str(), "paris");
        assert_eq!(Slug::parse("gmah-paris-2").unwrap().as_str(), "gmah-paris-2");
        for bad in ["", "ab", "-abc", "abc-", "Paris", "a b c", "é-lyon", &"a".repeat(41)] {
            assert_eq!(Slug::parse(bad), Err(SlugError::Shape), "{bad}");
        }
        assert_eq!(Slug::parse("admin"), Err(SlugError::Reserved));
    }

    #[test]
    fn a_name_gives_a_slug() {
        assert_eq!(Slug::from_name("Démo").unwrap().as_str(), "demo");
        assert_eq!(
            Slug::from_name("  GMAH – Paris (Île-de-France) ").unwrap().as_str(),
            "gmah-paris-ile-de-france"
        );
        assert_eq!(Slug::from_name("日本"), None);
        assert_eq!(Slug::from_name("Admin"), None);
    }
}
