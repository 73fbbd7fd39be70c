//! How often a KPI is measured.

use serde::{Deserialize, Serialize};

/// How often a KPI has a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Frequency {
    /// Each day.
    Daily,
    /// Each ISO week, Monday to Sunday.
    Weekly,
    /// Each calendar month.
    Monthly,
    /// Each calendar quarter; reserved, not accepted for a KPI yet.
    Quarterly,
    /// Each calendar year; reserved, not accepted for a KPI yet.
    Yearly,
}

impl Frequency {
    /// Every frequency, the finest first.
    pub const ALL: [Self; 5] = [Self::Daily, Self::Weekly, Self::Monthly, Self::Quarterly, Self::Yearly];

    /// The stable name, as in answers and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Daily => "DAILY",
            Self::Weekly => "WEEKLY",
            Self::Monthly => "MONTHLY",
            Self::Quarterly => "QUARTERLY",
            Self::Yearly => "YEARLY",
        }
    }

    /// The frequency of that name, or `None`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|frequency| frequency.name() == name)
    }

    /// Days after the end of a period within which a value is still on time, when the KPI names none.
    #[must_use]
    pub const fn default_grace_days(self) -> u8 {
        match self {
            Self::Daily => 0,
            Self::Weekly => 2,
            Self::Monthly | Self::Quarterly | Self::Yearly => 10,
        }
    }
}
