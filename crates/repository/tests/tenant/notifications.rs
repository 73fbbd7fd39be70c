//! Telling, inboxes and their counts, and what is told of KPIs that turned red.

use crate::common::{Engine, count};
use crate::on_both_engines;
use crate::rig::{a_kpi, actions, first_page, kpis, measured, notifications};
use chrono::TimeDelta;
use std::sync::Arc;
use vigie_action_plans::{ActionPlanService, CreateAction, WriteComment};
use vigie_imports::{ApplyRules, ImportStore, OnConflict, RedKpi, ValueRow};
use vigie_kernel::{Clock, Frequency, ImportRunId, KpiId, PageRequest, Period, Role, TenantContext};
use vigie_kpis::{Kpi, KpiService};
use vigie_notifications::{
    Happening, INBOX_DAYS, InboxEntry, InboxQuery, MarkAllRead, NotificationService, NotificationStore, Tell,
};

async fn tell(engine: &Engine, by: &TenantContext, happening: Happening) -> u64 {
    let command = Tell { event: engine.ids.next_uuid(), at: engine.clock.now(), happening };
    notifications(engine).tell(by, command).await.unwrap()
}

/// A comment of the member's on a KPI, as something to tell.
async fn comment(engine: &Engine, by: &TenantContext, kpi: KpiId) -> Happening {
    let written = actions(engine).write_comment(by, WriteComment::on_kpi(kpi, "?")).await.unwrap();
    Happening::CommentWritten { comment: written.snapshot().id, by: by.actor() }
}

async fn entries(engine: &Engine, reader: &TenantContext, unread: Option<bool>) -> Vec<InboxEntry> {
    let query = InboxQuery { unread, page: first_page(100) };
    notifications(engine).inbox(reader, query).await.unwrap().items
}

/// The count that is kept, which must be the one that is counted.
async fn unread(engine: &Engine, reader: &TenantContext) -> u64 {
    let kept = notifications(engine).unread(reader).await.unwrap();
    let counted = entries(engine, reader, Some(true)).await.len();
    assert_eq!(kept, u64::try_from(counted).unwrap(), "the count that is kept is wrong");
    kept
}

/// An owner with a KPI, and a colleague.
async fn a_team(engine: &Engine) -> (TenantContext, TenantContext, Kpi) {
    let owner = engine.organization().await;
    let colleague = engine.colleague(&owner, "colleague@example.org", Role::Manager).await;
    let kpi = a_kpi(engine, &owner, "TRS").await;
    (owner, colleague, kpi)
}

on_both_engines!(what_is_told_reads_back_and_is_told_once, async |engine: Engine| {
    let (owner, colleague, kpi) = a_team(&engine).await;
    let event = engine.ids.next_uuid();
    let happening = comment(&engine, &colleague, kpi.id()).await;
    let command = Tell { event, at: engine.clock.now(), happening: happening.clone() };
    let service = notifications(&engine);
    assert_eq!(service.tell(&colleague, command.clone()).await.unwrap(), 1);
    assert_eq!(service.tell(&colleague, command).await.unwrap(), 0);
    let told = entries(&engine, &owner, None).await;
    assert_eq!(told.len(), 1);
    let entry = told[0].snapshot();
    let Happening::CommentWritten { comment, .. } = happening else { unreachable!() };
    assert_eq!(entry.notification.snapshot().content.subject().id(), comment.as_uuid());
    assert_eq!(entry.actor_name.as_deref(), Some("Name of colleague@example.org"));
    assert_eq!(
        (entry.recipient, entry.received_at, entry.read_at),
        (owner.actor(), engine.clock.now(), None)
    );
    assert_eq!((unread(&engine, &owner).await, unread(&engine, &colleague).await), (1, 0));
    assert!(entries(&engine, &colleague, None).await.is_empty());
});

