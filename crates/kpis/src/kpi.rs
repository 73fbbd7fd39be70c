//! KPIs: what is measured, how often, and what good means.

use crate::code::{code_from_name, parse_code};
use crate::commands::{DefineKpi, parse_period};
use crate::dashboard::{MAX_DESCRIPTION, Stamp};
use crate::{
    Aggregation, Direction, Expectation, MAX_DISPLAY_DECIMALS, ThresholdMode, ThresholdVersion, Thresholds,
    is_locked,
};
use chrono::{DateTime, NaiveDate, Utc};
use vigie_kernel::{
    DashboardId, Dec, FieldError, FieldErrors, Frequency, IdSource, KpiId, Period, Permission,
    PermissionDenied, TenantContext, UserId, optional_text, required_text,
};

/// Longest name, in characters.
pub(crate) const MAX_NAME: usize = 200;
/// Longest unit, in characters.
pub(crate) const MAX_UNIT: usize = 20;
/// Decimals shown when the KPI does not say.
const DEFAULT_DISPLAY_DECIMALS: u8 = 2;
/// Most days of grace.
const MAX_GRACE_DAYS: u8 = 60;

/// Everything that is stored of a KPI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KpiSnapshot {
    /// The KPI's id.
    pub id: KpiId,
    /// The dashboard that it belongs to.
    pub dashboard_id: DashboardId,
    /// `[A-Z0-9_.-]{1,40}`, unique in the organization.
    pub code: String,
    /// At most 200 characters.
    pub name: String,
    /// At most 2000 characters.
    pub description: Option<String>,
    /// At most 20 characters; empty for a plain number.
    pub unit: String,
    /// 0 to 6.
    pub display_decimals: u8,
    /// How often it is measured.
    pub frequency: Frequency,
    /// The direction, and the thresholds of the newest version.
    pub thresholds: Thresholds,
    /// Number of the newest threshold version; `None` when there has never been one.
    pub threshold_version: Option<i32>,
    /// How it aggregates.
    pub aggregation: Aggregation,
    /// Zero or more.
    pub weight: Dec,
    /// Whether it is critical.
    pub critical: bool,
    /// The member it belongs to.
    pub owner_id: UserId,
    /// Days after the end of a period within which a value is on time, 0 to 60.
    pub grace_days: u8,
    /// First date of the first expected period.
    pub start_period: Option<NaiveDate>,
    /// First date of the last expected period.
    pub end_period: Option<NaiveDate>,
    /// Whether it is out of use: readable, without new values, out of roll-ups.
    pub archived: bool,
    /// 1 when defined, one more at each change, new thresholds included.
    pub version: i64,
    /// When it was defined.
    pub created_at: DateTime<Utc>,
    /// Who defined it.
    pub created_by: UserId,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// Who last changed it.
    pub updated_by: UserId,
}

/// A key performance indicator.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kpi(pub(crate) KpiSnapshot);

impl Kpi {
    /// A stored KPI.
    #[must_use]
    pub const fn restore(snapshot: KpiSnapshot) -> Self {
        Self(snapshot)
    }

    /// What is stored of it.
    #[must_use]
    pub const fn snapshot(&self) -> &KpiSnapshot {
        &self.0
    }

    /// The KPI's id.
    #[must_use]
    pub const fn id(&self) -> KpiId {
        self.0.id
    }

    /// Which way it should move.
    #[must_use]
    pub const fn direction(&self) -> Direction {
        self.0.thresholds.direction()
    }

    /// Which periods should have a value, of a KPI that was defined on that date of the organization's wall.
    #[must_use]
    pub fn expectation(&self, defined_on: NaiveDate) -> Expectation {
        Expectation {
            frequency: self.0.frequency,
            start: self.0.start_period,
            defined_on,
            end: self.0.end_period,
            grace_days: self.0.grace_days,
        }
    }

    /// What judges a period that no threshold version covers.
    pub(crate) const fn thresholds_without_version(&self) -> Thresholds {
        Thresholds::unset(self.direction())
    }

