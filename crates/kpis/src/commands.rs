//! What callers ask for. In changes, `None` keeps a field and `Some(None)` makes a nullable one null.

use crate::{Aggregation, Direction, Entry, Source, ThresholdFields, ThresholdMode};
use chrono::NaiveDate;
use vigie_kernel::{Cursor, DashboardId, Dec, FieldError, FieldErrors, Frequency, KpiId, Period, UserId};

/// Creates a dashboard.
#[derive(Clone, Debug, Default)]
pub struct CreateDashboard {
    /// At most 200 characters.
    pub title: String,
    /// At most 2000 characters.
    pub description: Option<String>,
    /// The process above it, at most 200 characters.
    pub process_name: Option<String>,
    /// Its owner; the caller when absent. Naming another takes the right to change any dashboard.
    pub owner_id: Option<UserId>,
}

/// Changes a dashboard.
#[derive(Clone, Debug)]
pub struct ChangeDashboard {
    /// Which one.
    pub id: DashboardId,
    /// The version that the caller has seen.
    pub expected_version: Option<i64>,
    /// New title.
    pub title: Option<String>,
    /// New description.
    pub description: Option<Option<String>>,
    /// New process.
    pub process_name: Option<Option<String>>,
    /// New owner.
    pub owner_id: Option<UserId>,
}

/// Deletes a dashboard, which must have no KPI left.
#[derive(Clone, Copy, Debug)]
pub struct DeleteDashboard {
    /// Which one.
    pub id: DashboardId,
    /// The version that the caller has seen.
    pub expected_version: Option<i64>,
}

/// Defines a KPI on a dashboard.
#[derive(Clone, Debug)]
pub struct DefineKpi {
    /// The dashboard that it belongs to.
    pub dashboard_id: DashboardId,
    /// At most 200 characters.
    pub name: String,
    /// `[A-Z0-9_.-]{1,40}`, any case; made from the name when absent.
    pub code: Option<String>,
    /// At most 2000 characters.
    pub description: Option<String>,
    /// At most 20 characters; absent or blank for a plain number.
    pub unit: Option<String>,
    /// 0 to 6; 2 when absent.
    pub display_decimals: Option<i64>,
    /// How often it is measured.
    pub frequency: Frequency,
    /// Which way it should move.
    pub direction: Direction,
    /// Its thresholds, in effect from the beginning.
    pub thresholds: ThresholdFields,
    /// What the thresholds are; absolute when absent.
    pub threshold_mode: Option<ThresholdMode>,
    /// How it aggregates; the mean for a unit of `%` and the last value otherwise when absent.
    pub aggregation: Option<Aggregation>,
    /// Reserved.
    pub formula: Option<String>,
    /// Zero or more; 1 when absent.
    pub weight: Option<Dec>,
    /// Whether it is critical.
    pub critical: bool,
    /// Its owner; the caller when absent.
    pub owner_id: Option<UserId>,
    /// 0 to 60; by frequency when absent.
    pub grace_days: Option<i64>,
    /// First expected period: a key or any date inside.
    pub start_period: Option<String>,
    /// Last expected period: a key or any date inside.
    pub end_period: Option<String>,
}

impl DefineKpi {
    /// A definition with nothing but what every KPI must have.
    #[must_use]
    pub fn new(
        dashboard_id: DashboardId,
        name: impl Into<String>,
        frequency: Frequency,
        direction: Direction,
    ) -> Self {
        Self {
            dashboard_id,
            name: name.into(),
            code: None,
            description: None,
            unit: None,
            display_decimals: None,
            frequency,
            direction,
            thresholds: ThresholdFields::default(),
            threshold_mode: None,
            aggregation: None,
            formula: None,
            weight: None,
            critical: false,
            owner_id: None,
            grace_days: None,
            start_period: None,
            end_period: None,
        }
    }
}

/// Changes of cut points; what is kept comes from the newest thresholds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ThresholdPatch {
    /// Green cut point.
    pub green: Option<Option<Dec>>,
    /// Orange cut point.
    pub orange: Option<Option<Dec>>,
    /// Anchor of score 0.
    pub red: Option<Option<Dec>>,
}

