//! Tests of the crate, by area.

mod audience;
mod inbox;
mod telling;
mod texts;

use crate::{
    ActionSubject, CommentSubject, CommentTarget, Happening, ImportFile, ImportResult, ImportSubject,
    InboxEntry, InboxQuery, KpiSubject, MemoryNotifications, NotificationService, Notifications, Tell,
};
use chrono::DateTime;
use std::sync::Arc;
use uuid::Uuid;
use vigie_kernel::testing::{CountedIds, FixedClock, member};
use vigie_kernel::{
    ActionId, Clock, CommentId, Frequency, ImportRunId, KpiId, Locale, OrganizationId, Permission,
    PermissionSet, Role, TenantContext, UserId,
};

pub(crate) const ANA: u128 = 0xa;
pub(crate) const BOB: u128 = 0xb;
pub(crate) const EVE: u128 = 0xe;

pub(crate) fn user(number: u128) -> UserId {
    UserId::from(Uuid::from_u128(number))
}

pub(crate) fn kpi_id(number: u128) -> KpiId {
    KpiId::from(Uuid::from_u128(number))
}

pub(crate) fn action_id() -> ActionId {
    ActionId::from(Uuid::from_u128(1))
}

pub(crate) fn run_id() -> ImportRunId {
    ImportRunId::from(Uuid::from_u128(1))
}

pub(crate) fn tenant(who: u128) -> TenantContext {
    let organization = OrganizationId::from(Uuid::from_u128(1));
    member(organization, user(who), Role::User, PermissionSet::of(&[Permission::InboxRead]))
}

/// A monthly KPI on a dashboard.
pub(crate) fn kpi(number: u128, owner: u128, dashboard_owner: u128) -> KpiSubject {
    KpiSubject {
        id: kpi_id(number),
        name: format!("KPI {number}"),
        frequency: Frequency::Monthly,
        owner: user(owner),
        dashboard_owner: user(dashboard_owner),
    }
}

/// An action that Ana created and somebody carries.
pub(crate) fn action(owner: Option<u128>) -> ActionSubject {
    ActionSubject {
        id: action_id(),
        title: "Clean".to_owned(),
        owner: owner.map(user),
        created_by: user(ANA),
    }
}

pub(crate) fn comment(number: u128, target: CommentTarget) -> CommentSubject {
    CommentSubject { id: CommentId::from(Uuid::from_u128(number)), target }
}

/// An import that Ana started.
pub(crate) fn import(result: Option<ImportResult>) -> ImportSubject {
    ImportSubject {
        file: ImportFile { id: run_id(), name: "suivi.csv".to_owned() },
        dry_run: false,
        started_by: user(ANA),
        result,
        taken: 12,
        rejected: 1,
    }
}

/// An organization of Ana, Bob and Eve, with a KPI of Bob's on a dashboard of Ana's and an action of Bob's.
pub(crate) struct World {
    pub(crate) store: MemoryNotifications,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) service: Notifications,
}

impl World {
    pub(crate) fn new() -> Self {
        let store = MemoryNotifications::default();
        for (id, name) in [(ANA, "Ana"), (BOB, "Bob"), (EVE, "Eve")] {
            store.put_member(user(id), name);
        }
        store.put_kpi(kpi(1, BOB, ANA));
        store.put_action(action(Some(BOB)));
        let clock = Arc::new(FixedClock::at_text("2026-11-20T09:00:00Z"));
        let ids = Arc::new(CountedIds::default());
        let service = Notifications::new(Arc::new(store.clone()), clock.clone(), ids);
        Self { store, clock, service }
    }

    /// Tells something; how many inboxes got something new.
    pub(crate) async fn tell(&self, event: u128, happening: Happening) -> u64 {
        let at: DateTime<_> = self.clock.now();
        let command = Tell { event: Uuid::from_u128(event), at, happening };
        self.service.tell(&tenant(ANA), command).await.unwrap()
    }

    /// Comments of Eve's on Bob's KPI, as events of their numbers.
    pub(crate) async fn comments_of_eve(&self, numbers: std::ops::Range<u128>) {
        for number in numbers {
            let comment = comment(number, CommentTarget::Kpi(kpi(1, BOB, ANA)));
            let happening = Happening::CommentWritten { comment: comment.id, by: user(EVE) };
            self.store.put_comment(comment);
            assert_eq!(self.tell(number, happening).await, 1);
        }
    }

    pub(crate) async fn entries(&self, who: u128, unread: Option<bool>) -> Vec<InboxEntry> {
        let query = InboxQuery { unread, ..InboxQuery::default() };
        self.service.inbox(&tenant(who), query).await.unwrap().items
    }

    pub(crate) async fn unread(&self, who: u128) -> u64 {
        self.service.unread(&tenant(who)).await.unwrap()
    }

    /// What a member reads, the newest first.
    pub(crate) async fn texts(&self, who: u128) -> Vec<String> {
        self.entries(who, None).await.iter().map(|entry| entry.text(Locale::En)).collect()
    }
}
