//! Changing a KPI and its thresholds.

use crate::code::parse_code;
use crate::commands::{ChangeKpi, SetThresholds, parse_period};
use crate::dashboard::{MAX_DESCRIPTION, Stamp};
use crate::kpi::{Asked, MAX_NAME, MAX_UNIT, check_decimals, check_grace, check_life_order, check_weight};
use crate::{Kpi, KpiError, KpiSnapshot, ThresholdVersion, Thresholds, first_open_period};
use chrono::NaiveDate;
use vigie_kernel::{FieldErrors, IdSource, Period, optional_text, required_text};

/// What a change has to know beside the KPI.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Facts {
    /// Whether the KPI has values; only asked for when [`needs_history`] says so.
    pub(crate) has_values: bool,
    /// The closing of the KPI's frequency.
    pub(crate) closed_through: Option<NaiveDate>,
    /// The date on the organization's wall.
    pub(crate) today: NaiveDate,
}

/// What a change did.
#[derive(Clone, Debug)]
pub(crate) struct KpiChange {
    /// The fields that are different now; none when nothing is.
    pub(crate) fields: Vec<&'static str>,
    /// The threshold version that it made.
    pub(crate) version: Option<ThresholdVersion>,
}

/// Whether a change depends on there being values.
pub(crate) fn needs_history(kpi: &Kpi, command: &ChangeKpi) -> bool {
    command.frequency.is_some_and(|frequency| frequency != kpi.0.frequency)
        || command.direction.is_some_and(|direction| direction != kpi.direction())
}

impl Kpi {
    /// Makes thresholds the newest ones of the KPI.
    pub(crate) fn next_version(
        &mut self,
        thresholds: Thresholds,
        effective_from: Option<NaiveDate>,
        stamp: Stamp,
        ids: &dyn IdSource,
    ) -> ThresholdVersion {
        let version_no = self.0.threshold_version.unwrap_or(0) + 1;
        self.0.thresholds = thresholds;
        self.0.threshold_version = Some(version_no);
        ThresholdVersion {
            id: ids.next(),
            kpi_id: self.0.id,
            version_no,
            effective_from,
            thresholds,
            created_at: stamp.at,
            created_by: stamp.by,
        }
    }

    fn stamp(&mut self, stamp: Stamp) {
        self.0.version += 1;
        self.0.updated_at = stamp.at;
        self.0.updated_by = stamp.by;
    }

    /// From when thresholds are in effect when nobody says: the first ones of a KPI, and the first ones of a direction that was
    /// wrong before there was any value, from the beginning; all others from the first period that is not closed.
    fn default_effect(&self, thresholds: &Thresholds, facts: Facts) -> Option<NaiveDate> {
        let first = self.0.threshold_version.is_none();
        let other_way = thresholds.direction() != self.direction() && !facts.has_values;
        if first || other_way {
            return None;
        }
        Some(first_open_period(facts.closed_through, facts.today, self.0.frequency).start())
    }

    /// Applies a change; a change of nothing leaves the KPI as it was.
    pub(crate) fn change(
        &mut self,
        command: &ChangeKpi,
        facts: Facts,
        stamp: Stamp,
        ids: &dyn IdSource,
    ) -> Result<KpiChange, KpiError> {
        let before = self.0.clone();
        let mut next = before.clone();
        let mut errors = FieldErrors::new();
        let direction = command.direction.unwrap_or(self.direction());
        let asked = Asked {
            frequency: command.frequency.unwrap_or(before.frequency),
            direction,
            threshold_mode: command.threshold_mode,
            aggregation: command.aggregation,
            formula: matches!(command.formula, Some(Some(_))),
        };
        asked.check(&mut errors);
        apply_texts(&mut next, command, &mut errors);
        apply_numbers(&mut next, command, &mut errors);
        if asked.is_supported_frequency() {
            next.frequency = asked.frequency;
            apply_life(&mut next, command, &mut errors);
        }
        next.dashboard_id = command.dashboard_id.unwrap_or(before.dashboard_id);
        next.aggregation = command.aggregation.unwrap_or(before.aggregation);
        next.critical = command.critical.unwrap_or(before.critical);
        next.owner_id = command.owner_id.unwrap_or(before.owner_id);
        next.archived = command.archived.unwrap_or(before.archived);
        let turns = direction != before.thresholds.direction();
        let blind_turn = turns && facts.has_values && !command.thresholds.is_given();
        let mut thresholds = before.thresholds;
        if (turns || command.thresholds.is_given()) && !blind_turn && asked.are_supported_thresholds() {
            let fields = command.thresholds.over(&before.thresholds.fields());
            thresholds = errors.keep(Thresholds::try_new(direction, &fields)).unwrap_or(thresholds);
        }
        errors.into_result()?;
        if blind_turn {
            return Err(KpiError::DirectionNeedsThresholds);
        }
        if facts.has_values && next.frequency != before.frequency {
            return Err(KpiError::FrequencyFrozen);
        }
        self.0 = next;
        let mut version = None;
        if thresholds != before.thresholds {
            if before.threshold_version.is_some() || thresholds.is_set() {
                let effect = self.default_effect(&thresholds, facts);
                version = Some(self.next_version(thresholds, effect, stamp, ids));
            } else {
                self.0.thresholds = thresholds;
            }
        }
        let fields = changed_fields(&before, &self.0);
        if !fields.is_empty() {
            self.stamp(stamp);
        }
        Ok(KpiChange { fields, version })
    }

