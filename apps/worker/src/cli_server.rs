//! The arguments of `server`.

use clap::{Args, Subcommand};
use vigie_composition::{ServerAddress, ServerChange, ServerState};

/// Commands on servers of organizations' databases.
#[derive(Debug, Subcommand)]
pub enum ServerCommand {
    /// Adds a server; new organizations are placed on it by weight
    Add(ServerAdd),
    /// Lists the servers, without their passwords
    List,
    /// Changes a server; what is not given stays
    Set(ServerSet),
}

/// Where the address of a server is kept.
#[derive(Debug, Args)]
#[group(multiple = false)]
pub struct AddressArguments {
    /// The address is in this variable of the environment of every process
    #[arg(long, value_name = "VARIABLE")]
    pub dsn_env: Option<String>,
    /// The address is in this file, for every process
    #[arg(long, value_name = "FILE")]
    pub dsn_file: Option<String>,
    /// The address is the first line of standard input, and is kept in the control database, sealed with the installation's key
    #[arg(long)]
    pub dsn_stdin: bool,
}

/// A new server.
#[derive(Debug, Args)]
pub struct ServerAdd {
    /// Name: lower-case letters, digits and hyphens
    #[arg(long)]
    pub name: String,
    /// Where the address is kept, such as postgres://USER:PASSWORD@HOST:PORT/postgres
    #[command(flatten)]
    pub address: AddressArguments,
    /// Share of new organizations against the other servers, 1 to 1,000
    #[arg(long, default_value_t = 100)]
    pub weight: u32,
    /// Most databases; no limit when absent
    #[arg(long)]
    pub max_databases: Option<u32>,
    /// Most connections of one process, at least 8; `database.connections` when absent
    #[arg(long)]
    pub connections: Option<u32>,
    /// accept, drain or down
    #[arg(long, default_value = "accept", value_parser = state)]
    pub state: ServerState,
    /// Adds the server though it does not answer now
    #[arg(long)]
    pub no_check: bool,
}

/// What is to be changed of a server.
#[derive(Debug, Args)]
pub struct ServerSet {
    /// Name of the server
    #[arg(long)]
    pub name: String,
    /// Where the address is kept
    #[command(flatten)]
    pub address: AddressArguments,
    /// Share of new organizations against the other servers, 1 to 1,000
    #[arg(long)]
    pub weight: Option<u32>,
    /// Most databases, or none for no limit
    #[arg(long, value_parser = limit)]
    pub max_databases: Option<Limit>,
    /// Most connections of one process, at least 8, or none for `database.connections`
    #[arg(long, value_parser = limit)]
    pub connections: Option<Limit>,
    /// accept (new organizations may come), drain (none come) or down (its organizations get 503)
    #[arg(long, value_parser = state)]
    pub state: Option<ServerState>,
    /// Takes a new address though the server does not answer there now
    #[arg(long)]
    pub no_check: bool,
}

/// A number, or `none`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limit(pub Option<u32>);

impl ServerSet {
    /// The change, with the address that was read.
    pub(crate) fn change(&self, address: Option<ServerAddress>) -> ServerChange {
        ServerChange {
            address,
            weight: self.weight,
            max_databases: self.max_databases.map(|limit| limit.0),
            connection_budget: self.connections.map(|limit| limit.0),
            state: self.state,
        }
    }
}

fn state(text: &str) -> Result<ServerState, String> {
    let names = || ServerState::ALL.map(ServerState::name).join(", ");
    ServerState::from_name(&text.to_ascii_lowercase()).ok_or_else(|| format!("one of {}", names()))
}

fn limit(text: &str) -> Result<Limit, String> {
    if text.eq_ignore_ascii_case("none") {
        return Ok(Limit(None));
    }
    text.parse().map(|number| Limit(Some(number))).map_err(|_| "a number, or none".to_owned())
}
