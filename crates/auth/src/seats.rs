//! The places of an organization that members take.

use vigie_kernel::{LimitReached, PlanLimit};

/// The places of an organization, counted while its row is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seats {
    /// The stable name of the organization's plan.
    pub plan: &'static str,
    /// How many there are; `None` when there is no limit.
    pub max: Option<u64>,
    /// How many members have taken.
    pub taken: u64,
    /// How many are held for invitations that can still be accepted.
    pub invited: u64,
}

impl Seats {
    /// Refuses one member or invitation more when every place is taken or held. A plan with fewer places sends nobody away.
    pub fn require_one(&self) -> Result<(), LimitReached> {
        self.require(self.taken.saturating_add(self.invited))
    }

    /// Refuses somebody who was invited when members have taken every place. His invitation held one of its own, and those of others
    /// take nothing from him.
    pub fn require_one_for_invited(&self) -> Result<(), LimitReached> {
        self.require(self.taken)
    }

    fn require(&self, used: u64) -> Result<(), LimitReached> {
        match self.max {
            Some(max) if used >= max => {
                Err(LimitReached { limit: PlanLimit::Members, max, used, plan: self.plan })
            }
            Some(_) | None => Ok(()),
        }
    }
}
