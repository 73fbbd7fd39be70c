//! Where the files are, out of the configuration.

use object_store::RetryConfig;
use object_store::aws::{AmazonS3, AmazonS3Builder};
use object_store::path::Path as Key;
use std::path::{Path, PathBuf};
use std::time::Duration;
use thiserror::Error;

/// How often, and for how long altogether, a request is repeated; each has 30 seconds, and 5 to find the server.
const RETRIES: usize = 3;
const RETRYING: Duration = Duration::from_secs(20);

/// Where files are kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FilesPlace {
    /// A folder of this machine.
    Folder(PathBuf),
    /// A bucket, or what is below a prefix in it.
    Bucket {
        /// The bucket.
        bucket: String,
        /// The prefix; empty for the whole bucket.
        prefix: String,
    },
}

/// How a bucket is reached, beyond what the `AWS_*` variables of the environment say; what is set here wins.
#[derive(Clone, Default)]
pub struct BucketAccess {
    /// The region.
    pub region: Option<String>,
    /// The address of a server that speaks as S3 does.
    pub endpoint: Option<String>,
    /// The id of the key.
    pub access_key_id: Option<String>,
    /// The key.
    pub secret_access_key: Option<String>,
}

/// The setting cannot be used. Repeats none of it: it may carry a password.
#[derive(Debug, Error)]
pub enum FilesPlaceError {
    /// Not one of the two forms.
    #[error("this is neither file:///FOLDER nor s3://BUCKET[/PREFIX]")]
    Form,
    /// The folder cannot be made or entered.
    #[error("the folder {} cannot be used: {source}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// Something that reaching the bucket needs is missing or wrong.
    #[error("the bucket cannot be reached so: {0}")]
    Access(#[source] object_store::Error),
}

impl FilesPlace {
    /// Reads `file:///FOLDER` or `s3://BUCKET[/PREFIX]`.
    pub fn parse(text: &str) -> Result<Self, FilesPlaceError> {
        if let Some(folder) = text.strip_prefix("file://") {
            let is_plain = folder.starts_with('/') && !folder.contains(['?', '#', '%', '\0']);
            return is_plain.then(|| Self::Folder(folder.into())).ok_or(FilesPlaceError::Form);
        }
        let rest = text.strip_prefix("s3://").ok_or(FilesPlaceError::Form)?;
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        let prefix = prefix.strip_suffix('/').unwrap_or(prefix);
        if is_bucket(bucket) && is_prefix(prefix) {
            Ok(Self::Bucket { bucket: bucket.to_owned(), prefix: prefix.to_owned() })
        } else {
            Err(FilesPlaceError::Form)
        }
    }
}

/// Names after the rules of S3 for buckets that are made today.
fn is_bucket(name: &str) -> bool {
    (3..=63).contains(&name.len())
        && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b"-.".contains(&b))
        && name.starts_with(|c: char| c.is_ascii_alphanumeric())
        && name.ends_with(|c: char| c.is_ascii_alphanumeric())
        && !name.contains("..")
}

/// Characters that mean the same to every server.
fn is_prefix(prefix: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || b"-_.".contains(&b);
    prefix.is_empty()
        || prefix.split('/').all(|part| {
            !part.is_empty() && part.len() <= 100 && !["..", "."].contains(&part) && part.bytes().all(plain)
        })
}

/// Makes sure that a folder is there.
pub(super) fn prepare(folder: &Path) -> Result<(), FilesPlaceError> {
    std::fs::create_dir_all(folder)
        .map_err(|source| FilesPlaceError::Folder { folder: folder.to_owned(), source })
}

/// A bucket with its prefix. Asks nobody yet.
pub(super) fn reach(
    bucket: &str,
    prefix: &str,
    access: &BucketAccess,
) -> Result<(AmazonS3, Key), FilesPlaceError> {
    let retry = RetryConfig { max_retries: RETRIES, retry_timeout: RETRYING, ..RetryConfig::default() };
    let mut builder = AmazonS3Builder::from_env().with_bucket_name(bucket).with_retry(retry);
    if let Some(region) = &access.region {
        builder = builder.with_region(region);
    }
    if let Some(endpoint) = &access.endpoint {
        // Whoever writes http:// means it.
        builder = builder.with_endpoint(endpoint).with_allow_http(endpoint.starts_with("http://"));
    }
    if let Some(id) = &access.access_key_id {
        builder = builder.with_access_key_id(id);
    }
    if let Some(key) = &access.secret_access_key {
        builder = builder.with_secret_access_key(key);
    }
    let store = builder.build().map_err(FilesPlaceError::Access)?;
    Ok((store, Key::from(prefix)))
}
