//! Chart data of a KPI.

use super::Kpis;
use super::values::{MAX_HISTORY, show};
use crate::commands::{SeriesQuery, parse_period};
use crate::{
    Calendar, Kpi, KpiDefinition, KpiError, PeriodState, ShownValue, Thresholds, ValueRange,
    effective_version, period_state,
};
use chrono::NaiveDate;
use std::collections::HashMap;
use vigie_kernel::{FieldError, FieldErrors, PageRequest, Period, TenantContext};

/// Periods before the last one when the caller names no first one: two years of months.
const DEFAULT_PERIODS_BEFORE: usize = 23;

/// One period of a chart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SeriesPoint {
    /// The period.
    pub period: Period,
    /// What it is today.
    pub state: PeriodState,
    /// Its value, with the colour that it was given.
    pub value: Option<ShownValue>,
    /// The thresholds that judged its value, or that would judge one.
    pub thresholds: Thresholds,
}

/// A KPI's periods from the first to the last, those without a value included.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Series {
    /// The KPI.
    pub kpi: Kpi,
    /// At most 1000.
    pub points: Vec<SeriesPoint>,
}

fn range(
    query: &SeriesQuery,
    definition: &KpiDefinition,
    today: NaiveDate,
) -> Result<Vec<Period>, FieldErrors> {
    let frequency = definition.kpi.snapshot().frequency;
    let mut errors = FieldErrors::new();
    let last = match &query.to {
        Some(text) => errors.keep(parse_period("to", text, frequency)),
        None => Some(Period::containing(today, frequency)),
    };
    let first = match &query.from {
        Some(text) => errors.keep(parse_period("from", text, frequency)),
        None => last.map(|last| (0..DEFAULT_PERIODS_BEFORE).fold(last, |period, _| period.previous())),
    };
    errors.into_result()?;
    let (Some(first), Some(last)) = (first, last) else {
        return Ok(Vec::new());
    };
    if first.start() > last.start() {
        let error = FieldError::new("to", "period_order").with("start", first).with("end", last);
        return Err(error.into());
    }
    let most = usize::from(MAX_HISTORY);
    let periods: Vec<Period> = std::iter::successors(Some(first), |period| Some(period.next()))
        .take_while(|period| period.start() <= last.start())
        .take(most + 1)
        .collect();
    if periods.len() > most {
        return Err(FieldError::new("from", "range_too_long").with("max", most).into());
    }
    Ok(periods)
}

impl Kpis {
    pub(super) async fn do_read_series(
        &self,
        tenant: &TenantContext,
        query: &SeriesQuery,
    ) -> Result<Series, KpiError> {
        let mut reads = self.reader(tenant).await?;
        let id = query.kpi_id;
        let definition = reads.definition(id).await?.ok_or(KpiError::KpiNotFound(id))?;
        let today = tenant.today(self.clock.now());
        let periods = range(query, &definition, today)?;
        let bounds =
            ValueRange { from: periods.first().map(Period::start), to: periods.last().map(Period::start) };
        let page = PageRequest { limit: MAX_HISTORY, after: None };
        let values = reads.values(id, &bounds, &page).await?.items;
        let mut values: HashMap<NaiveDate, _> =
            values.into_iter().map(|value| (value.snapshot().period.start(), value)).collect();
        let calendar = Calendar {
            today,
            working_days: tenant.settings().working_days,
            closed_through: definition.closed_through,
        };
        let grace_days = definition.kpi.snapshot().grace_days;
        let points = periods
            .into_iter()
            .map(|period| {
                let value = values.remove(&period.start());
                let version = match &value {
                    Some(value) => value.snapshot().threshold_version,
                    None => effective_version(&definition.thresholds, period.start())
                        .map(|version| version.version_no),
                };
                let entry = value.as_ref().map(|value| &value.snapshot().entry);
                SeriesPoint {
                    period,
                    state: period_state(period, entry, grace_days, &calendar),
                    thresholds: definition.thresholds_of(version),
                    value: value.map(|value| show(&definition, value)),
                }
            })
            .collect();
        Ok(Series { kpi: definition.kpi, points })
    }
}
