use crate::mail::{MailTls, Sender, SmtpServer, SmtpServerError};

fn parsed(url: &str) -> Result<(MailTls, String, u16, bool), SmtpServerError> {
    SmtpServer::parse(url).map(|server| (server.tls, server.host, server.port, server.credentials.is_some()))
}

#[test]
fn the_url_says_how_it_is_encrypted() {
    let read = |url: &str| parsed(url).unwrap();
    assert_eq!(read("smtp://mx.example.org"), (MailTls::StartTls, "mx.example.org".into(), 587, false));
    assert_eq!(
        read("smtp://u:p@mx.example.org:2525"),
        (MailTls::StartTls, "mx.example.org".into(), 2525, true)
    );
    assert_eq!(read("smtps://u:p@mx.example.org"), (MailTls::Implicit, "mx.example.org".into(), 465, true));
    assert_eq!(read("smtp://mx.internal?tls=none"), (MailTls::None, "mx.internal".into(), 25, false));
    for local in ["localhost", "127.0.0.1"] {
        assert_eq!(read(&format!("smtp://u:p@{local}:1025")), (MailTls::None, local.into(), 1025, true));
        assert_eq!(
            read(&format!("smtp://{local}?tls=required")),
            (MailTls::StartTls, local.into(), 587, false)
        );
    }
    assert_eq!(read("smtp://[::1]:1025"), (MailTls::None, "::1".into(), 1025, false));
}

#[test]
fn nothing_is_guessed() {
    for bad in [
        "mx.example.org",
        "http://mx.example.org",
        "smtp://",
        "smtp://mx.example.org/path",
        "smtp://mx.example.org?tls=opportunistic",
        "smtp://mx.example.org?starttls=no",
        "smtp://mx.example.org?tls=none&tls=required",
        "smtps://mx.example.org?tls=none",
        "smtp://u:p%0d%0aRSET@mx.example.org",
        "smtp://mx.example.org#x",
    ] {
        assert_eq!(parsed(bad), Err(SmtpServerError::Form), "{bad}");
    }
    assert_eq!(parsed("smtp://u@mx.example.org"), Err(SmtpServerError::Credentials));
    assert_eq!(parsed("smtp://:p@mx.example.org"), Err(SmtpServerError::Credentials));
    assert_eq!(parsed("smtp://u:p@mx.example.org?tls=none"), Err(SmtpServerError::ClearPassword));
}

#[test]
fn a_user_may_have_any_characters() {
    let server = SmtpServer::parse("smtps://no%2Dreply%40example.org:p%40ss%3A%2F@mx.example.org").unwrap();
    let expected = lettre::transport::smtp::authentication::Credentials::new(
        "no-reply@example.org".into(),
        "p@ss:/".into(),
    );
    assert_eq!(server.credentials, Some(expected));
}

#[test]
fn a_sender_has_an_address() {
    assert_eq!(Sender::parse("Vigie <no-reply@kpi.example.org>").unwrap().domain(), "kpi.example.org");
    assert_eq!(Sender::parse("no-reply@kpi.example.org").unwrap().domain(), "kpi.example.org");
    assert!(Sender::parse("\"Pilotage, Étude\" <a@example.org>").is_ok());
    for bad in ["", "Vigie", "Vigie <>", "Vigie <a@b.fr>\r\nBcc: c@d.fr", "a@b.fr, c@d.fr", "Vigie <é@b.fr>"]
    {
        assert!(Sender::parse(bad).is_err(), "{bad:?}");
    }
    assert_eq!(Sender::of_host("kpi.example.org").domain(), "kpi.example.org");
    assert_eq!(Sender::of_host("localhost").domain(), "localhost");
}
