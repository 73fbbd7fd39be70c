//! The moves between the states of an organization.

use vigie_kernel::OrganizationStatus;

/// The legal moves. `Failed` is reached from `Provisioning` alone, so undoing a failed organization can never drop data
/// that somebody entered.
const MOVES: &[(OrganizationStatus, &[OrganizationStatus])] = {
    use OrganizationStatus::{
        Active, Archived, Deleted, Failed, Migrating, Provisioning, ReadOnly, Suspended,
    };
    &[
        (Provisioning, &[Active, Failed]),
        (Active, &[Migrating, ReadOnly, Suspended, Archived]),
        (Migrating, &[Active, ReadOnly, Suspended]),
        (ReadOnly, &[Active, Migrating, Suspended, Archived]),
        (Suspended, &[Active, ReadOnly, Archived]),
        (Archived, &[Active, Deleted]),
        (Failed, &[Provisioning, Deleted]),
        (Deleted, &[]),
    ]
};

/// Whether an organization may go from the one status to the other. Staying is no move.
pub(crate) fn may_become(from: OrganizationStatus, next: OrganizationStatus) -> bool {
    MOVES.iter().any(|(start, ends)| *start == from && ends.contains(&next))
}
