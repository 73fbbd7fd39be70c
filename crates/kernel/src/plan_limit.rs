//! What a plan limits, and the refusal of what goes beyond.

use std::fmt;
use thiserror::Error;

/// Something of which an organization may have only so much.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlanLimit {
    /// Members: active ones and pending invitations that have not expired.
    Members,
    /// Bytes of uploaded files, each content counted once.
    StorageBytes,
    /// KPIs that are not archived.
    Kpis,
    /// Values of one import.
    ImportValues,
    /// Notifications sent in a day.
    NotificationsPerDay,
}

impl PlanLimit {
    /// Every limit, in a fixed order.
    pub const ALL: [Self; 5] =
        [Self::Members, Self::StorageBytes, Self::Kpis, Self::ImportValues, Self::NotificationsPerDay];

    /// The stable name, as in answers and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Members => "members",
            Self::StorageBytes => "storage_bytes",
            Self::Kpis => "kpis",
            Self::ImportValues => "import_values",
            Self::NotificationsPerDay => "notifications_per_day",
        }
    }

    /// The limit of that name, or `None`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|limit| limit.name() == name)
    }
}

impl fmt::Display for PlanLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// The greatest number of each thing; `None` where there is no limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PlanLimits {
    /// [`PlanLimit::Members`].
    pub members: Option<u64>,
    /// [`PlanLimit::StorageBytes`].
    pub storage_bytes: Option<u64>,
    /// [`PlanLimit::Kpis`].
    pub kpis: Option<u64>,
    /// [`PlanLimit::ImportValues`].
    pub import_values: Option<u64>,
    /// [`PlanLimit::NotificationsPerDay`].
    pub notifications_per_day: Option<u64>,
}

impl PlanLimits {
    /// No limit on anything.
    pub const NONE: Self = Self {
        members: None,
        storage_bytes: None,
        kpis: None,
        import_values: None,
        notifications_per_day: None,
    };

    /// The greatest number of one thing; `None` when there is no limit.
    #[must_use]
    pub const fn get(&self, limit: PlanLimit) -> Option<u64> {
        match limit {
            PlanLimit::Members => self.members,
            PlanLimit::StorageBytes => self.storage_bytes,
            PlanLimit::Kpis => self.kpis,
            PlanLimit::ImportValues => self.import_values,
            PlanLimit::NotificationsPerDay => self.notifications_per_day,
        }
    }

    /// The same limits with another number for one thing.
    #[must_use]
    pub const fn with(mut self, limit: PlanLimit, max: Option<u64>) -> Self {
        match limit {
            PlanLimit::Members => self.members = max,
            PlanLimit::StorageBytes => self.storage_bytes = max,
            PlanLimit::Kpis => self.kpis = max,
            PlanLimit::ImportValues => self.import_values = max,
            PlanLimit::NotificationsPerDay => self.notifications_per_day = max,
        }
        self
    }
}

/// The plan does not allow more; answered as 403 `plan_limit_reached`. What is there stays.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the plan {plan} allows {max} of {limit}, and {used} are used or asked for")]
pub struct LimitReached {
    /// What there is too much of.
    pub limit: PlanLimit,
    /// The greatest number allowed.
    pub max: u64,
    /// The number in use, or asked for where each request counts for itself (imports).
    pub used: u64,
    /// The stable name of the plan.
    pub plan: &'static str,
}
