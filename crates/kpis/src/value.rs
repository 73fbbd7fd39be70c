//! Values and their revisions.

use crate::{Entry, Judgement, Source, Status, StatusReason};
use chrono::{DateTime, NaiveDate, Utc};
use vigie_kernel::{Dec, ImportRunId, KpiId, Period, RevisionId, UserId, ValueId};

/// Everything that is stored of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueSnapshot {
    /// The value's id.
    pub id: ValueId,
    /// The KPI.
    pub kpi_id: KpiId,
    /// The period, of the KPI's frequency.
    pub period: Period,
    /// What was recorded.
    pub entry: Entry,
    /// Its colour, as judged when it was recorded.
    pub status: Option<Status>,
    /// Why it has that colour or none.
    pub status_reason: StatusReason,
    /// 0 to 100, 4 decimals.
    pub score: Option<Dec>,
    /// Number of the threshold version that judged it.
    pub threshold_version: Option<i32>,
    /// A remark.
    pub comment: Option<String>,
    /// Where what is there now came from.
    pub source: Source,
    /// 1 when recorded, one more at each change.
    pub version: i64,
    /// When it was first recorded.
    pub created_at: DateTime<Utc>,
    /// Who first recorded it.
    pub created_by: UserId,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// Who last changed it.
    pub updated_by: UserId,
}

/// What a KPI was in one period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Value(ValueSnapshot);

impl Value {
    /// A stored value.
    #[must_use]
    pub const fn restore(snapshot: ValueSnapshot) -> Self {
        Self(snapshot)
    }

    /// What is stored of it.
    #[must_use]
    pub const fn snapshot(&self) -> &ValueSnapshot {
        &self.0
    }

    /// The value's id.
    #[must_use]
    pub const fn id(&self) -> ValueId {
        self.0.id
    }

    /// The colour, reason and score that it was given.
    #[must_use]
    pub const fn judgement(&self) -> Judgement {
        Judgement { status: self.0.status, reason: self.0.status_reason, score: self.0.score }
    }

    /// Gives it another colour.
    pub(crate) const fn judged(&mut self, judgement: Judgement, threshold_version: Option<i32>) {
        self.0.status = judgement.status;
        self.0.status_reason = judgement.reason;
        self.0.score = judgement.score;
        self.0.threshold_version = threshold_version;
    }

    /// Notes a change.
    pub(crate) const fn touched(&mut self, at: DateTime<Utc>, by: UserId) {
        self.0.version += 1;
        self.0.updated_at = at;
        self.0.updated_by = by;
    }

    /// Puts another entry and remark in its place.
    pub(crate) fn replaced(&mut self, entry: Entry, comment: Option<String>, source: Source) {
        self.0.entry = entry;
        self.0.comment = comment;
        self.0.source = source;
    }
}

/// One change of the value of a period. Never changed, never deleted while the KPI exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Revision {
    /// The revision's id.
    pub id: RevisionId,
    /// The value, which may be gone since.
    pub value_id: ValueId,
    /// The KPI.
    pub kpi_id: KpiId,
    /// First date of the period.
    pub period_start: NaiveDate,
    /// What was there before; `None` when nothing was.
    pub old_entry: Option<Entry>,
    /// What is there since; `None` after a deletion.
    pub new_entry: Option<Entry>,
    /// The colour before.
    pub old_status: Option<Status>,
    /// The colour since.
    pub new_status: Option<Status>,
    /// Who did it.
    pub actor: UserId,
    /// Where the change came from.
    pub source: Source,
    /// Why it was written into a closed period.
    pub reason: Option<String>,
    /// The import that did it.
    pub import_run_id: Option<ImportRunId>,
    /// When.
    pub at: DateTime<Utc>,
    /// Whether the period was closed at the time.
    pub overrides_lock: bool,
}