on_both_engines!(every_subject_is_found, async |engine: Engine| {
    let (owner, colleague, kpi) = a_team(&engine).await;
    let mut create = CreateAction::titled(kpi.id(), "Recruter");
    create.owner_id = Some(colleague.actor());
    let action = actions(&engine).create_action(&owner, create).await.unwrap().action.snapshot().id;
    let given = Happening::ActionGiven { action, to: colleague.actor(), by: owner.actor() };
    assert_eq!(tell(&engine, &owner, given).await, 1);
    let on_action =
        actions(&engine).write_comment(&owner, WriteComment::on_action(action, "?")).await.unwrap();
    let on_action = Happening::CommentWritten { comment: on_action.snapshot().id, by: owner.actor() };
    assert_eq!(tell(&engine, &owner, on_action).await, 1);
    let period_start = "2026-10-01".parse().unwrap();
    let red = Happening::KpiTurnedRed { kpi: kpi.id(), period_start, by: colleague.actor() };
    assert_eq!(tell(&engine, &colleague, red).await, 1, "KPI and dashboard are one member's");
    assert_eq!((unread(&engine, &owner).await, unread(&engine, &colleague).await), (1, 2));
    let gone = Happening::ImportEnded {
        run: engine.ids.next(),
        by: owner.actor(),
        in_background: true,
        turned_red: Vec::new(),
    };
    assert_eq!(tell(&engine, &owner, gone).await, 0);
});

on_both_engines!(an_entry_is_read_by_its_reader_alone, async |engine: Engine| {
    let (owner, colleague, kpi) = a_team(&engine).await;
    for _ in 0..3 {
        let happening = comment(&engine, &colleague, kpi.id()).await;
        tell(&engine, &colleague, happening).await;
    }
    let service = notifications(&engine);
    let middle = entries(&engine, &owner, None).await[1].id();
    assert!(service.mark_read(&colleague, middle).await.is_err());
    assert_eq!(unread(&engine, &owner).await, 3);
    let read = service.mark_read(&owner, middle).await.unwrap();
    engine.clock.advance(TimeDelta::hours(1));
    assert_eq!(service.mark_read(&owner, middle).await.unwrap(), read);
    assert_eq!(unread(&engine, &owner).await, 2);
    assert_eq!(entries(&engine, &owner, Some(false)).await, [read]);
    let happening = comment(&engine, &colleague, kpi.id()).await;
    tell(&engine, &colleague, happening).await;
    let before = Some(engine.clock.now() - TimeDelta::minutes(1));
    let marked = service.mark_all_read(&owner, MarkAllRead { before }).await.unwrap();
    assert_eq!((marked.marked, marked.unread), (2, 1));
    assert_eq!(unread(&engine, &owner).await, 1);
});

on_both_engines!(a_list_is_complete_however_it_is_paged, async |engine: Engine| {
    let (owner, colleague, kpi) = a_team(&engine).await;
    for number in 0..7 {
        let happening = comment(&engine, &colleague, kpi.id()).await;
        tell(&engine, &colleague, happening).await;
        // Some come at the same instant.
        engine.clock.advance(TimeDelta::microseconds(number % 2));
    }
    let (mut seen, mut after) = (Vec::new(), None);
    loop {
        let query = InboxQuery { unread: Some(true), page: PageRequest { limit: 3, after } };
        let page = notifications(&engine).inbox(&owner, query).await.unwrap();
        seen.extend(page.items);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, entries(&engine, &owner, None).await);
    assert_eq!(seen.len(), 7);
});

