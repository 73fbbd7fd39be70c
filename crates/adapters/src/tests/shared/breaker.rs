use crate::shared::{Breaker, Turn};
use std::time::{Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn one_failure_among_answers_stops_nobody() {
    let (breaker, now) = (Breaker::default(), Instant::now());
    for _ in 0..5 {
        assert_eq!(breaker.failed(now), Turn::None);
        assert!(breaker.admits(now));
        assert_eq!(breaker.succeeded(), Turn::None);
    }
}

#[test]
fn two_in_a_row_stop_everybody_but_one_in_a_second() {
    let (breaker, now) = (Breaker::default(), Instant::now());
    breaker.failed(now);
    assert_eq!(breaker.failed(now), Turn::Opened);
    assert!(!breaker.admits(now + Duration::from_millis(999)));
    let later = now + SECOND;
    let admitted = (0..100).filter(|_| breaker.admits(later)).count();
    assert_eq!(admitted, 1);
    assert_eq!(breaker.failed(later), Turn::None);
    assert!(!breaker.admits(later + SECOND / 2));
}

#[test]
fn who_is_let_through_and_goes_away_keeps_nobody_out_for_long() {
    let (breaker, now) = (Breaker::default(), Instant::now());
    breaker.failed(now);
    breaker.failed(now);
    assert!(breaker.admits(now + SECOND));
    assert!(breaker.admits(now + SECOND * 2));
}

#[test]
fn one_answer_opens_the_way_for_all() {
    let (breaker, now) = (Breaker::default(), Instant::now());
    breaker.failed(now);
    breaker.failed(now);
    assert_eq!(breaker.succeeded(), Turn::Closed);
    assert!(breaker.admits(now) && breaker.admits(now));
}
