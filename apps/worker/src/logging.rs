//! The log of the process, on standard error.

use crate::CommandError;
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;
use vigie_composition::LogFormat;

/// What a command that ends by itself logs: trouble only.
pub const DEFAULT_FILTER: &str = "warn";

/// Starts the log of this process, which can be done once.
pub fn start_log(format: LogFormat, filter: &str) -> Result<(), CommandError> {
    let filter = EnvFilter::try_new(filter)
        .map_err(|error| CommandError::Log(format!("the filter {filter:?} makes no sense: {error}")))?;
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Text => log.with_ansi(std::io::stderr().is_terminal()).try_init(),
        LogFormat::Json => log.json().flatten_event(true).try_init(),
    };
    started.map_err(|error| CommandError::Log(error.to_string()))
}
