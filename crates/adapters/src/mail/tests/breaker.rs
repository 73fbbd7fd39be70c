use crate::mail::breaker::Breaker;
use std::time::{Duration, Instant};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn five_failures_in_thirty_seconds_open_it_for_thirty() {
    let (breaker, start) = (Breaker::default(), Instant::now());
    for at in 0..4 {
        assert!(!breaker.failed(start + at * SECOND));
        assert!(breaker.admits(start + at * SECOND));
    }
    assert!(breaker.failed(start + 4 * SECOND));
    assert!(!breaker.admits(start + 5 * SECOND));
    assert!(!breaker.admits(start + 33 * SECOND));
    // One tries; the others go on waiting.
    assert!(breaker.admits(start + 34 * SECOND));
    assert!(!breaker.admits(start + 35 * SECOND));
    breaker.succeeded();
    assert!(breaker.admits(start + 35 * SECOND));
}

#[test]
fn who_tries_in_vain_closes_the_way_again() {
    let (breaker, start) = (Breaker::default(), Instant::now());
    for _ in 0..5 {
        breaker.failed(start);
    }
    assert!(breaker.admits(start + 30 * SECOND));
    assert!(!breaker.failed(start + 31 * SECOND), "it was open before");
    assert!(!breaker.admits(start + 60 * SECOND));
    assert!(breaker.admits(start + 61 * SECOND));
}

#[test]
fn failures_far_apart_do_not_open_it() {
    let (breaker, start) = (Breaker::default(), Instant::now());
    for at in 0..20 {
        assert!(!breaker.failed(start + at * 8 * SECOND));
    }
    assert!(breaker.admits(start + 200 * SECOND));
}
