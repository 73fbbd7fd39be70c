//! The tables and their rules.

use crate::{
    ActionCounts, Dashboard, Kpi, KpiDefinition, PeriodClosing, RULE_DASHBOARD_NOT_EMPTY, RULE_KPI_CODE,
    RULE_KPI_DASHBOARD, RULE_KPI_HAS_VALUES, RULE_OWNER_MEMBER, RULE_THRESHOLD_VERSION, RULE_VALUE_PERIOD,
    Revision, ThresholdVersion, Value,
};
use chrono::NaiveDate;
use std::collections::{BTreeMap, HashMap, HashSet};
use vigie_jobs::OutboxMessage;
use vigie_kernel::{AuditEntry, DashboardId, Frequency, KpiId, PlanLimit, Rule, StoreError, UserId};

/// One organization's tables.
#[derive(Clone, Default)]
pub(super) struct State {
    pub(super) dashboards: BTreeMap<DashboardId, Dashboard>,
    pub(super) kpis: BTreeMap<KpiId, Kpi>,
    pub(super) thresholds: Vec<ThresholdVersion>,
    pub(super) values: BTreeMap<(KpiId, NaiveDate), Value>,
    pub(super) revisions: Vec<Revision>,
    pub(super) closings: Vec<PeriodClosing>,
    pub(super) audit: Vec<AuditEntry>,
    pub(super) outbox: Vec<OutboxMessage>,
    pub(super) members: Option<HashSet<UserId>>,
    pub(super) actions: HashMap<KpiId, ActionCounts>,
    pub(super) used: BTreeMap<PlanLimit, u64>,
}

/// One statement, kept so that a commit can run it again on what others committed meanwhile.
#[derive(Clone)]
pub(super) enum Statement {
    InsertDashboard(Dashboard),
    UpdateDashboard(Dashboard),
    DeleteDashboard(Dashboard),
    InsertKpi(Box<Kpi>),
    UpdateKpi(Box<Kpi>),
    DeleteKpi(Box<Kpi>),
    InsertThresholds(ThresholdVersion),
    Value(OnValue, Value),
    InsertRevision(Revision),
    PutClosing(PeriodClosing),
    RemoveClosing(Frequency),
    Audit(AuditEntry),
    Announce(OutboxMessage),
    Take(PlanLimit, u64, Option<u64>),
    GiveBack(PlanLimit, u64),
}

/// What a statement does with a value.
#[derive(Clone, Copy)]
pub(super) enum OnValue {
    Insert,
    Update,
    Remove,
}

fn rule(holds: bool, rule: Rule) -> Result<(), StoreError> {
    if holds { Ok(()) } else { Err(StoreError::Conflict(rule)) }
}

fn version(stored: Option<i64>, expected: i64) -> Result<(), StoreError> {
    if stored == Some(expected) { Ok(()) } else { Err(StoreError::Stale) }
}

impl State {
    pub(super) fn definition(&self, id: KpiId) -> Option<KpiDefinition> {
        let kpi = self.kpis.get(&id)?.clone();
        let snapshot = kpi.snapshot();
        let dashboard_owner = self.dashboards.get(&snapshot.dashboard_id)?.snapshot().owner_id;
        let mut thresholds: Vec<ThresholdVersion> =
            self.thresholds.iter().filter(|version| version.kpi_id == id).cloned().collect();
        thresholds.sort_by_key(|version| version.version_no);
        let closed_through = self
            .closings
            .iter()
            .find(|closing| closing.frequency == snapshot.frequency)
            .map(|closing| closing.closed_through);
        Some(KpiDefinition { kpi, dashboard_owner, thresholds, closed_through })
    }

    fn check_owner(&self, owner: UserId) -> Result<(), StoreError> {
        rule(self.members.as_ref().is_none_or(|members| members.contains(&owner)), RULE_OWNER_MEMBER)
    }

    fn check_kpi(&self, kpi: &Kpi) -> Result<(), StoreError> {
        let new = kpi.snapshot();
        self.check_owner(new.owner_id)?;
        rule(self.dashboards.contains_key(&new.dashboard_id), RULE_KPI_DASHBOARD)?;
        let taken = self.kpis.values().any(|other| other.id() != new.id && other.snapshot().code == new.code);
        rule(!taken, RULE_KPI_CODE)
    }

    fn dashboard_version(&self, id: DashboardId) -> Option<i64> {
        self.dashboards.get(&id).map(|dashboard| dashboard.snapshot().version)
    }

