//! What can go wrong with notifications.

use thiserror::Error;
use vigie_kernel::{PermissionDenied, StoreError};

/// Why the inbox was not read or changed, or nobody was told.
#[derive(Debug, Error)]
pub enum NotificationError {
    /// The caller lacks a permission (403).
    #[error(transparent)]
    Denied(#[from] PermissionDenied),
    /// The caller's inbox has no such entry (404).
    #[error("no such notification")]
    NotFound,
    /// The store did not do it. No rule of the database is known by name to this crate.
    #[error(transparent)]
    Store(#[from] StoreError),
}
