use super::support::{date, number};
use crate::{
    Calendar, Entry, Expectation, PeriodState, due_at, first_open_period, is_expected, is_locked, is_stale,
    period_state,
};
use rstest::rstest;
use vigie_kernel::{Frequency, Period, WorkingDays};

fn period(text: &str, frequency: Frequency) -> Period {
    Period::parse(text, frequency).unwrap()
}

fn month(text: &str) -> Period {
    period(text, Frequency::Monthly)
}

fn on(today: &str, closed_through: Option<&str>) -> Calendar {
    Calendar {
        today: date(today),
        working_days: WorkingDays::default(),
        closed_through: closed_through.map(date),
    }
}

#[rstest]
#[case("2026-10-31", PeriodState::Future)]
#[case("2026-11-01", PeriodState::Open)]
#[case("2026-11-30", PeriodState::Open)]
#[case("2026-12-01", PeriodState::Due)]
#[case("2026-12-10", PeriodState::Due)]
#[case("2026-12-11", PeriodState::Late)]
fn a_month_without_a_value(#[case] today: &str, #[case] state: PeriodState) {
    assert_eq!(period_state(month("2026-11"), None, 10, &on(today, None)), state);
}

#[test]
fn what_was_recorded_and_what_is_closed_come_first() {
    let october = month("2026-10");
    let today = on("2026-11-20", None);
    assert_eq!(period_state(october, Some(&number("1")), 10, &today), PeriodState::Provided);
    let idle = Entry::NotApplicable { reason: "closed site".to_owned() };
    assert_eq!(period_state(october, Some(&idle), 10, &today), PeriodState::NotApplicable);
    let closed = on("2026-11-20", Some("2026-10-31"));
    assert_eq!(period_state(october, Some(&number("1")), 10, &closed), PeriodState::Locked);
    assert_eq!(period_state(october, None, 10, &closed), PeriodState::Locked);
    let almost = on("2026-11-20", Some("2026-10-30"));
    assert_eq!(period_state(october, None, 10, &almost), PeriodState::Late);
}

#[test]
fn a_daily_kpi_skips_the_days_off() {
    let (friday, saturday) = (period("2026-11-13", Frequency::Daily), period("2026-11-14", Frequency::Daily));
    assert!(is_expected(friday, WorkingDays::default()));
    assert!(!is_expected(saturday, WorkingDays::default()));
    assert_eq!(period_state(saturday, None, 0, &on("2026-11-20", None)), PeriodState::Open);
    assert_eq!(period_state(friday, None, 0, &on("2026-11-20", None)), PeriodState::Late);
    assert_eq!(period_state(saturday, Some(&number("1")), 0, &on("2026-11-20", None)), PeriodState::Provided);
}

#[rstest]
#[case::winter("2026-10", 10, "2026-11-10T22:59:59+00:00")]
#[case::summer("2026-06", 10, "2026-07-10T21:59:59+00:00")]
#[case::no_grace("2026-10", 0, "2026-10-31T22:59:59+00:00")]
fn due_is_the_last_second_of_a_day_in_paris(#[case] key: &str, #[case] grace: u8, #[case] at: &str) {
    assert_eq!(due_at(month(key), grace, chrono_tz::Europe::Paris).to_rfc3339(), at);
}

#[test]
fn a_day_that_a_zone_skipped_still_has_an_end() {
    // Samoa had no 30 December 2011.
    let skipped = period("2011-12-30", Frequency::Daily);
    let due = due_at(skipped, 0, chrono_tz::Pacific::Apia);
    assert_eq!(due.to_rfc3339(), "2011-12-30T09:59:59+00:00");
}

#[test]
fn closings_decide_the_first_open_period() {
    let today = date("2026-11-20");
    let first = |closed: Option<&str>| first_open_period(closed.map(date), today, Frequency::Monthly).key();
    assert_eq!(first(None), "2026-11");
    assert_eq!(first(Some("2026-08-31")), "2026-09");
    assert_eq!(first(Some("2026-08-30")), "2026-08");
    assert!(is_locked(month("2026-08"), Some(date("2026-08-31"))));
    assert!(!is_locked(month("2026-09"), Some(date("2026-08-31"))));
}

fn monthly(start: Option<&str>, end: Option<&str>) -> Expectation {
    Expectation {
        frequency: Frequency::Monthly,
        start: start.map(date),
        defined_on: date("2026-06-15"),
        end: end.map(date),
        grace_days: 10,
    }
}

#[rstest]
#[case::up_to_date(Some("2026-10"), "2026-11-20", false)]
#[case::within_grace(Some("2026-09"), "2026-11-10", false)]
#[case::overdue(Some("2026-09"), "2026-11-11", true)]
#[case::never_measured(None, "2026-11-20", true)]
#[case::just_defined(None, "2026-07-10", false)]
#[case::defined_and_never_measured(None, "2026-07-11", true)]
#[case::measured_before_it_was_defined(Some("2026-03"), "2026-06-20", true)]
fn a_monthly_kpi_goes_stale(#[case] last: Option<&str>, #[case] as_of: &str, #[case] stale: bool) {
    let expected = monthly(None, None);
    assert_eq!(is_stale(last.map(month), &expected, WorkingDays::default(), date(as_of)), stale);
}

#[test]
fn nothing_is_expected_before_the_start() {
    let later = monthly(Some("2026-10-01"), None);
    let stale = |last: Option<&str>, as_of: &str| {
        is_stale(last.map(month), &later, WorkingDays::default(), date(as_of))
    };
    assert!(!stale(None, "2026-11-10"));
    assert!(!stale(Some("2026-02"), "2026-11-10"));
    assert!(stale(None, "2026-11-11"));
}

#[test]
fn a_kpi_that_ended_is_not_stale() {
    let ended = monthly(None, Some("2026-06-01"));
    let stale = |last: &str| is_stale(Some(month(last)), &ended, WorkingDays::default(), date("2026-11-20"));
    assert!(!stale("2026-06"));
    assert!(stale("2026-05"));
}

#[test]
fn a_weekend_makes_no_daily_kpi_stale() {
    let daily = Expectation {
        frequency: Frequency::Daily,
        start: None,
        defined_on: date("2026-01-01"),
        end: None,
        grace_days: 0,
    };
    let friday = Some(period("2026-11-13", Frequency::Daily));
    let stale = |as_of: &str| is_stale(friday, &daily, WorkingDays::default(), date(as_of));
    assert!(!stale("2026-11-15"));
    assert!(!stale("2026-11-16"));
    assert!(stale("2026-11-17"));
}
