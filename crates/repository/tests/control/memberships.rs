//! Invitations, offers, members and what is counted under the organization's lock.

use crate::common::{Engine, count};
use crate::on_both_engines;
use chrono::TimeDelta;
use tokio::task::JoinSet;
use vigie_auth::{
    IdentityStore, IdentityUpkeep, Invitation, InvitationSnapshot, InvitationStatus, MemberDirectory,
    MemberFilter, OwnershipOffer, RULE_INVITATION, TokenHash, User,
};
use vigie_kernel::{Clock, EmailAddress, OrganizationId, PageRequest, Role, StoreError, UserId};
use vigie_repository::ControlStore;

fn hash(byte: u8) -> TokenHash {
    TokenHash::from_bytes([byte; 32])
}

fn invitation(engine: &Engine, organization: OrganizationId, email: &str) -> Invitation {
    let now = engine.clock.now();
    Invitation::restore(InvitationSnapshot {
        id: engine.ids.next(),
        organization_id: organization,
        email: EmailAddress::parse(email).unwrap(),
        role: Role::Manager,
        full_name: Some("Marie Curie".to_owned()),
        status: InvitationStatus::Pending,
        invited_by: engine.ids.next(),
        sent_count: 1,
        created_at: now,
        expires_at: now + TimeDelta::hours(72),
        version: 1,
    })
}

async fn invited(engine: &Engine, organization: OrganizationId, email: &str) -> Invitation {
    let invitation = invitation(engine, organization, email);
    let mut work = IdentityStore::begin(&engine.control).await.unwrap();
    work.invitations().insert(&invitation).await.unwrap();
    work.commit().await.unwrap();
    invitation
}

on_both_engines!(an_address_has_one_pending_invitation_of_an_organization, async |engine: Engine| {
    let (paris, lyon) = (engine.reserved("paris").await.id(), engine.reserved("lyon").await.id());
    let first = invited(&engine, paris, "Marie@example.org").await;
    invited(&engine, lyon, "marie@example.org").await;
    let mut work = IdentityStore::begin(&engine.control).await.unwrap();
    let twice = work.invitations().insert(&invitation(&engine, paris, "MARIE@example.org")).await;
    assert!(matches!(twice, Err(StoreError::Conflict(RULE_INVITATION))), "{twice:?}");
    drop(work);

    let later = engine.clock.now() + TimeDelta::hours(72);
    let mut work = IdentityStore::begin(&engine.control).await.unwrap();
    assert_eq!(work.invitations().find_for_update(first.snapshot().id).await.unwrap().as_ref(), Some(&first));
    work.invitations().expire(paris, later).await.unwrap();
    work.invitations().insert(&invitation(&engine, paris, "marie@example.org")).await.unwrap();
    work.commit().await.unwrap();
    let mut reads = IdentityStore::read(&engine.control).await.unwrap();
    assert_eq!(reads.invitations(paris, &PageRequest::default()).await.unwrap().items.len(), 1);
});

on_both_engines!(an_invitation_is_accepted_once_however_many_try, async |engine: Engine| {
    let paris = engine.reserved("paris").await.id();
    let id = invited(&engine, paris, "marie@example.org").await.snapshot().id;
    let mut work = IdentityStore::begin(&engine.control).await.unwrap();
    work.invitations().set_token(id, &hash(1)).await.unwrap();
    work.commit().await.unwrap();
    let now = engine.clock.now();
    let mut reads = IdentityStore::read(&engine.control).await.unwrap();
    let (found, organization) = reads.invitation_by_token(&hash(1), now).await.unwrap().unwrap();
    assert_eq!((found.snapshot().id, organization.id), (id, paris));
    let late = now + TimeDelta::hours(72);
    assert!(reads.invitation_by_token(&hash(1), late).await.unwrap().is_none());

    let mut rivals = JoinSet::new();
    for _ in 0..8 {
        let control = engine.control.clone();
        rivals.spawn(async move {
            let mut work = IdentityStore::begin(&control).await.unwrap();
            let used = work.invitations().consume(&hash(1), now).await.unwrap();
            work.commit().await.unwrap();
            used
        });
    }
    let used: Vec<_> = rivals.join_all().await.into_iter().flatten().collect();
    assert_eq!(used.len(), 1);
    assert_eq!((used[0].snapshot().status, used[0].snapshot().version), (InvitationStatus::Accepted, 2));
    assert!(reads.invitation_by_token(&hash(1), now).await.unwrap().is_none());
});

