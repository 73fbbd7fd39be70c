//! Why an archive is not restored.

use thiserror::Error;

/// Why an archive is not restored. Everything but [`ArchiveRefusal::Differs`] is found before any database exists.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ArchiveRefusal {
    /// It is something else.
    #[error("the file is no backup of this product: {0}")]
    NotAnArchive(&'static str),
    /// Written by a later version.
    #[error("the archive has the form {0}, which this version does not read")]
    UnknownFormat(u32),
    /// A part is missing at the end.
    #[error("the archive is truncated: {0}")]
    Truncated(String),
    /// A byte is not what it was.
    #[error("the archive is damaged: the checksum of {member} is wrong")]
    Damaged {
        /// The member.
        member: String,
    },
    /// The manifest was changed after it was signed.
    #[error("the signature of the manifest is wrong: the archive was changed after it was made")]
    SignatureInvalid,
    /// Another installation signed it.
    #[error(
        "the archive was signed by another installation, whose key has the fingerprint {fingerprint}; restore it with \
         --accept-foreign-key {fingerprint} if you know that installation"
    )]
    ForeignKey {
        /// SHA-256 of the public key, 64 hexadecimal digits.
        fingerprint: String,
    },
    /// Something is in it that must not be.
    #[error("the archive's member {member:?} is refused: {why}")]
    Member {
        /// Its path.
        member: String,
        /// Why.
        why: &'static str,
    },
    /// More than any organization has.
    #[error("the archive is refused: {what} is beyond any limit")]
    TooLarge {
        /// What there is too much of.
        what: &'static str,
    },
    /// A bomb.
    #[error("the archive's member {member:?} is refused: it inflates to far more than it should")]
    TooDense {
        /// Its path.
        member: String,
    },
    /// A later version of the product made it.
    #[error(
        "the archive has schema version {found}, this version of the product knows {known}: upgrade first"
    )]
    SchemaNewer {
        /// The archive's.
        found: i32,
        /// The newest that is known.
        known: i32,
    },
    /// A schema of that number but not of that text.
    #[error(
        "the archive's schema {version} ({fingerprint}) is none that this version of the product has had"
    )]
    SchemaUnknown {
        /// Its version.
        version: i32,
        /// Its fingerprint.
        fingerprint: String,
    },
    /// The disk is too small.
    #[error("restoring the archive takes about {needed} bytes of disk, and {free} are free")]
    NoSpace {
        /// What it takes.
        needed: u64,
        /// What there is.
        free: u64,
    },
    /// What was loaded is not what the manifest says.
    #[error("table {table} differs from the manifest after loading: {detail}")]
    Differs {
        /// The table.
        table: String,
        /// How.
        detail: String,
    },
}

impl ArchiveRefusal {
    pub(crate) fn member(path: &str, why: &'static str) -> Self {
        Self::Member { member: path.chars().take(200).collect(), why }
    }

    /// The stable name.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotAnArchive(_) => "archive_unreadable",
            Self::UnknownFormat(_) => "archive_format_unknown",
            Self::Truncated(_) => "archive_truncated",
            Self::Damaged { .. } => "archive_damaged",
            Self::SignatureInvalid => "archive_signature_invalid",
            Self::ForeignKey { .. } => "archive_foreign_key",
            Self::Member { .. } => "archive_member_refused",
            Self::TooLarge { .. } => "archive_too_large",
            Self::TooDense { .. } => "archive_too_dense",
            Self::SchemaNewer { .. } => "archive_schema_newer",
            Self::SchemaUnknown { .. } => "archive_schema_unknown",
            Self::NoSpace { .. } => "no_space",
            Self::Differs { .. } => "archive_differs",
        }
    }
}
