//! What recording a value does: the one decision behind a typed value, an upsert and each row of an import.

use crate::{Entry, KpiDefinition, Revision, Source, Value, ValueSnapshot, effective_version, is_locked};
use chrono::{DateTime, NaiveDate, Utc};
use thiserror::Error;
use vigie_kernel::{Frequency, IdSource, ImportRunId, KpiId, Period, PermissionDenied, UserId, ValueId};

/// What is to be recorded, already checked as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewEntry {
    /// For which period.
    pub period: Period,
    /// What.
    pub entry: Entry,
    /// The remark; `None` keeps the one that is there.
    pub comment: Option<Option<String>>,
}

/// What to do about a period that already has a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecordMode {
    /// Refuse, even the same value.
    Create,
    /// Put the new one in its place.
    Upsert,
    /// Leave it alone.
    Skip,
    /// Refuse another value; the same one is no conflict.
    Reject,
}

/// Who records, when and how; the same for all rows of an import.
#[derive(Clone, Debug)]
pub struct Act {
    /// The instant.
    pub at: DateTime<Utc>,
    /// The date on the organization's wall at that instant.
    pub today: NaiveDate,
    /// Who.
    pub actor: UserId,
    /// Where it comes from.
    pub source: Source,
    /// What to do about what is there.
    pub mode: RecordMode,
    /// The import whose row it is.
    pub import_run_id: Option<ImportRunId>,
    /// Writes into closed periods, for this reason. The caller has checked the right.
    pub override_reason: Option<String>,
}

/// A value to be stored and the revision that tells of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// The value as it is from now on.
    pub value: Value,
    /// What changed.
    pub revision: Revision,
}

/// What recording does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// The period had no value.
    Inserted(Written),
    /// The period had another one.
    Updated(Written),
    /// The same is there already: nothing is written.
    Unchanged,
    /// Another one is there and stays.
    Skipped,
}

/// Why a value is not recorded.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum RecordRefusal {
    /// The period begins after today.
    #[error("the period begins after {today}")]
    PeriodInFuture {
        /// The date on the organization's wall.
        today: NaiveDate,
    },
    /// The period is before the KPI's first one.
    #[error("the KPI begins at {first}")]
    PeriodBeforeStart {
        /// First date of the KPI's first period.
        first: NaiveDate,
    },
    /// The period is after the KPI's last one.
    #[error("the KPI ends with the period of {last}")]
    PeriodAfterEnd {
        /// First date of the KPI's last period.
        last: NaiveDate,
    },
    /// The period is of another frequency than the KPI.
    #[error("the period does not have the KPI's frequency")]
    PeriodFrequencyMismatch {
        /// The period's.
        given: Frequency,
        /// The KPI's.
        wanted: Frequency,
    },
    /// The period is closed.
    #[error("periods are closed through {closed_through}")]
    PeriodLocked {
        /// Every period that ends on or before this date is closed.
        closed_through: NaiveDate,
    },
    /// The KPI is archived.
    #[error("the KPI is archived")]
    KpiArchived,
    /// The period has a value, which the mode does not replace.
    #[error("the period already has the value {0}")]
    ValueExists(ValueId),
    /// There is no such KPI.
    #[error("the KPI {0} does not exist")]
    KpiUnknown(KpiId),
    /// The actor may not record values on this KPI.
    #[error(transparent)]
    KpiForbidden(PermissionDenied),
}

impl RecordRefusal {
    /// The stable lower snake case code.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::PeriodInFuture { .. } => "period_in_future",
            Self::PeriodBeforeStart { .. } => "period_before_start",
            Self::PeriodAfterEnd { .. } => "period_after_end",
            Self::PeriodFrequencyMismatch { .. } => "period_frequency_mismatch",
            Self::PeriodLocked { .. } => "period_locked",
            Self::KpiArchived => "kpi_archived",
            Self::ValueExists(_) => "value_exists",
            Self::KpiUnknown(_) => "kpi_unknown",
            Self::KpiForbidden(_) => "kpi_forbidden",
        }
    }
}

/// Refuses a period that can have no value.
fn check_period(definition: &KpiDefinition, period: Period, today: NaiveDate) -> Result<(), RecordRefusal> {
    let kpi = definition.kpi.snapshot();
    if kpi.archived {
        return Err(RecordRefusal::KpiArchived);
    }
    if period.frequency() != kpi.frequency {
        return Err(RecordRefusal::PeriodFrequencyMismatch {
            given: period.frequency(),
            wanted: kpi.frequency,
        });
    }
    if period.start() > today {
        return Err(RecordRefusal::PeriodInFuture { today });
    }
    if let Some(first) = kpi.start_period.filter(|first| period.start() < *first) {
        return Err(RecordRefusal::PeriodBeforeStart { first });
    }
    if let Some(last) = kpi.end_period.filter(|last| period.start() > *last) {
        return Err(RecordRefusal::PeriodAfterEnd { last });
    }
    Ok(())
}

