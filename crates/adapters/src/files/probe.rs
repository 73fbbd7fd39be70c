//! Whether the file store answers, for the health of the process.

use super::ObjectFiles;
use async_trait::async_trait;
use object_store::path::Path as Key;
use object_store::{Error, ObjectStoreExt};
use std::sync::Arc;
use std::time::Duration;
use vigie_platform_monitoring::{HealthProbe, Impact};

/// How long it may take to answer.
const PATIENCE: Duration = Duration::from_secs(2);

impl ObjectFiles {
    /// Asks the store for a file that is not there; an answer is all that is wanted. A folder must still be one.
    async fn answers(&self) -> Result<(), String> {
        if let Some(folder) = self.folder() {
            let known = tokio::fs::metadata(&folder).await.map_err(|error| error.to_string())?;
            return if known.is_dir() { Ok(()) } else { Err("it is no folder".to_owned()) };
        }
        let nothing: Key = self.prefix.parts().chain(Key::from("org/probe").parts()).collect();
        match self.store.head(&nothing).await {
            Ok(_) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    }
}

/// The file store answers. Without it the process is degraded: what needs no file is served.
pub struct FilesProbe {
    files: Arc<ObjectFiles>,
    patience: Duration,
}

impl FilesProbe {
    /// The probe of this store, which gives it two seconds.
    #[must_use]
    pub const fn new(files: Arc<ObjectFiles>) -> Self {
        Self { files, patience: PATIENCE }
    }

    /// The same with another patience.
    #[cfg(test)]
    pub(crate) fn patient_for(self, patience: Duration) -> Self {
        Self { files: self.files, patience }
    }
}

#[async_trait]
impl HealthProbe for FilesProbe {
    fn name(&self) -> &'static str {
        "file_store"
    }

    fn impact(&self) -> Impact {
        Impact::Degrading
    }

    async fn check(&self) -> Result<(), String> {
        match tokio::time::timeout(self.patience, self.files.answers()).await {
            Ok(answer) => answer,
            Err(_) => Err(format!("no answer within {} seconds", self.patience.as_secs_f32())),
        }
    }
}
