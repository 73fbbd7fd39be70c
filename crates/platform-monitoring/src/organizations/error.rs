//! Why a sample cannot be had.

use thiserror::Error;
use vigie_kernel::StoreError;

/// Why a sample cannot be had.
#[derive(Debug, Error)]
pub enum SampleError {
    /// There is no such organization, or it is not in service: nothing is sampled of it.
    #[error("the organization is not there or not in service")]
    NotInService,
    /// The control database.
    #[error(transparent)]
    Store(StoreError),
}

impl From<StoreError> for SampleError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}
