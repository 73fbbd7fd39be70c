//! A folder of SQLite files.

use super::{Listed, Owner, builder, io_error};
use crate::connect::{self, PoolSize};
use crate::error::store_error;
use crate::mark::{Mark, ReadMark};
use crate::{fingerprint, transaction};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use uuid::Uuid;
use vigie_kernel::{OrganizationId, StoreError};
use vigie_migrations::TenantMigrator;

/// The file of an organization's database, in the folder that bears its name.
const FILE: &str = "tenant.sqlite3";
/// The folder in which databases are made before they get their name.
const DRAFTS: &str = ".drafts";

pub(super) fn folder_of(root: &Path, name: &str) -> PathBuf {
    root.join(name)
}

pub(super) fn file_of(root: &Path, name: &str) -> PathBuf {
    folder_of(root, name).join(FILE)
}

fn mark_file(folder: &Path) -> PathBuf {
    folder.join("owner")
}

fn draft_folder(root: &Path, organization: OrganizationId) -> PathBuf {
    root.join(DRAFTS).join(organization.to_string())
}

fn template_file(root: &Path) -> PathBuf {
    root.join(".templates").join(format!("{}.sqlite3", fingerprint::current()))
}

pub(super) async fn open(root: &Path, name: &str) -> Result<DatabaseConnection, DbErr> {
    connect::sqlite(&file_of(root, name), false, PoolSize::TENANT).await
}

/// Bytes of the file and of its write-ahead log, if there is one.
pub(super) async fn size(root: &Path, name: &str) -> io::Result<u64> {
    let file = file_of(root, name);
    let bytes = tokio::fs::metadata(&file).await?.len();
    match tokio::fs::metadata(file.with_extension("sqlite3-wal")).await {
        Ok(log) => Ok(bytes + log.len()),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(bytes),
        Err(error) => Err(error),
    }
}

/// What is there under that name, and whose it says it is.
pub(super) async fn owner(root: &Path, name: &str) -> io::Result<Owner> {
    if !tokio::fs::try_exists(file_of(root, name)).await? {
        return Ok(Owner::Absent);
    }
    Ok(Owner::of(read_if_there(&mark_file(&folder_of(root, name))).await?.as_deref()))
}

/// Makes the database, unless the organization has it; `false` when the name is in use.
///
/// It is made in a folder that tells whose it will be, flushed, and renamed: neither a half-copied file nor one without a mark ever bears
/// the database's name.
pub(super) async fn create(root: &Path, name: &str, mark: Mark) -> io::Result<bool> {
    let draft = draft_folder(root, mark.organization);
    remove_folder(&draft).await?;
    tokio::fs::create_dir_all(&draft).await?;
    tokio::fs::write(mark_file(&draft), mark.text()).await?;
    let file = draft.join(FILE);
    tokio::fs::copy(template_file(root), &file).await?;
    tokio::fs::File::open(&file).await?.sync_all().await?;
    let folder = folder_of(root, name);
    if !tokio::fs::try_exists(file_of(root, name)).await? {
        // What an earlier version left when it was interrupted: a folder without a database.
        remove_folder(&folder).await?;
    }
    match tokio::fs::rename(&draft, &folder).await {
        Ok(()) => Ok(true),
        Err(_) if tokio::fs::try_exists(&folder).await? => {
            remove_folder(&draft).await?;
            Ok(false)
        }
        Err(error) => Err(error),
    }
}

/// Removes the folder if it bears the organization's mark, with or without a database in it, and the draft.
pub(super) async fn drop_own(root: &Path, name: &str, organization: OrganizationId) -> io::Result<()> {
    let folder = folder_of(root, name);
    let mark = read_if_there(&mark_file(&folder)).await?;
    if matches!(Owner::of(mark.as_deref()), Owner::Organization(owner) if owner == organization) {
        remove_folder(&folder).await?;
    }
    drop_draft(root, organization).await
}

pub(super) async fn drop_draft(root: &Path, organization: OrganizationId) -> io::Result<()> {
    remove_folder(&draft_folder(root, organization)).await
}

pub(super) async fn list(root: &Path, prefix: &str) -> io::Result<Vec<Listed>> {
    let mut listed = Vec::new();
    for name in names_in(root).await?.into_iter().filter(|name| name.starts_with(prefix)) {
        let mark = read_if_there(&mark_file(&folder_of(root, &name))).await?;
        if let Some(mark) = mark.and_then(|text| ReadMark::parse(&text)) {
            listed.push(Listed { name, organization: mark.organization, mark: Some(mark) });
        }
    }
    for name in names_in(&root.join(DRAFTS)).await? {
        let Ok(id) = Uuid::try_parse(&name) else { continue };
        listed.push(Listed { name: format!("{DRAFTS}/{name}"), organization: id.into(), mark: None });
    }
    Ok(listed)
}

pub(super) async fn build_template(root: &Path, waiting: OrganizationId) -> Result<(), StoreError> {
    let template = template_file(root);
    if tokio::fs::try_exists(&template).await.map_err(io_error)? {
        return Ok(());
    }
    let folder = root.join(".templates");
    tokio::fs::create_dir_all(&folder).await.map_err(io_error)?;
    let draft = folder.join(format!("draft-{}.sqlite3", builder(waiting)));
    remove_if_there(&draft).await?;
    let connection = connect::sqlite(&draft, true, PoolSize::SINGLE).await.map_err(store_error)?;
    transaction::migrate::<TenantMigrator>(&connection).await.map_err(store_error)?;
    // One plain file without a side file is what can be copied.
    for pragma in ["PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA journal_mode = DELETE"] {
        connection.execute_unprepared(pragma).await.map_err(store_error)?;
    }
    connection.close().await.map_err(store_error)?;
    tokio::fs::rename(&draft, &template).await.map_err(io_error)
}

async fn remove_if_there(file: &Path) -> Result<(), StoreError> {
    match tokio::fs::remove_file(file).await {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(io_error(error)),
        Ok(()) | Err(_) => Ok(()),
    }
}

async fn read_if_there(file: &Path) -> io::Result<Option<String>> {
    match tokio::fs::read_to_string(file).await {
        Ok(text) => Ok(Some(text)),
        Err(error) if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => Ok(None),
        Err(error) => Err(error),
    }
}

async fn remove_folder(folder: &Path) -> io::Result<()> {
    match tokio::fs::remove_dir_all(folder).await {
        Err(error) if error.kind() != ErrorKind::NotFound => Err(error),
        Ok(()) | Err(_) => Ok(()),
    }
}

/// The names in a folder, in their order; none when it is not there.
async fn names_in(folder: &Path) -> io::Result<Vec<String>> {
    let mut entries = match tokio::fs::read_dir(folder).await {
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(Vec::new()),
        entries => entries?,
    };
    let mut names = Vec::new();
    while let Some(entry) = entries.next_entry().await? {
        names.extend(entry.file_name().into_string());
    }
    names.sort();
    Ok(names)
}
