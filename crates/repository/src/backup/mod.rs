//! Reading an organization's whole database, and filling one, in a form that no engine owns.

mod data;
mod fence;
mod load;
mod rules;
mod schema;
mod snapshot;

pub use data::ServerData;
