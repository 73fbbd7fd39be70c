use crate::mail::{Branding, Colour, Line, LogoUrl, MailError, MailKind, Reply, VerifiedAddress, retry_of};
use proptest::prelude::*;
use vigie_jobs::{JobError, Lane};
use vigie_kernel::EmailAddress;

#[test]
fn colours_are_six_digits() {
    assert_eq!(Colour::parse("colour", "#1F4e79").unwrap(), Colour::PRODUCT);
    for bad in ["", "#fff", "1f4e79", "#1f4e7g", "#1f4e799", "red", "#12345é", "#+1+2+3"] {
        assert_eq!(Colour::parse("colour", bad).unwrap_err().code, "colour_invalid", "{bad}");
    }
    assert_eq!(Colour::parse("colour", "#ffdd00").unwrap().text_on().to_string(), "#111827");
    assert_eq!(Colour::PRODUCT.text_on().to_string(), "#ffffff");
}

proptest! {
    #[test]
    fn text_can_be_read_on_every_colour(rgb in 0_u32..0x0100_0000) {
        let colour = Colour::parse("colour", &format!("#{rgb:06x}")).unwrap();
        prop_assert!(colour.contrast(colour.text_on()) >= 4.2, "{colour}");
    }
}

#[test]
fn a_logo_comes_over_https() {
    assert!(LogoUrl::parse("logo", "https://cdn.example.org/logo.png?v=2").is_ok());
    for bad in [
        "http://a.fr/x.png",
        "javascript:alert(1)",
        "data:image/png;base64,AA",
        "https://u:p@a.fr/",
        "//a.fr",
    ] {
        assert_eq!(LogoUrl::parse("logo", bad).unwrap_err().as_slice()[0].code, "url_invalid", "{bad}");
    }
}

#[test]
fn answers_go_to_verified_addresses_only() {
    let address = EmailAddress::parse("contact@example.org").unwrap();
    assert_eq!(VerifiedAddress::of(address.clone(), None), None);
    let verified = VerifiedAddress::of(address, Some(chrono::DateTime::UNIX_EPOCH)).unwrap();
    let branding = Branding::of(Line::parse("name", "GMAH").unwrap()).with_reply_to(verified.clone());
    assert_eq!(branding.reply_to(), Some(&verified));
    assert_eq!(Branding::default().reply_to(), None);
}

#[test]
fn a_reply_tells_its_codes_and_no_address() {
    let reply = Reply::new(550, "5.1.1 <marie@example.org>: unknown");
    assert_eq!((reply.status(), reply.enhanced()), (550, Some("5.1.1")));
    assert_eq!(format!("{reply} {reply:?}"), "550 5.1.1 Reply(550 5.1.1)");
    for text in ["4.1.1 other class", "5.1 short", "no", "", "5.1.1000 long"] {
        assert_eq!(Reply::new(550, text).enhanced(), None, "{text}");
    }
}

#[test]
fn what_becomes_of_a_mail_that_was_not_sent() {
    let code = || Reply::new(550, "5.1.1 no");
    let errors: [fn(Reply) -> MailError; 6] = [
        |code| MailError::Deferred { code },
        |code| MailError::Bounced { code },
        |code| MailError::Refused { code },
        |_| MailError::Unreachable("x".into()),
        |_| MailError::Unknown("x".into()),
        |_| MailError::Unsendable("x".into()),
    ];
    let fate = |lane| {
        errors.map(|error| match error(code()).into_job_error(lane) {
            JobError::Retry(_) => "retry",
            JobError::Fail(_) => "fail",
            JobError::Later(_) => "later",
            JobError::Cancelled | JobError::Paused | JobError::LeaseLost => "other",
        })
    };
    assert_eq!(fate(Lane::Security), ["retry", "fail", "later", "retry", "retry", "fail"]);
    assert_eq!(fate(Lane::Bulk), ["retry", "fail", "later", "retry", "fail", "fail"]);
}

#[test]
fn schedules_end_as_their_lanes_do() {
    let told = |lane| {
        let retry = retry_of(lane);
        (1..retry.attempts()).map(|attempt| retry.delay_after(attempt).as_secs()).collect::<Vec<_>>()
    };
    assert_eq!(told(Lane::Security), [5, 15, 45, 120, 300, 600]);
    assert_eq!(told(Lane::Transactional), [5, 300, 1800, 7200, 18000, 36000, 36000]);
    assert_eq!(told(Lane::Bulk), [300, 1800, 7200, 21600]);
}

#[test]
fn names_of_kinds_are_their_own() {
    let names: std::collections::BTreeSet<_> = MailKind::ALL.iter().map(|kind| kind.name()).collect();
    assert_eq!(names.len(), MailKind::ALL.len());
}
