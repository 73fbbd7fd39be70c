//! Repositories of one organization's database.

mod actions;
mod audit;
mod imports;
mod kpis;
mod notifications;
mod outbox;
mod repeats;
mod store;
mod usage;
mod work;

pub(crate) use audit::SeaAudit;
pub(crate) use outbox::{forget, take_batch};
pub use repeats::TenantRepeats;
pub use store::TenantStore;