/// Whether the write goes into a closed period; refuses it without a reason.
fn check_lock(definition: &KpiDefinition, period: Period, act: &Act) -> Result<bool, RecordRefusal> {
    match definition.closed_through {
        Some(closed_through) if is_locked(period, Some(closed_through)) => {
            if act.override_reason.is_some() {
                Ok(true)
            } else {
                Err(RecordRefusal::PeriodLocked { closed_through })
            }
        }
        Some(_) | None => Ok(false),
    }
}

/// Decides what recording an entry does, given what is there. No I/O: an import calls it for each row.
pub fn decide(
    definition: &KpiDefinition,
    existing: Option<&Value>,
    new: NewEntry,
    act: &Act,
    ids: &dyn IdSource,
) -> Result<Decision, RecordRefusal> {
    let NewEntry { period, entry, comment } = new;
    check_period(definition, period, act.today)?;
    if let Some(value) = existing {
        let there = value.snapshot();
        let same = there.entry == entry && comment.as_ref().is_none_or(|comment| *comment == there.comment);
        match act.mode {
            RecordMode::Upsert | RecordMode::Skip | RecordMode::Reject if same => {
                return Ok(Decision::Unchanged);
            }
            RecordMode::Upsert => {}
            RecordMode::Skip => return Ok(Decision::Skipped),
            RecordMode::Create | RecordMode::Reject => return Err(RecordRefusal::ValueExists(there.id)),
        }
    }
    let overrides_lock = check_lock(definition, period, act)?;
    let version = effective_version(&definition.thresholds, period.start());
    let thresholds =
        version.map_or_else(|| definition.kpi.thresholds_without_version(), |version| version.thresholds);
    let judgement = thresholds.judge(Some(&entry));
    let mut value = existing.cloned().unwrap_or_else(|| {
        Value::restore(ValueSnapshot {
            id: ids.next(),
            kpi_id: definition.kpi.id(),
            period,
            entry: entry.clone(),
            status: None,
            status_reason: judgement.reason,
            score: None,
            threshold_version: None,
            comment: None,
            source: act.source,
            version: 0,
            created_at: act.at,
            created_by: act.actor,
            updated_at: act.at,
            updated_by: act.actor,
        })
    });
    let comment = comment.unwrap_or_else(|| value.snapshot().comment.clone());
    value.replaced(entry, comment, act.source);
    value.judged(judgement, version.map(|version| version.version_no));
    value.touched(act.at, act.actor);
    let revision = revise(existing, Some(&value), &value, act, overrides_lock, ids);
    let written = Written { value, revision };
    Ok(if existing.is_some() { Decision::Updated(written) } else { Decision::Inserted(written) })
}

/// Decides what deleting a value does: the revision that tells of it.
pub(crate) fn decide_deletion(
    definition: &KpiDefinition,
    existing: &Value,
    act: &Act,
    ids: &dyn IdSource,
) -> Result<Revision, RecordRefusal> {
    if definition.kpi.snapshot().archived {
        return Err(RecordRefusal::KpiArchived);
    }
    let overrides_lock = check_lock(definition, existing.snapshot().period, act)?;
    Ok(revise(Some(existing), None, existing, act, overrides_lock, ids))
}

/// The revision from one state of a value to the next.
pub(crate) fn revise(
    old: Option<&Value>,
    new: Option<&Value>,
    value: &Value,
    act: &Act,
    overrides_lock: bool,
    ids: &dyn IdSource,
) -> Revision {
    let entry = |value: Option<&Value>| value.map(|value| value.snapshot().entry.clone());
    let status = |value: Option<&Value>| value.and_then(|value| value.snapshot().status);
    let value = value.snapshot();
    Revision {
        id: ids.next(),
        value_id: value.id,
        kpi_id: value.kpi_id,
        period_start: value.period.start(),
        old_entry: entry(old),
        new_entry: entry(new),
        old_status: status(old),
        new_status: status(new),
        actor: act.actor,
        source: act.source,
        reason: act.override_reason.clone().filter(|_| overrides_lock),
        import_run_id: act.import_run_id,
        at: act.at,
        overrides_lock,
    }
}
