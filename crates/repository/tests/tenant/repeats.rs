//! Requests with an `Idempotency-Key`: done once, with their answer or not at all.

use crate::common::{Engine, count, message};
use crate::on_both_engines;
use crate::rig::{a_dashboard, a_kpi, clock, kpis, measured};
use chrono::TimeDelta;
use futures_util::FutureExt as _;
use sea_orm::DbBackend;
use std::sync::Arc;
use tokio::sync::oneshot;
use vigie_kernel::{
    Effect, Fingerprint, Frequency, IdempotencyKey, KeptAnswer, KeyedRequest, Repeat, RequestRepeats, Role,
    StoreError, TenantContext,
};
use vigie_kpis::{CreateDashboard, DefineKpi, Direction, KpiError, KpiService, KpiStore, KpiWork, Kpis};
use vigie_repository::{PoolLimits, TenantRepeats};

fn repeats(engine: &Engine) -> TenantRepeats {
    TenantRepeats::new(engine.tenants.clone(), clock(engine))
}

fn request(key: &str, what: &str) -> KeyedRequest {
    KeyedRequest {
        key: IdempotencyKey::parse(key).unwrap(),
        fingerprint: Fingerprint::of(&[what.as_bytes()]),
    }
}

fn answer(text: &str) -> KeptAnswer {
    KeptAnswer {
        status: 201,
        location: Some(format!("/things/{text}")),
        etag: Some("\"1\"".to_owned()),
        body: text.as_bytes().to_vec(),
    }
}

/// Creates a dashboard of that title and answers with it.
fn creates<'a>(engine: &'a Engine, tenant: &'a TenantContext, title: &'a str) -> Effect<'a> {
    Box::pin(async move {
        a_dashboard(engine, tenant, title).await;
        Some(answer(title))
    })
}

fn never() -> Effect<'static> {
    Box::pin(async { panic!("it was done before") })
}

async fn dashboards(engine: &Engine, tenant: &TenantContext) -> i64 {
    count(&engine.raw(tenant.organization()).await, "FROM dashboards").await
}

async fn kept(engine: &Engine, tenant: &TenantContext) -> i64 {
    count(&engine.raw(tenant.organization()).await, "FROM repeatable_requests").await
}

on_both_engines!(a_request_that_is_repeated_is_done_once, async |engine: Engine| {
    let tenant = engine.organization().await;
    let repeats = repeats(&engine);
    let first = repeats.once(&tenant, &request("k", "A"), creates(&engine, &tenant, "A")).await.unwrap();
    assert_eq!(first, Repeat::Done(answer("A")));
    for _ in 0..2 {
        let again = repeats.once(&tenant, &request("k", "A"), never()).await.unwrap();
        assert_eq!(again, Repeat::Repeated(answer("A")));
    }
    let other = repeats.once(&tenant, &request("k", "B"), never()).await.unwrap();
    assert_eq!(other, Repeat::OtherRequest);
    let next = repeats.once(&tenant, &request("l", "B"), creates(&engine, &tenant, "B")).await.unwrap();
    assert_eq!(next, Repeat::Done(answer("B")));
    assert_eq!(dashboards(&engine, &tenant).await, 2);
});

on_both_engines!(a_key_is_its_actors_own_in_one_organization, async |engine: Engine| {
    let paris = engine.organization_named("paris").await;
    let lyon = engine.organization_named("lyon").await;
    let colleague = engine.colleague(&paris, "colleague@paris.example", Role::Manager).await;
    let repeats = repeats(&engine);
    for tenant in [&paris, &lyon, &colleague] {
        let done = repeats.once(tenant, &request("k", "A"), creates(&engine, tenant, "A")).await.unwrap();
        assert_eq!(done, Repeat::Done(answer("A")));
    }
    assert_eq!((dashboards(&engine, &paris).await, dashboards(&engine, &lyon).await), (2, 1));
});

