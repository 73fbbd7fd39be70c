//! Samples of organizations: what is measured, at which pace, and what becomes of it.

use crate::common::{Engine, count, session};
use crate::on_both_engines;
use chrono::TimeDelta;
use sea_orm::{ConnectionTrait, TransactionTrait};
use std::sync::Arc;
use tokio::task::JoinSet;
use vigie_auth::IdentityStore;
use vigie_kernel::{
    AuditEntry, Clock, Health, OperatorContext, OrganizationId, OrganizationStatus, PageRequest, Role,
    TenantContext,
};
use vigie_platform_monitoring::{
    Gap, HealthRule, OrganizationSample, PACE, SAMPLE_EVERY, SAMPLE_LEASE, SampleClaim, SampleNow,
    SampleService, SampleStep, SampleStore, Sampler, SchemaState,
};
use vigie_repository::ServerSamples;
use vigie_tenancy::{
    HealthWanted, LimitSetting, ListOrganizations, OrganizationStore, PlanService, Plans, SetLimit,
    TenantDatabases,
};

fn operator() -> OperatorContext {
    OperatorContext::new(None, "test".to_owned())
}

fn sampler(engine: &Engine) -> Sampler {
    let source = ServerSamples::new(Arc::clone(&engine.servers));
    Sampler::new(Arc::new(engine.control.clone()), Arc::new(source), engine.clock.clone())
}

/// Samples one organization now.
async fn sampled(engine: &Engine, tenant: &TenantContext) -> OrganizationSample {
    engine.clock.advance(PACE);
    match sampler(engine).sample_now(&operator(), tenant.organization()).await.unwrap() {
        SampleNow::Taken(sample) => *sample,
        SampleNow::Wait(time) => panic!("the pace was kept, and yet {time:?} are left"),
    }
}

async fn stored(engine: &Engine, organization: OrganizationId) -> Option<OrganizationSample> {
    engine.control.samples(&[organization]).await.unwrap().pop()
}

fn on_postgres(engine: &Engine) -> bool {
    engine.control.connection().get_database_backend() == sea_orm::DbBackend::Postgres
}

/// Something that a member did in his organization.
async fn did(engine: &Engine, tenant: &TenantContext) {
    let nobody = "00000000-0000-7000-8000-000000000000";
    let entry = AuditEntry {
        id: engine.ids.next(),
        at: engine.clock.now(),
        actor: Some(tenant.actor()),
        action: "kpi.defined",
        subject_kind: "kpi",
        subject_id: nobody.parse().unwrap(),
        request_id: "test".to_owned(),
        details: serde_json::json!({}),
    };
    let mut work = vigie_kpis::KpiStore::begin(&engine.tenants, tenant).await.unwrap();
    work.audit().record(&entry).await.unwrap();
    work.commit().await.unwrap();
}

on_both_engines!(an_organization_is_measured_without_its_pool, async |engine: Engine| {
    let tenant = engine.organization_named("paris").await;
    let id = tenant.organization();
    let gone = engine.account_in(id, "gone@paris.example", Role::User).await;
    engine.account_in(id, "locked@paris.example", Role::User).await;
    engine.control_sql("UPDATE users SET is_active = FALSE WHERE email_key = 'locked@paris.example'").await;
    engine.control_sql("UPDATE memberships SET is_active = FALSE WHERE user_id = (SELECT id FROM users WHERE email_key = 'gone@paris.example')").await;
    let database = engine.raw(id).await;
    for counted in [
        "UPDATE usage_counters SET used = 7 WHERE limit_key = 'kpis'",
        "UPDATE usage_counters SET used = 4096 WHERE limit_key = 'storage_bytes'",
    ] {
        database.execute_unprepared(counted).await.unwrap();
    }
    engine.clock.advance(TimeDelta::minutes(5));
    let active_at = engine.clock.now();
    did(&engine, &tenant).await;
    engine.clock.advance(TimeDelta::minutes(5));
    let opened = engine.registry.opened();

    let sample = sampled(&engine, &tenant).await;

    assert_eq!(engine.registry.opened(), opened);
    assert_eq!((sample.health(), sample.gap, sample.failures_in_a_row), (Health::Healthy, None, 0));
    assert_eq!((sample.members, sample.users), (2, 1), "the inactive membership and account do not count");
    let measured = sample.measured;
    assert_eq!((measured.kpis, measured.storage_bytes), (Some(7), Some(4096)));
    assert_eq!(measured.last_activity, Some(active_at));
    assert!(measured.database_size_bytes.unwrap() > 50_000, "{measured:?}");
    assert_eq!(measured.active_connections.is_some(), on_postgres(&engine));
    if let Some(connections) = measured.active_connections {
        assert!((1..=9).contains(&connections), "the pool and this test, not the sampler: {connections}");
    }
    assert_eq!(stored(&engine, id).await, Some(sample));

    // A member who is seen later is the later activity.
    engine.clock.advance(TimeDelta::minutes(5));
    let mut work = IdentityStore::begin(&engine.control).await.unwrap();
    work.sessions().insert(&session(&engine, gone.id(), Some(id))).await.unwrap();
    work.commit().await.unwrap();
    let seen = engine.clock.now();
    assert_eq!(sampled(&engine, &tenant).await.measured.last_activity, Some(seen));
});

