//! The shape of the demo's definitions.

use vigie_kernel::{Dec, DecError, Frequency};
use vigie_kpis::{Direction, ThresholdFields};

/// A dashboard with its KPIs.
pub(super) struct DashboardPlan {
    pub(super) process: &'static str,
    pub(super) title: &'static str,
    pub(super) description: &'static str,
    pub(super) kpis: &'static [KpiPlan],
}

/// The colour that a KPI has at the end of its series.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ends {
    Green,
    Orange,
    Red,
}

/// How far a KPI's series goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Series {
    /// To the last period that is over.
    Complete,
    /// So many periods are missing at the end.
    Behind(usize),
    /// There is none.
    Missing,
}

/// A KPI.
#[derive(Clone, Copy)]
pub(super) struct KpiPlan {
    pub(super) code: &'static str,
    pub(super) name: &'static str,
    pub(super) unit: &'static str,
    pub(super) decimals: u8,
    pub(super) frequency: Frequency,
    pub(super) direction: Direction,
    /// Green, orange and red cut point, in plain decimals.
    pub(super) cuts: [&'static str; 3],
    pub(super) weight: i64,
    pub(super) critical: bool,
    pub(super) summed: bool,
    pub(super) ends: Ends,
    pub(super) series: Series,
}

impl KpiPlan {
    /// A monthly KPI that should rise, and ends green.
    pub(super) const fn up(code: &'static str, name: &'static str, unit: &'static str) -> Self {
        Self {
            code,
            name,
            unit,
            decimals: 0,
            frequency: Frequency::Monthly,
            direction: Direction::UpIsBetter,
            cuts: ["0", "0", "0"],
            weight: 1,
            critical: false,
            summed: false,
            ends: Ends::Green,
            series: Series::Complete,
        }
    }

    /// A monthly KPI that should fall, and ends green.
    pub(super) const fn down(code: &'static str, name: &'static str, unit: &'static str) -> Self {
        Self { direction: Direction::DownIsBetter, ..Self::up(code, name, unit) }
    }

    pub(super) const fn cuts(self, green: &'static str, orange: &'static str, red: &'static str) -> Self {
        Self { cuts: [green, orange, red], ..self }
    }

    pub(super) const fn decimals(self, decimals: u8) -> Self {
        Self { decimals, ..self }
    }

    pub(super) const fn weekly(self) -> Self {
        Self { frequency: Frequency::Weekly, ..self }
    }

    pub(super) const fn daily(self) -> Self {
        Self { frequency: Frequency::Daily, ..self }
    }

    pub(super) const fn weight(self, weight: i64) -> Self {
        Self { weight, ..self }
    }

    pub(super) const fn critical(self) -> Self {
        Self { critical: true, ..self }
    }

    /// Adds up over longer periods.
    pub(super) const fn summed(self) -> Self {
        Self { summed: true, ..self }
    }

    pub(super) const fn ends(self, ends: Ends) -> Self {
        Self { ends, ..self }
    }

    pub(super) const fn series(self, series: Series) -> Self {
        Self { series, ..self }
    }

    pub(super) fn thresholds(&self) -> Result<ThresholdFields, DecError> {
        let [green, orange, red] = self.cuts;
        Ok(ThresholdFields::cuts(Some(Dec::parse(green)?), Some(Dec::parse(orange)?), Some(Dec::parse(red)?)))
    }
}
