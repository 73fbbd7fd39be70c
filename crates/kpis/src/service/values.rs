//! Recording, deleting and reading values.

use super::{Kpis, Subject, definition_in, expect_version};
use crate::commands::{DeleteValue, HistoryQuery, PeriodInput, RecordValue, parse_period};
use crate::events::{may_turn_red, turned_red};
use crate::recording::decide_deletion;
use crate::{
    Act, Decision, Entry, KpiDefinition, KpiError, KpiTurnedRed, KpiWork, NewEntry, RecordMode, Revision,
    RowLock, Source, Value, ValueRange, decide, display,
};
use serde_json::json;
use vigie_jobs::OutboxMessage;
use vigie_kernel::{
    FieldError, FieldErrors, KpiId, Page, PageRequest, Permission, TenantContext, optional_text,
    required_text,
};

/// Longest remark, in characters.
const MAX_COMMENT: usize = 2000;
/// Longest reason, in characters.
const MAX_REASON: usize = 500;
/// Values of a page of history when the caller does not say, and at most.
const DEFAULT_HISTORY: i64 = 100;
pub(super) const MAX_HISTORY: u16 = 1000;
/// How often an upsert is tried when other writers keep coming first.
const MAX_UPSERTS: u32 = 5;

/// A value with the text of its number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShownValue {
    /// The value.
    pub value: Value,
    /// The number at the KPI's decimals, or at more where rounding would show another colour; `None` when not applicable.
    pub display: Option<String>,
}

/// What recording did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// The period had no value.
    Created,
    /// The period had another value.
    Updated,
    /// The period had this value.
    Unchanged,
}

/// A recorded value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recorded {
    /// The value as it is now.
    pub shown: ShownValue,
    /// What was done.
    pub outcome: Outcome,
}

/// Shows a value by the thresholds that judged it.
pub(super) fn show(definition: &KpiDefinition, value: Value) -> ShownValue {
    let snapshot = value.snapshot();
    let display = snapshot.entry.number().map(|number| {
        let thresholds = definition.thresholds_of(snapshot.threshold_version);
        display(number, definition.kpi.snapshot().display_decimals, &thresholds)
    });
    ShownValue { value, display }
}

/// Checks the texts of a command; errors are told together with those of the period.
fn clean(command: RecordValue, errors: &mut FieldErrors) -> RecordValue {
    let entry = match command.entry {
        number @ Entry::Number(_) => number,
        Entry::NotApplicable { reason } => Entry::NotApplicable {
            reason: errors.keep(required_text("reason", &reason, MAX_REASON)).unwrap_or_default(),
        },
    };
    let comment = command
        .comment
        .map(|comment| errors.keep(optional_text("comment", comment.as_deref(), MAX_COMMENT)).flatten());
    let override_reason = clean_override(command.override_reason, errors);
    RecordValue { entry, comment, override_reason, ..command }
}

fn clean_override(reason: Option<String>, errors: &mut FieldErrors) -> Option<String> {
    reason.and_then(|reason| errors.keep(required_text("override_reason", &reason, MAX_REASON)))
}

impl Kpis {
    fn act(
        &self,
        tenant: &TenantContext,
        source: Source,
        mode: RecordMode,
        override_reason: Option<&str>,
    ) -> Result<Act, KpiError> {
        if override_reason.is_some() {
            tenant.require(Permission::PeriodClose)?;
        }
        let at = self.clock.now();
        Ok(Act {
            at,
            today: tenant.today(at),
            actor: tenant.actor(),
            source,
            mode,
            import_run_id: None,
            override_reason: override_reason.map(str::to_owned),
        })
    }

    /// The insertion itself finds out whether the period has a value: nothing is read before it.
    pub(super) async fn do_add_value(
        &self,
        tenant: &TenantContext,
        command: RecordValue,
    ) -> Result<Recorded, KpiError> {
        let mut errors = FieldErrors::new();
        let command = clean(command, &mut errors);
        match self.record_once(tenant, &command, RecordMode::Create, errors).await {
            Err(KpiError::Stale) => {
                let there = self.do_find_value(tenant, command.kpi_id, &command.period).await;
                Err(there.map_or(KpiError::Stale, |there| KpiError::ValueExists(there.value.id())))
            }
            outcome => outcome,
        }
    }

