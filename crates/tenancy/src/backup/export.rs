//! Everything an organization has, for people and for other programs: CSV and JSON, and the files as they are.

use super::cell::{Cell, Column, Row, hex, instant_text, write_cell};
use super::commands::{BackupWatch, Exported};
use super::error::BackupError;
use super::ports::{ExportWriter, MemberAccount, RowSink, TableColumns};
use super::service::{Backups, refuse_without_database};
use async_trait::async_trait;
use serde_json::json;
use std::borrow::Cow;
use std::path::Path;
use vigie_kernel::{OperatorContext, OrganizationId, StoreError};

/// First characters that make a spreadsheet take a text for a formula, with their full-width forms (OWASP, CSV injection).
const DANGEROUS: [char; 12] =
    ['=', '+', '-', '@', '\t', '\r', '\n', '\0', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'];

/// The mark by which spreadsheets recognise UTF-8.
const UTF8_MARK: &str = "\u{feff}";

/// A text field: one that begins like a formula gets a leading `'`.
fn safe(text: &str) -> Cow<'_, str> {
    if text.starts_with(DANGEROUS) { Cow::Owned(format!("'{text}")) } else { Cow::Borrowed(text) }
}

/// A field in quotes where it needs them.
fn push_field(field: &str, line: &mut String) {
    if field.contains([',', '"', '\n', '\r']) {
        line.push('"');
        line.push_str(&field.replace('"', "\"\""));
        line.push('"');
    } else {
        line.push_str(field);
    }
}

pub(crate) fn csv_line<'f>(fields: impl Iterator<Item = Cow<'f, str>>) -> String {
    let mut line = String::new();
    for (index, field) in fields.enumerate() {
        if index > 0 {
            line.push(',');
        }
        push_field(&field, &mut line);
    }
    line.push_str("\r\n");
    line
}

/// A field of a row. Numbers stay numbers; texts, and JSON because it may be a text, are made safe.
pub(crate) fn csv_field(cell: &Cell) -> Cow<'_, str> {
    match cell {
        Cell::Null => Cow::Borrowed(""),
        Cell::Bool(value) => Cow::Owned(value.to_string()),
        Cell::Int(value) => Cow::Owned(value.to_string()),
        Cell::Float(value) => Cow::Owned(value.to_string()),
        Cell::Decimal(value) => Cow::Owned(value.to_string()),
        Cell::Text(text) | Cell::Json(text) => safe(text),
        Cell::Uuid(value) => Cow::Owned(value.to_string()),
        Cell::Date(value) => Cow::Owned(value.to_string()),
        Cell::Instant(value) => Cow::Owned(instant_text(*value)),
        Cell::Bytes(value) => Cow::Owned(hex(value)),
    }
}

/// Writes one table in two forms at a time is not possible, so it is read twice, in the same snapshot.
enum Form {
    Csv,
    Json,
}

struct TableFile<'a> {
    writer: &'a mut dyn ExportWriter,
    columns: &'a [Column],
    form: Form,
    rows: u64,
}

#[async_trait]
impl RowSink for TableFile<'_> {
    async fn rows(&mut self, rows: Vec<Row>) -> Result<(), BackupError> {
        let mut text = Vec::with_capacity(rows.len() * 256);
        for row in &rows {
            match self.form {
                Form::Csv => text.extend_from_slice(csv_line(row.iter().map(csv_field)).as_bytes()),
                Form::Json => {
                    text.extend_from_slice(if self.rows == 0 { b"\n" } else { b",\n" });
                    json_object(self.columns, row, &mut text)?;
                }
            }
            self.rows += 1;
        }
        self.writer.write(text).await
    }
}

fn json_object(columns: &[Column], row: &[Cell], out: &mut Vec<u8>) -> Result<(), BackupError> {
    let broken = |error| StoreError::Broken(Box::new(error));
    out.push(b'{');
    for (index, (column, cell)) in columns.iter().zip(row).enumerate() {
        if index > 0 {
            out.push(b',');
        }
        // A name of ours needs no escape.
        out.extend_from_slice(format!("\"{}\":", column.name).as_bytes());
        write_cell(cell, false, out).map_err(broken)?;
    }
    out.push(b'}');
    Ok(())
}