    /// A new KPI and its first thresholds. `attempt` numbers the codes that are made from its name.
    pub(crate) fn define(
        command: &DefineKpi,
        attempt: u32,
        stamp: Stamp,
        ids: &dyn IdSource,
    ) -> Result<(Self, Option<ThresholdVersion>), FieldErrors> {
        let mut errors = FieldErrors::new();
        let asked = Asked {
            frequency: command.frequency,
            direction: command.direction,
            threshold_mode: command.threshold_mode,
            aggregation: command.aggregation,
            formula: command.formula.is_some(),
        };
        asked.check(&mut errors);
        let name = errors.keep(required_text("name", &command.name, MAX_NAME)).unwrap_or_default();
        let code = match &command.code {
            Some(code) => errors.keep(parse_code(code)).unwrap_or_default(),
            None => code_from_name(&name, attempt),
        };
        let description =
            errors.keep(optional_text("description", command.description.as_deref(), MAX_DESCRIPTION));
        let unit = errors.keep(optional_text("unit", command.unit.as_deref(), MAX_UNIT));
        let unit = unit.flatten().unwrap_or_default();
        let display_decimals = match command.display_decimals {
            Some(decimals) => errors.keep(check_decimals(decimals)).unwrap_or_default(),
            None => DEFAULT_DISPLAY_DECIMALS,
        };
        let grace_days = match command.grace_days {
            Some(days) => errors.keep(check_grace(days)).unwrap_or_default(),
            None => command.frequency.default_grace_days(),
        };
        let weight = errors.keep(check_weight(command.weight.unwrap_or(Dec::ONE))).unwrap_or_default();
        let (start_period, end_period) = if asked.is_supported_frequency() {
            check_life(
                command.start_period.as_deref(),
                command.end_period.as_deref(),
                command.frequency,
                &mut errors,
            )
        } else {
            (None, None)
        };
        let thresholds = if asked.are_supported_thresholds() {
            errors.keep(Thresholds::try_new(command.direction, &command.thresholds))
        } else {
            None
        };
        errors.into_result()?;
        let thresholds = thresholds.unwrap_or(Thresholds::unset(command.direction));
        let mut kpi = Self(KpiSnapshot {
            id: ids.next(),
            dashboard_id: command.dashboard_id,
            code,
            name,
            description: description.flatten(),
            display_decimals,
            frequency: command.frequency,
            thresholds: Thresholds::unset(command.direction),
            threshold_version: None,
            aggregation: command.aggregation.unwrap_or_else(|| default_aggregation(&unit)),
            unit,
            weight,
            critical: command.critical,
            owner_id: command.owner_id.unwrap_or(stamp.by),
            grace_days,
            start_period,
            end_period,
            archived: false,
            version: 1,
            created_at: stamp.at,
            created_by: stamp.by,
            updated_at: stamp.at,
            updated_by: stamp.by,
        });
        let version = thresholds.is_set().then(|| kpi.next_version(thresholds, None, stamp, ids));
        Ok((kpi, version))
    }
}

/// The mean for percentages, the last value for all others; a sum is never guessed.
fn default_aggregation(unit: &str) -> Aggregation {
    if unit == "%" { Aggregation::Avg } else { Aggregation::Last }
}

/// What a request asks for of what may be reserved.
pub(crate) struct Asked {
    pub(crate) frequency: Frequency,
    pub(crate) direction: Direction,
    pub(crate) threshold_mode: Option<ThresholdMode>,
    pub(crate) aggregation: Option<Aggregation>,
    pub(crate) formula: bool,
}

impl Asked {
    pub(crate) const fn is_supported_frequency(&self) -> bool {
        matches!(self.frequency, Frequency::Daily | Frequency::Weekly | Frequency::Monthly)
    }

    const fn is_supported_direction(&self) -> bool {
        matches!(self.direction, Direction::UpIsBetter | Direction::DownIsBetter)
    }

    const fn is_supported_mode(&self) -> bool {
        !matches!(self.threshold_mode, Some(ThresholdMode::PercentOfTarget))
    }

    pub(crate) const fn are_supported_thresholds(&self) -> bool {
        self.is_supported_direction() && self.is_supported_mode()
    }