    fn kpi_version(&self, id: KpiId) -> Option<i64> {
        self.kpis.get(&id).map(|kpi| kpi.snapshot().version)
    }

    /// Runs a statement; a broken rule changes nothing.
    pub(super) fn run(&mut self, statement: &Statement) -> Result<(), StoreError> {
        match statement {
            Statement::InsertDashboard(dashboard) => {
                self.check_owner(dashboard.snapshot().owner_id)?;
                self.dashboards.insert(dashboard.id(), dashboard.clone());
            }
            Statement::UpdateDashboard(dashboard) => {
                version(self.dashboard_version(dashboard.id()), dashboard.snapshot().version - 1)?;
                self.check_owner(dashboard.snapshot().owner_id)?;
                self.dashboards.insert(dashboard.id(), dashboard.clone());
            }
            Statement::DeleteDashboard(dashboard) => {
                let id = dashboard.id();
                version(self.dashboard_version(id), dashboard.snapshot().version)?;
                let used = self.kpis.values().any(|kpi| kpi.snapshot().dashboard_id == id);
                rule(!used, RULE_DASHBOARD_NOT_EMPTY)?;
                self.dashboards.remove(&id);
            }
            Statement::InsertKpi(kpi) => {
                self.check_kpi(kpi)?;
                self.kpis.insert(kpi.id(), Kpi::clone(kpi));
            }
            Statement::UpdateKpi(kpi) => {
                version(self.kpi_version(kpi.id()), kpi.snapshot().version - 1)?;
                self.check_kpi(kpi)?;
                self.kpis.insert(kpi.id(), Kpi::clone(kpi));
            }
            Statement::DeleteKpi(kpi) => self.delete_kpi(kpi)?,
            Statement::InsertThresholds(new) => {
                let key = (new.kpi_id, new.version_no);
                let taken = self.thresholds.iter().any(|other| (other.kpi_id, other.version_no) == key);
                rule(!taken, RULE_THRESHOLD_VERSION)?;
                self.thresholds.push(new.clone());
            }
            Statement::Value(what, value) => self.run_on_value(*what, value)?,
            Statement::InsertRevision(revision) => self.revisions.push(revision.clone()),
            Statement::PutClosing(closing) => {
                self.closings.retain(|other| other.frequency != closing.frequency);
                self.closings.push(closing.clone());
            }
            Statement::RemoveClosing(frequency) => {
                self.closings.retain(|other| other.frequency != *frequency);
            }
            Statement::Audit(entry) => self.audit.push(entry.clone()),
            Statement::Announce(message) => self.outbox.push(message.clone()),
            Statement::Take(limit, more, max) => {
                let used = self.used.entry(*limit).or_default();
                if max.is_some_and(|max| *used + more > max) {
                    return Err(StoreError::Stale);
                }
                *used += more;
            }
            Statement::GiveBack(limit, less) => {
                let used = self.used.entry(*limit).or_default();
                *used = used.saturating_sub(*less);
            }
        }
        Ok(())
    }

    fn delete_kpi(&mut self, kpi: &Kpi) -> Result<(), StoreError> {
        let id = kpi.id();
        version(self.kpi_version(id), kpi.snapshot().version)?;
        rule(!self.has_values(id), RULE_KPI_HAS_VALUES)?;
        self.kpis.remove(&id);
        self.thresholds.retain(|version| version.kpi_id != id);
        self.revisions.retain(|revision| revision.kpi_id != id);
        Ok(())
    }

    pub(super) fn has_values(&self, id: KpiId) -> bool {
        self.values.keys().any(|(kpi, _)| *kpi == id)
    }

    fn run_on_value(&mut self, what: OnValue, value: &Value) -> Result<(), StoreError> {
        let new = value.snapshot();
        let key = (new.kpi_id, new.period.start());
        let there = self.values.get(&key).map(Value::snapshot);
        let stored = there.filter(|there| there.id == new.id).map(|there| there.version);
        match what {
            OnValue::Insert => rule(there.is_none(), RULE_VALUE_PERIOD)?,
            OnValue::Update => version(stored, new.version - 1)?,
            OnValue::Remove => version(stored, new.version)?,
        }
        match what {
            OnValue::Insert | OnValue::Update => self.values.insert(key, value.clone()),
            OnValue::Remove => self.values.remove(&key),
        };
        Ok(())
    }
}
