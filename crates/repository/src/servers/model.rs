//! Servers as operators see and change them.

use super::address::ServerAddress;
use crate::server::{ServerAddressError, ServerCheckError};
use thiserror::Error;
use vigie_kernel::{BoxError, ServerId, StoreError};

/// What may be done with a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ServerState {
    /// New organizations may come.
    Accept,
    /// It serves the organizations that it has; no new ones come.
    Drain,
    /// It is out of service: its organizations get 503 without being tried.
    Down,
}

impl ServerState {
    /// Every state.
    pub const ALL: [Self; 3] = [Self::Accept, Self::Drain, Self::Down];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Accept => "accept",
            Self::Drain => "drain",
            Self::Down => "down",
        }
    }

    /// The state of that name, or `None`.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.name() == name)
    }
}

/// A server as operators see it. Holds no secret.
#[derive(Clone, Debug)]
pub struct ServerRecord {
    /// Its id.
    pub id: ServerId,
    /// Its name.
    pub name: String,
    /// `postgres` or `sqlite`.
    pub engine: String,
    /// Where its address is kept: `configuration`, `env:NAME`, `file:PATH` or `sealed`.
    pub address: String,
    /// Host and port, or the folder; `None` when the address cannot be read here.
    pub location: Option<String>,
    /// Its share of new organizations, against the others' weights.
    pub weight: i32,
    /// Most databases; no limit when absent.
    pub max_databases: Option<i32>,
    /// Most connections of one process; that of the configuration when absent.
    pub connection_budget: Option<i32>,
    /// What may be done with it.
    pub state: ServerState,
    /// Organizations on it.
    pub databases: i32,
}

/// A server to be added.
#[derive(Clone, Debug)]
pub struct NewServer {
    /// Its name: 1 to 40 lower-case letters, digits and hyphens.
    pub name: String,
    /// Where its address is kept.
    pub address: ServerAddress,
    /// Its share of new organizations, 1 to 1,000.
    pub weight: u32,
    /// Most databases; no limit when absent.
    pub max_databases: Option<u32>,
    /// Most connections of one process, 8 to 10,000; that of the configuration when absent.
    pub connection_budget: Option<u32>,
    /// What may be done with it.
    pub state: ServerState,
}

/// What is to be changed of a server; what is absent stays. The limits can be taken away with `Some(None)`.
#[derive(Clone, Debug, Default)]
pub struct ServerChange {
    /// Where its address is kept.
    pub address: Option<ServerAddress>,
    /// Its share of new organizations.
    pub weight: Option<u32>,
    /// Most databases.
    pub max_databases: Option<Option<u32>>,
    /// Most connections of one process.
    pub connection_budget: Option<Option<u32>>,
    /// What may be done with it.
    pub state: Option<ServerState>,
}

/// Why something was not done with a server.
#[derive(Debug, Error)]
pub enum ServerError {
    /// A field is not acceptable.
    #[error("{field} must be {wanted}")]
    Invalid {
        /// The field.
        field: &'static str,
        /// What it must be.
        wanted: String,
    },
    /// Another server has the name.
    #[error("another server has that name")]
    NameTaken,
    /// There is no server of that name.
    #[error("there is no server of that name")]
    NotFound,
    /// The address of the server `default` is in the configuration, and no other one's is.
    #[error("the address of the server default is in the configuration, and only that one's")]
    Configured,
    /// The server is there under another name: twice the connections would be made to it.
    #[error("the server is there already, as {0}")]
    SameServer(String),
    /// The engine of a server that has databases stays what it is.
    #[error("a server of {0} databases cannot become one of another engine")]
    OtherEngine(String),
    /// The address makes no sense.
    #[error(transparent)]
    Address(#[from] ServerAddressError),
    /// The address cannot be had.
    #[error("{0} has no address")]
    Unresolved(String),
    /// The address cannot be sealed, or what is stored cannot be opened.
    #[error("the sealed address cannot be used")]
    Secret(#[source] BoxError),
    /// Databases cannot be placed on it.
    #[error(transparent)]
    Check(#[from] ServerCheckError),
    /// Another change came first.
    #[error("changed meanwhile")]
    ChangedMeanwhile,
    /// The control database did not do it.
    #[error("the control database cannot be used")]
    Store(#[source] StoreError),
}
