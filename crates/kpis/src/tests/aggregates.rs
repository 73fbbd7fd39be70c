use super::support::{cuts, dec, told};
use crate::dashboard::Stamp;
use crate::{
    Aggregation, ChangeKpi, DefineKpi, Direction, Kpi, KpiError, PeriodInput, PeriodState, RecordRefusal,
    ThresholdMode, ThresholdVersion, effective_version,
};
use chrono::{NaiveDate, TimeDelta};
use rstest::rstest;
use vigie_kernel::testing::{CountedIds, FixedClock};
use vigie_kernel::{Clock, FieldErrors, Frequency, IdSource, UserId};

fn stamp() -> Stamp {
    Stamp {
        at: FixedClock::at_text("2026-11-20T12:00:00Z").now(),
        by: UserId::from(CountedIds::default().next_uuid()),
    }
}

fn draft() -> DefineKpi {
    let dashboard = CountedIds::default().next_uuid().into();
    DefineKpi::new(dashboard, "Taux de service", Frequency::Monthly, Direction::UpIsBetter)
}

fn define(command: &DefineKpi) -> Result<(Kpi, Option<ThresholdVersion>), FieldErrors> {
    Kpi::define(command, 1, stamp(), &CountedIds::default())
}

#[test]
fn a_kpi_has_sensible_defaults() {
    let (kpi, version) = define(&draft()).unwrap();
    let kpi = kpi.snapshot();
    assert_eq!(kpi.code, "TAUX_DE_SERVICE");
    assert_eq!((kpi.display_decimals, kpi.grace_days, kpi.weight), (2, 10, dec("1")));
    assert_eq!((kpi.aggregation, kpi.critical, kpi.archived), (Aggregation::Last, false, false));
    assert_eq!((kpi.version, kpi.threshold_version, version), (1, None, None));
    let percent = DefineKpi { unit: Some(" % ".to_owned()), ..draft() };
    assert_eq!(define(&percent).unwrap().0.snapshot().aggregation, Aggregation::Avg);
    let daily = DefineKpi { frequency: Frequency::Daily, ..draft() };
    assert_eq!(define(&daily).unwrap().0.snapshot().grace_days, 0);
}

#[test]
fn first_thresholds_are_in_effect_from_the_beginning() {
    let (kpi, version) = define(&DefineKpi { thresholds: cuts("95/90"), ..draft() }).unwrap();
    let version = version.unwrap();
    assert_eq!((version.version_no, version.effective_from), (1, None));
    assert_eq!(kpi.snapshot().thresholds, version.thresholds);
    assert_eq!(kpi.snapshot().threshold_version, Some(1));
}

#[test]
fn every_error_is_told_at_once() {
    let bad = DefineKpi {
        name: " ".to_owned(),
        code: Some("a b".to_owned()),
        unit: Some("x".repeat(21)),
        display_decimals: Some(7),
        grace_days: Some(-1),
        weight: Some(dec("-1")),
        start_period: Some("2026-W07".to_owned()),
        thresholds: cuts("90/95"),
        ..draft()
    };
    assert_eq!(
        told(&define(&bad).unwrap_err()),
        [
            "name:required",
            "code:code_invalid",
            "unit:too_long",
            "display_decimals:out_of_range",
            "grace_days:out_of_range",
            "weight:out_of_range",
            "start_period:period_frequency_mismatch",
            "threshold_orange:threshold_order",
        ]
    );
    let backwards = DefineKpi {
        start_period: Some("2026-05".to_owned()),
        end_period: Some("2026-04-30".to_owned()),
        ..draft()
    };
    assert_eq!(told(&define(&backwards).unwrap_err()), ["end_period:period_order"]);
}

