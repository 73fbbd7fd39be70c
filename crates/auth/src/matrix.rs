//! The permission matrix: which role holds which permission. What is not listed is denied.

use vigie_kernel::{Permission, PermissionSet, Role};

/// One permission and the roles that hold it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PermissionRow {
    /// The permission.
    pub permission: Permission,
    /// Whether platform administrators hold it. They open no organization's data: what members may is not theirs.
    pub platform_admin: bool,
    /// The roles that hold it.
    pub roles: &'static [Role],
}

const EVERYBODY: &[Role] = &[Role::Owner, Role::Admin, Role::Manager, Role::User];
const MANAGERS: &[Role] = &[Role::Owner, Role::Admin, Role::Manager];
const OWNERS: &[Role] = &[Role::Owner];
const ADMINS: &[Role] = &[Role::Owner, Role::Admin];

const fn row(permission: Permission, roles: &'static [Role]) -> PermissionRow {
    PermissionRow { permission, platform_admin: false, roles }
}

/// The matrix, one row for each permission: the one place that says who may what. Services require permissions, the API document tells
/// the one of each operation, and a test holds both against this table.
pub const PERMISSION_ROWS: &[PermissionRow] = &[
    row(Permission::OrganizationRead, EVERYBODY),
    row(Permission::DashboardRead, EVERYBODY),
    row(Permission::DashboardCreate, EVERYBODY),
    row(Permission::DashboardChangeOwn, EVERYBODY),
    row(Permission::DashboardChange, MANAGERS),
    row(Permission::ValueRecordOwn, EVERYBODY),
    row(Permission::ValueRecord, MANAGERS),
    row(Permission::PeriodClose, MANAGERS),
    row(Permission::ActionCreate, EVERYBODY),
    row(Permission::ActionChangeOwn, EVERYBODY),
    row(Permission::ActionChange, MANAGERS),
    row(Permission::CommentWrite, EVERYBODY),
    row(Permission::CommentModerate, MANAGERS),
    row(Permission::ImportRun, EVERYBODY),
    row(Permission::ImportManage, MANAGERS),
    row(Permission::MemberList, MANAGERS),
    // Managers only where the organization lets them: the service looks at its settings.
    row(Permission::MemberInvite, MANAGERS),
    row(Permission::MemberManage, ADMINS),
    row(Permission::OwnershipTransfer, OWNERS),
    row(Permission::AuditRead, ADMINS),
    row(Permission::InboxRead, EVERYBODY),
    row(Permission::OrganizationChange, ADMINS),
    row(Permission::OrganizationDelete, OWNERS),
    row(Permission::NotificationSend, ADMINS),
    row(Permission::TemplateRead, MANAGERS),
    row(Permission::TemplateManage, ADMINS),
    row(Permission::AuditExport, OWNERS),
    row(Permission::StatsRead, MANAGERS),
    row(Permission::IntegrationManage, ADMINS),
    row(Permission::BackupRequest, OWNERS),
    PermissionRow { permission: Permission::PlatformAdmin, platform_admin: true, roles: &[] },
];

/// The permissions that a role holds.
#[must_use]
pub fn permissions_of(role: Role) -> PermissionSet {
    let held: Vec<Permission> =
        PERMISSION_ROWS.iter().filter(|row| row.roles.contains(&role)).map(|row| row.permission).collect();
    PermissionSet::of(&held)
}
