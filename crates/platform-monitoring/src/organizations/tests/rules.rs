use super::rig::{small, start, well};
use crate::{
    Evidence, Gap, Health, HealthRule, Measured, OrganizationFacts, OrganizationSample, SchemaState, judge,
};
use chrono::{DateTime, TimeDelta, Utc};
use proptest::prelude::*;
use std::collections::BTreeSet;
use vigie_kernel::testing::CountedIds;
use vigie_kernel::{IdSource, OrganizationStatus, PlanLimits};

fn facts() -> OrganizationFacts {
    let ids: &dyn IdSource = &CountedIds::default();
    well(ids.next())
}

fn judged(facts: &OrganizationFacts, found: Result<Measured, Gap>) -> Option<HealthRule> {
    OrganizationSample::taken(facts, Some(found), start()).rule
}

#[test]
fn every_rule_has_a_line_of_its_own_in_the_order_of_their_weight() {
    let all: Vec<HealthRule> = HealthRule::all().collect();
    assert!(all.is_sorted());
    assert_eq!(all.iter().map(|rule| rule.name()).collect::<BTreeSet<_>>().len(), all.len());
    for rule in &all {
        assert_eq!(HealthRule::from_name(rule.name()), Some(*rule));
        assert_ne!(rule.health(), Health::Healthy);
    }
    assert!(all.is_sorted_by_key(|rule| std::cmp::Reverse(rule.health())), "the critical ones come first");
    assert_eq!(HealthRule::from_name("asleep"), None);
}

#[test]
fn each_rule_fires_at_its_border() {
    let hours = |hours: i64| start() - TimeDelta::hours(hours);
    let with = |change: fn(&mut OrganizationFacts)| {
        let mut facts = facts();
        change(&mut facts);
        facts
    };
    let kpis = |count| Ok(Measured { kpis: Some(count), ..small() });
    let storage = |bytes| Ok(Measured { storage_bytes: Some(bytes), ..small() });
    let backup = |created: i64, last: Option<i64>| OrganizationFacts {
        created_at: hours(created),
        last_backup_at: last.map(hours),
        ..facts()
    };
    let cases: &[(OrganizationFacts, Result<Measured, Gap>, Option<HealthRule>)] = &[
        (facts(), Ok(small()), None),
        (facts(), Ok(Measured::default()), None),
        (facts(), Err(Gap::Timeout), Some(HealthRule::SampleFailed)),
        (with(|it| it.failures_in_a_row = 1), Err(Gap::Broken), Some(HealthRule::SampleFailed)),
        (with(|it| it.failures_in_a_row = 2), Err(Gap::Broken), Some(HealthRule::DatabaseUnreachable)),
        (with(|it| it.failures_in_a_row = 9), Ok(small()), None),
        (facts(), Err(Gap::Foreign), Some(HealthRule::DatabaseForeign)),
        (
            with(|it| it.status = OrganizationStatus::Failed),
            Ok(small()),
            Some(HealthRule::OrganizationFailed),
        ),
        (with(|it| it.status = OrganizationStatus::Suspended), Ok(small()), None),
        (with(|it| it.schema = SchemaState::Behind), Ok(small()), Some(HealthRule::SchemaBehind)),
        (with(|it| it.schema = SchemaState::MigrationFailed), Ok(small()), Some(HealthRule::MigrationFailed)),
        (with(|it| it.members = 39), Ok(small()), None),
        (with(|it| it.members = 40), Ok(small()), Some(HealthRule::MembersNearlyFull)),
        (with(|it| it.members = 49), Ok(small()), Some(HealthRule::MembersNearlyFull)),
        (with(|it| it.members = 50), Ok(small()), Some(HealthRule::MembersFull)),
        (with(|it| (it.members, it.limits.members) = (9_000, None)), Ok(small()), None),
        (with(|it| (it.members, it.limits.members) = (0, Some(0))), Ok(small()), None),
        (facts(), kpis(79), None),
        (facts(), kpis(80), Some(HealthRule::KpisNearlyFull)),
        (facts(), kpis(100), Some(HealthRule::KpisFull)),
        (facts(), kpis(u64::MAX), Some(HealthRule::KpisFull)),
        (facts(), storage(799), None),
        (facts(), storage(800), Some(HealthRule::StorageNearlyFull)),
        (facts(), storage(2_000), Some(HealthRule::StorageFull)),
        (backup(900, Some(26)), Ok(small()), None),
        (backup(900, Some(27)), Ok(small()), Some(HealthRule::BackupOverdue)),
        (backup(27, None), Ok(small()), Some(HealthRule::BackupOverdue)),
        (backup(26, None), Ok(small()), None),
        (OrganizationFacts { status: OrganizationStatus::Migrating, ..backup(900, None) }, Ok(small()), None),
    ];
    for (facts, found, wanted) in cases {
        assert_eq!(judged(facts, *found), *wanted, "{facts:?} {found:?}");
    }
}

#[test]
fn nobody_is_ill_of_rest() {
    let quiet = OrganizationFacts { last_used_at: Some(start() - TimeDelta::days(400)), ..facts() };
    let found = Ok(Measured { last_activity: Some(start() - TimeDelta::days(300)), ..small() });
    let sample = OrganizationSample::taken(&quiet, Some(found), start());
    assert_eq!((sample.health(), sample.rule), (Health::Healthy, None));
    assert_eq!(sample.measured.last_activity, Some(start() - TimeDelta::days(300)), "the later of the two");
}

