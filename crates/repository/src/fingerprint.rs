//! Which schema an organization's database has, and which ones this binary serves.

use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::sync::LazyLock;
use vigie_migrations::TenantMigrator;

/// The fingerprints of all versions, the first version first: 16 hexadecimal digits over the text of every migration up to it.
static VERSIONS: LazyLock<Vec<String>> = LazyLock::new(|| {
    let mut hash = Sha256::new();
    TenantMigrator::sources()
        .iter()
        .map(|source| {
            hash.update(source.as_bytes());
            hash.clone().finalize().iter().take(8).fold(String::with_capacity(16), |mut hex, byte| {
                // Writing into a String cannot fail.
                let _infallible = write!(hex, "{byte:02x}");
                hex
            })
        })
        .collect()
});

/// The fingerprint of the tenant schema after the first `version` migrations; empty for a version that is not there.
pub(crate) fn of_version(version: usize) -> &'static str {
    SchemaWindow::fingerprint_of(version).unwrap_or_default()
}

/// The version whose schema has that fingerprint; `None` when no migration of this binary ends there.
pub(crate) fn version_of(fingerprint: &str) -> Option<usize> {
    VERSIONS.iter().position(|version| version == fingerprint).map(|index| index + 1)
}

/// The fingerprint of the tenant schema that migrations arrive at.
pub(crate) fn current() -> &'static str {
    VERSIONS.last().map_or("", String::as_str)
}

/// The schema versions that a binary serves, from the oldest to the current one. A database outside of them is refused until it is
/// migrated, and one of a later version until the binary is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SchemaWindow {
    oldest: usize,
}

impl SchemaWindow {
    /// From that version on; version 1 is the one that the first migration arrives at. Never later than the current one.
    #[must_use]
    pub fn from_version(oldest: usize) -> Self {
        Self { oldest: oldest.clamp(1, VERSIONS.len().max(1)) }
    }

    /// The fingerprint that databases of a version bear, or `None` when there is no such version.
    #[must_use]
    pub fn fingerprint_of(version: usize) -> Option<&'static str> {
        VERSIONS.get(version.checked_sub(1)?).map(String::as_str)
    }

    /// Whether a database of that fingerprint is served.
    pub(crate) fn serves(self, fingerprint: &str) -> bool {
        VERSIONS.iter().skip(self.oldest - 1).any(|served| served == fingerprint)
    }
}

impl Default for SchemaWindow {
    /// What this binary's statements work on: [`TenantMigrator::OLDEST_SERVED`] and later.
    fn default() -> Self {
        Self::from_version(TenantMigrator::OLDEST_SERVED)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_serves_its_versions_and_no_others() {
        let all = VERSIONS.len();
        let window = SchemaWindow::from_version(all - 1);
        let served: Vec<bool> = VERSIONS.iter().map(|version| window.serves(version)).collect();
        assert_eq!(served.iter().filter(|served| **served).count(), 2);
        assert!(served.ends_with(&[false, true, true]), "{served:?}");
        assert!(!window.serves("") && !window.serves("0123456789abcdef"));
    }

    #[test]
    fn the_current_schema_is_always_served() {
        assert!(SchemaWindow::default().serves(current()));
        assert!(SchemaWindow::from_version(usize::MAX).serves(current()));
        assert!(SchemaWindow::from_version(0).serves(&VERSIONS[0]));
    }

    #[test]
    fn versions_differ() {
        let mut versions = VERSIONS.clone();
        versions.sort();
        versions.dedup();
        assert_eq!(versions.len(), TenantMigrator::sources().len());
    }
}