on_both_engines!(what_is_forgotten_is_not_counted, async |engine: Engine| {
    let (owner, colleague, kpi) = a_team(&engine).await;
    for _ in 0..3 {
        let happening = comment(&engine, &colleague, kpi.id()).await;
        tell(&engine, &colleague, happening).await;
    }
    let oldest = entries(&engine, &owner, None).await[2].id();
    notifications(&engine).mark_read(&owner, oldest).await.unwrap();
    engine.clock.advance(TimeDelta::days(i64::from(INBOX_DAYS)) + TimeDelta::seconds(1));
    // One more than its share is left for the next time.
    let mut work = NotificationStore::begin(&engine.tenants, &owner).await.unwrap();
    assert_eq!(work.notifications().forget_before(engine.clock.now(), 2).await.unwrap(), 2);
    work.commit().await.unwrap();
    assert_eq!(unread(&engine, &owner).await, 1);
    let happening = comment(&engine, &colleague, kpi.id()).await;
    tell(&engine, &colleague, happening).await;
    assert_eq!(unread(&engine, &owner).await, 1);
    let raw = engine.raw(owner.organization()).await;
    assert_eq!((count(&raw, "FROM notifications").await, count(&raw, "FROM deliveries").await), (1, 1));
});

on_both_engines!(the_count_is_right_whoever_comes_at_the_same_time, async |engine: Engine| {
    let (owner, colleague, kpi) = a_team(&engine).await;
    let service = Arc::new(notifications(&engine));
    let mut happenings = Vec::new();
    for _ in 0..12 {
        happenings.push(comment(&engine, &colleague, kpi.id()).await);
    }
    for happening in happenings.drain(..6) {
        tell(&engine, &colleague, happening).await;
    }
    let there = entries(&engine, &owner, None).await;
    let mut tasks = tokio::task::JoinSet::new();
    for happening in happenings {
        let command = Tell { event: engine.ids.next_uuid(), at: engine.clock.now(), happening };
        // Each is told twice at once: as by a worker that lost its lease.
        for _ in 0..2 {
            let (service, colleague, command) = (Arc::clone(&service), colleague.clone(), command.clone());
            tasks.spawn(async move { service.tell(&colleague, command).await.map(|_| ()) });
        }
    }
    for entry in there {
        for _ in 0..2 {
            let (service, owner, id) = (Arc::clone(&service), owner.clone(), entry.id());
            tasks.spawn(async move { service.mark_read(&owner, id).await.map(|_| ()) });
        }
    }
    for _ in 0..3 {
        let (service, owner) = (Arc::clone(&service), owner.clone());
        tasks.spawn(async move { service.mark_all_read(&owner, MarkAllRead::default()).await.map(|_| ()) });
    }
    while let Some(done) = tasks.join_next().await {
        done.unwrap().unwrap();
    }
    assert_eq!(entries(&engine, &owner, None).await.len(), 12);
    unread(&engine, &owner).await;
    notifications(&engine).mark_all_read(&owner, MarkAllRead::default()).await.unwrap();
    assert_eq!(unread(&engine, &owner).await, 0);
});

on_both_engines!(an_inactive_member_is_told_nothing, async |engine: Engine| {
    let (owner, colleague, kpi) = a_team(&engine).await;
    let happening = comment(&engine, &colleague, kpi.id()).await;
    let raw = engine.raw(owner.organization()).await;
    sea_orm::ConnectionTrait::execute_unprepared(&raw, "UPDATE members SET is_active = FALSE").await.unwrap();
    assert_eq!(tell(&engine, &colleague, happening).await, 0);
});

on_both_engines!(recording_announces_a_turn_to_red_once, async |engine: Engine| {
    let (owner, colleague, kpi) = a_team(&engine).await;
    let service = kpis(&engine);
    let raw = engine.raw(owner.organization()).await;
    for (who, period, value, announced) in [
        (&colleague, "2026-01", "96", 0),
        (&colleague, "2026-02", "10", 1),
        (&colleague, "2026-03", "10", 1),
        (&colleague, "2026-03", "96", 1),
        (&owner, "2026-04", "10", 1),
        (&owner, "2026-05", "96", 1),
        (&colleague, "2025-12", "10", 1),
        (&colleague, "2026-06", "10", 2),
    ] {
        service.put_value(who, measured(kpi.id(), period, value)).await.unwrap();
        let messages = count(&raw, "FROM outbox WHERE name = 'kpis.kpi-turned-red'").await;
        assert_eq!(messages, announced, "{period} = {value}");
    }
});

