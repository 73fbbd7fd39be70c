//! Passwords and tokens of requests.

use serde::{Deserialize, Deserializer};
use vigie_auth::SecretText;

/// A secret of a request: never shown, wiped when dropped.
pub(crate) struct SecretField(SecretText);

impl Default for SecretField {
    fn default() -> Self {
        Self(SecretText::new(String::new()))
    }
}

impl From<SecretField> for SecretText {
    fn from(field: SecretField) -> Self {
        field.0
    }
}

impl<'de> Deserialize<'de> for SecretField {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer).map(|text| Self(SecretText::new(text)))
    }
}
