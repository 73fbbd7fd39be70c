//! The only crate that knows the database: the control database, the organizations' databases, the registry of pools and the job
//! queue.
//!
//! Every repository behaves the same on SQLite and on PostgreSQL; one list of contract tests runs on both.

mod backup;
mod connect;
mod control;
mod decimal;
mod error;
mod fingerprint;
mod keyset;
mod mark;
mod pool;
mod queue;
mod read_on;
mod registry;
mod relay;
mod schedules;
mod server;
mod servers;
mod sql;
mod stored;
mod tenant;
#[cfg(feature = "testing")]
pub mod testing;
mod transaction;

pub use backup::ServerData;
pub use control::{ControlLedger, ControlStore, RegistryMembers, ServerDatabases, ServerSamples};
pub use fingerprint::SchemaWindow;
pub use pool::{PoolLimits, Usage};
pub use queue::{
    AttemptRecord, Cancellation, ClaimedJob, EndedJob, Hold, JobDetails, JobFilter, JobQueue, JobStatus,
    JobSummary, LEASE, QueueDepth, QueueLimits, Waiter,
};
pub use registry::{Patience, Registry, RegistryLimits};
pub use relay::{Relay, RelaySignal, RoundPace};
pub use schedules::{NewSchedule, ScheduleSummary, Schedules};
pub use server::{ServerAddressError, ServerCheckError, TenantServer};
pub use servers::{
    DEFAULT_SERVER, FEWEST_CONNECTIONS, NewServer, ServerAddress, ServerChange, ServerError, ServerParts,
    ServerRecord, ServerSecrets, ServerState, TenantServers,
};
pub use tenant::{TenantRepeats, TenantStore};