impl ThresholdPatch {
    /// Whether any cut point is named.
    #[must_use]
    pub const fn is_given(&self) -> bool {
        self.green.is_some() || self.orange.is_some() || self.red.is_some()
    }

    /// The cut points after the change.
    #[must_use]
    pub fn over(&self, current: &ThresholdFields) -> ThresholdFields {
        ThresholdFields {
            green: self.green.unwrap_or(current.green),
            orange: self.orange.unwrap_or(current.orange),
            red: self.red.unwrap_or(current.red),
            ..*current
        }
    }
}

/// Changes a KPI.
#[derive(Clone, Debug)]
pub struct ChangeKpi {
    /// Which one.
    pub id: KpiId,
    /// The version that the caller has seen.
    pub expected_version: Option<i64>,
    /// Moves it to another dashboard, which takes the right to change that one too.
    pub dashboard_id: Option<DashboardId>,
    /// New name.
    pub name: Option<String>,
    /// New code.
    pub code: Option<String>,
    /// New description.
    pub description: Option<Option<String>>,
    /// New unit.
    pub unit: Option<Option<String>>,
    /// New count of decimals.
    pub display_decimals: Option<i64>,
    /// New frequency; refused once there are values.
    pub frequency: Option<Frequency>,
    /// New direction; with values, thresholds must come along.
    pub direction: Option<Direction>,
    /// New thresholds, in effect from the first period that is not closed.
    pub thresholds: ThresholdPatch,
    /// What the thresholds are.
    pub threshold_mode: Option<ThresholdMode>,
    /// New aggregation.
    pub aggregation: Option<Aggregation>,
    /// Reserved.
    pub formula: Option<Option<String>>,
    /// New weight.
    pub weight: Option<Dec>,
    /// Whether it is critical.
    pub critical: Option<bool>,
    /// New owner.
    pub owner_id: Option<UserId>,
    /// New days of grace.
    pub grace_days: Option<i64>,
    /// New first expected period.
    pub start_period: Option<Option<String>>,
    /// New last expected period.
    pub end_period: Option<Option<String>>,
    /// Archives or restores it.
    pub archived: Option<bool>,
}

impl ChangeKpi {
    /// A change of nothing yet.
    #[must_use]
    pub const fn of(id: KpiId) -> Self {
        Self {
            id,
            expected_version: None,
            dashboard_id: None,
            name: None,
            code: None,
            description: None,
            unit: None,
            display_decimals: None,
            frequency: None,
            direction: None,
            thresholds: ThresholdPatch { green: None, orange: None, red: None },
            threshold_mode: None,
            aggregation: None,
            formula: None,
            weight: None,
            critical: None,
            owner_id: None,
            grace_days: None,
            start_period: None,
            end_period: None,
            archived: None,
        }
    }
}

/// Deletes a KPI, which must have no value.
#[derive(Clone, Copy, Debug)]
pub struct DeleteKpi {
    /// Which one.
    pub id: KpiId,
    /// The version that the caller has seen.
    pub expected_version: Option<i64>,
}

/// A period as a request names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PeriodInput {
    /// A key such as `2026-02` or `2026-W07`, or any date inside.
    Text(String),
    /// The first and the last date.
    Bounds {
        /// `period_start`.
        start: NaiveDate,
        /// `period_end`.
        end: NaiveDate,
    },
}