#[test]
fn a_gap_is_no_zero() {
    let used = OrganizationFacts { last_used_at: Some(start()), ..facts() };
    let sample = OrganizationSample::taken(&used, Some(Err(Gap::Unreachable)), start());
    let known = Measured { last_activity: Some(start()), ..Measured::default() };
    assert_eq!((sample.measured, sample.gap), (known, Some(Gap::Unreachable)));
    assert_eq!((sample.members, sample.users, sample.failures_in_a_row), (3, 2, 1));
}

#[test]
fn an_old_sample_proves_no_health() {
    let taken = |facts: &OrganizationFacts| OrganizationSample::taken(facts, Some(Ok(small())), start());
    let hours = |hours: i64| start() + TimeDelta::hours(hours);
    assert_eq!(taken(&facts()).seen_at(hours(2)).rule, None);
    assert_eq!(taken(&facts()).seen_at(hours(3)).rule, Some(HealthRule::SampleStale));
    let full = OrganizationFacts { members: 50, ..facts() };
    assert_eq!(taken(&full).seen_at(hours(3)).rule, Some(HealthRule::MembersFull), "the worse one stays");
}

fn instants() -> impl Strategy<Value = DateTime<Utc>> {
    (0..2_000_i64).prop_map(|hours| start() - TimeDelta::hours(hours))
}

prop_compose! {
    fn any_facts()(
        status in prop::sample::select(&OrganizationFacts::SAMPLED[..]),
        created_at in instants(),
        schema in prop_oneof![
            Just(SchemaState::Current), Just(SchemaState::Behind), Just(SchemaState::MigrationFailed)
        ],
        (members, limit) in (0..20_u64, prop::option::of(0..20_u64)),
        (storage, kpis) in (prop::option::of(0..20_u64), prop::option::of(0..20_u64)),
        last_backup_at in prop::option::of(instants()),
        failures_in_a_row in 0..5_u32,
    ) -> OrganizationFacts {
        let limits = PlanLimits { members: limit, storage_bytes: storage, kpis, ..PlanLimits::NONE };
        let seen = OrganizationFacts { status, created_at, schema, limits, members, ..facts() };
        OrganizationFacts { last_backup_at, failures_in_a_row, ..seen }
    }
}

prop_compose! {
    fn any_measured()(
        kpis in prop::option::of(0..20_u64),
        storage_bytes in prop::option::of(0..20_u64),
    ) -> Measured {
        Measured { kpis, storage_bytes, ..small() }
    }
}

fn any_gap() -> impl Strategy<Value = Option<Gap>> {
    prop::option::of(prop::sample::select(&Gap::ALL[..]))
}

fn health(rule: Option<HealthRule>) -> Health {
    rule.map_or(Health::Healthy, HealthRule::health)
}

proptest! {
    /// More of something, an older backup, one more failure: nothing of that makes an organization better.
    #[test]
    fn what_gets_worse_is_never_judged_better(
        facts in any_facts(),
        measured in any_measured(),
        gap in any_gap(),
        more in (0..5_u64, 0..5_u64, 0..5_u64),
        hours in 0..100_i64,
        again in 0..5_u32,
    ) {
        let judge = |facts: &OrganizationFacts, measured: &Measured, failures: u32| {
            health(judge(&Evidence { facts, measured, gap, failures_in_a_row: failures, now: start() }))
        };
        let before = judge(&facts, &measured, facts.failures_in_a_row);
        let failures = facts.failures_in_a_row + again;
        let worse = OrganizationFacts {
            members: facts.members + more.0,
            last_backup_at: facts.last_backup_at.map(|at| at - TimeDelta::hours(hours)),
            created_at: facts.created_at - TimeDelta::hours(hours),
            ..facts
        };
        let fuller = Measured {
            kpis: measured.kpis.map(|kpis| kpis + more.1),
            storage_bytes: measured.storage_bytes.map(|bytes| bytes + more.2),
            ..measured
        };
        prop_assert!(judge(&worse, &fuller, failures) >= before);
    }

    /// The worst of the rules that fire alone is the one that fires together.
    #[test]
    fn the_worst_rule_wins(facts in any_facts(), measured in any_measured(), gap in any_gap()) {
        let judge = |facts: &OrganizationFacts, measured: &Measured, gap| {
            let failures_in_a_row = facts.failures_in_a_row;
            judge(&Evidence { facts, measured, gap, failures_in_a_row, now: start() })
        };
        let all = judge(&facts, &measured, gap);
        let calm = OrganizationFacts { failures_in_a_row: facts.failures_in_a_row, ..well(facts.organization) };
        let nothing = Measured::default();
        let alone = [
            judge(&calm, &nothing, gap),
            judge(&OrganizationFacts { status: facts.status, ..calm.clone() }, &nothing, None),
            judge(&OrganizationFacts { schema: facts.schema, ..calm.clone() }, &nothing, None),
            judge(
                &OrganizationFacts { members: facts.members, limits: facts.limits, ..calm.clone() },
                &measured,
                None,
            ),
            judge(
                &OrganizationFacts {
                    status: facts.status,
                    created_at: facts.created_at,
                    last_backup_at: facts.last_backup_at,
                    ..calm
                },
                &nothing,
                None,
            ),
        ];
        prop_assert_eq!(all, alone.into_iter().flatten().min());
    }

    #[test]
    fn time_makes_no_sample_better(facts in any_facts(), measured in any_measured(), hours in 0..10_i64) {
        let sample = OrganizationSample::taken(&facts, Some(Ok(measured)), start());
        let seen = |hours: i64| sample.clone().seen_at(start() + TimeDelta::hours(hours)).health();
        prop_assert!(seen(hours + 1) >= seen(hours));
    }
}
