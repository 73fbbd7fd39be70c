//! Archives of organizations: tar files with a signed manifest in front.
//!
//! Writing streams into a spool file, because the manifest that goes first is known last. Reading trusts nothing: every header must be
//! the one that our writer would have made, every byte is hashed, and what inflates is counted while it does.

mod checking;
mod export;
mod key;
mod layout;
mod reading;
#[cfg(test)]
mod tests;
mod writing;

pub use key::BackupKey;

use async_trait::async_trait;
use reading::CheckedArchive;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use vigie_kernel::StoreError;
use vigie_tenancy::backup::{ArchiveWriter, Archives, BackupError, ExportWriter, VerifiedArchive};

/// Archives on this machine, signed with the installation's key.
pub struct TarArchives {
    key: Arc<BackupKey>,
    /// Where the product keeps its data: the disk whose free bytes are told.
    data: PathBuf,
}

impl TarArchives {
    /// Archives signed with that key.
    #[must_use]
    pub const fn new(key: Arc<BackupKey>, data: PathBuf) -> Self {
        Self { key, data }
    }
}

/// Runs what blocks where it may.
async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BackupError> + Send + 'static,
) -> Result<T, BackupError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| StoreError::Broken(Box::new(error)))?
}

#[async_trait]
impl Archives for TarArchives {
    async fn create(&self, folder: &Path, name: &str) -> Result<Box<dyn ArchiveWriter>, BackupError> {
        let (folder, name, key) = (folder.to_owned(), name.to_owned(), Arc::clone(&self.key));
        let writer = blocking(move || writing::TarWriter::create(&folder, &name, key)).await?;
        Ok(Box::new(writing::Writer::new(writer)))
    }

    async fn verify(
        &self,
        path: &Path,
        foreign_key: Option<&str>,
    ) -> Result<Box<dyn VerifiedArchive>, BackupError> {
        let (path, key) = (path.to_owned(), Arc::clone(&self.key));
        let foreign_key = foreign_key.map(str::to_ascii_lowercase);
        let checked = blocking(move || CheckedArchive::open(&path, &key, foreign_key.as_deref())).await?;
        Ok(Box::new(checked))
    }

    async fn remove(&self, path: &Path) -> Result<(), BackupError> {
        match tokio::fs::remove_file(path).await {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(BackupError::file(format!("{} cannot be removed", path.display()), error))
            }
            Ok(()) | Err(_) => Ok(()),
        }
    }

    async fn free_bytes(&self) -> Result<u64, BackupError> {
        let data = self.data.clone();
        blocking(move || {
            let told = rustix::fs::statvfs(&data).map_err(|error| {
                BackupError::file(format!("the free space of {} cannot be told", data.display()), error)
            })?;
            Ok(told.f_bavail.saturating_mul(told.f_frsize))
        })
        .await
    }

    async fn export(&self, folder: &Path) -> Result<Box<dyn ExportWriter>, BackupError> {
        Ok(Box::new(export::Folder::create(folder).await?))
    }
}