struct Run<'a> {
    engine: &'a Engine,
    tenant: &'a TenantContext,
    id: ImportRunId,
}

impl<'a> Run<'a> {
    fn new(engine: &'a Engine, tenant: &'a TenantContext) -> Self {
        Self { engine, tenant, id: engine.ids.next() }
    }

    /// Imports values as one chunk: `(KPI, period, value)`, without a value to clear it.
    async fn chunk(&self, rows: &[(KpiId, &str, Option<&str>)]) {
        let rows: Vec<_> = rows
            .iter()
            .map(|(kpi, period, value)| ValueRow {
                kpi: *kpi,
                period: Period::parse(period, Frequency::Monthly).unwrap(),
                entry: value.map(crate::rig::dec),
                comment: None,
                row: 1,
            })
            .collect();
        self.engine.clock.advance(TimeDelta::seconds(1));
        let rules = ApplyRules {
            on_conflict: OnConflict::Upsert,
            run: self.id,
            actor: self.tenant.actor(),
            now: self.engine.clock.now(),
            dry_run: false,
        };
        let mut work = ImportStore::begin(&self.engine.tenants, self.tenant).await.unwrap();
        work.values().apply(&rows, &rules).await.unwrap();
        work.commit().await.unwrap();
    }

    async fn turned_red(&self, most: u32) -> Vec<(KpiId, String)> {
        let mut work = ImportStore::begin(&self.engine.tenants, self.tenant).await.unwrap();
        let red: Vec<RedKpi> = work.values().turned_red(self.id, most).await.unwrap();
        red.into_iter().map(|red| (red.kpi, red.period_start.to_string())).collect()
    }
}

on_both_engines!(an_import_knows_what_it_turned_red, async |engine: Engine| {
    let tenant = engine.organization().await;
    let mut ids = Vec::new();
    for name in ["new", "turned", "was red", "recovered", "rewritten", "older", "cleared"] {
        ids.push(a_kpi(&engine, &tenant, name).await.id());
    }
    let [new, turned, was_red, recovered, rewritten, older, cleared] = ids[..] else { unreachable!() };
    let before = Run::new(&engine, &tenant);
    before
        .chunk(&[
            (turned, "2026-01", Some("96")),
            (was_red, "2026-01", Some("10")),
            (recovered, "2026-01", Some("10")),
            (rewritten, "2026-01", Some("10")),
            (rewritten, "2026-02", Some("96")),
            (older, "2026-05", Some("96")),
            (cleared, "2026-01", Some("10")),
            (cleared, "2026-02", Some("96")),
        ])
        .await;
    assert_eq!(before.turned_red(10).await, [(was_red, "2026-01-01"), (recovered, "2026-01-01")].map(told));

    let run = Run::new(&engine, &tenant);
    run.chunk(&[
        (new, "2026-01", Some("96")),
        (turned, "2026-02", Some("10")),
        (was_red, "2026-02", Some("10")),
        (recovered, "2026-02", Some("96")),
        (rewritten, "2026-02", Some("92")),
        (older, "2026-01", Some("10")),
        (cleared, "2026-02", None),
    ])
    .await;
    run.chunk(&[(new, "2026-02", Some("10")), (rewritten, "2026-02", Some("10"))]).await;
    let red =
        [(new, "2026-02-01"), (turned, "2026-02-01"), (rewritten, "2026-02-01"), (cleared, "2026-01-01")];
    assert_eq!(run.turned_red(10).await, red.map(told), "by what was there before the whole run");
    assert_eq!(run.turned_red(2).await, [red[0], red[1]].map(told));
    let again = Run::new(&engine, &tenant);
    again.chunk(&[(new, "2026-02", Some("10")), (new, "2026-03", Some("11"))]).await;
    assert_eq!(again.turned_red(10).await, [], "it stays red");
});

fn told((kpi, start): (KpiId, &str)) -> (KpiId, String) {
    (kpi, start.to_owned())
}
