use super::support::{band, dec, down, number, up};
use crate::{Direction, Entry, Judgement, Status, StatusReason, ThresholdFields, Thresholds};
use rstest::rstest;
use vigie_kernel::Dec;

use Status::{Green, Orange, Red};

#[rstest]
#[case::on_green(up("95/90/80"), "95", Green)]
#[case::just_under_green(up("95/90/80"), "94.9999999999", Orange)]
#[case::on_orange(up("95/90/80"), "90", Orange)]
#[case::just_under_orange(up("95/90/80"), "89.9999999999", Red)]
#[case::on_red(up("95/90/80"), "80", Red)]
#[case::below_red(up("95/90/80"), "10", Red)]
#[case::collapsed(up("90/90"), "90", Green)]
#[case::under_collapsed(up("90/90"), "89.99", Red)]
#[case::green_only(up("95"), "94", Red)]
#[case::down_on_green(down("5/10/20"), "5", Green)]
#[case::down_just_over_green(down("5/10/20"), "5.0000000001", Orange)]
#[case::down_on_orange(down("5/10/20"), "10", Orange)]
#[case::down_just_over_orange(down("5/10/20"), "10.0000000001", Red)]
#[case::down_negative(down("-2/0"), "-3", Green)]
#[case::down_negative(down("-2/0"), "-1", Orange)]
#[case::down_negative(down("-2/0"), "0", Orange)]
#[case::down_negative(down("-2/0"), "1", Red)]
#[case::band(band("40/45/55/60"), "45", Green)]
#[case::band(band("40/45/55/60"), "55", Green)]
#[case::band(band("40/45/55/60"), "40", Orange)]
#[case::band(band("40/45/55/60"), "60", Orange)]
#[case::band(band("40/45/55/60"), "39.9", Red)]
#[case::band(band("40/45/55/60"), "60.1", Red)]
#[case::exact(up("0.3"), "0.3", Green)]
fn colours(#[case] thresholds: Thresholds, #[case] value: &str, #[case] status: Status) {
    assert_eq!(thresholds.status(dec(value)), Some(status));
    let judgement = thresholds.judge(Some(&number(value)));
    assert_eq!((judgement.status, judgement.reason), (Some(status), StatusReason::Ok));
    assert!(judgement.score.is_some());
}

#[test]
fn sums_stay_exact() {
    let sum = Dec::try_from(dec("0.1").get() + dec("0.2").get()).unwrap();
    assert_eq!(up("0.3").status(sum), Some(Green));
}

#[test]
fn what_has_no_colour_says_why() {
    let none = |reason| Judgement { status: None, reason, score: None };
    let unset = Thresholds::unset(Direction::UpIsBetter);
    assert_eq!(unset.judge(Some(&number("1"))), none(StatusReason::NoThresholds));
    let not_applicable = Entry::NotApplicable { reason: "no train ran".to_owned() };
    assert_eq!(up("95").judge(Some(&not_applicable)), none(StatusReason::NotApplicable));
    assert_eq!(up("95").judge(None), none(StatusReason::NoData));
    let neutral = Thresholds::try_new(Direction::Neutral, &ThresholdFields::default()).unwrap();
    assert_eq!(neutral.judge(Some(&number("1"))), none(StatusReason::Neutral));
}
