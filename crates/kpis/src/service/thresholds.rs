//! Setting thresholds, judging again, closing periods.

use super::{Kpis, Subject, definition_in, expect_version};
use crate::commands::{PutClosing, Recompute, SetThresholds, parse_period};
use crate::kpi_change::Facts;
use crate::recording::revise;
use crate::{
    Act, KpiError, PeriodClosing, RecordMode, RowLock, Source, Status, ThresholdVersion, effective_version,
};
use serde_json::json;
use vigie_kernel::{Dec, FieldError, FieldErrors, Frequency, KpiId, Period, Permission, TenantContext};

/// What judging one period again makes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RecomputedPeriod {
    /// The period.
    pub period: Period,
    /// Its colour before.
    pub old_status: Option<Status>,
    /// Its colour by the thresholds in effect; the old one where the period is closed.
    pub new_status: Option<Status>,
    /// Its score before.
    pub old_score: Option<Dec>,
    /// Its score by the thresholds in effect; the old one where the period is closed.
    pub new_score: Option<Dec>,
    /// Whether it was left alone because it is closed.
    pub locked: bool,
    /// Whether colour, reason, score or the version that judged it changes.
    pub changed: bool,
}

/// What judging a KPI's values again does, or would do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recomputation {
    /// The KPI.
    pub kpi_id: KpiId,
    /// Whether nothing was written.
    pub dry_run: bool,
    /// Every period with a value from the given one on, in order.
    pub periods: Vec<RecomputedPeriod>,
}

impl Recomputation {
    /// How many periods change.
    #[must_use]
    pub fn changed(&self) -> usize {
        self.periods.iter().filter(|period| period.changed).count()
    }
}

impl Kpis {
    pub(super) async fn do_set_thresholds(
        &self,
        tenant: &TenantContext,
        command: &SetThresholds,
    ) -> Result<ThresholdVersion, KpiError> {
        let stamp = self.stamp(tenant);
        let mut work = self.store.begin(tenant).await?;
        let definition = definition_in(&mut *work, command.kpi_id, RowLock::Exclusive).await?;
        definition.require_change(tenant)?;
        let mut kpi = definition.kpi;
        expect_version(command.expected_version, kpi.snapshot().version)?;
        let turns = command.direction.is_some_and(|direction| direction != kpi.direction());
        let facts = Facts {
            has_values: turns && work.values().any(command.kpi_id).await?,
            closed_through: definition.closed_through,
            today: tenant.today(stamp.at),
        };
        let version = kpi.set_thresholds(command, facts, stamp, &*self.ids)?;
        work.kpis().update(&kpi).await?;
        work.thresholds().insert(&version).await?;
        let details = json!({ "version": version.version_no, "effective_from": version.effective_from });
        self.audit_in(&mut *work, tenant, "kpi.thresholds_set", Subject::Kpi(kpi.id()), details).await?;
        work.commit().await?;
        Ok(version)
    }

    pub(super) async fn do_recompute(
        &self,
        tenant: &TenantContext,
        command: &Recompute,
    ) -> Result<Recomputation, KpiError> {
        tenant.require(Permission::PeriodClose)?;
        let at = self.clock.now();
        let act = Act {
            at,
            today: tenant.today(at),
            actor: tenant.actor(),
            source: Source::Recompute,
            mode: RecordMode::Upsert,
            import_run_id: None,
            override_reason: None,
        };
        let mut work = self.store.begin(tenant).await?;
        let lock = if command.dry_run { RowLock::None } else { RowLock::Exclusive };
        let definition = definition_in(&mut *work, command.kpi_id, lock).await?;
        let from = parse_period("from", &command.from, definition.kpi.snapshot().frequency)?;
        let mut periods = Vec::new();
        let mut values = Vec::new();
        let mut revisions = Vec::new();
        for old in work.values().since(command.kpi_id, from.start()).await? {
            let period = old.snapshot().period;
            let locked = definition.is_locked(period);
            let mut new = old.clone();
            if !locked {
                let version = effective_version(&definition.thresholds, period.start());
                let thresholds = definition.thresholds_of(version.map(|version| version.version_no));
                let judgement = thresholds.judge(Some(&old.snapshot().entry));
                new.judged(judgement, version.map(|version| version.version_no));
            }
            let changed = new != old;
            periods.push(RecomputedPeriod {
                period,
                old_status: old.snapshot().status,
                new_status: new.snapshot().status,
                old_score: old.snapshot().score,
                new_score: new.snapshot().score,
                locked,
                changed,
            });
            if changed {
                new.touched(at, tenant.actor());
                revisions.push(revise(Some(&old), Some(&new), &new, &act, false, &*self.ids));
                values.push(new);
            }
        }
        let outcome = Recomputation { kpi_id: command.kpi_id, dry_run: command.dry_run, periods };
        if command.dry_run {
            return Ok(outcome);
        }
        work.values().update(&values).await?;
        work.revisions().insert(&revisions).await?;
        let details = json!({ "from": from.key(), "changed": outcome.changed() });
        let subject = Subject::Kpi(command.kpi_id);
        self.audit_in(&mut *work, tenant, "kpi.recomputed", subject, details).await?;
        work.commit().await?;
        Ok(outcome)
    }

    pub(super) async fn do_put_closing(
        &self,
        tenant: &TenantContext,
        command: PutClosing,
    ) -> Result<Option<PeriodClosing>, KpiError> {
        tenant.require(Permission::PeriodClose)?;
        let stamp = self.stamp(tenant);
        let today = tenant.today(stamp.at);
        let PutClosing { frequency, closed_through } = command;
        let mut errors = FieldErrors::new();
        if matches!(frequency, Frequency::Quarterly | Frequency::Yearly) {
            errors.push(FieldError::new("frequency", "not_supported").with("value", frequency.name()));
        }
        if closed_through.is_some_and(|date| date > today) {
            errors.push(FieldError::new("closed_through", "date_in_future").with("today", today));
        }
        errors.into_result()?;
        let closing = closed_through.map(|closed_through| PeriodClosing {
            frequency,
            closed_through,
            updated_at: stamp.at,
            updated_by: stamp.by,
        });
        let mut work = self.store.begin(tenant).await?;
        match &closing {
            Some(closing) => work.closings().put(closing).await?,
            None => work.closings().remove(frequency).await?,
        }
        let details = json!({ "frequency": frequency.name(), "closed_through": closed_through });
        let subject = Subject::Organization(tenant.organization());
        self.audit_in(&mut *work, tenant, "periods.closing_set", subject, details).await?;
        work.commit().await?;
        Ok(closing)
    }
}
