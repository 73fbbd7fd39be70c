//! Reading what is committed.

use super::state::State;
use crate::{
    Dashboard, DashboardFilter, DashboardRow, Kpi, KpiDefinition, KpiFilter, KpiReads, KpiRow, KpiStanding,
    LatestValue, PeriodClosing, ReportRows, ReportingReads, Revision, Value, ValueRange,
};
use async_trait::async_trait;
use chrono::NaiveDate;
use vigie_kernel::{Cursor, DashboardId, Frequency, KpiId, Page, PageRequest, StoreError};

/// What was committed when the reading began.
pub(super) struct MemoryReads(pub(super) State);

/// One page of items that are already in order.
fn page<T>(items: Vec<T>, request: &PageRequest, cursor: impl Fn(&T) -> Cursor) -> Page<T> {
    let after = request.after.as_ref().map(|after| (after.key.clone(), after.id));
    let rest = items.into_iter().filter(|item| {
        let place = cursor(item);
        after.as_ref().is_none_or(|after| (place.key, place.id) > *after)
    });
    let overfull = rest.take(usize::from(request.limit) + 1).collect();
    Page::from_overfull(overfull, request.limit, cursor)
}

fn dashboard_place(dashboard: &Dashboard) -> Cursor {
    Cursor { key: dashboard.snapshot().title.clone(), id: dashboard.id().as_uuid() }
}

fn kpi_place(kpi: &Kpi) -> Cursor {
    Cursor { key: kpi.snapshot().name.clone(), id: kpi.id().as_uuid() }
}

fn value_place(value: &Value) -> Cursor {
    Cursor { key: value.snapshot().period.start().to_string(), id: value.id().as_uuid() }
}

#[async_trait]
impl KpiReads for MemoryReads {
    async fn dashboard(&mut self, id: DashboardId) -> Result<Option<Dashboard>, StoreError> {
        Ok(self.0.dashboards.get(&id).cloned())
    }

    async fn dashboards(
        &mut self,
        filter: &DashboardFilter,
        request: &PageRequest,
    ) -> Result<Page<Dashboard>, StoreError> {
        let wanted = |dashboard: &&Dashboard| {
            filter.process_name.is_none() || filter.process_name == dashboard.snapshot().process_name
        };
        let mut items: Vec<Dashboard> = self.0.dashboards.values().filter(wanted).cloned().collect();
        items.sort_by_key(|item| (item.snapshot().title.clone(), item.id()));
        Ok(page(items, request, dashboard_place))
    }

    async fn kpis(&mut self, filter: &KpiFilter, request: &PageRequest) -> Result<Page<Kpi>, StoreError> {
        let wanted = |kpi: &&Kpi| {
            let kpi = kpi.snapshot();
            filter.dashboard.is_none_or(|dashboard| dashboard == kpi.dashboard_id)
                && filter.archived.is_none_or(|archived| archived == kpi.archived)
        };
        let mut items: Vec<Kpi> = self.0.kpis.values().filter(wanted).cloned().collect();
        items.sort_by_key(|item| (item.snapshot().name.clone(), item.id()));
        Ok(page(items, request, kpi_place))
    }

    async fn definition(&mut self, id: KpiId) -> Result<Option<KpiDefinition>, StoreError> {
        Ok(self.0.definition(id))
    }

    async fn value(&mut self, kpi: KpiId, period_start: NaiveDate) -> Result<Option<Value>, StoreError> {
        Ok(self.0.values.get(&(kpi, period_start)).cloned())
    }

    async fn values(
        &mut self,
        kpi: KpiId,
        range: &ValueRange,
        request: &PageRequest,
    ) -> Result<Page<Value>, StoreError> {
        let wanted = |start: NaiveDate| {
            range.from.is_none_or(|from| from <= start) && range.to.is_none_or(|to| start <= to)
        };
        let items = self.0.values.iter().filter(|((of, start), _)| *of == kpi && wanted(*start));
        let items = items.map(|(_, value)| value.clone()).collect();
        Ok(page(items, request, value_place))
    }

    async fn revisions(&mut self, kpi: KpiId, period_start: NaiveDate) -> Result<Vec<Revision>, StoreError> {
        let wanted = |revision: &&Revision| revision.kpi_id == kpi && revision.period_start == period_start;
        Ok(self.0.revisions.iter().filter(wanted).cloned().collect())
    }

    async fn closings(&mut self) -> Result<Vec<PeriodClosing>, StoreError> {
        let of = |frequency| self.0.closings.iter().find(|closing| closing.frequency == frequency).cloned();
        Ok(Frequency::ALL.into_iter().filter_map(of).collect())
    }
}

impl MemoryReads {
    fn latest(&self, kpi: &Kpi, as_of: NaiveDate) -> Option<LatestValue> {
        let closed = self
            .0
            .values
            .range((kpi.id(), NaiveDate::MIN)..=(kpi.id(), NaiveDate::MAX))
            .map(|(_, value)| value.snapshot())
            .rfind(|value| value.period.end() < as_of)?;
        let definition = self.0.definition(kpi.id())?;
        Some(LatestValue {
            period: closed.period,
            entry: closed.entry.clone(),
            status: closed.status,
            status_reason: closed.status_reason,
            score: closed.score,
            thresholds: definition.thresholds_of(closed.threshold_version),
        })
    }
}

#[async_trait]
impl ReportingReads for MemoryReads {
    /// The actions are those that were set for the KPI; `today` changes nothing about them.
    async fn standings(
        &mut self,
        as_of: NaiveDate,
        today: NaiveDate,
    ) -> Result<ReportRows<KpiStanding>, StoreError> {
        let rows = self.rows(as_of, today).await?;
        Ok(ReportRows { dashboards: rows.dashboards, kpis: rows.kpis.iter().map(KpiRow::standing).collect() })
    }

    async fn rows(&mut self, as_of: NaiveDate, _today: NaiveDate) -> Result<ReportRows<KpiRow>, StoreError> {
        let dashboards = self.0.dashboards.values().map(|dashboard| {
            let dashboard = dashboard.snapshot();
            DashboardRow {
                id: dashboard.id,
                title: dashboard.title.clone(),
                process_name: dashboard.process_name.clone(),
                owner_id: dashboard.owner_id,
            }
        });
        let kpis = self.0.kpis.values().filter(|kpi| !kpi.snapshot().archived).map(|kpi| {
            let row = kpi.snapshot();
            KpiRow {
                id: row.id,
                dashboard_id: row.dashboard_id,
                code: row.code.clone(),
                name: row.name.clone(),
                unit: row.unit.clone(),
                display_decimals: row.display_decimals,
                direction: kpi.direction(),
                weight: row.weight,
                critical: row.critical,
                owner_id: row.owner_id,
                expectation: kpi.expectation(row.created_at.date_naive()),
                latest: self.latest(kpi, as_of),
                actions: self.0.actions.get(&row.id).copied().unwrap_or_default(),
            }
        });
        Ok(ReportRows { dashboards: dashboards.collect(), kpis: kpis.collect() })
    }
}
