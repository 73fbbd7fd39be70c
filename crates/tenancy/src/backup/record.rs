//! What the control database remembers of backups, of exchanged databases and of deletions.

use chrono::{DateTime, Utc};
use std::collections::BTreeMap;
use vigie_kernel::{BackupId, DatabaseMoveId, OrganizationId, ServerId};

macro_rules! named {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $text:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        pub enum $name { $($(#[$vdoc])* $variant),+ }

        impl $name {
            /// Every one.
            pub const ALL: &'static [Self] = &[$(Self::$variant),+];

            /// The stable name, as in answers and in the database.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $text),+ }
            }

            /// The one of that name, or `None`.
            #[must_use]
            pub fn from_name(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|one| one.name() == name)
            }
        }
    };
}

named! {
    /// Why a backup was made.
    BackupKind {
        /// Somebody asked for it. Kept until somebody removes it.
        Manual = "manual",
        /// By the schedule. Kept as the plan says.
        Nightly = "nightly",
        /// Before the organization was deleted. Kept until its slug is free again.
        Final = "final",
    }
}

named! {
    /// How a backup stands.
    BackupStatus {
        /// Waits for a worker.
        Queued = "queued",
        /// Is being written.
        Running = "running",
        /// There, whole and signed.
        Done = "done",
        /// Not made; the error says why.
        Failed = "failed",
        /// Was there; its file was removed when its time was over.
        Removed = "removed",
    }
}

/// A backup.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BackupRecord {
    /// Its id.
    pub id: BackupId,
    /// Whose it is. The organization may be gone.
    pub organization: OrganizationId,
    /// The organization's slug at that time.
    pub slug: String,
    /// Why it was made.
    pub kind: BackupKind,
    /// How it stands.
    pub status: BackupStatus,
    /// The archive's file, when it is or was done.
    pub path: Option<String>,
    /// Its size in bytes.
    pub size: Option<i64>,
    /// Its SHA-256, 64 hexadecimal digits.
    pub sha256: Option<String>,
    /// The schema version of its rows.
    pub schema_version: Option<i32>,
    /// Rows by table, and `files`.
    pub counts: BTreeMap<String, u64>,
    /// Why it failed, in words for the operator.
    pub error: Option<String>,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
    /// When it was last tried out, by restoring it into a database that nobody is served from.
    pub drilled_at: Option<DateTime<Utc>>,
    /// Why that did not go well; `None` when it did.
    pub drill_error: Option<String>,
}

impl BackupRecord {
    /// A backup that is asked for.
    #[must_use]
    pub fn asked(
        id: BackupId,
        organization: OrganizationId,
        slug: &str,
        kind: BackupKind,
        at: DateTime<Utc>,
    ) -> Self {
        Self {
            id,
            organization,
            slug: slug.to_owned(),
            kind,
            status: BackupStatus::Queued,
            path: None,
            size: None,
            sha256: None,
            schema_version: None,
            counts: BTreeMap::new(),
            error: None,
            created_at: at,
            finished_at: None,
            drilled_at: None,
            drill_error: None,
        }
    }
}

named! {
    /// Why an organization gets another database.
    MoveKind {
        /// A backup takes the place of what is there.
        Restore = "restore",
        /// It moves to another server, of the same engine or of another one.
        Promote = "promote",
        /// A backup is tried out: the new database never becomes the organization's.
        Drill = "drill",
        /// The database before the last exchange comes back.
        Undo = "undo",
    }
}

named! {
    /// How far an exchange of databases is.
    MoveState {
        /// The new database is being filled; the organization works on the old one.
        Loading = "loading",
        /// The old database takes no writes any more; the organization still points at it.
        Fenced = "fenced",
        /// The organization works on the new database; the old one is kept.
        Switched = "switched",
        /// The old database was dropped, or came back by an undo.
        Closed = "closed",
        /// Given up: the organization never left the old database.
        Abandoned = "abandoned",
    }
}

/// An exchange of an organization's database for another one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseMove {
    /// Its id.
    pub id: DatabaseMoveId,
    /// The organization.
    pub organization: OrganizationId,
    /// Why.
    pub kind: MoveKind,
    /// How far it is.
    pub state: MoveState,
    /// The database before.
    pub old_database: String,
    /// The database after.
    pub new_database: String,
    /// The server before and the server after; `None` when it stays on its server.
    pub servers: Option<(ServerId, ServerId)>,
    /// Who works on it renews this; past it anybody may give the move up.
    pub lease_until: DateTime<Utc>,
    /// When it began.
    pub created_at: DateTime<Utc>,
    /// When its state last changed.
    pub changed_at: DateTime<Utc>,
}

/// A deletion with its grace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deletion {
    /// The organization.
    pub organization: OrganizationId,
    /// Its slug.
    pub slug: String,
    /// Why it is deleted.
    pub reason: String,
    /// When that was asked for.
    pub requested_at: DateTime<Utc>,
    /// From when on everything may go.
    pub purge_after: DateTime<Utc>,
    /// The backup that was made before.
    pub final_backup: Option<BackupId>,
    /// When everything went.
    pub purged_at: Option<DateTime<Utc>>,
    /// From when on the slug is free for others.
    pub slug_free_at: Option<DateTime<Utc>>,
}
