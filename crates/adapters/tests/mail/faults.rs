//! What becomes of a mail when something goes wrong.

use crate::{mail, mailer, mailer_at};
use vigie_notifications::mail::{MailError, Mailer};
use vigie_test_support::{Fault, SinkTls, SmtpSink, Stage};

/// The name of what a fault is taken for, and the codes that the server said.
async fn taken_for(fault: Fault) -> (&'static str, String) {
    let sink = SmtpSink::start().await;
    sink.fail(fault);
    let mailer = mailer(&sink);
    let error = mailer.send(&mail()).await.unwrap_err();
    let codes = error.reply().map(ToString::to_string).unwrap_or_default();
    // Whatever happened, the next mail goes through.
    mailer.send(&mail()).await.unwrap();
    (error.name(), codes)
}

#[tokio::test]
async fn answers_are_told_apart() {
    use Fault::Answer;
    for (fault, name, codes) in [
        (Answer(Stage::Connect, "421 4.3.2 come back later"), "deferred", "421 4.3.2"),
        (Answer(Stage::Connect, "554 5.7.1 you are on a list"), "refused", "554 5.7.1"),
        (Answer(Stage::Sender, "451 4.7.1 greylisted"), "deferred", "451 4.7.1"),
        (Answer(Stage::Sender, "550 5.1.8 sender refused"), "refused", "550 5.1.8"),
        (Answer(Stage::Sender, "530 5.7.0 log in first"), "refused", "530 5.7.0"),
        (Answer(Stage::Recipient, "451 4.3.0 disk full"), "deferred", "451 4.3.0"),
        (Answer(Stage::Recipient, "421 4.4.2 bye"), "deferred", "421 4.4.2"),
        (Answer(Stage::Recipient, "550 5.1.1 no such user"), "bounced", "550 5.1.1"),
        (Answer(Stage::Recipient, "550 no such user"), "bounced", "550"),
        (Answer(Stage::Recipient, "552 5.2.2 mailbox full"), "bounced", "552 5.2.2"),
        (Answer(Stage::Recipient, "554 5.7.1 relaying denied"), "refused", "554 5.7.1"),
        (Answer(Stage::Data, "451 4.3.0 not now"), "deferred", "451 4.3.0"),
        (Answer(Stage::End, "452 4.2.2 over quota"), "deferred", "452 4.2.2"),
        (Answer(Stage::End, "554 5.6.0 content refused"), "bounced", "554 5.6.0"),
        (Answer(Stage::End, "550 5.7.1 policy"), "refused", "550 5.7.1"),
    ] {
        assert_eq!(taken_for(fault).await, (name, codes.to_owned()), "{fault:?}");
    }
}

#[tokio::test]
async fn a_lost_connection_is_unknown_only_once_the_mail_was_given_over() {
    for (stage, name) in [
        (Stage::Connect, "unreachable"),
        (Stage::Sender, "unreachable"),
        (Stage::Recipient, "unreachable"),
        (Stage::Data, "unreachable"),
        (Stage::Content, "unknown"),
        (Stage::End, "unknown"),
        (Stage::Kept, "unknown"),
    ] {
        for fault in [Fault::Reset(stage), Fault::Close(stage)] {
            assert_eq!(taken_for(fault).await, (name, String::new()), "{fault:?}");
        }
    }
}

#[tokio::test]
async fn a_server_that_hangs_is_given_up() {
    let (connect, recipient, end) = tokio::join!(
        taken_for(Fault::Hang(Stage::Connect)),
        taken_for(Fault::Hang(Stage::Recipient)),
        taken_for(Fault::Hang(Stage::End)),
    );
    assert_eq!([connect.0, recipient.0, end.0], ["unreachable", "unreachable", "unknown"]);
}

