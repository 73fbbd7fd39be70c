//! Shared vocabulary of Vigie, with no I/O.
//!
//! Everything that more than one domain crate has to name lives here: typed ids, the clock and the id source,
//! exact decimals, frequencies and periods, pages and cursors, the tenant context with its permissions, field errors, the
//! store error, the unit of work, the audit entry, plans' limits and modules, requests that are sent twice, and the news of what
//! processes remember. Domain crates depend on this crate and on `vigie-jobs`, never on each other.
#![deny(missing_docs)]

mod audit;
mod clock;
mod context;
mod decimal;
mod email;
mod entitlements;
mod field_error;
mod frequency;
mod health;
mod id;
mod locale;
mod module;
mod organization_status;
mod page;
mod period;
mod permission;
mod plan_limit;
mod repeat;
mod role;
mod shared;
mod slug;
mod store;
#[cfg(feature = "testing")]
pub mod testing;
mod text;
mod usage;

pub use audit::{AuditEntry, AuditLog};
pub use clock::{Clock, to_microseconds};
pub use context::{OperatorContext, OrganizationSettings, TenantContext, WorkingDays};
pub use decimal::{Dec, DecError, ROUNDED_DIGITS};
pub use email::{EmailAddress, EmailError};
pub use entitlements::{EntitlementSource, Entitlements, OutgoingPaused};
pub use field_error::{FieldError, FieldErrors};
pub use frequency::Frequency;
pub use health::Health;
pub use id::*;
pub use locale::Locale;
pub use module::{Module, ModuleDisabled, ModuleSet};
pub use organization_status::OrganizationStatus;
pub use page::{Cursor, DEFAULT_LIMIT, MAX_LIMIT, Page, PageRequest};
pub use period::{Period, PeriodError};
pub use permission::{Permission, PermissionDenied, PermissionSet};
pub use plan_limit::{LimitReached, PlanLimit, PlanLimits};
pub use repeat::{Effect, Fingerprint, IdempotencyKey, KeptAnswer, KeyedRequest, Repeat, RequestRepeats};
pub use role::Role;
pub use shared::{Alone, Invalidation, Invalidations, Recalled, Ticket};
pub use slug::{Slug, SlugError};
pub use store::{BoxError, Rule, StoreError, UnitOfWork};
pub use text::{optional_text, required_text};
pub use usage::{Taken, UsageCounters};
