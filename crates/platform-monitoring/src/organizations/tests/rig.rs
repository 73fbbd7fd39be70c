//! A control database in memory, organizations' databases that answer as a test wants, and an organization that is well.

use crate::{
    Gap, Measured, OrganizationFacts, OrganizationSample, PACE, SAMPLE_LEASE, SampleClaim, SampleFigures,
    SampleLease, SampleSource, SampleStore, Sampler, SchemaState,
};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use vigie_kernel::testing::{CountedIds, FixedClock};
use vigie_kernel::{
    Clock, IdSource, OperatorContext, OrganizationId, OrganizationStatus, PlanLimits, StoreError,
};

pub(super) fn start() -> DateTime<Utc> {
    FixedClock::at_text("2026-11-20T08:00:00Z").now()
}

/// An organization about which no rule has anything to say.
pub(super) fn well(organization: OrganizationId) -> OrganizationFacts {
    OrganizationFacts {
        organization,
        database_name: "vigie_org_paris".to_owned(),
        status: OrganizationStatus::Active,
        created_at: start() - TimeDelta::days(90),
        schema: SchemaState::Current,
        limits: PlanLimits {
            members: Some(50),
            storage_bytes: Some(1_000),
            kpis: Some(100),
            ..PlanLimits::NONE
        },
        members: 3,
        users: 2,
        last_used_at: None,
        last_backup_at: Some(start() - TimeDelta::hours(6)),
        failures_in_a_row: 0,
    }
}

pub(super) fn small() -> Measured {
    Measured {
        database_size_bytes: Some(8_000_000),
        active_connections: Some(1),
        kpis: Some(10),
        storage_bytes: Some(100),
        last_activity: None,
    }
}

pub(super) struct Row {
    pub(super) facts: OrganizationFacts,
    pub(super) sample: Option<OrganizationSample>,
    pub(super) due_at: Option<DateTime<Utc>>,
}

#[derive(Default)]
pub(super) struct Control {
    pub(super) rows: BTreeMap<OrganizationId, Row>,
    next_at: Option<DateTime<Utc>>,
}

/// The control database, which several samplers may share.
#[derive(Clone, Default)]
pub(super) struct Memory(pub(super) Arc<Mutex<Control>>);

impl Memory {
    fn take(&self, wanted: Option<OrganizationId>, now: DateTime<Utc>) -> SampleClaim {
        let mut control = self.0.lock().unwrap();
        let due = |row: &Row| row.due_at.filter(|due| *due <= now);
        let first = control.rows.iter().filter_map(|(id, row)| Some((due(row)?, *id))).min();
        let Some(organization) = wanted.or(first.map(|(_, id)| id)) else { return SampleClaim::Nothing };
        if let Some(next) = control.next_at.filter(|next| now < *next) {
            return SampleClaim::Wait(next);
        }
        control.next_at = Some(now + PACE);
        let until = now + SAMPLE_LEASE;
        control.rows.get_mut(&organization).unwrap().due_at = Some(until);
        SampleClaim::Taken(SampleLease { organization, until })
    }
}

#[async_trait]
impl SampleStore for Memory {
    async fn enrol(&self, now: DateTime<Utc>) -> Result<u64, StoreError> {
        let mut control = self.0.lock().unwrap();
        let mut count = 0;
        for row in control.rows.values_mut() {
            if row.due_at.is_none() && OrganizationFacts::SAMPLED.contains(&row.facts.status) {
                row.due_at = Some(now);
                count += 1;
            }
        }
        Ok(count)
    }

    async fn claim(&self, now: DateTime<Utc>) -> Result<SampleClaim, StoreError> {
        Ok(self.take(None, now))
    }

    async fn claim_one(&self, id: OrganizationId, now: DateTime<Utc>) -> Result<SampleClaim, StoreError> {
        Ok(self.take(Some(id), now))
    }

