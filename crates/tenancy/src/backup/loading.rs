//! Filling a database from an archive, and comparing what was loaded with what was read.

use super::cell::{Row, RowSum, read_row};
use super::commands::BackupWatch;
use super::error::BackupError;
use super::manifest::{Manifest, TableEntry};
use super::ports::{Pieces, RowSink, Settling, TableColumns, TenantData, TenantLoad, VerifiedArchive};
use super::refusal::ArchiveRefusal;
use super::service::Backups;
use crate::{ConnectionSettings, Organization, TenantDatabases};
use async_trait::async_trait;
use vigie_kernel::StoreError;

/// Longest line that is read.
const LINE: usize = 64 * 1024 * 1024;
/// Rows that are loaded at a time.
const BATCH: usize = 1000;

/// Says that the work goes on; fails when somebody else has given it up.
#[async_trait]
pub(crate) trait Pulse: Send {
    async fn beat(&mut self) -> Result<(), BackupError>;
}

/// The tables of the archive as this version has them at the archive's schema. An archive that has another table or another column
/// is refused; one that lacks a table loads nothing into it.
pub(crate) fn check_tables(manifest: &Manifest, known: &[TableColumns]) -> Result<(), ArchiveRefusal> {
    for table in &manifest.tables {
        let known = known.iter().find(|known| known.name == table.name);
        let mut theirs = table.columns.clone();
        theirs.sort_by(|a, b| a.name.cmp(&b.name));
        let mut ours = known.map(|known| known.columns.clone()).unwrap_or_default();
        ours.sort_by(|a, b| a.name.cmp(&b.name));
        if theirs != ours {
            return Err(ArchiveRefusal::NotAnArchive("its tables are not those of its schema"));
        }
    }
    Ok(())
}

/// A database and the hands that make and fill it.
pub(crate) struct Target<'a> {
    pub(crate) organization: &'a Organization,
    pub(crate) databases: &'a dyn TenantDatabases,
    pub(crate) data: &'a dyn TenantData,
    pub(crate) settling: Settling,
}

impl Target<'_> {
    /// Makes the database, fills it, compares it with the manifest, brings it to the current schema, gives it its identity and its
    /// members, and tries it out. Answers its schema version.
    pub(crate) async fn build(
        &self,
        archive: &dyn VerifiedArchive,
        watch: &dyn BackupWatch,
        pulse: &mut dyn Pulse,
    ) -> Result<i32, BackupError> {
        let manifest = archive.manifest();
        let version = manifest.schema.version;
        self.databases.create(self.organization).await?;
        let settings = ConnectionSettings::of(self.organization.snapshot().plan);
        self.databases.configure(self.organization, &settings).await?;
        self.data.go_back(self.organization, version).await?;
        let mut load = self.data.load(self.organization, version).await?;
        for table in &manifest.tables {
            fill(load.as_mut(), archive, table, watch, pulse).await?;
        }
        load.commit().await?;
        self.compare(manifest, watch, pulse).await?;
        self.data.settle(self.organization, self.settling).await?;
        let version = self.databases.migrate(self.organization).await?;
        self.databases.seed(self.organization).await?;
        self.databases.probe(self.organization).await?;
        Ok(version)
    }

    async fn compare(
        &self,
        manifest: &Manifest,
        watch: &dyn BackupWatch,
        pulse: &mut dyn Pulse,
    ) -> Result<(), BackupError> {
        let mut snapshot = self.data.snapshot(self.organization, Some(manifest.schema.version)).await?;
        for table in &manifest.tables {
            let mut counting =
                Counting { sum: RowSum::default(), pulse: &mut *pulse, watch, table: &table.name };
            let columns = TableColumns { name: table.name.clone(), columns: table.columns.clone() };
            snapshot.read(&columns, &mut counting).await?;
            let sum = counting.sum;
            let differs = |detail| ArchiveRefusal::Differs { table: table.name.clone(), detail };
            if sum.rows != table.rows {
                let detail = format!("{} rows instead of {}", sum.rows, table.rows);
                return Err(differs(detail).into());
            }
            if sum.digest() != table.digest {
                return Err(differs("its rows are others".to_owned()).into());
            }
        }
        Ok(())
    }
}