#[tokio::test]
async fn deferred_then_taken_is_one_mail() {
    let sink = SmtpSink::start().await;
    sink.fail(Fault::Answer(Stage::End, "451 4.3.0 try again"));
    let (mailer, mail) = (mailer(&sink), mail());
    assert_eq!(mailer.send(&mail).await.unwrap_err().name(), "deferred");
    mailer.send(&mail).await.unwrap();
    let [received] = sink.mails().try_into().unwrap();
    assert_eq!(received.message_id(), format!("<{}@kpi.example.org>", mail.id));
    assert_eq!(sink.connections(), 1, "the server answered in order: the connection is good");
}

#[tokio::test]
async fn a_mail_that_was_kept_without_an_answer_comes_again_with_the_same_id() {
    let sink = SmtpSink::start().await;
    sink.fail(Fault::Reset(Stage::Kept));
    let (mailer, mail) = (mailer(&sink), mail());
    assert_eq!(mailer.send(&mail).await.unwrap_err().name(), "unknown");
    mailer.send(&mail).await.unwrap();
    let [first, second] = sink.mails().try_into().unwrap();
    assert_eq!(first.message_id(), second.message_id());
}

#[tokio::test]
async fn a_wrong_password_is_refused() {
    let sink = SmtpSink::with(SinkTls::StartTls, Some(("vigie", "s3cret"))).await;
    let url = sink.url().replace("s3cret", "wrong");
    let error = mailer_at(&url, Some(sink.authority())).send(&mail()).await.unwrap_err();
    assert!(matches!(&error, MailError::Refused { code } if code.to_string() == "535 5.7.8"), "{error}");
    let sink = SmtpSink::with(SinkTls::Implicit, Some(("vigie", "s3cret"))).await;
    sink.fail(Fault::Answer(Stage::Auth, "454 4.7.0 directory away"));
    assert_eq!(mailer(&sink).send(&mail()).await.unwrap_err().name(), "deferred");
}

#[tokio::test]
async fn a_connection_that_the_server_closed_meanwhile_is_replaced() {
    let sink = SmtpSink::start().await;
    let mailer = mailer(&sink);
    mailer.send(&mail()).await.unwrap();
    sink.fail(Fault::Close(Stage::Sender));
    assert_eq!(mailer.send(&mail()).await.unwrap_err().name(), "unreachable");
    mailer.send(&mail()).await.unwrap();
    assert_eq!((sink.mails().len(), sink.connections()), (2, 2));
}

#[tokio::test]
async fn after_five_failures_the_server_is_left_alone() {
    let sink = SmtpSink::start().await;
    for _ in 0..5 {
        sink.fail(Fault::Close(Stage::Connect));
    }
    let mailer = mailer(&sink);
    for _ in 0..5 {
        assert_eq!(mailer.send(&mail()).await.unwrap_err().name(), "unreachable");
    }
    let error = mailer.send(&mail()).await.unwrap_err();
    assert!(format!("{error:?}").contains("left alone"), "{error:?}");
    assert_eq!((sink.connections(), sink.mails().len()), (5, 0));
}

#[tokio::test]
async fn bounces_do_not_make_the_server_a_bad_one() {
    let sink = SmtpSink::start().await;
    let mailer = mailer(&sink);
    for _ in 0..8 {
        sink.fail(Fault::Answer(Stage::Recipient, "550 5.1.1 no such user"));
        assert_eq!(mailer.send(&mail()).await.unwrap_err().name(), "bounced");
    }
    mailer.send(&mail()).await.unwrap();
    assert_eq!(sink.connections(), 1);
}

#[tokio::test]
async fn an_error_names_no_recipient() {
    let sink = SmtpSink::start().await;
    sink.fail(Fault::Answer(Stage::Recipient, "550 5.1.1 <marie@example.org> is unknown"));
    let error = mailer(&sink).send(&mail()).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains("marie"), "{error:?}");
    assert!(error.reply().unwrap().text().contains("marie"));
    sink.fail(Fault::Answer(Stage::Recipient, "what? <marie@example.org>"));
    let error = mailer(&sink).send(&mail()).await.unwrap_err();
    assert!(error.name() == "unreachable" && !format!("{error:?}").contains("marie"), "{error:?}");
}