    /// Refuses what is reserved with `not_supported`.
    pub(crate) fn check(&self, errors: &mut FieldErrors) {
        let mut refuse = |field, value: &'static str| {
            errors.push(FieldError::new(field, "not_supported").with("value", value));
        };
        if !self.is_supported_frequency() {
            refuse("frequency", self.frequency.name());
        }
        if !self.is_supported_direction() {
            refuse("direction", self.direction.name());
        }
        if !self.is_supported_mode() {
            refuse("threshold_mode", ThresholdMode::PercentOfTarget.name());
        }
        if self.aggregation == Some(Aggregation::Ratio) {
            refuse("aggregation", Aggregation::Ratio.name());
        }
        if self.formula {
            refuse("formula", "formula");
        }
    }
}

fn within(field: &'static str, number: i64, max: u8) -> Result<u8, FieldError> {
    u8::try_from(number)
        .ok()
        .filter(|number| *number <= max)
        .ok_or_else(|| FieldError::new(field, "out_of_range").with("min", 0).with("max", max))
}

pub(crate) fn check_decimals(decimals: i64) -> Result<u8, FieldError> {
    within("display_decimals", decimals, MAX_DISPLAY_DECIMALS)
}

pub(crate) fn check_grace(days: i64) -> Result<u8, FieldError> {
    within("grace_days", days, MAX_GRACE_DAYS)
}

pub(crate) fn check_weight(weight: Dec) -> Result<Dec, FieldError> {
    if weight < Dec::ZERO {
        return Err(FieldError::new("weight", "out_of_range").with("min", 0));
    }
    Ok(weight)
}

/// First dates of the first and the last expected period. Code `period_order` on `end_period` when they are the wrong way round.
pub(crate) fn check_life(
    start: Option<&str>,
    end: Option<&str>,
    frequency: Frequency,
    errors: &mut FieldErrors,
) -> (Option<NaiveDate>, Option<NaiveDate>) {
    let mut read = |field, text: Option<&str>| {
        text.and_then(|text| errors.keep(parse_period(field, text, frequency))).map(|period| period.start())
    };
    let life = (read("start_period", start), read("end_period", end));
    errors.extend(check_life_order(life).err().unwrap_or_default());
    life
}

pub(crate) fn check_life_order(life: (Option<NaiveDate>, Option<NaiveDate>)) -> Result<(), FieldErrors> {
    match life {
        (Some(start), Some(end)) if end < start => {
            Err(FieldError::new("end_period", "period_order").with("start", start).with("end", end).into())
        }
        (Some(_) | None, Some(_) | None) => Ok(()),
    }
}

/// A KPI with everything that judging and recording its values needs, read at once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KpiDefinition {
    /// The KPI.
    pub kpi: Kpi,
    /// The owner of its dashboard.
    pub dashboard_owner: UserId,
    /// Its threshold versions, by number.
    pub thresholds: Vec<ThresholdVersion>,
    /// The closing of its frequency.
    pub closed_through: Option<NaiveDate>,
}

impl KpiDefinition {
    /// Refuses an actor who may not record values on this KPI: he may on any, or owns the KPI or its dashboard.
    pub fn require_record(&self, tenant: &TenantContext) -> Result<(), PermissionDenied> {
        let own = self.kpi.0.owner_id == tenant.actor() || self.dashboard_owner == tenant.actor();
        tenant.require_or_own(Permission::ValueRecord, Permission::ValueRecordOwn, own)
    }

    /// Refuses an actor who may not change this KPI: he may change any, or owns its dashboard.
    pub fn require_change(&self, tenant: &TenantContext) -> Result<(), PermissionDenied> {
        let own = self.dashboard_owner == tenant.actor();
        tenant.require_or_own(Permission::DashboardChange, Permission::DashboardChangeOwn, own)
    }

    /// The thresholds that judged a value: those of the version that it names.
    #[must_use]
    pub fn thresholds_of(&self, version: Option<i32>) -> Thresholds {
        self.thresholds
            .iter()
            .find(|candidate| Some(candidate.version_no) == version)
            .map_or_else(|| self.kpi.thresholds_without_version(), |version| version.thresholds)
    }

    /// Whether the period is closed.
    #[must_use]
    pub fn is_locked(&self, period: Period) -> bool {
        is_locked(period, self.closed_through)
    }
}
