use crate::{PERMISSION_ROWS, permissions_of};
use rstest::rstest;
use vigie_kernel::{Permission, Role};

#[rstest]
#[case(Permission::OrganizationRead, [true, true, true, true])]
#[case(Permission::DashboardRead, [true, true, true, true])]
#[case(Permission::DashboardCreate, [true, true, true, true])]
#[case(Permission::DashboardChangeOwn, [true, true, true, true])]
#[case(Permission::DashboardChange, [true, true, true, false])]
#[case(Permission::ValueRecordOwn, [true, true, true, true])]
#[case(Permission::ValueRecord, [true, true, true, false])]
#[case(Permission::PeriodClose, [true, true, true, false])]
#[case(Permission::ActionCreate, [true, true, true, true])]
#[case(Permission::ActionChangeOwn, [true, true, true, true])]
#[case(Permission::ActionChange, [true, true, true, false])]
#[case(Permission::CommentWrite, [true, true, true, true])]
#[case(Permission::CommentModerate, [true, true, true, false])]
#[case(Permission::ImportRun, [true, true, true, true])]
#[case(Permission::ImportManage, [true, true, true, false])]
#[case(Permission::MemberList, [true, true, true, false])]
#[case(Permission::MemberInvite, [true, true, true, false])]
#[case(Permission::MemberManage, [true, true, false, false])]
#[case(Permission::OwnershipTransfer, [true, false, false, false])]
#[case(Permission::AuditRead, [true, true, false, false])]
#[case(Permission::InboxRead, [true, true, true, true])]
#[case(Permission::OrganizationChange, [true, true, false, false])]
#[case(Permission::OrganizationDelete, [true, false, false, false])]
#[case(Permission::NotificationSend, [true, true, false, false])]
#[case(Permission::TemplateRead, [true, true, true, false])]
#[case(Permission::TemplateManage, [true, true, false, false])]
#[case(Permission::AuditExport, [true, false, false, false])]
#[case(Permission::StatsRead, [true, true, true, false])]
#[case(Permission::IntegrationManage, [true, true, false, false])]
#[case(Permission::BackupRequest, [true, false, false, false])]
#[case(Permission::PlatformAdmin, [false, false, false, false])]
fn a_role_holds_what_its_row_says(#[case] permission: Permission, #[case] held: [bool; 4]) {
    for (role, expected) in Role::ALL.into_iter().zip(held) {
        assert_eq!(permissions_of(role).contains(permission), expected, "{permission} of {}", role.name());
    }
}

#[test]
fn every_permission_has_exactly_one_row() {
    for permission in Permission::ALL {
        let rows = PERMISSION_ROWS.iter().filter(|row| row.permission == *permission).count();
        assert_eq!(rows, 1, "{permission}");
    }
    assert_eq!(PERMISSION_ROWS.len(), Permission::ALL.len());
}

#[test]
fn a_platform_administrator_holds_nothing_of_members_and_no_member_anything_of_his() {
    for row in PERMISSION_ROWS {
        assert_eq!(row.platform_admin, row.roles.is_empty(), "{}", row.permission);
    }
}

#[test]
fn a_more_powerful_role_holds_all_of_a_less_powerful_one() {
    for pair in Role::ALL.windows(2) {
        for permission in permissions_of(pair[1]).iter() {
            assert!(permissions_of(pair[0]).contains(permission), "{permission} of {}", pair[0].name());
        }
    }
}