on_both_engines!(a_database_that_is_gone_is_a_gap_and_then_unreachable, async |engine: Engine| {
    let tenant = engine.organization_named("paris").await;
    let good = sampled(&engine, &tenant).await;
    assert!(good.measured.database_size_bytes.is_some());
    engine.databases.drop_database(&engine.found(tenant.organization()).await).await.unwrap();
    for (failures, rule) in
        [(1, HealthRule::SampleFailed), (2, HealthRule::SampleFailed), (3, HealthRule::DatabaseUnreachable)]
    {
        let sample = sampled(&engine, &tenant).await;
        assert_eq!((sample.gap, sample.rule), (Some(Gap::Unreachable), Some(rule)));
        assert_eq!(sample.failures_in_a_row, failures);
        let measured = sample.measured;
        assert_eq!((measured.database_size_bytes, measured.kpis, measured.storage_bytes), (None, None, None));
        assert_eq!(stored(&engine, tenant.organization()).await, Some(sample));
    }
    let name = engine.found(tenant.organization()).await.database_name().to_string();
    assert!(!engine.database_exists(&name).await, "nothing is created by looking");
});

on_both_engines!(a_database_of_another_organization_is_told_at_once, async |engine: Engine| {
    let (paris, lyon) = (engine.organization_named("paris").await, engine.organization_named("lyon").await);
    let taken = engine.found(lyon.organization()).await.database_name().to_string();
    engine.control_sql("UPDATE organizations SET database_name = 'parked' WHERE slug = 'lyon'").await;
    engine
        .control_sql(&format!("UPDATE organizations SET database_name = '{taken}' WHERE slug = 'paris'"))
        .await;
    let sample = sampled(&engine, &paris).await;
    assert_eq!((sample.gap, sample.rule), (Some(Gap::Foreign), Some(HealthRule::DatabaseForeign)));
    assert_eq!(sample.measured.database_size_bytes, None, "nothing of another organization is told");
});

on_both_engines!(an_older_schema_is_told_and_measured_as_far_as_it_goes, async |engine: Engine| {
    let tenant = engine.organization_named("paris").await;
    let id = tenant.organization();
    engine.control_sql("UPDATE organizations SET schema_version = 1").await;
    engine.raw(id).await.execute_unprepared("DROP TABLE usage_counters").await.unwrap();
    let sample = sampled(&engine, &tenant).await;
    assert_eq!((sample.gap, sample.rule), (None, Some(HealthRule::SchemaBehind)));
    assert!(sample.measured.database_size_bytes.is_some() && sample.measured.kpis.is_none());
    engine
        .control_sql("INSERT INTO migration_failures (organization_id, failures_in_a_row) SELECT id, 1 FROM organizations")
        .await;
    assert_eq!(
        engine.control.facts(id, engine.clock.now()).await.unwrap().unwrap().schema,
        SchemaState::MigrationFailed
    );
    assert_eq!(sampled(&engine, &tenant).await.rule, Some(HealthRule::MigrationFailed));
});

