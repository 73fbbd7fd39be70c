use super::{World, operator, organization};
use crate::OrganizationStatus::{
    Active, Archived, Deleted, Failed, Migrating, Provisioning, ReadOnly, Suspended,
};
use crate::{
    Availability, Change, ChangeOrganization, OrganizationStatus, Plan, Refusal, Switch, TenancyError,
    TenancyService,
};
use std::collections::BTreeSet;
use vigie_kernel::Clock;

#[test]
fn the_moves_are_these_and_no_others() {
    let legal = [
        (Provisioning, Active),
        (Provisioning, Failed),
        (Active, Migrating),
        (Active, ReadOnly),
        (Active, Suspended),
        (Active, Archived),
        (Migrating, Active),
        (Migrating, ReadOnly),
        (Migrating, Suspended),
        (ReadOnly, Active),
        (ReadOnly, Migrating),
        (ReadOnly, Suspended),
        (ReadOnly, Archived),
        (Suspended, Active),
        (Suspended, ReadOnly),
        (Suspended, Archived),
        (Archived, Active),
        (Archived, Deleted),
        (Failed, Provisioning),
        (Failed, Deleted),
    ];
    for from in OrganizationStatus::ALL {
        for to in OrganizationStatus::ALL {
            assert_eq!(
                crate::status::may_become(from, to),
                legal.contains(&(from, to)),
                "{from:?} -> {to:?}"
            );
        }
    }
}

#[test]
fn names_are_read_back() {
    for status in OrganizationStatus::ALL {
        assert_eq!(OrganizationStatus::from_name(status.name()), Some(status));
    }
    for plan in Plan::ALL {
        assert_eq!(Plan::from_name(plan.name()), Some(plan));
    }
    assert_eq!(OrganizationStatus::from_name("ACTIVE"), None);
}

#[test]
fn every_state_answers_as_documented() {
    let answer = |status: OrganizationStatus| {
        let told =
            |answer: Result<(), Refusal>| answer.err().map(|refusal| (refusal.http_status(), refusal.code()));
        let Availability { reads, writes } = status.into();
        (told(reads), told(writes))
    };
    let closed = |status, code| (Some((status, code)), Some((status, code)));
    assert_eq!(answer(Provisioning), closed(503, "tenant_provisioning"));
    assert_eq!(answer(Active), (None, None));
    assert_eq!(answer(Migrating), (None, Some((503, "tenant_migrating"))));
    assert_eq!(answer(ReadOnly), (None, Some((423, "tenant_read_only"))));
    assert_eq!(answer(Suspended), closed(403, "tenant_suspended"));
    assert_eq!(answer(Archived), closed(410, "tenant_archived"));
    assert_eq!(answer(Failed), closed(503, "tenant_failed"));
    assert_eq!(answer(Deleted), closed(404, "tenant_unknown"));
    assert!(Refusal::Provisioning.retry_after().is_some());
    assert!(Refusal::Migrating.retry_after().is_some());
}

#[test]
fn refusals_have_codes_of_their_own() {
    let codes: BTreeSet<_> = Refusal::ALL.iter().map(|refusal| refusal.code()).collect();
    assert_eq!(codes.len(), Refusal::ALL.len());
}

#[test]
fn a_change_counts_and_an_idle_one_does_not() {
    let now = World::new().clock.now();
    let mut paris = organization("paris", now);
    assert_eq!(paris.activate(3, now).unwrap(), Change::Applied);
    assert_eq!(paris.activate(9, now).unwrap(), Change::None);
    assert_eq!((paris.snapshot().version, paris.snapshot().schema_version), (2, Some(3)));
    assert!(matches!(paris.fail("why", now), Err(TenancyError::Transition { from: Active, to: Failed })));
    assert_eq!(paris.snapshot().version, 2);
}

#[tokio::test]
async fn a_suspension_shows_its_reason_and_is_lifted_again() {
    let world = World::new();
    let paris = world.given("paris", Active);

    let suspended = world.tenancy.suspend(&operator(), paris, " unpaid since June ").await.unwrap();
    assert_eq!(suspended.status(), Suspended);
    assert_eq!(suspended.snapshot().status_reason.as_deref(), Some("unpaid since June"));
    let again = world.tenancy.suspend(&operator(), paris, "again").await.unwrap();
    assert_eq!(again, suspended, "suspending twice changes nothing");

    let resumed = world.tenancy.resume(&operator(), paris, "paid").await.unwrap();
    assert_eq!((resumed.status(), resumed.snapshot().version), (Active, 3));
    let done: Vec<_> = world.store.audited().iter().map(|entry| entry.action).collect();
    assert_eq!(done, ["organization.suspended", "organization.resumed"]);
}

#[tokio::test]
async fn what_cannot_be_suspended_or_resumed_is_refused() {
    let world = World::new();
    for (slug, status) in [("new-one", Provisioning), ("old-one", Archived), ("bad-one", Failed)] {
        let id = world.given(slug, status);
        let suspended = world.tenancy.suspend(&operator(), id, "why").await;
        assert!(matches!(suspended, Err(TenancyError::Transition { from, to: Suspended }) if from == status));
        let resumed = world.tenancy.resume(&operator(), id, "why").await;
        assert!(matches!(resumed, Err(TenancyError::Transition { from, to: Active }) if from == status));
    }
    let gone = world.given("gone", Deleted);
    assert!(matches!(world.tenancy.suspend(&operator(), gone, "why").await, Err(TenancyError::NotFound)));
    let paris = world.given("paris", Active);
    assert!(matches!(world.tenancy.suspend(&operator(), paris, "  ").await, Err(TenancyError::Invalid(_))));
}

#[tokio::test]
async fn name_and_lock_change_as_one() {
    let world = World::new();
    let paris = world.given("paris", Active);
    let command = ChangeOrganization {
        name: Some("  GMAH Paris ".to_owned()),
        switch: Some(Switch::Suspend("unpaid".to_owned())),
        expected_version: Some(1),
    };
    let changed = world.tenancy.change(&operator(), paris, command.clone()).await.unwrap();
    let it = changed.snapshot();
    assert_eq!((it.name.as_str(), it.status, it.version), ("GMAH Paris", Suspended, 2));

    let late = world.tenancy.change(&operator(), paris, command).await;
    assert!(matches!(late, Err(TenancyError::ChangedMeanwhile)));
    let both = ChangeOrganization {
        name: Some(" ".to_owned()),
        switch: Some(Switch::Resume(String::new())),
        expected_version: None,
    };
    let Err(TenancyError::Invalid(errors)) = world.tenancy.change(&operator(), paris, both).await else {
        panic!("accepted");
    };
    let fields: Vec<_> = errors.as_slice().iter().map(|error| error.field.as_str()).collect();
    assert_eq!(fields, ["name", "reason"]);
}