on_both_engines!(a_request_cannot_reach_another_organization, async |engine: Engine| {
    let paris = engine.organization_named("paris").await;
    let lyon = engine.organization_named("lyon").await;
    let elsewhere = Box::pin(async {
        let work = KpiStore::begin(&engine.tenants, &lyon).await;
        assert!(matches!(work.err(), Some(StoreError::Broken(_))));
        let reads = KpiStore::read(&engine.tenants, &lyon).await;
        assert!(matches!(reads.err(), Some(StoreError::Broken(_))));
        None
    });
    let done = repeats(&engine).once(&paris, &request("k", "A"), elsewhere).await.unwrap();
    assert_eq!(done, Repeat::NotDone);
});

on_both_engines!(a_request_is_in_progress_until_it_is_done, async |engine: Engine| {
    let tenant = engine.organization().await;
    let repeats = repeats(&engine);
    let (begun, has_begun) = oneshot::channel();
    let (go_on, may_go_on) = oneshot::channel::<()>();
    let slow: Effect = Box::pin(async {
        a_dashboard(&engine, &tenant, "A").await;
        begun.send(()).unwrap();
        may_go_on.await.unwrap();
        Some(answer("A"))
    });
    let meanwhile = async {
        has_begun.await.unwrap();
        let impatient = repeats.once(&tenant, &request("k", "A"), never()).await.unwrap();
        assert_eq!(impatient, Repeat::InProgress);
        let other = repeats.once(&tenant, &request("k", "B"), never()).await.unwrap();
        assert_eq!(other, Repeat::InProgress);
        assert_eq!(dashboards(&engine, &tenant).await, 0, "nothing is visible before the answer");
        go_on.send(()).unwrap();
    };
    let once = request("k", "A");
    let (done, ()) = tokio::join!(repeats.once(&tenant, &once, slow), meanwhile);
    assert_eq!(done.unwrap(), Repeat::Done(answer("A")));
    assert_eq!(repeats.once(&tenant, &once, never()).await.unwrap(), Repeat::Repeated(answer("A")));
});

// Two processes know nothing of each other: their transactions do. PostgreSQL says at once that another has the key; SQLite's second
// writer waits for the first, and finds its answer.
on_both_engines!(two_processes_do_one_request_once, async |engine: Engine| {
    let tenant = engine.organization().await;
    let waits = engine.raw(tenant.organization()).await.get_database_backend() == DbBackend::Sqlite;
    let (begun, has_begun) = oneshot::channel();
    let (go_on, may_go_on) = oneshot::channel::<()>();
    let mut go_on = Some(go_on);
    let slow: Effect = Box::pin(async {
        a_dashboard(&engine, &tenant, "A").await;
        begun.send(()).unwrap();
        may_go_on.await.unwrap();
        Some(answer("A"))
    });
    let here = repeats(&engine);
    let once = request("k", "A");
    let meanwhile = async {
        has_begun.await.unwrap();
        let there = repeats(&engine);
        let second: Effect = Box::pin(async {
            if waits {
                go_on.take().unwrap().send(()).unwrap();
            }
            let work = KpiStore::begin(&engine.tenants, &tenant).await;
            assert!(matches!(work.err(), Some(StoreError::Unavailable(_))));
            None
        });
        let second = there.once(&tenant, &once, second).await.unwrap();
        if !waits {
            go_on.take().unwrap().send(()).unwrap();
        }
        second
    };
    let (first, second) = tokio::join!(here.once(&tenant, &once, slow), meanwhile);
    assert_eq!(first.unwrap(), Repeat::Done(answer("A")));
    assert_eq!(second, if waits { Repeat::Repeated(answer("A")) } else { Repeat::InProgress });
    assert_eq!(dashboards(&engine, &tenant).await, 1);
});

on_both_engines!(a_request_that_is_refused_writes_nothing_and_frees_its_key, async |engine: Engine| {
    let tenant = engine.organization().await;
    let repeats = repeats(&engine);
    let refused: Effect = Box::pin(async {
        a_dashboard(&engine, &tenant, "A").await;
        None
    });
    assert_eq!(repeats.once(&tenant, &request("k", "A"), refused).await.unwrap(), Repeat::NotDone);
    assert_eq!((dashboards(&engine, &tenant).await, kept(&engine, &tenant).await), (0, 0));
    let other = repeats.once(&tenant, &request("k", "B"), creates(&engine, &tenant, "B")).await.unwrap();
    assert_eq!(other, Repeat::Done(answer("B")));
});