on_both_engines!(the_second_of_two_changes_of_an_invitation_is_stale, async |engine: Engine| {
    let paris = engine.reserved("paris").await.id();
    let stored = invited(&engine, paris, "marie@example.org").await;
    let mut snapshot = stored.snapshot().clone();
    snapshot.status = InvitationStatus::Cancelled;
    snapshot.version += 1;
    let cancelled = Invitation::restore(snapshot);
    let mut work = IdentityStore::begin(&engine.control).await.unwrap();
    work.invitations().update(&cancelled).await.unwrap();
    assert!(matches!(work.invitations().update(&cancelled).await, Err(StoreError::Stale)));
    let week = engine.clock.now() + TimeDelta::days(7);
    let gone = work.invitations().set_token(stored.snapshot().id, &hash(2)).await;
    assert!(matches!(gone, Err(StoreError::Stale)), "a cancelled one gets no token");
    work.commit().await.unwrap();
    invited(&engine, paris, "pierre@example.org").await;
    assert_eq!(engine.control.forget_tokens(week, 10).await.unwrap(), 1, "the pending one stays");
});

on_both_engines!(places_are_counted_with_invitations_that_can_be_accepted, async |engine: Engine| {
    let paris = engine.reserved("paris").await.id();
    engine.account_in(paris, "jean@example.org", Role::Owner).await;
    invited(&engine, paris, "marie@example.org").await;
    let now = engine.clock.now();
    let seats = async |at| {
        let mut work = IdentityStore::begin(&engine.control).await.unwrap();
        let seats = work.organizations().seats(paris, at).await.unwrap();
        (seats.taken, seats.invited)
    };
    assert_eq!(seats(now).await, (1, 1));
    assert_eq!(seats(now + TimeDelta::hours(72)).await, (1, 0));
});

/// What two owners do who remove each other: under the organization's lock each counts who would be left.
async fn remove(control: ControlStore, organization: OrganizationId, user: UserId) -> bool {
    let mut work = IdentityStore::begin(&control).await.unwrap();
    work.organizations().find_for_update(organization).await.unwrap().unwrap();
    let membership = work.memberships().find(user, organization).await.unwrap().unwrap();
    if work.memberships().owners_besides(organization, user).await.unwrap() == 0 {
        return false;
    }
    work.memberships().remove(membership.snapshot().id).await.unwrap();
    work.commit().await.unwrap();
    true
}

on_both_engines!(of_two_owners_who_remove_each_other_one_is_left, async |engine: Engine| {
    for round in 0..25 {
        let paris = engine.reserved(&format!("paris-{round}")).await.id();
        let one = engine.account_in(paris, &format!("one{round}@example.org"), Role::Owner).await.id();
        let two = engine.account_in(paris, &format!("two{round}@example.org"), Role::Owner).await.id();
        let control = || engine.control.clone();
        let (first, second) = tokio::join!(
            tokio::spawn(remove(control(), paris, one)),
            tokio::spawn(remove(control(), paris, two))
        );
        assert!(first.unwrap() ^ second.unwrap(), "round {round}");
    }
});

on_both_engines!(an_owner_counts_when_he_can_sign_in, async |engine: Engine| {
    let paris = engine.reserved("paris").await.id();
    let jean = engine.account_in(paris, "jean@example.org", Role::Owner).await;
    let marie = engine.account_in(paris, "marie@example.org", Role::Owner).await;
    engine.account_in(paris, "paul@example.org", Role::Admin).await;
    let mut work = IdentityStore::begin(&engine.control).await.unwrap();
    assert_eq!(work.memberships().owners_besides(paris, jean.id()).await.unwrap(), 1);
    let mut locked = marie.snapshot().clone();
    locked.password_hash = vigie_auth::PasswordHash::unset();
    locked.version += 1;
    work.users().update(&User::restore(locked)).await.unwrap();
    assert_eq!(work.memberships().owners_besides(paris, jean.id()).await.unwrap(), 0);
});

