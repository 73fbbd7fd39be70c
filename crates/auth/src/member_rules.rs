//! Who may do what to whom in an organization (docs: security, permission matrix).

use vigie_kernel::Role;

/// Whether somebody of that role may change, switch off or remove a member of the other: an owner anybody, an administrator whoever is
/// below him.
pub(crate) const fn may_manage(actor: Role, target: Role) -> bool {
    match (actor, target) {
        (Role::Owner, Role::Owner | Role::Admin | Role::Manager | Role::User)
        | (Role::Admin, Role::Manager | Role::User) => true,
        (Role::Admin, Role::Owner | Role::Admin)
        | (Role::Manager | Role::User, Role::Owner | Role::Admin | Role::Manager | Role::User) => false,
    }
}

/// Whether somebody of that role may give the other.
pub(crate) const fn may_grant(actor: Role, role: Role) -> bool {
    may_manage(actor, role)
}

/// Whether somebody of that role may invite somebody to the other, and look after such an invitation. Managers invite users where the
/// organization lets them.
pub(crate) const fn may_invite(actor: Role, role: Role, managers_invite: bool) -> bool {
    may_grant(actor, role) || (managers_invite && matches!((actor, role), (Role::Manager, Role::User)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_are_those_of_the_matrix() {
        // Rows: who acts; columns: OWNER, ADMIN, MANAGER, USER.
        let managed = [[true; 4], [false, false, true, true], [false; 4], [false; 4]];
        for (actor, row) in Role::ALL.into_iter().zip(managed) {
            for (target, expected) in Role::ALL.into_iter().zip(row) {
                assert_eq!(may_manage(actor, target), expected, "{actor:?} {target:?}");
                assert_eq!(may_grant(actor, target), expected, "{actor:?} {target:?}");
                assert_eq!(may_invite(actor, target, false), expected, "{actor:?} {target:?}");
                let a_user = (actor, target) == (Role::Manager, Role::User);
                assert_eq!(may_invite(actor, target, true), expected || a_user, "{actor:?} {target:?}");
            }
        }
    }
}
