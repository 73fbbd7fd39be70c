//! A unit of work in memory: a copy that is changed, and the statements that a commit runs again on the original.

use super::state::{OnValue, State, Statement};
use super::{Tenants, lock};
use crate::{
    ClosingRepository, Dashboard, DashboardRepository, Kpi, KpiDefinition, KpiRepository, KpiWork,
    PeriodClosing, Revision, RevisionRepository, RowLock, Status, ThresholdRepository, ThresholdVersion,
    Value, ValueRepository,
};
use async_trait::async_trait;
use chrono::NaiveDate;
use std::sync::Arc;
use vigie_jobs::{Outbox, OutboxMessage};
use vigie_kernel::{
    AuditEntry, AuditLog, DashboardId, Frequency, KpiId, OrganizationId, PlanLimit, StoreError, Taken,
    UnitOfWork, UsageCounters,
};

pub(super) struct MemoryWork {
    tenants: Arc<Tenants>,
    organization: OrganizationId,
    state: State,
    statements: Vec<Statement>,
}

impl MemoryWork {
    pub(super) const fn new(tenants: Arc<Tenants>, organization: OrganizationId, state: State) -> Self {
        Self { tenants, organization, state, statements: Vec::new() }
    }

    fn run(&mut self, statement: Statement) -> Result<(), StoreError> {
        self.state.run(&statement)?;
        self.statements.push(statement);
        Ok(())
    }
}

#[async_trait]
impl UnitOfWork for MemoryWork {
    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        let mut tenants = lock(&self.tenants);
        let mut state = tenants.get(&self.organization).cloned().unwrap_or_default();
        for statement in &self.statements {
            state.run(statement)?;
        }
        tenants.insert(self.organization, state);
        Ok(())
    }
}

impl KpiWork for MemoryWork {
    fn dashboards(&mut self) -> Box<dyn DashboardRepository + '_> {
        Box::new(Repository(self))
    }

    fn kpis(&mut self) -> Box<dyn KpiRepository + '_> {
        Box::new(Repository(self))
    }

    fn thresholds(&mut self) -> Box<dyn ThresholdRepository + '_> {
        Box::new(Repository(self))
    }

    fn values(&mut self) -> Box<dyn ValueRepository + '_> {
        Box::new(Repository(self))
    }

    fn revisions(&mut self) -> Box<dyn RevisionRepository + '_> {
        Box::new(Repository(self))
    }

    fn closings(&mut self) -> Box<dyn ClosingRepository + '_> {
        Box::new(Repository(self))
    }

    fn usage(&mut self) -> Box<dyn UsageCounters + '_> {
        Box::new(Repository(self))
    }

    fn outbox(&mut self) -> Box<dyn Outbox + '_> {
        Box::new(Repository(self))
    }

    fn audit(&mut self) -> Box<dyn AuditLog + '_> {
        Box::new(Repository(self))
    }
}

struct Repository<'a>(&'a mut MemoryWork);

#[async_trait]
impl DashboardRepository for Repository<'_> {
    async fn find(&mut self, id: DashboardId) -> Result<Option<Dashboard>, StoreError> {
        Ok(self.0.state.dashboards.get(&id).cloned())
    }

    async fn insert(&mut self, dashboard: &Dashboard) -> Result<(), StoreError> {
        self.0.run(Statement::InsertDashboard(dashboard.clone()))
    }

    async fn update(&mut self, dashboard: &Dashboard) -> Result<(), StoreError> {
        self.0.run(Statement::UpdateDashboard(dashboard.clone()))
    }

    async fn delete(&mut self, dashboard: &Dashboard) -> Result<(), StoreError> {
        self.0.run(Statement::DeleteDashboard(dashboard.clone()))
    }
}

#[async_trait]
impl KpiRepository for Repository<'_> {
    async fn definition(&mut self, id: KpiId, _lock: RowLock) -> Result<Option<KpiDefinition>, StoreError> {
        Ok(self.0.state.definition(id))
    }

    async fn insert(&mut self, kpi: &Kpi) -> Result<(), StoreError> {
        self.0.run(Statement::InsertKpi(Box::new(kpi.clone())))
    }

    async fn update(&mut self, kpi: &Kpi) -> Result<(), StoreError> {
        self.0.run(Statement::UpdateKpi(Box::new(kpi.clone())))
    }

    async fn delete(&mut self, kpi: &Kpi) -> Result<(), StoreError> {
        self.0.run(Statement::DeleteKpi(Box::new(kpi.clone())))
    }
}