    /// Gives the KPI new thresholds, always as a new version.
    pub(crate) fn set_thresholds(
        &mut self,
        command: &SetThresholds,
        facts: Facts,
        stamp: Stamp,
        ids: &dyn IdSource,
    ) -> Result<ThresholdVersion, KpiError> {
        let mut errors = FieldErrors::new();
        let direction = command.direction.unwrap_or(self.direction());
        let asked = Asked {
            frequency: self.0.frequency,
            direction,
            threshold_mode: command.threshold_mode,
            aggregation: None,
            formula: false,
        };
        asked.check(&mut errors);
        let thresholds = if asked.are_supported_thresholds() {
            errors.keep(Thresholds::try_new(direction, &command.thresholds))
        } else {
            None
        };
        let effective_from = command
            .effective_from
            .as_deref()
            .and_then(|text| errors.keep(parse_period("effective_from", text, self.0.frequency)));
        errors.into_result()?;
        let thresholds = thresholds.unwrap_or(Thresholds::unset(direction));
        let effect = match effective_from {
            Some(period) => Some(period.start()),
            None => self.default_effect(&thresholds, facts),
        };
        let version = self.next_version(thresholds, effect, stamp, ids);
        self.stamp(stamp);
        Ok(version)
    }
}

fn apply_texts(next: &mut KpiSnapshot, command: &ChangeKpi, errors: &mut FieldErrors) {
    if let Some(name) = &command.name
        && let Some(name) = errors.keep(required_text("name", name, MAX_NAME))
    {
        next.name = name;
    }
    if let Some(code) = &command.code
        && let Some(code) = errors.keep(parse_code(code))
    {
        next.code = code;
    }
    if let Some(text) = &command.description
        && let Some(text) = errors.keep(optional_text("description", text.as_deref(), MAX_DESCRIPTION))
    {
        next.description = text;
    }
    if let Some(unit) = &command.unit
        && let Some(unit) = errors.keep(optional_text("unit", unit.as_deref(), MAX_UNIT))
    {
        next.unit = unit.unwrap_or_default();
    }
}

fn apply_numbers(next: &mut KpiSnapshot, command: &ChangeKpi, errors: &mut FieldErrors) {
    if let Some(decimals) = command.display_decimals
        && let Some(decimals) = errors.keep(check_decimals(decimals))
    {
        next.display_decimals = decimals;
    }
    if let Some(days) = command.grace_days
        && let Some(days) = errors.keep(check_grace(days))
    {
        next.grace_days = days;
    }
    if let Some(weight) = command.weight
        && let Some(weight) = errors.keep(check_weight(weight))
    {
        next.weight = weight;
    }
}

/// The first and last period, which move to the bounds of a new frequency's periods.
fn apply_life(next: &mut KpiSnapshot, command: &ChangeKpi, errors: &mut FieldErrors) {
    let frequency = next.frequency;
    let mut read = |field, given: &Option<Option<String>>, kept: Option<NaiveDate>| match given {
        None => kept.map(|date| Period::containing(date, frequency).start()),
        Some(text) => text
            .as_deref()
            .and_then(|text| errors.keep(parse_period(field, text, frequency)))
            .map(|period| period.start()),
    };
    next.start_period = read("start_period", &command.start_period, next.start_period);
    next.end_period = read("end_period", &command.end_period, next.end_period);
    errors.extend(check_life_order((next.start_period, next.end_period)).err().unwrap_or_default());
}

fn changed_fields(before: &KpiSnapshot, after: &KpiSnapshot) -> Vec<&'static str> {
    [
        ("dashboard_id", before.dashboard_id != after.dashboard_id),
        ("code", before.code != after.code),
        ("name", before.name != after.name),
        ("description", before.description != after.description),
        ("unit", before.unit != after.unit),
        ("display_decimals", before.display_decimals != after.display_decimals),
        ("frequency", before.frequency != after.frequency),
        ("direction", before.thresholds.direction() != after.thresholds.direction()),
        ("thresholds", before.thresholds.fields() != after.thresholds.fields()),
        ("aggregation", before.aggregation != after.aggregation),
        ("weight", before.weight != after.weight),
        ("critical", before.critical != after.critical),
        ("owner_id", before.owner_id != after.owner_id),
        ("grace_days", before.grace_days != after.grace_days),
        ("start_period", before.start_period != after.start_period),
        ("end_period", before.end_period != after.end_period),
        ("archived", before.archived != after.archived),
    ]
    .into_iter()
    .filter_map(|(name, changed)| changed.then_some(name))
    .collect()
}