on_both_engines!(limits_and_backups_count_as_they_are_now, async |engine: Engine| {
    let tenant = engine.organization_named("paris").await;
    let store = Arc::new(engine.control.clone());
    let plans =
        Plans::new(store, Arc::new(engine.tenants.clone()), engine.clock.clone(), Arc::clone(&engine.ids));
    let until = engine.clock.now() + TimeDelta::hours(1);
    let to = LimitSetting::Other { value: Some(1), expires_at: Some(until) };
    let limit = vigie_kernel::PlanLimit::Members;
    plans.set_limit(&operator(), SetLimit { organization: tenant.organization(), limit, to }).await.unwrap();
    assert_eq!(sampled(&engine, &tenant).await.rule, Some(HealthRule::MembersFull));
    engine.clock.advance(TimeDelta::hours(1));
    assert_eq!(sampled(&engine, &tenant).await.rule, None, "the exception has expired");

    engine.clock.advance(TimeDelta::hours(26));
    assert_eq!(sampled(&engine, &tenant).await.rule, Some(HealthRule::BackupOverdue));
    let backup = |id: u8, status: &str, ago: TimeDelta| {
        let at = (engine.clock.now() - ago).to_rfc3339();
        let id = if on_postgres(&engine) {
            format!("'00000000-0000-7000-8000-0000000000{id:02}'")
        } else {
            format!("x'00000000000070008000000000000{id:03}'")
        };
        format!(
            "INSERT INTO backups (id, organization_id, slug, kind, status, counts, created_at) \
             SELECT {id}, id, slug, 'nightly', '{status}', '{{}}', '{at}' FROM organizations"
        )
    };
    engine.control_sql(&backup(1, "failed", TimeDelta::hours(1))).await;
    assert_eq!(sampled(&engine, &tenant).await.rule, Some(HealthRule::BackupOverdue), "it was no good one");
    engine.control_sql(&backup(2, "done", TimeDelta::hours(2))).await;
    assert_eq!(sampled(&engine, &tenant).await.rule, None);
});

on_both_engines!(processes_share_one_pace_and_every_turn_is_somebodys, async |engine: Engine| {
    for number in 0..12 {
        engine.open(&format!("org-{number}")).await;
    }
    let start = engine.clock.now();
    assert_eq!(engine.control.enrol(start).await.unwrap(), 12);
    assert_eq!(engine.control.enrol(start).await.unwrap(), 0);
    let mut taken = Vec::new();
    for second in 0..6 {
        for half in 0..2 {
            let now = start + PACE * (second * 2 + half);
            let mut claims = JoinSet::new();
            for _ in 0..8 {
                let control = engine.control.clone();
                claims.spawn(async move { control.claim(now).await.unwrap() });
            }
            let claims = claims.join_all().await;
            let turns = claims.iter().filter_map(|claim| match claim {
                SampleClaim::Taken(lease) => Some(lease.organization),
                SampleClaim::Wait(at) => {
                    assert_eq!(*at, now + PACE);
                    None
                }
                SampleClaim::Nothing => None,
            });
            let turns: Vec<_> = turns.collect();
            assert_eq!(turns.len(), 1, "{claims:?}");
            taken.extend(turns);
        }
    }
    taken.sort();
    taken.dedup();
    assert_eq!(taken.len(), 12, "each got its turn once");
    let now = start + PACE * 12;
    assert_eq!(engine.control.claim(now).await.unwrap(), SampleClaim::Nothing);
    // Who takes a turn and dies leaves it to another.
    let later = now + SAMPLE_LEASE;
    assert!(matches!(engine.control.claim(later).await.unwrap(), SampleClaim::Taken(_)));
});

on_both_engines!(a_clock_that_was_wrong_stops_nobody, async |engine: Engine| {
    engine.open("paris").await;
    let now = engine.clock.now();
    engine.control.enrol(now).await.unwrap();
    let wrong = now + TimeDelta::days(400);
    let SampleClaim::Taken(lease) = engine.control.claim(wrong).await.unwrap() else { panic!("it is due") };
    engine.control.retire(&lease).await.unwrap();
    engine.control.enrol(now).await.unwrap();
    assert!(matches!(engine.control.claim(now).await.unwrap(), SampleClaim::Taken(_)));
});

on_both_engines!(a_sample_after_its_turn_is_not_stored, async |engine: Engine| {
    let tenant = engine.organization_named("paris").await;
    let id = tenant.organization();
    let now = engine.clock.now();
    engine.control.enrol(now).await.unwrap();
    let SampleClaim::Taken(late) = engine.control.claim(now).await.unwrap() else { panic!("it is due") };
    let facts = engine.control.facts(id, now).await.unwrap().unwrap();
    let sample = OrganizationSample::taken(&facts, Some(Err(Gap::Timeout)), now);
    engine.clock.advance(SAMPLE_LEASE);
    let good = sampled(&engine, &tenant).await;
    assert!(!SampleStore::record(&engine.control, &late, &sample, now).await.unwrap());
    assert_eq!(stored(&engine, id).await, Some(good));
});

