//! The first member of an archive: what is in it and what it must amount to.

use super::cell::Column;
use super::refusal::ArchiveRefusal;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use vigie_kernel::{BackupId, OrganizationId, OrganizationSettings};

/// The form of archives that this version writes and reads.
pub const FORMAT: u32 = 1;
/// The name of the manifest in the archive.
pub const MANIFEST: &str = "manifest.json";
/// The name of the manifest's signature in the archive.
pub const SIGNATURE: &str = "manifest.sig";
/// Longest manifest that is read.
pub const MANIFEST_BYTES: u64 = 64 * 1024 * 1024;
/// Most members of an archive.
const MEMBERS: usize = 250_000;
/// Most bytes of an archive when everything is inflated: 4 TiB.
const RAW_BYTES: u64 = 4 << 40;
/// A member that inflates to more than so many times its size is refused; ours stay below, see [`too_dense`].
pub const RATIO: u64 = 400;
/// Inflated members up to this size are harmless whatever their ratio.
const SMALL: u64 = 1024 * 1024;

/// Whether a member of that size inflates to suspiciously much.
#[must_use]
pub const fn too_dense(size: u64, raw_size: u64) -> bool {
    raw_size > SMALL && raw_size / RATIO > size
}

/// The engine that an organization's database was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// A SQLite file.
    Sqlite,
    /// A PostgreSQL database.
    Postgres,
}

impl Engine {
    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sqlite => "sqlite",
            Self::Postgres => "postgres",
        }
    }
}

/// Which schema a database has.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SchemaMark {
    /// The number of its migrations.
    pub version: i32,
    /// The fingerprint of their text.
    pub fingerprint: String,
}

/// The organization that was backed up. Its accounts are not here: they are the installation's.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct OrganizationCard {
    /// Its id.
    pub id: OrganizationId,
    /// Its slug.
    pub slug: String,
    /// Its name.
    pub name: String,
    /// Its plan.
    pub plan: String,
    /// Its settings.
    pub settings: OrganizationSettings,
}

/// A table of the archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableEntry {
    /// Its name.
    pub name: String,
    /// The columns of its rows, in their order.
    pub columns: Vec<Column>,
    /// How many rows it has.
    pub rows: u64,
    /// The sum of the rows' hashes ([`super::RowSum::digest`]).
    pub digest: String,
    /// The member that holds the rows.
    pub member: String,
}

/// A member of the archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MemberEntry {
    /// Its path in the archive.
    pub path: String,
    /// Its bytes in the archive.
    pub size: u64,
    /// Its bytes when inflated.
    pub raw_size: u64,
    /// SHA-256 of its bytes in the archive, 64 hexadecimal digits.
    pub sha256: String,
    /// Whether it is compressed (gzip).
    pub gzip: bool,
}

/// What is in an archive.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    /// The form of the archive, [`FORMAT`].
    pub format: u32,
    /// The product and its version.
    pub product: String,
    /// The backup.
    pub backup: BackupId,
    /// When the snapshot was taken.
    pub taken_at: DateTime<Utc>,
    /// The engine that it was taken from.
    pub engine: Engine,
    /// The schema that the rows have.
    pub schema: SchemaMark,
    /// The organization.
    pub organization: OrganizationCard,
    /// The tables.
    pub tables: Vec<TableEntry>,
    /// Everything that follows the manifest and its signature, in this order.
    pub members: Vec<MemberEntry>,
}

/// The member that holds a table's rows.
#[must_use]
pub fn table_member(table: &str, gzip: bool) -> String {
    if gzip { format!("tables/{table}.ndjson.gz") } else { format!("tables/{table}.ndjson") }
}

/// The member that holds a file of the organization.
#[must_use]
pub fn file_member(name: &str) -> String {
    format!("files/{name}")
}

impl Manifest {
    /// Reads a manifest whose signature was checked, and checks everything that it says of itself: the form, the members' paths,
    /// their sizes, and that each table has its member.
    pub fn parse(bytes: &[u8]) -> Result<Self, ArchiveRefusal> {
        #[derive(Deserialize)]
        struct Form {
            format: u32,
        }
        let broken = |_| ArchiveRefusal::NotAnArchive("its manifest cannot be read");
        let form: Form = serde_json::from_slice(bytes).map_err(broken)?;
        if form.format != FORMAT {
            return Err(ArchiveRefusal::UnknownFormat(form.format));
        }
        let manifest: Self = serde_json::from_slice(bytes).map_err(broken)?;
        manifest.check()?;
        Ok(manifest)
    }

