//! Typed ids: UUIDv7 inside, each its own type.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

/// Gives new ids. UUIDv7 in production, counted in tests.
pub trait IdSource: Send + Sync {
    /// The next id, never given twice.
    fn next_uuid(&self) -> Uuid;
}

impl dyn IdSource + '_ {
    /// The next id in the type that the caller asks for.
    pub fn next<T: From<Uuid>>(&self) -> T {
        T::from(self.next_uuid())
    }
}

macro_rules! typed_id {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// The id as the plain UUID that databases and JSON carry.
            #[must_use]
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl From<Uuid> for $name {
            fn from(id: Uuid) -> Self {
                Self(id)
            }
        }

        impl From<$name> for Uuid {
            fn from(id: $name) -> Self {
                id.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({})", stringify!($name), self.0)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )+};
}

typed_id! {
    /// One customer organization, which has a database of its own.
    OrganizationId,
    /// A person with an account, in the control database.
    UserId,
    /// A person's membership of one organization.
    MembershipId,
    /// A login that is still alive; also the family of its refresh tokens.
    SessionId,
    /// One refresh token of a session.
    RefreshTokenId,
    /// A dashboard of an organization.
    DashboardId,
    /// A key performance indicator.
    KpiId,
    /// The value of a KPI for one period.
    ValueId,
    /// One change of a value.
    RevisionId,
    /// One version of a KPI's thresholds.
    ThresholdVersionId,
    /// An action on a KPI.
    ActionId,
    /// A comment on a KPI or on an action.
    CommentId,
    /// One import of a file.
    ImportRunId,
    /// One run of migrations over the organizations' databases.
    MigrationRunId,
    /// A job of the queue.
    JobId,
    /// A message of an outbox.
    OutboxId,
    /// A line of the audit trail.
    AuditEntryId,
    /// What somebody is told.
    NotificationId,
    /// A notification on its way to one recipient by one channel.
    DeliveryId,
    /// A server of organizations' databases.
    ServerId,
    /// A long operation on an organization, such as its creation.
    OperationId,
    /// A token that is good for one use, such as setting a first password.
    OneTimeTokenId,
    /// A sign-up that waits until its address is proved.
    SignUpId,
    /// An invitation to an organization.
    InvitationId,
    /// An offer to take over an organization.
    OwnershipOfferId,
    /// A backup of an organization.
    BackupId,
    /// One exchange of an organization's database for another one.
    DatabaseMoveId,
}
