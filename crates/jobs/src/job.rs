//! Jobs and the lanes they run in.

use crate::Retry;
use serde::{Serialize, de::DeserializeOwned};

/// Which jobs go first. A lane only waits for the lanes before it when workers are short.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lane {
    /// Mails that let a person in or keep one out.
    Security,
    /// What a person waits for.
    Transactional,
    /// Everything that may take its time.
    Bulk,
}

impl Lane {
    /// Every lane, the most urgent first.
    pub const ALL: [Self; 3] = [Self::Security, Self::Transactional, Self::Bulk];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Security => "security",
            Self::Transactional => "transactional",
            Self::Bulk => "bulk",
        }
    }

    /// The lane of that name, or `None`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lane| lane.name() == name)
    }
}

/// A named, idempotent piece of work. Its payload carries ids and never personal data.
pub trait Job: Serialize + DeserializeOwned + Send + 'static {
    /// The stable name, `area.verb-object`.
    const NAME: &'static str;
    /// The lane it runs in.
    const LANE: Lane = Lane::Transactional;
    /// When a failed attempt is tried again, and how often.
    const RETRY: Retry;

    /// A key under which only one such job may wait or run at a time; `None` when any number may.
    fn once(&self) -> Option<String> {
        None
    }
}
