//! What others may react to. Announced in the transaction of the change, so nothing is told of a change that was rolled back.

use crate::{KpiDefinition, Status, Value};
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use vigie_jobs::{Job, Retry};
use vigie_kernel::{KpiId, UserId};

/// A recorded value turned a KPI red: the newest of its periods that has a colour is red, and was not before.
///
/// Imports tell of theirs when they end, all KPIs at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct KpiTurnedRed {
    /// The KPI.
    pub kpi: KpiId,
    /// First date of the red period.
    pub period_start: NaiveDate,
    /// Who recorded it.
    pub by: UserId,
    /// When.
    pub at: DateTime<Utc>,
}

impl Job for KpiTurnedRed {
    const NAME: &'static str = "kpis.kpi-turned-red";
    const RETRY: Retry = Retry::doubling(Duration::from_secs(2));
}

/// Whether a value may have turned its KPI red as far as the value itself tells, in the eyes of anybody but who recorded it. Most
/// values have not, and then nothing more is looked up.
pub(crate) fn may_turn_red(definition: &KpiDefinition, old: Option<&Value>, new: &Value) -> bool {
    let actor = new.snapshot().updated_by;
    let concerns_another = definition.kpi.snapshot().owner_id != actor || definition.dashboard_owner != actor;
    concerns_another
        && new.snapshot().status == Some(Status::Red)
        && old.and_then(|old| old.snapshot().status) != Some(Status::Red)
}

/// Whether the KPI turned red with the period that now is. `old` is the colour that the period had, `other` the newest other period
/// of the KPI that has a colour.
pub(crate) fn turned_red(
    period_start: NaiveDate,
    old: Option<Status>,
    other: Option<(NaiveDate, Status)>,
) -> bool {
    match other {
        Some((start, _)) if start > period_start => false,
        Some((_, status)) => old.unwrap_or(status) != Status::Red,
        None => old != Some(Status::Red),
    }
}
