//! Repositories of the control database, and what the organizations' databases get from it.

mod backups;
mod databases;
mod deletions;
mod fleet;
mod fleet_databases;
mod invitations;
mod job_line;
mod login_attempts;
mod member_list;
mod members;
mod memberships;
mod moves;
mod one_time_tokens;
mod operations;
mod organizations;
mod owners;
mod plans;
mod reads;
mod refresh_tokens;
mod registrar;
mod rows;
mod sample_source;
mod samples;
mod sessions;
mod sign_ups;
mod store;
mod upkeep;
mod users;
mod work;

pub use backups::ControlLedger;
pub use databases::ServerDatabases;
pub use members::RegistryMembers;
pub use sample_source::ServerSamples;
pub use store::ControlStore;
pub(crate) use work::{AUDIT, for_update};
