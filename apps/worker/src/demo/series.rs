//! Plausible values: a trend, a season and some noise, the same at every run.

use super::plan::{Ends, KpiPlan, Series};
use chrono::{Datelike, Months, NaiveDate};
use std::f64::consts::TAU;
use vigie_kernel::{Frequency, Period, WorkingDays};

/// Length of a complete series.
const MONTHS: Months = Months::new(36);
/// Quality beyond which a value is not moved, so that no KPI runs off its scale.
const QUALITY: (f64, f64) = (-1.1, 1.9);

/// A linear congruential generator (the constants are Knuth's): no randomness is wanted here, only variety.
struct Variety(u64);

impl Variety {
    fn of(code: &str) -> Self {
        let seed = code
            .bytes()
            .fold(0x5649_4749_4531_u64, |seed, byte| seed.wrapping_mul(31).wrapping_add(u64::from(byte)));
        let mut variety = Self(seed);
        // The first numbers of close seeds are close.
        for _ in 0..8 {
            variety.unit();
        }
        variety
    }

    /// 0 to 1.
    fn unit(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        let high = u32::try_from(self.0 >> 32).unwrap_or(u32::MAX);
        f64::from(high) / f64::from(u32::MAX)
    }

    fn between(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.unit()
    }
}

/// The first date of the demo's three years.
pub(super) fn first_date(today: NaiveDate) -> NaiveDate {
    let month = Period::containing(today, Frequency::Monthly).start();
    month.checked_sub_months(MONTHS).unwrap_or(month)
}

/// The periods for which the KPI has a value, in order: those of three years that are over and expected.
pub(super) fn periods(plan: &KpiPlan, today: NaiveDate, working_days: WorkingDays) -> Vec<Period> {
    let missing = match plan.series {
        Series::Complete => 0,
        Series::Behind(missing) => missing,
        Series::Missing => return Vec::new(),
    };
    let mut periods = Vec::new();
    let mut period = Period::containing(first_date(today), plan.frequency);
    while period.end() < today {
        if plan.frequency != Frequency::Daily || working_days.includes(period.start()) {
            periods.push(period);
        }
        period = period.next();
    }
    periods.truncate(periods.len().saturating_sub(missing));
    periods
}

/// One value for each period, as text with a decimal point.
///
/// A value is thought of as a quality first: 1 is the green cut point, 0 the orange one, whatever the direction. The last
/// value has the colour that the plan wants.
pub(super) fn values(plan: &KpiPlan, periods: &[Period]) -> Vec<String> {
    let mut variety = Variety::of(plan.code);
    let start = variety.between(0.1, 1.5);
    let end = match plan.ends {
        Ends::Green => variety.between(1.25, 1.7),
        Ends::Orange => variety.between(0.3, 0.7),
        Ends::Red => variety.between(-0.8, -0.3),
    };
    let (phase, swing) = (variety.between(0.0, TAU), variety.between(0.1, 0.35));
    let [green, orange, _] = plan.cuts.map(|cut| cut.parse::<f64>().unwrap_or_default());
    let last = f64::from(u32::try_from(periods.len().saturating_sub(1)).unwrap_or(u32::MAX)).max(1.0);
    let mut step = 0.0;
    periods
        .iter()
        .map(|period| {
            let done: f64 = step / last;
            step += 1.0;
            // What is not trend fades out over the last tenth.
            let freedom = ((1.0 - done) * 10.0).min(1.0);
            let season = swing * (TAU * f64::from(period.start().ordinal()) / 365.0 + phase).sin();
            let noise = variety.between(-0.28, 0.28);
            let quality = start + (end - start) * done + (season + noise) * freedom;
            let value = orange + quality.clamp(QUALITY.0, QUALITY.1) * (green - orange);
            let highest = if plan.unit == "%" { 100.0 } else { f64::MAX };
            format!("{:.*}", usize::from(plan.decimals), value.clamp(0.0, highest))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::catalogue::DASHBOARDS;
    use super::*;
    use vigie_kernel::Dec;
    use vigie_kpis::{Status, Thresholds};

    fn date(text: &str) -> NaiveDate {
        text.parse().unwrap()
    }

    fn kpis() -> impl Iterator<Item = &'static KpiPlan> {
        DASHBOARDS.iter().flat_map(|dashboard| dashboard.kpis)
    }

    #[test]
    fn series_are_three_years_up_to_the_last_period_that_is_over() {
        let plan = KpiPlan::up("A", "A", "").cuts("2", "1", "0");
        let keys = |plan: &KpiPlan, today: &str| {
            let all = periods(plan, date(today), WorkingDays::default());
            (all.first().unwrap().key(), all.last().unwrap().key(), all.len())
        };
        assert_eq!(keys(&plan, "2026-11-20"), ("2023-11".to_owned(), "2026-10".to_owned(), 36));
        assert_eq!(keys(&plan.daily(), "2026-11-23").1, "2026-11-20", "the weekend has no values");
        assert_eq!(keys(&plan.weekly(), "2026-11-22").1, "2026-W46", "the week ends on Sunday");
        assert_eq!(keys(&plan.series(Series::Behind(3)), "2026-11-20").1, "2026-07");
        assert_eq!(periods(&plan.series(Series::Missing), date("2026-11-20"), WorkingDays::default()), []);
    }

    #[test]
    fn every_series_ends_in_its_colour_whatever_the_day() {
        for day in ["2026-11-20", "2026-12-31", "2027-01-01", "2027-03-01", "2028-02-29"] {
            for plan in kpis().filter(|plan| plan.series != Series::Missing) {
                let values = values(plan, &periods(plan, date(day), WorkingDays::default()));
                let thresholds = Thresholds::try_new(plan.direction, &plan.thresholds().unwrap()).unwrap();
                let judged = thresholds.status(Dec::parse(values.last().unwrap()).unwrap());
                let wanted = match plan.ends {
                    Ends::Green => Status::Green,
                    Ends::Orange => Status::Orange,
                    Ends::Red => Status::Red,
                };
                assert_eq!(judged, Some(wanted), "{} on {day}: {:?}", plan.code, values.last());
            }
        }
    }

    #[test]
    fn the_series_of_two_kpis_differ_and_of_two_runs_do_not() {
        let [a, b] = ["A", "B"].map(|code| KpiPlan::up(code, code, "").decimals(2).cuts("20", "10", "5"));
        let all = periods(&a, date("2026-11-20"), WorkingDays::default());
        assert_eq!(values(&a, &all), values(&a, &all));
        assert_ne!(values(&a, &all), values(&b, &all));
    }

    #[test]
    fn codes_are_unique_and_colours_are_mixed() {
        let mut codes: Vec<&str> = kpis().map(|plan| plan.code).collect();
        codes.sort_unstable();
        codes.dedup();
        let ending = |ends| kpis().filter(|plan| plan.ends == ends && plan.series != Series::Missing).count();
        assert_eq!(
            (codes.len(), ending(Ends::Green), ending(Ends::Orange), ending(Ends::Red)),
            (40, 24, 9, 6)
        );
    }
}
