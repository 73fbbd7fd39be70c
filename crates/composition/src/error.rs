//! Why the product does not start.

use thiserror::Error;
use vigie_kernel::{BoxError, StoreError};

/// Why the product does not start; the message is for the operator.
#[derive(Debug, Error)]
pub enum StartError {
    /// The configuration cannot be read.
    #[error("configuration: {0}")]
    Config(#[from] config::ConfigError),
    /// A setting makes no sense.
    #[error("configuration: {0}")]
    Setting(String),
    /// The data folder or something in it cannot be used.
    #[error("{what}: {source}")]
    Io {
        /// What was tried.
        what: String,
        /// What the system said.
        source: std::io::Error,
    },
    /// The control database cannot be used.
    #[error("the control database cannot be used")]
    Store(#[from] StoreError),
    /// A key, the hasher or the file store cannot be prepared.
    #[error("{what}: {source}")]
    Part {
        /// What was prepared.
        what: &'static str,
        /// What went wrong.
        source: BoxError,
    },
}
