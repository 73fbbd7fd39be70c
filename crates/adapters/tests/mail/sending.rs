//! What arrives.

use crate::{mail, mail_to, mailer, mailer_at};
use futures_util::future::join_all;
use vigie_notifications::mail::{Mailer, Sent};
use vigie_test_support::{SinkTls, SmtpSink};

#[tokio::test]
async fn a_mail_arrives_as_it_was_written() {
    let sink = SmtpSink::start().await;
    let mut mail = mail();
    // A line that is a dot, and long lines, in both parts.
    mail.content.text = format!(".\r\n..\r\n.x\r\n{}\r\n", "é".repeat(2_000));
    let Sent::Accepted { reply } = mailer(&sink).send(&mail).await.unwrap() else { panic!("accepted") };
    assert_eq!((reply.status(), reply.enhanced()), (250, Some("2.0.0")));

    let [received] = sink.mails().try_into().unwrap();
    assert_eq!(received.from, "no-reply@kpi.example.org");
    assert_eq!(received.recipients, ["marie@example.org"]);
    assert_eq!(received.subject(), "Confirmez votre adresse e-mail");
    assert_eq!(received.text().trim_end(), mail.content.text.replace("\r\n", "\n").trim_end());
    assert_eq!(received.html().trim_end(), mail.content.html.trim_end());
    assert_eq!(received.message_id(), format!("<{}@kpi.example.org>", mail.id));
    let header = |name| received.header(name).unwrap();
    assert_eq!(header("From"), "Vigie <no-reply@kpi.example.org>");
    assert_eq!(header("To"), "\"Marie Curie\" <marie@example.org>");
    assert_eq!(header("Reply-To"), "contact@gmah.example.org");
    assert_eq!(header("Auto-Submitted"), "auto-generated");
    assert_eq!(header("Feedback-ID"), "verify-email:vigie");
    assert!(header("Date").contains("20"), "{}", header("Date"));
    assert!(received.raw.is_ascii());
}

#[tokio::test]
async fn a_name_is_quoted_and_adds_nobody() {
    let sink = SmtpSink::start().await;
    let mailer = mailer(&sink);
    for name in [
        "a, b@evil.example",
        "<b@evil.example>",
        "\"Marie\" <b@evil.example>,",
        "Zoé <b@evil.example>",
        "a;b:c\\",
    ] {
        mailer.send(&mail_to("marie@example.org", name)).await.unwrap();
        let received = sink.mails().pop().unwrap();
        assert_eq!(received.recipients, ["marie@example.org"], "{name}");
        assert_eq!((received.headers("To"), received.headers("Bcc")), (1, 0));
        // Read as programs do: first what is quoted, then what is encoded.
        let (headers, _) = mailparse::parse_headers(&received.raw).unwrap();
        let to = headers.iter().find(|header| header.get_key() == "To").unwrap();
        let raw = String::from_utf8_lossy(to.get_value_raw());
        let parsed = mailparse::addrparse_header(to).unwrap_or_else(|error| panic!("{raw}: {error}"));
        let [mailparse::MailAddr::Single(single)] = &parsed[..] else { panic!("{raw}") };
        assert_eq!(
            (single.addr.as_str(), single.display_name.as_deref()),
            ("marie@example.org", Some(name)),
            "{raw}"
        );
    }
}

#[tokio::test]
async fn the_same_mail_has_the_same_id_at_each_attempt() {
    let sink = SmtpSink::start().await;
    let (mailer, mail) = (mailer(&sink), mail());
    mailer.send(&mail).await.unwrap();
    mailer.send(&mail).await.unwrap();
    let [first, second] = sink.mails().try_into().unwrap();
    assert_eq!(first.message_id(), second.message_id());
}

#[tokio::test]
async fn a_connection_is_used_again_and_never_more_than_ten_are() {
    let sink = SmtpSink::start().await;
    let mailer = mailer(&sink);
    for _ in 0..3 {
        mailer.send(&mail()).await.unwrap();
    }
    assert_eq!(sink.connections(), 1);
    let mails: Vec<_> = (0..40).map(|_| mail()).collect();
    for sent in join_all(mails.iter().map(|mail| mailer.send(mail))).await {
        sent.unwrap();
    }
    assert_eq!(sink.mails().len(), 43);
    assert!(sink.busiest() <= 10, "{}", sink.busiest());
}

#[tokio::test]
async fn mail_goes_through_tls_to_who_is_trusted_only() {
    for tls in [SinkTls::StartTls, SinkTls::Implicit] {
        let sink = SmtpSink::with(tls, Some(("vigie", "s3cret"))).await;
        mailer(&sink).send(&mail()).await.unwrap();
        assert!(sink.mails()[0].encrypted, "{tls:?}");
        // Nobody vouches for the certificate.
        let error = mailer_at(&sink.url(), None).send(&mail()).await.unwrap_err();
        assert_eq!(error.name(), "unreachable", "{tls:?} {error}");
        assert_eq!(sink.mails().len(), 1);
    }
}

#[tokio::test]
async fn a_server_without_starttls_gets_no_mail_and_no_password() {
    let sink = SmtpSink::with(SinkTls::None, Some(("vigie", "s3cret"))).await;
    let url = format!("{}?tls=required", sink.url());
    let error = mailer_at(&url, Some(sink.authority())).send(&mail()).await.unwrap_err();
    assert_eq!(error.name(), "unreachable");
    assert!(format!("{error:?}").contains("STARTTLS"), "{error:?}");
    assert!(sink.mails().is_empty());
}

#[tokio::test]
async fn a_password_is_used_over_plain_connections_of_this_machine_too() {
    let sink = SmtpSink::with(SinkTls::None, Some(("vigie", "s3cret"))).await;
    mailer(&sink).send(&mail()).await.unwrap();
    assert_eq!(sink.mails().len(), 1);
}
