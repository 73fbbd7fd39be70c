//! The plans that an organization can be on.

/// A plan. What it allows is data of the control database, not of this type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Plan {
    /// For trying out.
    #[default]
    Starter,
    /// For one site or association.
    Community,
    /// For a company.
    Professional,
    /// On quotation.
    Enterprise,
}

impl Plan {
    /// Every plan, the smallest first.
    pub const ALL: [Self; 4] = [Self::Starter, Self::Community, Self::Professional, Self::Enterprise];

    /// The stable name, as in answers and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Starter => "starter",
            Self::Community => "community",
            Self::Professional => "professional",
            Self::Enterprise => "enterprise",
        }
    }

    /// The plan of that name, or `None`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|plan| plan.name() == name)
    }
}