    pub(super) async fn do_put_value(
        &self,
        tenant: &TenantContext,
        command: RecordValue,
    ) -> Result<Recorded, KpiError> {
        let mut errors = FieldErrors::new();
        let command = clean(command, &mut errors);
        let mut attempt = 1;
        loop {
            match self.record_once(tenant, &command, RecordMode::Upsert, errors.clone()).await {
                Err(KpiError::Stale) if command.expected_version.is_none() && attempt < MAX_UPSERTS => {
                    attempt += 1;
                }
                outcome => return outcome,
            }
        }
    }

    async fn record_once(
        &self,
        tenant: &TenantContext,
        command: &RecordValue,
        mode: RecordMode,
        mut errors: FieldErrors,
    ) -> Result<Recorded, KpiError> {
        let mut work = self.store.begin(tenant).await?;
        let definition = definition_in(&mut *work, command.kpi_id, RowLock::Shared).await?;
        definition.require_record(tenant)?;
        let act = self.act(tenant, command.source, mode, command.override_reason.as_deref())?;
        let period = errors.keep(command.period.resolve(definition.kpi.snapshot().frequency));
        errors.into_result()?;
        let Some(period) = period else {
            return Err(FieldError::new("period", "period_invalid").into());
        };
        let existing = match mode {
            RecordMode::Create => None,
            RecordMode::Upsert | RecordMode::Skip | RecordMode::Reject => {
                let existing = work.values().find(command.kpi_id, period.start()).await?;
                // Version 0 stands for "there is none", which no caller can have seen.
                let version = existing.as_ref().map_or(0, |value| value.snapshot().version);
                expect_version(command.expected_version, version)?;
                existing
            }
        };
        let new = NewEntry { period, entry: command.entry.clone(), comment: command.comment.clone() };
        let (written, outcome) = match decide(&definition, existing.as_ref(), new, &act, &*self.ids)? {
            Decision::Inserted(written) => {
                work.values().insert(&written.value).await?;
                (written, Outcome::Created)
            }
            Decision::Updated(written) => {
                work.values().update(std::slice::from_ref(&written.value)).await?;
                (written, Outcome::Updated)
            }
            Decision::Unchanged | Decision::Skipped => {
                let value = existing.ok_or(KpiError::Stale)?;
                return Ok(Recorded { shown: show(&definition, value), outcome: Outcome::Unchanged });
            }
        };
        if may_turn_red(&definition, existing.as_ref(), &written.value) {
            self.announce_red_in(&mut *work, tenant, existing.as_ref(), &written.value).await?;
        }
        if written.revision.overrides_lock {
            let details = json!({ "period": period.key() });
            let subject = Subject::Kpi(command.kpi_id);
            self.audit_in(&mut *work, tenant, "value.recorded_in_closed_period", subject, details).await?;
        }
        work.revisions().insert(&[written.revision]).await?;
        work.commit().await?;
        Ok(Recorded { shown: show(&definition, written.value), outcome })
    }

    /// Announces that the KPI turned red, if it did.
    async fn announce_red_in(
        &self,
        work: &mut dyn KpiWork,
        tenant: &TenantContext,
        old: Option<&Value>,
        new: &Value,
    ) -> Result<(), KpiError> {
        let snapshot = new.snapshot();
        let (kpi, period_start) = (snapshot.kpi_id, snapshot.period.start());
        let other = work.values().newest_colour(kpi, period_start).await?;
        if !turned_red(period_start, old.and_then(|old| old.snapshot().status), other) {
            return Ok(());
        }
        let event = KpiTurnedRed { kpi, period_start, by: snapshot.updated_by, at: snapshot.updated_at };
        let message = OutboxMessage::announce(self.ids.next(), &event, event.at, tenant.request_id())?;
        Ok(work.outbox().add(&message).await?)
    }

