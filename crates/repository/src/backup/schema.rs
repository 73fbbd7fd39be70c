//! The tables that backups carry, at each schema version that this binary has had.

use super::rules::{TableRule, Treatment, rule_of};
use crate::fingerprint;
use vigie_kernel::StoreError;
use vigie_migrations::{ColumnKind, TenantMigrator};
use vigie_tenancy::backup::{ArchiveRefusal, Column, ColumnType, SchemaMark, TableColumns};

/// The schema of that version.
pub(super) fn mark(version: usize) -> Result<SchemaMark, StoreError> {
    let number = i32::try_from(version).map_err(|error| StoreError::Broken(Box::new(error)))?;
    Ok(SchemaMark { version: number, fingerprint: fingerprint::of_version(version).to_owned() })
}

/// Whether rows of that schema can be loaded: it must be one that this binary has had.
pub(super) fn loadable(schema: &SchemaMark) -> Result<(), ArchiveRefusal> {
    let known = TenantMigrator::sources().len();
    let version = usize::try_from(schema.version).unwrap_or(0);
    if version > known {
        let known = i32::try_from(known).unwrap_or(i32::MAX);
        return Err(ArchiveRefusal::SchemaNewer { found: schema.version, known });
    }
    if version == 0 || fingerprint::of_version(version) != schema.fingerprint {
        let fingerprint = schema.fingerprint.chars().take(64).collect();
        return Err(ArchiveRefusal::SchemaUnknown { version: schema.version, fingerprint });
    }
    Ok(())
}

/// Every table of that version with its rule.
pub(super) fn ruled(version: usize) -> Result<Vec<(TableColumns, &'static TableRule)>, StoreError> {
    let shape = TenantMigrator::shape(version).map_err(|error| StoreError::Broken(Box::new(error)))?;
    shape
        .into_iter()
        .map(|table| {
            let rule = rule_of(&table.name).ok_or_else(|| {
                StoreError::broken(format!("backups do not know what to do with the table {}", table.name))
            })?;
            let columns = table
                .columns
                .into_iter()
                .map(|column| Column { name: column.name, kind: kind_of(column.kind) })
                .collect();
            Ok((TableColumns { name: table.name, columns }, rule))
        })
        .collect()
}

/// The tables of that version that an archive has.
pub(super) fn carried(version: usize) -> Result<Vec<TableColumns>, StoreError> {
    let ruled = ruled(version)?;
    Ok(ruled
        .into_iter()
        .filter(|(_, rule)| rule.treatment == Treatment::Carried)
        .map(|(table, _)| table)
        .collect())
}

pub(super) const fn kind_of(kind: ColumnKind) -> ColumnType {
    match kind {
        ColumnKind::Bool => ColumnType::Bool,
        ColumnKind::Int => ColumnType::Int,
        ColumnKind::BigInt => ColumnType::BigInt,
        ColumnKind::Float => ColumnType::Float,
        ColumnKind::Decimal => ColumnType::Decimal,
        ColumnKind::Text => ColumnType::Text,
        ColumnKind::Uuid => ColumnType::Uuid,
        ColumnKind::Date => ColumnType::Date,
        ColumnKind::Instant => ColumnType::Instant,
        ColumnKind::Json => ColumnType::Json,
        ColumnKind::Bytes => ColumnType::Bytes,
    }
}
