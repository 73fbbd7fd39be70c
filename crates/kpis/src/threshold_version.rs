//! Threshold versions: history keeps the colours that it was given.

use crate::Thresholds;
use chrono::{DateTime, NaiveDate, Utc};
use vigie_kernel::{KpiId, ThresholdVersionId, UserId};

/// Thresholds that are in effect from a period on, until a later version is. Never changed once written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ThresholdVersion {
    /// The version's id.
    pub id: ThresholdVersionId,
    /// The KPI.
    pub kpi_id: KpiId,
    /// 1, 2, 3 .. in the order in which they were set.
    pub version_no: i32,
    /// First date of the first period that it judges; `None` from the beginning.
    pub effective_from: Option<NaiveDate>,
    /// The direction and the thresholds; unset ones end all colours from that period on.
    pub thresholds: Thresholds,
    /// When it was set.
    pub created_at: DateTime<Utc>,
    /// Who set it.
    pub created_by: UserId,
}

impl ThresholdVersion {
    /// Whether it may judge the period that starts on that date.
    #[must_use]
    pub fn covers(&self, period_start: NaiveDate) -> bool {
        self.effective_from.is_none_or(|from| from <= period_start)
    }
}

/// The version that judges the period that starts on that date: the latest set of those in effect by then.
#[must_use]
pub fn effective_version(
    versions: &[ThresholdVersion],
    period_start: NaiveDate,
) -> Option<&ThresholdVersion> {
    versions.iter().filter(|version| version.covers(period_start)).max_by_key(|version| version.version_no)
}