    pub(super) async fn do_delete_value(
        &self,
        tenant: &TenantContext,
        command: DeleteValue,
    ) -> Result<(), KpiError> {
        let mut errors = FieldErrors::new();
        let reason = clean_override(command.override_reason, &mut errors);
        let mut work = self.store.begin(tenant).await?;
        let definition = definition_in(&mut *work, command.kpi_id, RowLock::Shared).await?;
        definition.require_record(tenant)?;
        let act = self.act(tenant, command.source, RecordMode::Upsert, reason.as_deref())?;
        let period = errors.keep(command.period.resolve(definition.kpi.snapshot().frequency));
        errors.into_result()?;
        let Some(period) = period else {
            return Err(FieldError::new("period", "period_invalid").into());
        };
        let value = work.values().find(command.kpi_id, period.start()).await?;
        let value = value.ok_or_else(|| KpiError::ValueNotFound(period.key()))?;
        expect_version(command.expected_version, value.snapshot().version)?;
        let revision = decide_deletion(&definition, &value, &act, &*self.ids)?;
        work.values().remove(&value).await?;
        work.revisions().insert(&[revision]).await?;
        let details = json!({ "period": period.key() });
        let subject = Subject::Kpi(command.kpi_id);
        self.audit_in(&mut *work, tenant, "value.deleted", subject, details).await?;
        Ok(work.commit().await?)
    }

    pub(super) async fn do_find_value(
        &self,
        tenant: &TenantContext,
        kpi: KpiId,
        period: &PeriodInput,
    ) -> Result<ShownValue, KpiError> {
        let mut reads = self.reader(tenant).await?;
        let definition = reads.definition(kpi).await?.ok_or(KpiError::KpiNotFound(kpi))?;
        let period = period.resolve(definition.kpi.snapshot().frequency)?;
        let value = reads.value(kpi, period.start()).await?;
        let value = value.ok_or_else(|| KpiError::ValueNotFound(period.key()))?;
        Ok(show(&definition, value))
    }

    pub(super) async fn do_read_history(
        &self,
        tenant: &TenantContext,
        query: HistoryQuery,
    ) -> Result<Page<ShownValue>, KpiError> {
        let mut reads = self.reader(tenant).await?;
        let kpi = query.kpi_id;
        let definition = reads.definition(kpi).await?.ok_or(KpiError::KpiNotFound(kpi))?;
        let frequency = definition.kpi.snapshot().frequency;
        let mut errors = FieldErrors::new();
        let mut bound = |field, text: Option<&str>| {
            let period = text.and_then(|text| errors.keep(parse_period(field, text, frequency)));
            period.map(|period| period.start())
        };
        let range =
            ValueRange { from: bound("from", query.from.as_deref()), to: bound("to", query.to.as_deref()) };
        let limit = u16::try_from(query.limit.unwrap_or(DEFAULT_HISTORY))
            .ok()
            .filter(|limit| (1..=MAX_HISTORY).contains(limit))
            .ok_or_else(|| FieldError::new("limit", "out_of_range").with("min", 1).with("max", MAX_HISTORY));
        let limit = errors.keep(limit).unwrap_or(MAX_HISTORY);
        errors.into_result()?;
        let page = PageRequest { limit, after: query.after };
        let values = reads.values(kpi, &range, &page).await?;
        Ok(values.map(|value| show(&definition, value)))
    }

    /// Also for a period whose value is gone; a period that never had one is absent.
    pub(super) async fn do_read_revisions(
        &self,
        tenant: &TenantContext,
        kpi: KpiId,
        period: &PeriodInput,
    ) -> Result<Vec<Revision>, KpiError> {
        let mut reads = self.reader(tenant).await?;
        let definition = reads.definition(kpi).await?.ok_or(KpiError::KpiNotFound(kpi))?;
        let period = period.resolve(definition.kpi.snapshot().frequency)?;
        let revisions = reads.revisions(kpi, period.start()).await?;
        if revisions.is_empty() { Err(KpiError::ValueNotFound(period.key())) } else { Ok(revisions) }
    }
}
