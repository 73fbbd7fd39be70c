//! The file store, out of the configuration.

use crate::StartError;
use crate::config::Config;
use secrecy::ExposeSecret;
use vigie_adapters::{BucketAccess, FilesPlace, FilesPlaceError, ObjectFiles};

/// The file store that is configured; the data folder's own where none is.
pub(crate) fn open(config: &Config) -> Result<ObjectFiles, StartError> {
    let files = &config.files;
    let place = match &files.url {
        Some(url) => FilesPlace::parse(url.expose_secret()).map_err(refused)?,
        None => FilesPlace::Folder(config.data_dir.join("files")),
    };
    let access = BucketAccess {
        region: files.region.clone(),
        endpoint: files.endpoint.as_ref().map(|url| url.as_str().trim_end_matches('/').to_owned()),
        access_key_id: files.access_key_id.clone(),
        secret_access_key: files.secret_access_key.as_ref().map(|key| key.expose_secret().to_owned()),
    };
    ObjectFiles::try_new(&place, &access).map_err(refused)
}

fn refused(error: FilesPlaceError) -> StartError {
    match error {
        FilesPlaceError::Form => StartError::Setting(format!("files.url: {error}")),
        FilesPlaceError::Folder { .. } | FilesPlaceError::Access(_) => {
            StartError::Part { what: "the file store", source: error.into() }
        }
    }
}
