//! The places of an organization that members take.

use vigie_kernel::{LimitReached, PlanLimit};

/// The places of an organization, counted while its row is locked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Seats {
    /// The stable name of the organization's plan.
    pub plan: &'static str,
    /// How many there are; `None` when there is no limit.
    pub max: Option<u64>,
    /// How many are taken.
    pub taken: u64,
}

impl Seats {
    /// Refuses one member more when every place is taken. A plan with fewer places sends nobody away.
    pub fn require_one(&self) -> Result<(), LimitReached> {
        match self.max {
            Some(max) if self.taken >= max => {
                Err(LimitReached { limit: PlanLimit::Members, max, used: self.taken, plan: self.plan })
            }
            Some(_) | None => Ok(()),
        }
    }
}