#[async_trait]
impl ThresholdRepository for Repository<'_> {
    async fn insert(&mut self, version: &ThresholdVersion) -> Result<(), StoreError> {
        self.0.run(Statement::InsertThresholds(version.clone()))
    }
}

#[async_trait]
impl ValueRepository for Repository<'_> {
    async fn find(&mut self, kpi: KpiId, period_start: NaiveDate) -> Result<Option<Value>, StoreError> {
        Ok(self.0.state.values.get(&(kpi, period_start)).cloned())
    }

    async fn any(&mut self, kpi: KpiId) -> Result<bool, StoreError> {
        Ok(self.0.state.has_values(kpi))
    }

    async fn since(&mut self, kpi: KpiId, period_start: NaiveDate) -> Result<Vec<Value>, StoreError> {
        let values = self.0.state.values.range((kpi, period_start)..=(kpi, NaiveDate::MAX));
        Ok(values.map(|(_, value)| value.clone()).collect())
    }

    async fn newest_colour(
        &mut self,
        kpi: KpiId,
        leaving_out: NaiveDate,
    ) -> Result<Option<(NaiveDate, Status)>, StoreError> {
        let of_kpi = self.0.state.values.range((kpi, NaiveDate::MIN)..=(kpi, NaiveDate::MAX));
        let mut coloured = of_kpi.filter_map(|((_, start), value)| Some((*start, value.snapshot().status?)));
        Ok(coloured.rfind(|(start, _)| *start != leaving_out))
    }

    async fn insert(&mut self, value: &Value) -> Result<(), StoreError> {
        self.0.run(Statement::Value(OnValue::Insert, value.clone()))
    }

    async fn update(&mut self, values: &[Value]) -> Result<(), StoreError> {
        values.iter().try_for_each(|value| self.0.run(Statement::Value(OnValue::Update, value.clone())))
    }

    async fn remove(&mut self, value: &Value) -> Result<(), StoreError> {
        self.0.run(Statement::Value(OnValue::Remove, value.clone()))
    }
}

#[async_trait]
impl RevisionRepository for Repository<'_> {
    async fn insert(&mut self, revisions: &[Revision]) -> Result<(), StoreError> {
        revisions.iter().try_for_each(|revision| self.0.run(Statement::InsertRevision(revision.clone())))
    }
}

#[async_trait]
impl ClosingRepository for Repository<'_> {
    async fn put(&mut self, closing: &PeriodClosing) -> Result<(), StoreError> {
        self.0.run(Statement::PutClosing(closing.clone()))
    }

    async fn remove(&mut self, frequency: Frequency) -> Result<(), StoreError> {
        self.0.run(Statement::RemoveClosing(frequency))
    }
}

#[async_trait]
impl UsageCounters for Repository<'_> {
    async fn take(&mut self, limit: PlanLimit, more: u64, max: Option<u64>) -> Result<Taken, StoreError> {
        let used = self.0.state.used.get(&limit).copied().unwrap_or_default();
        if max.is_some_and(|max| used + more > max) {
            return Ok(Taken::No { used });
        }
        self.0.run(Statement::Take(limit, more, max)).map(|()| Taken::Yes)
    }

    async fn give_back(&mut self, limit: PlanLimit, less: u64) -> Result<(), StoreError> {
        self.0.run(Statement::GiveBack(limit, less))
    }
}

#[async_trait]
impl Outbox for Repository<'_> {
    async fn add(&mut self, message: &OutboxMessage) -> Result<(), StoreError> {
        self.0.run(Statement::Announce(message.clone()))
    }
}

#[async_trait]
impl AuditLog for Repository<'_> {
    async fn record(&mut self, entry: &AuditEntry) -> Result<(), StoreError> {
        self.0.run(Statement::Audit(entry.clone()))
    }
}
