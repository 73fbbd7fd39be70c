//! Plans: what an organization may have and use.
//!
//! A plan's terms are data. An organization has those of its plan, except where an operator has made an exception for it: another
//! limit, for a time or for good, or a module switched on or off. [`Subscription`] puts the three together; nothing of it is copied
//! anywhere, so a change counts at once for everybody who asks [`vigie_kernel::EntitlementSource`]. A lower limit takes nothing away:
//! it only keeps what is there from growing.

mod cache;
mod commands;
mod error;
#[cfg(any(test, feature = "testing"))]
mod memory;
mod ports;
mod service;
mod subscription;
mod terms;
mod terms_change;
#[cfg(test)]
mod tests;

pub use commands::{ChangePlan, ChangeTerms, LimitSetting, SetLimit, SetModule};
pub use error::PlanError;
#[cfg(any(test, feature = "testing"))]
pub use memory::MemoryPlans;
pub use ports::{PlanStore, PlanWork, SubscriptionRepository, UsageReads};
pub use service::{LimitUse, PlanService, Plans, Usage};
pub use subscription::{ModuleState, Subscription, effective_limit};
pub use terms::{LimitOverride, ModuleSwitch, PlanTerms};
