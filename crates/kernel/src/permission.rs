//! Permissions, as small named rights that services require.

use std::fmt;
use thiserror::Error;

macro_rules! permissions {
    ($($(#[$doc:meta])* $name:ident = $text:literal),+ $(,)?) => {
        /// One right that a service asks for.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
        #[repr(u8)]
        pub enum Permission {
            $($(#[$doc])* $name),+
        }

        impl Permission {
            /// Every permission, in a fixed order.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// The stable name, such as `kpi:change`, shown in the API document.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }
        }
    };
}

permissions! {
    /// Read the organization's name and settings.
    OrganizationRead = "organization:read",
    /// Read dashboards, KPIs, values, actions, comments and reports.
    DashboardRead = "dashboard:read",
    /// Create dashboards and KPIs on one's own dashboards.
    DashboardCreate = "dashboard:create",
    /// Change and delete dashboards, KPIs and thresholds of one's own.
    DashboardChangeOwn = "dashboard:change-own",
    /// Change and delete any dashboard, KPI or threshold.
    DashboardChange = "dashboard:change",
    /// Record values on KPIs that one owns or whose dashboard one owns.
    ValueRecordOwn = "value:record-own",
    /// Record values on any KPI.
    ValueRecord = "value:record",
    /// Close periods and write into closed ones with a reason.
    PeriodClose = "period:close",
    /// Create actions.
    ActionCreate = "action:create",
    /// Change actions that one created or owns.
    ActionChangeOwn = "action:change-own",
    /// Change and delete any action.
    ActionChange = "action:change",
    /// Write comments, change and delete one's own.
    CommentWrite = "comment:write",
    /// Delete any comment.
    CommentModerate = "comment:moderate",
    /// Run imports and see import runs of one's own.
    ImportRun = "import:run",
    /// See, cancel and revert every import run.
    ImportManage = "import:manage",
    /// List the members of the organization.
    MemberList = "member:list",
    /// Invite members of roles below one's own, and look after such invitations.
    MemberInvite = "member:invite",
    /// Change the roles of members below one's own, keep them out, remove them.
    MemberManage = "member:manage",
    /// Hand the organization over to another member.
    OwnershipTransfer = "organization:transfer",
    /// Read the audit trail of the organization.
    AuditRead = "audit:read",
    /// Read what one is told, and mark it as read.
    InboxRead = "inbox:read",
    /// Change the organization's name, settings and branding.
    OrganizationChange = "organization:change",
    /// Ask for the organization's deletion.
    OrganizationDelete = "organization:delete",
    /// Send messages to members and prospects of the organization.
    NotificationSend = "notification:send",
    /// Read templates, suppressed addresses and mails that could not be delivered.
    TemplateRead = "template:read",
    /// Change templates and suppressed addresses, send undelivered mails again.
    TemplateManage = "template:manage",
    /// Export the audit trail of the organization.
    AuditExport = "audit:export",
    /// Read statistics, use of modules and alerts of the organization.
    StatsRead = "stats:read",
    /// Manage webhooks and API keys.
    IntegrationManage = "integration:manage",
    /// Make backups of the organization, and ask for their restoration.
    BackupRequest = "backup:request",
    /// Operate the platform: a platform administrator's, and no member's.
    PlatformAdmin = "platform:admin",
}

impl Permission {
    #[allow(
        clippy::as_conversions,
        reason = "a const fn reads a fieldless enum's discriminant in no other way"
    )]
    const fn bit(self) -> u64 {
        1 << (self as u8)
    }
}

impl fmt::Display for Permission {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A set of permissions, one bit each.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PermissionSet(u64);

impl PermissionSet {
    /// The set of the given permissions.
    #[must_use]
    pub const fn of(permissions: &[Permission]) -> Self {
        let mut bits = 0;
        let mut index = 0;
        while index < permissions.len() {
            bits |= permissions[index].bit();
            index += 1;
        }
        Self(bits)
    }

    /// Whether the permission is in the set.
    #[must_use]
    pub const fn contains(self, permission: Permission) -> bool {
        self.0 & permission.bit() != 0
    }

    /// The members of the set, in the order of [`Permission::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Permission> {
        Permission::ALL.iter().copied().filter(move |permission| self.contains(*permission))
    }
}

/// The caller lacks a permission; answered as 403.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the permission {0} is missing")]
pub struct PermissionDenied(pub Permission);
