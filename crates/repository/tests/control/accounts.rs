//! Accounts, memberships, failed logins.

use crate::common::{Engine, membership, user};
use crate::on_both_engines;
use vigie_auth::{IdentityStore, Membership, OrganizationStatus, RULE_MEMBERSHIP, RULE_USER_EMAIL, User};
use vigie_kernel::{AuditEntry, Clock, Role, StoreError};

on_both_engines!(an_account_comes_back_as_it_was_stored, async |engine: Engine| {
    let account = engine.account("Marie.Curie@Example.org").await;

    let mut reads = IdentityStore::read(&engine.control).await.unwrap();
    let found = reads.user_by_email("marie.curie@example.org").await.unwrap();

    assert_eq!(found.as_ref(), Some(&account));
    assert_eq!(found.unwrap().snapshot().email.as_str(), "Marie.Curie@Example.org");
    assert!(reads.user_by_email("pierre.curie@example.org").await.unwrap().is_none());
});

on_both_engines!(one_address_is_one_account, async |engine: Engine| {
    engine.account("marie@example.org").await;
    let mut work = IdentityStore::begin(&engine.control).await.unwrap();

    let refused = work.users().insert(&user(&engine, "MARIE@example.org")).await;

    assert!(matches!(refused, Err(StoreError::Conflict(RULE_USER_EMAIL))), "{refused:?}");
});

on_both_engines!(the_second_of_two_changes_of_an_account_is_stale, async |engine: Engine| {
    let before = engine.account("marie@example.org").await;
    let changed = |name: &str| {
        let mut snapshot = before.snapshot().clone();
        snapshot.full_name = name.to_owned();
        snapshot.version += 1;
        User::restore(snapshot)
    };
    let mut work = IdentityStore::begin(&engine.control).await.unwrap();
    work.users().update(&changed("first")).await.unwrap();

    let second = work.users().update(&changed("second")).await;
    assert!(matches!(second, Err(StoreError::Stale)), "{second:?}");
    work.commit().await.unwrap();

    let mut work = IdentityStore::begin(&engine.control).await.unwrap();
    let stored = work.users().find_for_update(before.id()).await.unwrap().unwrap();
    assert_eq!(stored, changed("first"));
});

on_both_engines!(a_user_has_one_membership_of_an_organization, async |engine: Engine| {
    let organization = engine.reserved("paris").await.id();
    let account = engine.account_in(organization, "marie@example.org", Role::Manager).await;
    let mut work = IdentityStore::begin(&engine.control).await.unwrap();
    let stored = work.memberships().find(account.id(), organization).await.unwrap().unwrap();
    assert_eq!(stored.snapshot().role, Role::Manager);

    let again = membership(&engine, account.id(), organization, Role::User);
    let refused = work.memberships().insert(&again).await;
    assert!(matches!(refused, Err(StoreError::Conflict(RULE_MEMBERSHIP))), "{refused:?}");
});

on_both_engines!(the_second_of_two_changes_of_a_membership_is_stale, async |engine: Engine| {
    let organization = engine.reserved("paris").await.id();
    let account = engine.account_in(organization, "marie@example.org", Role::User).await;
    let mut work = IdentityStore::begin(&engine.control).await.unwrap();
    let before = work.memberships().find(account.id(), organization).await.unwrap().unwrap();
    let mut snapshot = before.snapshot().clone();
    snapshot.last_login_at = Some(engine.clock.now());
    snapshot.version += 1;
    let changed = Membership::restore(snapshot);

    work.memberships().update(&changed).await.unwrap();
    let second = work.memberships().update(&changed).await;

    assert!(matches!(second, Err(StoreError::Stale)), "{second:?}");
    assert_eq!(work.memberships().find(account.id(), organization).await.unwrap(), Some(changed));
});

on_both_engines!(a_user_sees_his_organizations_and_nobody_elses, async |engine: Engine| {
    let (lyon, paris) = (engine.reserved("lyon").await.id(), engine.reserved("paris").await.id());
    let marie = engine.account_in(paris, "marie@example.org", Role::Owner).await;
    engine.join(marie.id(), lyon, Role::User).await;
    let pierre = engine.account_in(paris, "pierre@example.org", Role::User).await;
    let mut reads = IdentityStore::read(&engine.control).await.unwrap();

    let places = reads.organizations_of(marie.id()).await.unwrap();
    let seen: Vec<_> = places
        .iter()
        .map(|place| (place.organization.slug.as_str(), place.membership.snapshot().role))
        .collect();
    assert_eq!(seen, [("lyon", Role::User), ("paris", Role::Owner)]);
    assert_eq!(places[0].organization.status, OrganizationStatus::Provisioning);

    assert!(reads.membership(pierre.id(), lyon).await.unwrap().is_none());
    let (user, place) = reads.membership(pierre.id(), paris).await.unwrap().unwrap();
    assert_eq!((user, place.organization.id), (pierre, paris));
});

on_both_engines!(what_is_not_committed_never_was, async |engine: Engine| {
    let mut work = IdentityStore::begin(&engine.control).await.unwrap();
    work.users().insert(&user(&engine, "marie@example.org")).await.unwrap();
    drop(work);

    let mut reads = IdentityStore::read(&engine.control).await.unwrap();
    assert!(reads.user_by_email("marie@example.org").await.unwrap().is_none());
});

on_both_engines!(the_platforms_audit_trail_is_written_with_the_change, async |engine: Engine| {
    let account = user(&engine, "marie@example.org");
    let mut work = IdentityStore::begin(&engine.control).await.unwrap();
    work.users().insert(&account).await.unwrap();
    let entry = AuditEntry {
        id: engine.ids.next(),
        at: engine.clock.now(),
        actor: Some(account.id()),
        action: "user.created",
        subject_kind: "user",
        subject_id: account.id().as_uuid(),
        request_id: "request-1".to_owned(),
        details: serde_json::json!({ "by": "sign-up" }),
    };
    work.audit().record(&entry).await.unwrap();
    work.commit().await.unwrap();

    let lines = "FROM platform_audit WHERE action = 'user.created' AND request_id = 'request-1'";
    assert_eq!(crate::common::count(engine.control.connection(), lines).await, 1);
});

on_both_engines!(failed_logins_are_all_counted_however_many_come_at_once, async |engine: Engine| {
    let at = engine.clock.now();
    let mut logins = tokio::task::JoinSet::new();
    for _ in 0..20 {
        let control = engine.control.clone();
        logins.spawn(async move {
            let mut work = IdentityStore::begin(&control).await.unwrap();
            work.login_attempts().count_failure("pseudonym-of-marie", at).await.unwrap();
            work.commit().await.unwrap();
        });
    }
    while let Some(login) = logins.join_next().await {
        login.unwrap();
    }

    let mut reads = IdentityStore::read(&engine.control).await.unwrap();
    let counted = reads.login_attempts("pseudonym-of-marie").await.unwrap().unwrap();
    assert_eq!((counted.failures, counted.last_failed_at), (20, at));
    assert_eq!(reads.login_attempts("pseudonym-of-pierre").await.unwrap(), None);

    let mut work = IdentityStore::begin(&engine.control).await.unwrap();
    work.login_attempts().clear("pseudonym-of-marie").await.unwrap();
    work.login_attempts().clear("pseudonym-of-pierre").await.unwrap();
    work.commit().await.unwrap();
    assert_eq!(reads.login_attempts("pseudonym-of-marie").await.unwrap(), None);
});