on_both_engines!(who_is_not_in_service_is_not_sampled_and_shows_nothing, async |engine: Engine| {
    let tenant = engine.organization_named("paris").await;
    let lyon = engine.reserved("lyon").await.id();
    let id = tenant.organization();
    let sampler = sampler(&engine);
    sampled(&engine, &tenant).await;
    engine.control_sql("UPDATE organizations SET status = 'archived' WHERE slug = 'paris'").await;
    assert_eq!(stored(&engine, id).await, None);
    engine.clock.advance(SAMPLE_EVERY);
    assert_eq!(sampler.step().await.unwrap(), SampleStep::Retired(id));
    assert_eq!(sampler.step().await.unwrap(), SampleStep::Idle);
    assert_eq!(count(engine.control.connection(), "FROM organization_samples").await, 0);

    for (reason, rule) in [("restoring", None), ("no space", Some(HealthRule::OrganizationFailed))] {
        let fail = format!(
            "UPDATE organizations SET status = 'failed', status_reason = '{reason}' WHERE slug = 'lyon'"
        );
        engine.control_sql(&fail).await;
        engine.clock.advance(PACE);
        engine.control.enrol(engine.clock.now()).await.unwrap();
        sampler.step().await.unwrap();
        assert_eq!(stored(&engine, lyon).await.and_then(|sample| sample.rule), rule);
    }
});

on_both_engines!(a_sample_goes_with_its_organization, async |engine: Engine| {
    let tenant = engine.organization_named("paris").await;
    sampled(&engine, &tenant).await;
    engine.control_sql("DELETE FROM organizations").await;
    assert_eq!(count(engine.control.connection(), "FROM organization_samples").await, 0);
});

on_both_engines!(organizations_are_listed_by_their_health, async |engine: Engine| {
    let mut tenants = Vec::new();
    for slug in ["lyon", "nice", "paris", "rouen"] {
        tenants.push(engine.organization_named(slug).await);
    }
    let [lyon, nice, paris, _] = &tenants[..] else { panic!("four") };
    sampled(&engine, lyon).await;
    engine.control_sql("UPDATE organizations SET schema_version = 1 WHERE slug = 'nice'").await;
    sampled(&engine, nice).await;
    engine
        .raw(paris.organization())
        .await
        .execute_unprepared("UPDATE usage_counters SET used = 999999 WHERE limit_key = 'kpis'")
        .await
        .unwrap();
    sampled(&engine, paris).await;
    let listed = async |health: Health| {
        let stale_before = sampler(&engine).stale_before();
        let health = Some(HealthWanted { health, stale_before });
        let filter = ListOrganizations { health, ..ListOrganizations::default() };
        let page = PageRequest { limit: 10, after: None };
        let found =
            OrganizationStore::read(&engine.control).await.unwrap().list(&filter, &page).await.unwrap();
        found.items.iter().map(|one| one.snapshot().slug.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(listed(Health::Healthy).await, ["lyon"]);
    assert_eq!(listed(Health::Warning).await, ["nice"]);
    assert_eq!(listed(Health::Critical).await, ["paris"]);
    // Rouen was never sampled: nobody knows. After three hours nobody knows of Lyon either.
    engine.clock.advance(TimeDelta::hours(3));
    assert_eq!(listed(Health::Healthy).await, [""; 0]);
    assert_eq!(listed(Health::Warning).await, ["lyon", "nice"]);
    assert_eq!(listed(Health::Critical).await, ["paris"]);
    engine.control_sql("UPDATE organizations SET status = 'archived'").await;
    assert_eq!(listed(Health::Critical).await, [""; 0]);
});

on_both_engines!(the_installation_is_told_in_figures, async |engine: Engine| {
    let tenant = engine.organization_named("paris").await;
    engine.reserved("lyon").await;
    let before = engine.control.figures().await.unwrap();
    assert_eq!(
        before.organizations,
        [(OrganizationStatus::Active, 1), (OrganizationStatus::Provisioning, 1)]
    );
    assert_eq!(before.last_success_at, None);
    let good = sampled(&engine, &tenant).await;
    engine.databases.drop_database(&engine.found(tenant.organization()).await).await.unwrap();
    sampled(&engine, &tenant).await;
    let after = engine.control.figures().await.unwrap();
    assert_eq!(after.last_success_at, Some(good.sampled_at), "a gap is no success");
});

/// Only PostgreSQL lets somebody lock a table against who reads it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_takes_too_long_is_given_up() {
    let engine = Engine::postgres().await;
    let tenant = engine.organization_named("paris").await;
    let database = engine.raw(tenant.organization()).await;
    let holding = database.begin().await.unwrap();
    holding.execute_unprepared("LOCK TABLE usage_counters IN ACCESS EXCLUSIVE MODE").await.unwrap();
    let sample = sampled(&engine, &tenant).await;
    assert_eq!((sample.gap, sample.rule), (Some(Gap::Timeout), Some(HealthRule::SampleFailed)));
    holding.rollback().await.unwrap();
    assert_eq!(sampled(&engine, &tenant).await.gap, None);
}
