//! Which schema an organization's database has.

use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::sync::LazyLock;
use vigie_migrations::TenantMigrator;

/// The fingerprint of the current tenant schema: 16 hexadecimal digits over the text of every migration.
static CURRENT: LazyLock<String> = LazyLock::new(|| of_version(TenantMigrator::sources().len()));

/// The fingerprint of the tenant schema after the first `version` migrations.
pub(crate) fn of_version(version: usize) -> String {
    let mut hash = Sha256::new();
    for source in TenantMigrator::sources().iter().take(version) {
        hash.update(source.as_bytes());
    }
    hash.finalize().iter().take(8).fold(String::with_capacity(16), |mut hex, byte| {
        // Writing into a String cannot fail.
        let _infallible = write!(hex, "{byte:02x}");
        hex
    })
}

/// The version whose schema has that fingerprint; `None` when no migration of this binary ends there.
pub(crate) fn version_of(fingerprint: &str) -> Option<usize> {
    (1..=TenantMigrator::sources().len()).rev().find(|version| of_version(*version) == fingerprint)
}

/// The fingerprint of the tenant schema that this binary serves.
pub(crate) fn current() -> &'static str {
    &CURRENT
}
