//! How many failures a run takes before it starts no more.

use vigie_kernel::FieldError;

/// The share of a run's organizations that may fail, in whole percent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailureBudget(u8);

impl Default for FailureBudget {
    /// 2 percent.
    fn default() -> Self {
        Self(2)
    }
}

impl FailureBudget {
    /// All may fail: the run tries every organization.
    pub const UNLIMITED: Self = Self(100);

    /// A share of 0..=100 percent; a field error `failure_budget` otherwise.
    pub fn percent(percent: u8) -> Result<Self, FieldError> {
        if percent <= 100 {
            Ok(Self(percent))
        } else {
            Err(FieldError::new("failure_budget", "out_of_range").with("min", 0).with("max", 100))
        }
    }

    /// The share in percent, 0..=100.
    #[must_use]
    pub const fn as_percent(self) -> u8 {
        self.0
    }

    /// Whether so many failures of so many planned organizations are too many. One failure alone never is.
    #[must_use]
    pub fn is_spent(self, failed: u32, planned: u32) -> bool {
        let allowed = (u64::from(planned) * u64::from(self.0)).div_ceil(100).max(1);
        u64::from(failed) > allowed
    }
}
