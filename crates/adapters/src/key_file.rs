//! Key files: made at the first start, readable by their owner alone.

use chrono::{DateTime, Utc};
use std::fs::{self, File, OpenOptions};
use std::io::{self, ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use thiserror::Error;
use vigie_kernel::BoxError;
use zeroize::Zeroizing;

/// Longest key file that is read.
const MAX_BYTES: u64 = 16 * 1024;

/// A key cannot be used; the process must not start without it.
#[derive(Debug, Error)]
pub enum KeyError {
    /// The file or its folder cannot be read or made.
    #[error("the key file {path} cannot be used")]
    File {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// Others than the owner can read the file.
    #[error("the key file {path} is open to others: allow its owner alone (chmod 600)")]
    OpenToOthers {
        /// The file.
        path: PathBuf,
    },
    /// The file holds no key of the kind that is wanted, or one that is too short or made of one byte.
    #[error("the key file {path} holds no usable key")]
    Unusable {
        /// The file.
        path: PathBuf,
    },
    /// A new key waits for its time already.
    #[error("a new key was made already: it signs from {since}")]
    Waiting {
        /// From when on it signs.
        since: DateTime<Utc>,
    },
    /// No key could be made.
    #[error("no key could be made")]
    NotMade(#[source] BoxError),
}

/// Reads a key file, after making it with `make` if it is not there. Two processes that start at once agree on one key.
pub(crate) fn read_or_make(
    path: &Path,
    make: impl FnOnce() -> Result<Zeroizing<String>, BoxError>,
) -> Result<Zeroizing<String>, KeyError> {
    match read(path) {
        Err(KeyError::File { source, .. }) if source.kind() == ErrorKind::NotFound => {}
        done => return done,
    }
    let text = make().map_err(KeyError::NotMade)?;
    write_new(path, &text).map_err(|source| KeyError::File { path: path.to_owned(), source })?;
    // Whatever is there now is the key: another process may have been first.
    read(path)
}

pub(crate) fn read(path: &Path) -> Result<Zeroizing<String>, KeyError> {
    let failed = |source| KeyError::File { path: path.to_owned(), source };
    let file = File::open(path).map_err(failed)?;
    if open_to_others(&file).map_err(failed)? {
        return Err(KeyError::OpenToOthers { path: path.to_owned() });
    }
    let mut text = Zeroizing::new(String::new());
    file.take(MAX_BYTES).read_to_string(&mut text).map_err(failed)?;
    Ok(text)
}

/// Writes a whole file under another name and gives it its own only if that is free: a crash leaves no half key.
pub(crate) fn write_new(path: &Path, text: &str) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        make_folder(folder)?;
    }
    let tag = crate::system::random::<8>().map_err(io::Error::other)?;
    let temporary = path.with_extension(format!("{:016x}.tmp", u64::from_be_bytes(tag)));
    let mut file = owner_only().write(true).create_new(true).open(&temporary)?;
    let written = file.write_all(text.as_bytes()).and_then(|()| file.sync_all());
    let placed = written.and_then(|()| match fs::hard_link(&temporary, path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(()),
        done => done,
    });
    fs::remove_file(&temporary)?;
    placed
}

#[cfg(unix)]
fn owner_only() -> OpenOptions {
    use std::os::unix::fs::OpenOptionsExt;
    let mut options = OpenOptions::new();
    options.mode(0o600);
    options
}

#[cfg(not(unix))]
fn owner_only() -> OpenOptions {
    OpenOptions::new()
}

#[cfg(unix)]
fn make_folder(folder: &Path) -> io::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)
}

#[cfg(not(unix))]
fn make_folder(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)
}

#[cfg(unix)]
fn open_to_others(file: &File) -> io::Result<bool> {
    use std::os::unix::fs::PermissionsExt;
    Ok(file.metadata()?.permissions().mode() & 0o077 != 0)
}

#[cfg(not(unix))]
fn open_to_others(_file: &File) -> io::Result<bool> {
    Ok(false)
}
