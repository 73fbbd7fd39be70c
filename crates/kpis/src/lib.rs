//! Dashboards, KPIs, thresholds, periods, values, statuses, scores and roll-ups.
//!
//! The rules are pure functions first: [`Thresholds`] decide what is accepted and which colour and score a number gets,
//! [`period_state`] and [`is_stale`] say what a period is, [`roll_up`] makes one figure of many, [`decide`] says what
//! recording a value does. The aggregates [`Dashboard`], [`Kpi`] and [`Value`] change by them, the services
//! [`KpiService`] and [`ReportingService`] run them in units of work that the ports of this crate describe.
//!
//! Reserved for later, and refused with the field code `not_supported` when a command asks for it: the directions `IN_BAND`
//! and `NEUTRAL`, quarterly and yearly KPIs, thresholds in percent of a target, the aggregation `RATIO`, formulas. The pure
//! functions of thresholds, status, score, trend and display cover the two directions and the percentages already.
#![deny(missing_docs)]

mod attainment;
mod bulk;
mod closing;
mod code;
mod commands;
mod dashboard;
mod display;
mod error;
mod events;
mod kpi;
mod kpi_change;
#[cfg(any(test, feature = "testing"))]
mod memory;
mod names;
mod percent_of_target;
mod period_state;
mod ports;
mod recording;
mod reporting;
mod reporting_service;
mod rollup;
mod score;
mod service;
mod status;
#[cfg(test)]
mod tests;
mod threshold_version;
mod thresholds;
mod trend;
mod value;

pub use attainment::attainment;
pub use bulk::BulkJudge;
pub use closing::{PeriodClosing, first_open_period, is_locked};
pub use commands::{
    ChangeDashboard, ChangeKpi, CreateDashboard, DefineKpi, DeleteDashboard, DeleteKpi, DeleteValue,
    HistoryQuery, PeriodInput, PutClosing, Recompute, RecordValue, SeriesQuery, SetThresholds,
    ThresholdPatch,
};
pub use dashboard::{Dashboard, DashboardSnapshot};
pub use display::{MAX_DISPLAY_DECIMALS, display, round_for_display};
pub use error::KpiError;
pub use events::KpiTurnedRed;
pub use kpi::{Kpi, KpiDefinition, KpiSnapshot};
#[cfg(any(test, feature = "testing"))]
pub use memory::MemoryStore;
pub use names::{
    Aggregation, Direction, PeriodState, Policy, Source, Status, StatusReason, ThresholdMode, Trend,
    TrendQuality,
};
pub use percent_of_target::percent_of_target;
pub use period_state::{Calendar, Expectation, due_at, is_expected, is_stale, period_state};
pub use ports::{
    ClosingRepository, DashboardFilter, DashboardRepository, KpiFilter, KpiReads, KpiRepository, KpiStore,
    KpiWork, RULE_DASHBOARD_NOT_EMPTY, RULE_KPI_CODE, RULE_KPI_DASHBOARD, RULE_KPI_HAS_ACTIONS,
    RULE_KPI_HAS_VALUES, RULE_OWNER_MEMBER, RULE_THRESHOLD_VERSION, RULE_VALUE_PERIOD, ReportingReads,
    ReportingStore, RevisionRepository, RowLock, ThresholdRepository, ValueRange, ValueRepository,
};
pub use recording::{Act, Decision, NewEntry, RecordMode, RecordRefusal, Written, decide};
pub use reporting::{
    ActionCounts, DashboardOverview, DashboardRow, KpiRow, KpiStanding, LatestStanding, LatestValue,
    Overview, OverviewSection, ProcessOverview, ReportRows, Risk, overview, top_risks,
};
pub use reporting_service::{MAX_TOP_RISKS, OverviewQuery, Reporting, ReportingService, TopRisksQuery};
pub use rollup::{Counts, RollUp, RollUpInput, roll_up};
pub use score::{GREEN_SCORE, ORANGE_SCORE, score};
pub use service::{
    KpiService, Kpis, Outcome, Recomputation, RecomputedPeriod, Recorded, Series, SeriesPoint, ShownValue,
};
pub use status::{Entry, Judgement};
pub use threshold_version::{ThresholdVersion, effective_version};
pub use thresholds::{Band, ThresholdFields, Thresholds};
pub use trend::{Movement, TrendRules, movement};
pub use value::{Revision, Value, ValueSnapshot};