struct Counting<'a> {
    sum: RowSum,
    pulse: &'a mut dyn Pulse,
    watch: &'a dyn BackupWatch,
    table: &'a str,
}

#[async_trait]
impl RowSink for Counting<'_> {
    async fn rows(&mut self, rows: Vec<Row>) -> Result<(), BackupError> {
        for row in &rows {
            self.sum.add(row).map_err(|error| StoreError::Broken(Box::new(error)))?;
        }
        self.watch.step(&format!("{} compared", self.table), self.sum.rows, None);
        self.pulse.beat().await
    }
}

async fn fill(
    load: &mut dyn TenantLoad,
    archive: &dyn VerifiedArchive,
    table: &TableEntry,
    watch: &dyn BackupWatch,
    pulse: &mut dyn Pulse,
) -> Result<(), BackupError> {
    let columns = TableColumns { name: table.name.clone(), columns: table.columns.clone() };
    let mut lines = LineReader { pieces: archive.open(&table.member).await?, buffer: Vec::new(), at: 0 };
    let mut loaded = 0_u64;
    loop {
        let mut rows = Vec::with_capacity(BATCH);
        while rows.len() < BATCH {
            let Some(line) = lines.next().await? else { break };
            let row = read_row(line, &table.columns).map_err(|_| ArchiveRefusal::Differs {
                table: table.name.clone(),
                detail: format!("line {} is no row of it", loaded + rows_of(&rows) + 1),
            })?;
            rows.push(row);
        }
        if rows.is_empty() {
            break;
        }
        loaded += rows_of(&rows);
        load.rows(&columns, rows).await?;
        watch.step(&table.name, loaded, Some(table.rows));
        pulse.beat().await?;
    }
    Ok(())
}

fn rows_of(rows: &[Row]) -> u64 {
    u64::try_from(rows.len()).unwrap_or(u64::MAX)
}

/// Cuts pieces into lines. A last line without its line break is a line too.
struct LineReader {
    pieces: Box<dyn Pieces>,
    buffer: Vec<u8>,
    /// Up to here the buffer was handed out.
    at: usize,
}

impl LineReader {
    async fn next(&mut self) -> Result<Option<&[u8]>, BackupError> {
        let mut searched = self.at;
        let end = loop {
            let rest = self.buffer.get(searched..).unwrap_or_default();
            if let Some(found) = rest.iter().position(|byte| *byte == b'\n') {
                break searched + found;
            }
            self.buffer.drain(..self.at);
            self.at = 0;
            searched = self.buffer.len();
            if searched > LINE {
                return Err(ArchiveRefusal::TooLarge { what: "the length of a row" }.into());
            }
            match self.pieces.next().await? {
                Some(piece) => self.buffer.extend_from_slice(&piece),
                None if self.buffer.is_empty() => return Ok(None),
                None => break self.buffer.len(),
            }
        };
        let start = self.at;
        self.at = (end + 1).min(self.buffer.len());
        Ok(Some(&self.buffer[start..end]))
    }
}

impl Backups {
    /// Stores the archive's files as the organization's; answers how many.
    pub(crate) async fn load_files(
        &self,
        organization: &Organization,
        archive: &dyn VerifiedArchive,
        watch: &dyn BackupWatch,
        pulse: &mut dyn Pulse,
    ) -> Result<u64, BackupError> {
        let files: Vec<(String, String)> =
            archive.manifest().files().map(|(name, member)| (name.to_owned(), member.path.clone())).collect();
        let total = u64::try_from(files.len()).ok();
        let mut done = 0;
        for (name, member) in files {
            let content = archive.open(&member).await?;
            self.ports.files.put(organization.id(), &name, content).await?;
            done += 1;
            watch.step("files", done, total);
            pulse.beat().await?;
        }
        Ok(done)
    }
}