impl Backups {
    pub(crate) async fn run_export(
        &self,
        operator: &OperatorContext,
        id: OrganizationId,
        folder: &Path,
        watch: &dyn BackupWatch,
    ) -> Result<Exported, BackupError> {
        let organization = self.organization(id).await?;
        refuse_without_database(&organization)?;
        let it = organization.snapshot();
        let taken_at = self.now();
        let folder = folder.join(format!("{}-export-{}", it.slug, taken_at.format("%Y%m%dT%H%M%SZ")));
        let mut snapshot = self.ports.data.snapshot(&organization, None).await?;
        let mut writer = self.ports.archives.export(&folder).await?;
        let mut tables = Vec::new();
        for table in snapshot.tables().to_vec() {
            let TableColumns { name, columns } = &table;
            writer.begin(&format!("tables/{name}.csv")).await?;
            let header = csv_line(columns.iter().map(|column| Cow::Borrowed(column.name.as_str())));
            writer.write(format!("{UTF8_MARK}{header}").into_bytes()).await?;
            let mut file = TableFile { writer: writer.as_mut(), columns, form: Form::Csv, rows: 0 };
            snapshot.read(&table, &mut file).await?;
            let rows = file.rows;
            writer.end().await?;
            writer.begin(&format!("tables/{name}.json")).await?;
            writer.write(b"[".to_vec()).await?;
            let mut file = TableFile { writer: writer.as_mut(), columns, form: Form::Json, rows: 0 };
            snapshot.read(&table, &mut file).await?;
            writer.write(b"\n]\n".to_vec()).await?;
            writer.end().await?;
            watch.step(name, rows, Some(rows));
            tables.push((name.clone(), rows));
        }
        drop(snapshot);
        let files = self.export_files(id, writer.as_mut(), watch).await?;
        let members = self.ports.people.members(id).await?;
        whole(writer.as_mut(), "accounts.csv", accounts_csv(&members)).await?;
        let card = json!({
            "id": it.id,
            "slug": it.slug,
            "name": it.name,
            "plan": it.plan.name(),
            "status": it.status.name(),
            "settings": it.settings,
            "created_at": it.created_at,
            "exported_at": taken_at,
            "product": self.product,
            "accounts": members.iter().map(account).collect::<Vec<_>>(),
            "tables": tables.iter().map(|(name, rows)| json!({ "name": name, "rows": rows })).collect::<Vec<_>>(),
            "files": files,
        });
        whole(writer.as_mut(), "organization.json", format!("{card:#}\n")).await?;
        let details = json!({ "tables": tables.len(), "files": files });
        self.record(&self.audit(operator, "organization.exported", id, details)).await?;
        Ok(Exported { folder, tables, files })
    }

    async fn export_files(
        &self,
        id: OrganizationId,
        writer: &mut dyn ExportWriter,
        watch: &dyn BackupWatch,
    ) -> Result<u64, BackupError> {
        let files = self.ports.files.list(id).await?;
        let total = u64::try_from(files.len()).ok();
        let mut done = 0;
        for file in files {
            let Some(mut content) = self.ports.files.open(id, &file.name).await? else { continue };
            writer.begin(&format!("files/{}", file.name)).await?;
            while let Some(piece) = content.next().await? {
                writer.write(piece).await?;
            }
            writer.end().await?;
            done += 1;
            watch.step("files", done, total);
        }
        Ok(done)
    }
}

async fn whole(writer: &mut dyn ExportWriter, path: &str, text: String) -> Result<(), BackupError> {
    writer.begin(path).await?;
    writer.write(text.into_bytes()).await?;
    writer.end().await
}

fn account(member: &MemberAccount) -> serde_json::Value {
    json!({
        "id": member.user,
        "email": member.email,
        "full_name": member.full_name,
        "role": member.role,
        "active": member.active,
        "since": member.since,
    })
}

fn accounts_csv(members: &[MemberAccount]) -> String {
    let header = ["id", "email", "full_name", "role", "active", "since"];
    let mut text = UTF8_MARK.to_owned() + &csv_line(header.into_iter().map(Cow::Borrowed));
    for member in members {
        let fields: [Cow<'_, str>; 6] = [
            Cow::Owned(member.user.to_string()),
            safe(&member.email),
            safe(&member.full_name),
            Cow::Borrowed(&member.role),
            Cow::Owned(member.active.to_string()),
            Cow::Owned(instant_text(member.since)),
        ];
        text.push_str(&csv_line(fields.into_iter()));
    }
    text
}