#[rstest]
#[case(DefineKpi { direction: Direction::InBand, ..draft() }, "direction")]
#[case(DefineKpi { direction: Direction::Neutral, thresholds: cuts("1"), ..draft() }, "direction")]
#[case(DefineKpi { frequency: Frequency::Quarterly, ..draft() }, "frequency")]
#[case(DefineKpi { frequency: Frequency::Yearly, start_period: Some("2026-02".to_owned()), ..draft() }, "frequency")]
#[case(DefineKpi { aggregation: Some(Aggregation::Ratio), ..draft() }, "aggregation")]
#[case(DefineKpi { threshold_mode: Some(ThresholdMode::PercentOfTarget), ..draft() }, "threshold_mode")]
#[case(DefineKpi { formula: Some("1+1".to_owned()), ..draft() }, "formula")]
fn what_is_reserved_is_refused(#[case] command: DefineKpi, #[case] field: &str) {
    assert_eq!(told(&define(&command).unwrap_err()), [format!("{field}:not_supported")]);
}

#[test]
fn names_of_enums_read_back() {
    for state in PeriodState::ALL {
        assert_eq!(PeriodState::from_name(state.name()), Some(*state));
    }
    assert_eq!(Direction::from_name("UP"), None);
    assert_eq!(PeriodState::NotApplicable.name(), "N_A");
}

#[test]
fn periods_are_named_by_key_date_or_bounds() {
    let bounds = |start: &str, end: &str| PeriodInput::Bounds {
        start: start.parse().unwrap(),
        end: end.parse().unwrap(),
    };
    let february = PeriodInput::from("2026-02").resolve(Frequency::Monthly).unwrap();
    assert_eq!(PeriodInput::from("2026-02-17").resolve(Frequency::Monthly), Ok(february));
    assert_eq!(bounds("2026-02-01", "2026-02-28").resolve(Frequency::Monthly), Ok(february));
    let refused = |input: PeriodInput| told(&input.resolve(Frequency::Monthly).unwrap_err());
    assert_eq!(refused(bounds("2026-02-01", "2026-02-27")), ["period_end:period_bounds_mismatch"]);
    assert_eq!(refused("2026-W07".into()), ["period:period_frequency_mismatch"]);
    assert_eq!(refused("février".into()), ["period:period_invalid"]);
    let error = bounds("2026-02-01", "2026-02-27").resolve(Frequency::Monthly).unwrap_err();
    assert_eq!(error.as_slice()[0].params["end"], "2026-02-28");
}

#[test]
fn the_latest_version_in_effect_judges() {
    let (kpi, _) = define(&draft()).unwrap();
    let version = |version_no, from: Option<&str>| ThresholdVersion {
        id: CountedIds::default().next_uuid().into(),
        kpi_id: kpi.id(),
        version_no,
        effective_from: from.map(|from| from.parse().unwrap()),
        thresholds: kpi.snapshot().thresholds,
        created_at: stamp().at + TimeDelta::days(i64::from(version_no)),
        created_by: stamp().by,
    };
    let versions = [version(1, None), version(2, Some("2026-10-01")), version(3, Some("2026-06-01"))];
    let judge = |start: &str| {
        let start: NaiveDate = start.parse().unwrap();
        effective_version(&versions, start).map(|version| version.version_no)
    };
    assert_eq!(judge("2026-05-01"), Some(1));
    assert_eq!(judge("2026-06-01"), Some(3));
    assert_eq!(judge("2026-11-01"), Some(3));
    assert_eq!(effective_version(&versions[1..2], "2026-09-01".parse().unwrap()), None);
}

#[test]
fn refusals_become_errors_of_the_field_or_conflicts() {
    let today = "2026-11-20".parse().unwrap();
    let KpiError::Invalid(errors) = KpiError::from(RecordRefusal::PeriodInFuture { today }) else {
        panic!("a future period is a content error");
    };
    assert_eq!(told(&errors), ["period:period_in_future"]);
    assert!(matches!(KpiError::from(RecordRefusal::KpiArchived), KpiError::KpiArchived));
    assert!(ChangeKpi::of(define(&draft()).unwrap().0.id()).archived.is_none());
}
