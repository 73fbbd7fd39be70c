//! The three states of a field of a PATCH: absent, null, value.

use serde::{Deserialize, Deserializer};

/// A field of a PATCH. Needs `#[serde(default)]` on the field.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum Patch<T> {
    /// Absent: keep what is there.
    #[default]
    Keep,
    /// Null: take it away.
    Clear,
    /// A value: put it there.
    Set(T),
}

impl<T> Patch<T> {
    /// `None` = keep, `Some(None)` = take away, `Some(Some(value))` = put.
    pub(crate) fn into_option(self) -> Option<Option<T>> {
        match self {
            Self::Keep => None,
            Self::Clear => Some(None),
            Self::Set(value) => Some(Some(value)),
        }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Patch<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Option::deserialize(deserializer)?.map_or(Self::Clear, Self::Set))
    }
}