    /// The manifest as it is written.
    pub fn to_bytes(&self) -> Result<Vec<u8>, serde_json::Error> {
        serde_json::to_vec_pretty(self)
    }

    fn check(&self) -> Result<(), ArchiveRefusal> {
        if self.members.len() > MEMBERS {
            return Err(ArchiveRefusal::TooLarge { what: "the number of members" });
        }
        let mut members = BTreeMap::new();
        let mut raw_total = 0_u64;
        for member in &self.members {
            check_path(&member.path)?;
            let is_hash = member.sha256.len() == 64 && member.sha256.bytes().all(is_hex);
            if !is_hash || (!member.gzip && member.size != member.raw_size) {
                return Err(ArchiveRefusal::NotAnArchive("its manifest contradicts itself"));
            }
            if too_dense(member.size, member.raw_size) {
                return Err(ArchiveRefusal::TooDense { member: member.path.clone() });
            }
            raw_total = raw_total.saturating_add(member.raw_size);
            if members.insert(member.path.as_str(), member).is_some() {
                return Err(ArchiveRefusal::member(&member.path, "it is there twice"));
            }
        }
        if raw_total > RAW_BYTES {
            return Err(ArchiveRefusal::TooLarge { what: "the size of what is in it" });
        }
        let mut tables = BTreeSet::new();
        for table in &self.tables {
            let member = members.get(table.member.as_str());
            let right = member.is_some_and(|member| table.member == table_member(&table.name, member.gzip));
            if !right || !is_identifier(&table.name) || !tables.insert(table.member.as_str()) {
                return Err(ArchiveRefusal::NotAnArchive("its manifest contradicts itself"));
            }
            if table.columns.is_empty() || !table.columns.iter().all(|column| is_identifier(&column.name)) {
                return Err(ArchiveRefusal::NotAnArchive("its manifest contradicts itself"));
            }
        }
        for path in members.keys() {
            if !path.starts_with("files/") && !tables.contains(path) {
                return Err(ArchiveRefusal::member(path, "it belongs to no table"));
            }
        }
        Ok(())
    }

    /// Bytes of everything when inflated.
    #[must_use]
    pub fn raw_bytes(&self) -> u64 {
        self.members.iter().fold(0, |sum, member| sum.saturating_add(member.raw_size))
    }

    /// Rows of all tables.
    #[must_use]
    pub fn rows(&self) -> u64 {
        self.tables.iter().fold(0, |sum, table| sum.saturating_add(table.rows))
    }

    /// The organization's files: their names and members.
    pub fn files(&self) -> impl Iterator<Item = (&str, &MemberEntry)> {
        self.members.iter().filter_map(|member| Some((member.path.strip_prefix("files/")?, member)))
    }
}

fn is_hex(byte: u8) -> bool {
    byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte)
}

fn is_identifier(text: &str) -> bool {
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_';
    (1..=63).contains(&text.len())
        && text.chars().all(plain)
        && !text.starts_with(|c: char| c.is_ascii_digit())
}

/// Refuses a path that could lead out of the place it is meant for. Ours are relative, plain and short.
pub fn check_path(path: &str) -> Result<(), ArchiveRefusal> {
    let refused = |why| Err(ArchiveRefusal::member(path, why));
    if path.len() > 100 {
        return refused("its path is too long");
    }
    if path.starts_with('/') || path.contains('\\') || path.contains(':') {
        return refused("its path is not relative");
    }
    for part in path.split('/') {
        if matches!(part, "" | "." | "..") {
            return refused("its path leads elsewhere");
        }
        let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if part.starts_with('.') || !part.chars().all(plain) {
            return refused("its path has characters that ours do not have");
        }
    }
    if path.starts_with("tables/") || path.starts_with("files/") {
        Ok(())
    } else {
        refused("nothing of that name belongs into an archive")
    }
}
