//! Room for uploaded files: what a plan allows is counted before anything is stored.

use crate::error::ImportError;
use crate::ports::{ImportFiles, ImportStore};
use crate::source::Source;
use chrono::{DateTime, Utc};
use vigie_kernel::{PlanLimit, TenantContext};

/// An uploaded file.
pub(crate) struct File<'a> {
    pub(crate) sha256: &'a str,
    pub(crate) bytes: u64,
    pub(crate) content: &'a Source,
}

/// Stores a file, unless it is beyond the plan's limit. A content that is stored already takes no more room.
///
/// The room is taken in a unit of work of its own, so that nobody waits for the file to be written. Should the process die in between,
/// the file counts without being there, until it is uploaded again.
pub(crate) async fn store(
    store: &dyn ImportStore,
    files: &dyn ImportFiles,
    tenant: &TenantContext,
    file: &File<'_>,
    now: DateTime<Utc>,
) -> Result<(), ImportError> {
    let is_new = take(store, tenant, file, now).await?;
    let stored = files.put(tenant.organization(), file.sha256, file.content).await;
    if let Err(error) = stored {
        if is_new && let Err(error) = give_back(store, tenant, file).await {
            tracing::warn!(?error, "a file that could not be stored still counts");
        }
        return Err(error.into());
    }
    Ok(())
}

/// Counts a file; whether it was not counted before.
async fn take(
    store: &dyn ImportStore,
    tenant: &TenantContext,
    file: &File<'_>,
    now: DateTime<Utc>,
) -> Result<bool, ImportError> {
    let (limit, entitlements) = (PlanLimit::StorageBytes, tenant.entitlements());
    let mut work = store.begin(tenant).await?;
    let is_new = work.stored_files().add(file.sha256, file.bytes, now).await?;
    if is_new {
        let taken = work.usage().take(limit, file.bytes, entitlements.max(limit)).await?;
        entitlements.granted(limit, taken)?;
        work.commit().await?;
    }
    Ok(is_new)
}

async fn give_back(
    store: &dyn ImportStore,
    tenant: &TenantContext,
    file: &File<'_>,
) -> Result<(), ImportError> {
    let mut work = store.begin(tenant).await?;
    if work.stored_files().remove(file.sha256).await? {
        work.usage().give_back(PlanLimit::StorageBytes, file.bytes).await?;
        work.commit().await?;
    }
    Ok(())
}
