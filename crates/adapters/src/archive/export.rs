//! A folder of plain files.

use super::blocking;
use super::writing::private_folder;
use async_trait::async_trait;
use std::path::{Path, PathBuf};
use tokio::fs::File;
use tokio::io::{AsyncWriteExt, BufWriter};
use vigie_kernel::StoreError;
use vigie_tenancy::backup::{BackupError, ExportWriter};

/// A folder that is being filled.
pub(super) struct Folder {
    root: PathBuf,
    file: Option<(PathBuf, BufWriter<File>)>,
}

fn failed(path: &Path, error: std::io::Error) -> BackupError {
    BackupError::file(format!("{} cannot be written", path.display()), error)
}

impl Folder {
    pub(super) async fn create(root: &Path) -> Result<Self, BackupError> {
        let folder = root.to_owned();
        blocking(move || {
            if folder.exists() {
                return Err(failed(&folder, std::io::ErrorKind::AlreadyExists.into()));
            }
            private_folder(&folder).map_err(|error| failed(&folder, error))?;
            Ok(Self { root: folder, file: None })
        })
        .await
    }
}

#[async_trait]
impl ExportWriter for Folder {
    async fn begin(&mut self, path: &str) -> Result<(), BackupError> {
        let plain = |part: &str| !matches!(part, "" | "." | "..") && !part.contains('\\');
        if !path.split('/').all(plain) {
            return Err(StoreError::broken("a file of an export leads elsewhere").into());
        }
        let path = self.root.join(path);
        if let Some(folder) = path.parent() {
            tokio::fs::create_dir_all(folder).await.map_err(|error| failed(folder, error))?;
        }
        let file = File::create(&path).await.map_err(|error| failed(&path, error))?;
        self.file = Some((path, BufWriter::with_capacity(256 * 1024, file)));
        Ok(())
    }

    async fn write(&mut self, bytes: Vec<u8>) -> Result<(), BackupError> {
        let Some((path, file)) = &mut self.file else {
            return Err(StoreError::broken("no file of the export is open").into());
        };
        file.write_all(&bytes).await.map_err(|error| failed(path, error))
    }

    async fn end(&mut self) -> Result<(), BackupError> {
        let Some((path, mut file)) = self.file.take() else { return Ok(()) };
        file.flush().await.map_err(|error| failed(&path, error))
    }
}