on_both_engines!(an_offer_is_taken_once_by_whom_it_was_made_to, async |engine: Engine| {
    let paris = engine.reserved("paris").await.id();
    let now = engine.clock.now();
    let offer = OwnershipOffer {
        id: engine.ids.next(),
        organization: paris,
        from: engine.ids.next(),
        to: engine.ids.next(),
        created_at: now,
        expires_at: now + TimeDelta::hours(72),
    };
    let mut work = IdentityStore::begin(&engine.control).await.unwrap();
    work.ownership().insert(&offer).await.unwrap();
    assert_eq!(work.ownership().find(offer.id).await.unwrap().as_ref(), Some(&offer));
    let stranger: UserId = engine.ids.next();
    work.ownership().withdraw(paris, Some(stranger)).await.unwrap();
    assert_eq!(work.ownership().take(paris, stranger, now).await.unwrap(), None);
    assert_eq!(work.ownership().take(paris, offer.to, offer.expires_at).await.unwrap(), None);
    assert_eq!(work.ownership().take(paris, offer.to, now).await.unwrap().as_ref(), Some(&offer));
    assert_eq!(work.ownership().take(paris, offer.to, now).await.unwrap(), None);
    work.ownership().insert(&offer).await.unwrap();
    work.ownership().withdraw(paris, Some(offer.from)).await.unwrap();
    assert_eq!(work.ownership().find(offer.id).await.unwrap(), None);
});

on_both_engines!(members_are_listed_newest_first_in_pages_and_with_filters, async |engine: Engine| {
    let (paris, lyon) = (engine.reserved("paris").await.id(), engine.reserved("lyon").await.id());
    for (email, role) in [
        ("jean@example.org", Role::Owner),
        ("marie@example.org", Role::Manager),
        ("100%@example.org", Role::User),
    ] {
        engine.account_in(paris, email, role).await;
        engine.clock.advance(TimeDelta::seconds(1));
    }
    engine.account_in(lyon, "autre@example.org", Role::Owner).await;
    let mut reads = IdentityStore::read(&engine.control).await.unwrap();
    let (all, two) = (MemberFilter::default(), PageRequest { limit: 2, after: None });
    let first = reads.members(paris, &all, &two).await.unwrap();
    let emails = |page: &vigie_kernel::Page<vigie_auth::Member>| {
        page.items.iter().map(|member| member.email.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(emails(&first), ["100%@example.org", "marie@example.org"]);
    let rest = PageRequest { limit: 2, after: first.next };
    let rest = reads.members(paris, &MemberFilter::default(), &rest).await.unwrap();
    assert_eq!(emails(&rest), ["jean@example.org"]);
    let mut found = async |filter: MemberFilter| {
        emails(&reads.members(paris, &filter, &PageRequest::default()).await.unwrap())
    };
    let search = |text: &str| MemberFilter { search: Some(text.to_owned()), ..MemberFilter::default() };
    assert_eq!(found(search("0%")).await, ["100%@example.org"]);
    assert_eq!(found(search("%")).await, ["100%@example.org"], "nothing stands for anything else");
    assert_eq!(found(search("NAME OF MARIE")).await, ["marie@example.org"]);
    let managers = MemberFilter { role: Some(Role::Manager), active: Some(true), search: None };
    assert_eq!(found(managers).await, ["marie@example.org"]);
    let kept_out = MemberFilter { active: Some(false), ..MemberFilter::default() };
    assert!(found(kept_out).await.is_empty());
});

on_both_engines!(a_member_who_is_gone_stays_as_an_author_and_may_not_come_in, async |engine: Engine| {
    let tenant = engine.organization().await;
    let profile = vigie_auth::MemberProfile {
        user: tenant.actor(),
        full_name: "Marie".to_owned(),
        role: Role::User,
        active: true,
    };
    engine.members.put(&tenant, &profile).await.unwrap();
    engine.members.retire(tenant.organization(), tenant.actor()).await.unwrap();
    let raw = engine.raw(tenant.organization()).await;
    assert_eq!(count(&raw, "FROM members WHERE full_name = 'Marie' AND NOT is_active").await, 1);
    let unknown: UserId = engine.ids.next();
    engine.members.retire(tenant.organization(), unknown).await.unwrap();
});