impl From<&str> for PeriodInput {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl PeriodInput {
    /// The period of that frequency. Errors name the field `period`, and `period_end` for bounds that fit no period.
    pub fn resolve(&self, frequency: Frequency) -> Result<Period, FieldErrors> {
        match self {
            Self::Text(text) => parse_period("period", text, frequency),
            Self::Bounds { start, end } => Period::from_bounds(*start, *end, frequency)
                .map_err(|error| period_error("period_end", error).into()),
        }
    }
}

/// Reads a period key or date of a named field.
pub(crate) fn parse_period(
    field: &'static str,
    text: &str,
    frequency: Frequency,
) -> Result<Period, FieldErrors> {
    Period::parse(text, frequency).map_err(|error| period_error(field, error).into())
}

fn period_error(field: &'static str, error: vigie_kernel::PeriodError) -> FieldError {
    use vigie_kernel::PeriodError;
    let told = FieldError::new(field, error.code());
    match error {
        PeriodError::Invalid => told,
        PeriodError::FrequencyMismatch { given, wanted } => {
            told.with("given", given.name()).with("wanted", wanted.name())
        }
        PeriodError::BoundsMismatch { start, end } => told.with("start", start).with("end", end),
    }
}

/// Records the value of a period: adds one, or puts one in the place of what is there.
#[derive(Clone, Debug)]
pub struct RecordValue {
    /// Of which KPI.
    pub kpi_id: KpiId,
    /// For which period.
    pub period: PeriodInput,
    /// What is recorded.
    pub entry: Entry,
    /// A remark, at most 2000 characters; `None` keeps the one that is there.
    pub comment: Option<Option<String>>,
    /// Where it comes from.
    pub source: Source,
    /// Why it is written into a closed period, at most 500 characters; takes the right to close periods.
    pub override_reason: Option<String>,
    /// The version of the value that the caller has seen; only meant for putting.
    pub expected_version: Option<i64>,
}

/// Deletes the value of a period; its history stays.
#[derive(Clone, Debug)]
pub struct DeleteValue {
    /// Of which KPI.
    pub kpi_id: KpiId,
    /// A key or any date inside the period.
    pub period: PeriodInput,
    /// Where the deletion comes from.
    pub source: Source,
    /// Why it is deleted from a closed period, at most 500 characters; takes the right to close periods.
    pub override_reason: Option<String>,
    /// The version of the value that the caller has seen.
    pub expected_version: Option<i64>,
}

/// Asks for a KPI's values in the order of their periods.
#[derive(Clone, Debug)]
pub struct HistoryQuery {
    /// Of which KPI.
    pub kpi_id: KpiId,
    /// First period: a key or any date inside.
    pub from: Option<String>,
    /// Last period: a key or any date inside.
    pub to: Option<String>,
    /// 1 to 1000; 100 when absent.
    pub limit: Option<i64>,
    /// Where the previous page ended.
    pub after: Option<Cursor>,
}

/// Gives a KPI new thresholds. What is absent is no longer there.
#[derive(Clone, Debug)]
pub struct SetThresholds {
    /// Of which KPI.
    pub kpi_id: KpiId,
    /// The version of the KPI that the caller has seen.
    pub expected_version: Option<i64>,
    /// New direction; the current one when absent.
    pub direction: Option<Direction>,
    /// What the thresholds are; absolute when absent.
    pub threshold_mode: Option<ThresholdMode>,
    /// The thresholds.
    pub thresholds: ThresholdFields,
    /// First period they are in effect for, a key or any date inside. When absent: from the beginning for the first
    /// thresholds of a KPI, from the first period that is not closed for later ones.
    pub effective_from: Option<String>,
}

/// Judges values again by the thresholds that are in effect now.
#[derive(Clone, Debug)]
pub struct Recompute {
    /// Of which KPI.
    pub kpi_id: KpiId,
    /// First period, a key or any date inside.
    pub from: String,
    /// Only tells what would change.
    pub dry_run: bool,
}

/// Closes the periods of a frequency, or opens them again.
#[derive(Clone, Copy, Debug)]
pub struct PutClosing {
    /// The frequency.
    pub frequency: Frequency,
    /// Every period that ends on or before this date is closed; `None` opens all. Not after today.
    pub closed_through: Option<NaiveDate>,
}

/// Asks for chart data of a KPI.
#[derive(Clone, Debug)]
pub struct SeriesQuery {
    /// Of which KPI.
    pub kpi_id: KpiId,
    /// First period, a key or any date inside; 23 periods before the last when absent.
    pub from: Option<String>,
    /// Last period, a key or any date inside; the one that runs today when absent.
    pub to: Option<String>,
}