on_both_engines!(a_request_that_is_abandoned_writes_nothing_and_frees_its_key, async |engine: Engine| {
    let tenant = engine.organization().await;
    let repeats = repeats(&engine);
    let (begun, has_begun) = oneshot::channel();
    let endless: Effect = Box::pin(async {
        a_dashboard(&engine, &tenant, "A").await;
        let _open = KpiStore::begin(&engine.tenants, &tenant).await.unwrap();
        begun.send(()).unwrap();
        std::future::pending().await
    });
    let once = request("k", "A");
    tokio::select! {
        _ = repeats.once(&tenant, &once, endless) => panic!("it never ends"),
        begun = has_begun => begun.unwrap(),
    }
    // The connection rolls back as it goes back to its pool, which on PostgreSQL may take a moment.
    let mut done = Repeat::InProgress;
    while done == Repeat::InProgress {
        tokio::task::yield_now().await;
        done = repeats.once(&tenant, &once, creates(&engine, &tenant, "B")).await.unwrap();
    }
    assert_eq!(done, Repeat::Done(answer("B")));
    assert_eq!(dashboards(&engine, &tenant).await, 1);
});

on_both_engines!(a_unit_of_work_that_is_dropped_is_undone_alone, async |engine: Engine| {
    let tenant = engine.organization().await;
    let kpi = a_kpi(&engine, &tenant, "Taux de service").await;
    let service = kpis(&engine);
    let effect: Effect = Box::pin(async {
        let mut dropped = KpiStore::begin(&engine.tenants, &tenant).await.unwrap();
        dropped.outbox().add(&message(&engine, "kpis.recompute")).await.unwrap();
        drop(dropped);
        // The code that the name gives is taken: the service drops that unit of work and takes the next code in another.
        let define = DefineKpi::new(
            kpi.snapshot().dashboard_id,
            "Taux de service",
            Frequency::Monthly,
            Direction::UpIsBetter,
        );
        let second = service.define_kpi(&tenant, define).await.unwrap();
        assert_ne!(second.snapshot().code, kpi.snapshot().code);
        // What another unit of work of the request wrote is there for its reads.
        let read = service.kpi(&tenant, second.id()).await.unwrap();
        assert_eq!(read.snapshot(), second.snapshot());
        service.add_value(&tenant, measured(second.id(), "2026-09", "96")).await.unwrap();
        // A value that is there: the insertion fails, the service reads which one it is.
        let again = service.add_value(&tenant, measured(second.id(), "2026-09", "97")).await;
        assert!(matches!(again, Err(KpiError::ValueExists(_))), "{again:?}");
        Some(answer("done"))
    });
    let done = repeats(&engine).once(&tenant, &request("k", "A"), effect).await.unwrap();
    assert_eq!(done, Repeat::Done(answer("done")));
    let raw = engine.raw(tenant.organization()).await;
    let counts = [
        count(&raw, "FROM kpis").await,
        count(&raw, "FROM kpi_values").await,
        count(&raw, "FROM outbox").await,
    ];
    assert_eq!(counts, [2, 1, 0]);
});

on_both_engines!(a_unit_of_work_that_is_left_open_spoils_the_request, async |engine: Engine| {
    let tenant = engine.organization().await;
    let repeats = repeats(&engine);
    let mut forgotten: Option<Box<dyn KpiWork>> = None;
    let effect: Effect = Box::pin(async {
        a_dashboard(&engine, &tenant, "A").await;
        let work = KpiStore::begin(&engine.tenants, &tenant).await.unwrap();
        assert!(KpiStore::begin(&engine.tenants, &tenant).await.is_err(), "a second one beside it");
        forgotten = Some(work);
        Some(answer("A"))
    });
    let spoiled = repeats.once(&tenant, &request("k", "A"), effect).await;
    assert!(matches!(spoiled, Err(StoreError::Broken(_))), "{spoiled:?}");
    drop(forgotten);
    assert_eq!((dashboards(&engine, &tenant).await, kept(&engine, &tenant).await), (0, 0));
    let done = repeats.once(&tenant, &request("k", "A"), creates(&engine, &tenant, "B")).await.unwrap();
    assert_eq!(done, Repeat::Done(answer("B")));
});

