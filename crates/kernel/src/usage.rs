//! Counting what an organization uses of its limits.

use crate::{PlanLimit, StoreError};
use async_trait::async_trait;

/// What a count answers to who wants more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Taken {
    /// It was added.
    Yes,
    /// It would have gone beyond the limit, and nothing was added.
    No {
        /// What was in use.
        used: u64,
    },
}

/// The counts of an organization's own database, changed in the unit of work of what they count.
///
/// A count is one row: whoever has added to it holds it until his unit of work ends, and others who want more wait for him. So a
/// limit holds however many ask at once. Taken last, it is held shortest.
#[async_trait]
pub trait UsageCounters: Send {
    /// Adds to a count unless it would then be greater than `max`; one conditional statement.
    async fn take(&mut self, limit: PlanLimit, more: u64, max: Option<u64>) -> Result<Taken, StoreError>;

    /// Takes from a count, which never falls below zero.
    async fn give_back(&mut self, limit: PlanLimit, less: u64) -> Result<(), StoreError>;
}
