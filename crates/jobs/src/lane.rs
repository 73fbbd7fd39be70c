//! The lanes that jobs run in.

/// Which jobs go first. A lane waits for the lanes before it when workers are short, but each has its
/// turns in the end ([`crate::Share`]).
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

    /// Where it stands, 0 for the most urgent; what the database sorts by.
    #[must_use]
    pub const fn rank(self) -> i32 {
        match self {
            Self::Security => 0,
            Self::Transactional => 1,
            Self::Bulk => 2,
        }
    }

    /// The lane of that rank, or `None`.
    #[must_use]
    pub fn from_rank(rank: i32) -> Option<Self> {
        Self::ALL.into_iter().find(|lane| lane.rank() == rank)
    }

    /// The lane of that name, or `None`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|lane| lane.name() == name)
    }
}