on_both_engines!(an_answer_is_kept_for_a_day_and_cleared_away_later, async |engine: Engine| {
    let tenant = engine.organization().await;
    let repeats = repeats(&engine);
    for key in ["k", "l", "m"] {
        repeats.once(&tenant, &request(key, "A"), creates(&engine, &tenant, "A")).await.unwrap();
    }
    engine.clock.advance(TimeDelta::hours(24) - TimeDelta::seconds(1));
    assert_eq!(
        repeats.once(&tenant, &request("k", "A"), never()).await.unwrap(),
        Repeat::Repeated(answer("A"))
    );
    engine.clock.advance(TimeDelta::seconds(1));
    let other = repeats.once(&tenant, &request("k", "B"), creates(&engine, &tenant, "B")).await.unwrap();
    assert_eq!(other, Repeat::Done(answer("B")));
    assert_eq!((dashboards(&engine, &tenant).await, kept(&engine, &tenant).await), (4, 1));
    assert_eq!(
        repeats.once(&tenant, &request("k", "B"), never()).await.unwrap(),
        Repeat::Repeated(answer("B"))
    );
});

on_both_engines!(a_request_announces_its_jobs_once_it_is_committed, async |engine: Engine| {
    let tenant = engine.organization().await;
    let effect: Effect = Box::pin(async {
        let mut work = KpiStore::begin(&engine.tenants, &tenant).await.unwrap();
        work.outbox().add(&message(&engine, "kpis.recompute")).await.unwrap();
        work.commit().await.unwrap();
        assert!(engine.signal.wait().now_or_never().is_none(), "nothing is committed yet");
        Some(answer("A"))
    });
    repeats(&engine).once(&tenant, &request("k", "A"), effect).await.unwrap();
    assert_eq!(engine.signal.wait().await, [tenant.organization()]);
    assert_eq!(engine.relay.relay(tenant.organization()).await.unwrap(), 1);
});

on_both_engines!(a_request_that_writes_nothing_is_answered_again_too, async |engine: Engine| {
    let tenant = engine.organization().await;
    let repeats = repeats(&engine);
    let nothing: Effect = Box::pin(async { Some(KeptAnswer { location: None, etag: None, ..answer("") }) });
    repeats.once(&tenant, &request("k", "A"), nothing).await.unwrap();
    let again = repeats.once(&tenant, &request("k", "A"), never()).await.unwrap();
    assert_eq!(again, Repeat::Repeated(KeptAnswer { location: None, etag: None, ..answer("") }));
});

// A request holds one connection for all that it does: with as many requests under way as there are turns, none waits for a second.
on_both_engines!(a_request_needs_one_turn_for_all_that_it_does, async |engine: Engine| {
    let tenant = engine.organization().await;
    let store = engine.tenants_with(PoolLimits { each: 1, ..PoolLimits::default() });
    let service = Kpis::new(Arc::new(store.clone()), clock(&engine), Arc::clone(&engine.ids));
    let effect: Effect = Box::pin(async {
        for title in ["A", "B"] {
            let create = CreateDashboard { title: title.to_owned(), ..CreateDashboard::default() };
            let made = service.create_dashboard(&tenant, create).await.unwrap();
            assert_eq!(service.dashboard(&tenant, made.id()).await.unwrap().snapshot().title, title);
        }
        Some(answer("A"))
    });
    let done = TenantRepeats::new(store, clock(&engine)).once(&tenant, &request("k", "A"), effect).await;
    assert_eq!(done.unwrap(), Repeat::Done(answer("A")));
    assert_eq!(dashboards(&engine, &tenant).await, 2);
});
