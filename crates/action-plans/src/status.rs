//! Where an action stands.

/// The status of an action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ActionStatus {
    /// Not begun.
    Open,
    /// Being worked on.
    InProgress,
    /// Finished.
    Done,
    /// Given up, with a reason.
    Cancelled,
}

impl ActionStatus {
    /// Every status, in the order of an action's life.
    pub const ALL: [Self; 4] = [Self::Open, Self::InProgress, Self::Done, Self::Cancelled];

    /// The stable name, as in answers and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Open => "OPEN",
            Self::InProgress => "IN_PROGRESS",
            Self::Done => "DONE",
            Self::Cancelled => "CANCELLED",
        }
    }

    /// The status of that name, or `None`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.name() == name)
    }

    /// Whether work is still expected: open or in progress.
    #[must_use]
    pub const fn is_live(self) -> bool {
        match self {
            Self::Open | Self::InProgress => true,
            Self::Done | Self::Cancelled => false,
        }
    }
}