    async fn facts(
        &self,
        organization: OrganizationId,
        _now: DateTime<Utc>,
    ) -> Result<Option<OrganizationFacts>, StoreError> {
        let control = self.0.lock().unwrap();
        let row = control.rows.get(&organization);
        Ok(row.filter(|row| OrganizationFacts::SAMPLED.contains(&row.facts.status)).map(|row| {
            let failures_in_a_row = row.sample.as_ref().map_or(0, |sample| sample.failures_in_a_row);
            OrganizationFacts { failures_in_a_row, ..row.facts.clone() }
        }))
    }

    async fn record(
        &self,
        lease: &SampleLease,
        sample: &OrganizationSample,
        due_at: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        let mut control = self.0.lock().unwrap();
        let row = control.rows.get_mut(&lease.organization).unwrap();
        if row.due_at != Some(lease.until) {
            return Ok(false);
        }
        row.sample = Some(sample.clone());
        row.due_at = Some(due_at);
        Ok(true)
    }

    async fn retire(&self, lease: &SampleLease) -> Result<(), StoreError> {
        let mut control = self.0.lock().unwrap();
        let row = control.rows.get_mut(&lease.organization).unwrap();
        (row.due_at, row.sample) = (None, None);
        Ok(())
    }

    async fn samples(&self, wanted: &[OrganizationId]) -> Result<Vec<OrganizationSample>, StoreError> {
        let control = self.0.lock().unwrap();
        Ok(wanted.iter().filter_map(|id| control.rows.get(id)?.sample.clone()).collect())
    }

    async fn figures(&self) -> Result<SampleFigures, StoreError> {
        Ok(SampleFigures::default())
    }
}

/// Databases of which each answers the same, until a test says otherwise.
pub(super) struct Databases {
    pub(super) answer: Mutex<Result<Measured, Gap>>,
    pub(super) opened: Mutex<Vec<(OrganizationId, DateTime<Utc>)>>,
    clock: Arc<FixedClock>,
}

#[async_trait]
impl SampleSource for Databases {
    async fn measure(&self, facts: &OrganizationFacts) -> Result<Measured, Gap> {
        self.opened.lock().unwrap().push((facts.organization, self.clock.now()));
        *self.answer.lock().unwrap()
    }
}

pub(super) struct World {
    pub(super) memory: Memory,
    pub(super) databases: Arc<Databases>,
    pub(super) clock: Arc<FixedClock>,
    pub(super) ids: Vec<OrganizationId>,
}

impl World {
    /// So many organizations that are well, none of them in the row yet.
    pub(super) fn of(count: usize) -> Self {
        let (memory, counted) = (Memory::default(), CountedIds::default());
        let source: &dyn IdSource = &counted;
        let ids: Vec<OrganizationId> = (0..count).map(|_| source.next()).collect();
        for id in &ids {
            let row = Row { facts: well(*id), sample: None, due_at: None };
            memory.0.lock().unwrap().rows.insert(*id, row);
        }
        let clock = Arc::new(FixedClock::at(start()));
        let databases = Databases {
            answer: Mutex::new(Ok(small())),
            opened: Mutex::default(),
            clock: Arc::clone(&clock),
        };
        Self { memory, databases: Arc::new(databases), clock, ids }
    }

    /// The sampler of one process.
    pub(super) fn sampler(&self) -> Sampler {
        Sampler::new(Arc::new(self.memory.clone()), self.databases.clone(), self.clock.clone())
    }

    pub(super) fn answer(&self, answer: Result<Measured, Gap>) {
        *self.databases.answer.lock().unwrap() = answer;
    }

    pub(super) fn facts(&self, id: OrganizationId, change: impl FnOnce(&mut OrganizationFacts)) {
        change(&mut self.memory.0.lock().unwrap().rows.get_mut(&id).unwrap().facts);
    }

    pub(super) fn opened(&self) -> Vec<(OrganizationId, DateTime<Utc>)> {
        self.databases.opened.lock().unwrap().clone()
    }

    pub(super) fn due_at(&self, id: OrganizationId) -> Option<DateTime<Utc>> {
        self.memory.0.lock().unwrap().rows[&id].due_at
    }
}

pub(super) fn operator() -> OperatorContext {
    OperatorContext::new(None, "test".to_owned())
}
