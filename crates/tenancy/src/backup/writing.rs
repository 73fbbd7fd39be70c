//! Writing an archive.

use super::cell::{Row, RowSum, write_row};
use super::commands::BackupWatch;
use super::error::BackupError;
use super::manifest::{
    FORMAT, Manifest, MemberEntry, OrganizationCard, TableEntry, check_path, file_member, table_member,
    too_dense,
};
use super::ports::{ArchiveFile, ArchiveWriter, RowSink, TableColumns, TenantSnapshot};
use super::service::Backups;
use crate::Organization;
use async_trait::async_trait;
use std::path::Path;
use vigie_kernel::{BackupId, StoreError};

/// Turns rows into lines of a member, and counts them.
struct Lines<'a> {
    writer: &'a mut dyn ArchiveWriter,
    sum: RowSum,
    watch: &'a dyn BackupWatch,
    table: &'a str,
}

#[async_trait]
impl RowSink for Lines<'_> {
    async fn rows(&mut self, rows: Vec<Row>) -> Result<(), BackupError> {
        let mut lines = Vec::with_capacity(rows.len() * 256);
        for row in &rows {
            let written = self.sum.add(row).and_then(|()| write_row(row, &mut lines));
            written.map_err(|error| StoreError::Broken(Box::new(error)))?;
        }
        self.writer.write(lines).await?;
        self.watch.step(self.table, self.sum.rows, None);
        Ok(())
    }
}

impl Backups {
    /// Writes the archive of an organization as it is at this moment. A file that fails to be written leaves nothing behind.
    pub(crate) async fn write_archive(
        &self,
        organization: &Organization,
        backup: BackupId,
        folder: &Path,
        watch: &dyn BackupWatch,
    ) -> Result<(ArchiveFile, Manifest), BackupError> {
        let it = organization.snapshot();
        let mut snapshot = self.ports.data.snapshot(organization, None).await?;
        let taken_at = self.now();
        let short = backup.as_uuid().simple().to_string();
        let name = format!(
            "{}-{}-{}.vigie.tar",
            it.slug,
            taken_at.format("%Y%m%dT%H%M%SZ"),
            short.get(24..).unwrap_or_default()
        );
        let mut writer = self.ports.archives.create(folder, &name).await?;
        let (mut tables, mut members) = (Vec::new(), Vec::new());
        for table in snapshot.tables().to_vec() {
            let (entry, member) = write_table(snapshot.as_mut(), &table, writer.as_mut(), watch).await?;
            tables.push(entry);
            members.push(member);
        }
        let (engine, schema) = (snapshot.engine(), snapshot.schema().clone());
        drop(snapshot);
        self.write_files(organization, writer.as_mut(), &mut members, watch).await?;
        let manifest = Manifest {
            format: FORMAT,
            product: self.product.clone(),
            backup,
            taken_at,
            engine,
            schema,
            organization: OrganizationCard {
                id: it.id,
                slug: it.slug.to_string(),
                name: it.name.clone(),
                plan: it.plan.name().to_owned(),
                settings: it.settings,
            },
            tables,
            members,
        };
        let text = manifest.to_bytes().map_err(|error| StoreError::Broken(Box::new(error)))?;
        // What this version would not read again is not written.
        Manifest::parse(&text)?;
        Ok((writer.finish(text).await?, manifest))
    }

    /// Files are never changed under their names, so they need no snapshot; one that goes meanwhile is one that no row speaks of.
    async fn write_files(
        &self,
        organization: &Organization,
        writer: &mut dyn ArchiveWriter,
        members: &mut Vec<MemberEntry>,
        watch: &dyn BackupWatch,
    ) -> Result<(), BackupError> {
        let files = self.ports.files.list(organization.id()).await?;
        let total = u64::try_from(files.len()).ok();
        let mut done = 0;
        for file in files {
            let path = file_member(&file.name);
            check_path(&path)?;
            let Some(mut content) = self.ports.files.open(organization.id(), &file.name).await? else {
                continue;
            };
            writer.begin(&path, false).await?;
            while let Some(piece) = content.next().await? {
                writer.write(piece).await?;
            }
            members.push(writer.end().await?);
            done += 1;
            watch.step("files", done, total);
        }
        Ok(())
    }
}

async fn write_table(
    snapshot: &mut dyn TenantSnapshot,
    table: &TableColumns,
    writer: &mut dyn ArchiveWriter,
    watch: &dyn BackupWatch,
) -> Result<(TableEntry, MemberEntry), BackupError> {
    let mut gzip = true;
    loop {
        let path = table_member(&table.name, gzip);
        writer.begin(&path, gzip).await?;
        let mut lines = Lines { writer: &mut *writer, sum: RowSum::default(), watch, table: &table.name };
        snapshot.read(table, &mut lines).await?;
        let sum = lines.sum;
        let member = writer.end().await?;
        // So repetitive that a reader would take it for a bomb: as it is, then.
        if gzip && too_dense(member.size, member.raw_size) {
            writer.undo().await?;
            gzip = false;
            continue;
        }
        let entry = TableEntry {
            name: table.name.clone(),
            columns: table.columns.clone(),
            rows: sum.rows,
            digest: sum.digest(),
            member: path,
        };
        return Ok((entry, member));
    }
}
