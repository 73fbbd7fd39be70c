//! How an organization is. Monitoring judges it, lists of organizations filter by it.

/// How an organization is, from good to bad.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Health {
    /// Nothing is wrong with it.
    #[default]
    Healthy,
    /// Somebody should look at it in the next days.
    Warning,
    /// Somebody should look at it now.
    Critical,
}

impl Health {
    /// Every one, from good to bad.
    pub const ALL: [Self; 3] = [Self::Healthy, Self::Warning, Self::Critical];

    /// The stable name, as in answers and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Healthy => "healthy",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }

    /// The one of that name, or `None`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|health| health.name() == name)
    }
}
