//! The mailer against a real mail server, and what it makes of each of its faults.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on fails here")]

mod faults;
mod sending;

use std::sync::Arc;
use std::time::Duration;
use vigie_adapters::{CompiledTemplates, Sender, SmtpMailer, SmtpOptions, SmtpServer, SystemClock};
use vigie_kernel::{EmailAddress, Locale};
use vigie_notifications::mail::{
    Branding, Line, MailContent, MailKind, OutgoingMail, PublicUrl, Recipient, Templates, VerifiedAddress,
    VerifyEmail,
};
use vigie_test_support::{SmtpSink, unique};

/// Long enough for this machine under load; hanging is told by it as well.
const PATIENCE: Duration = Duration::from_millis(1_500);

fn mailer(sink: &SmtpSink) -> SmtpMailer {
    mailer_at(&sink.url(), Some(sink.authority()))
}

fn mailer_at(url: &str, authority: Option<&str>) -> SmtpMailer {
    let server = SmtpServer::parse(url).unwrap();
    let sender = Sender::parse("Vigie <no-reply@kpi.example.org>").unwrap();
    let options =
        SmtpOptions { timeout: PATIENCE, authorities: authority.map(|pem| pem.as_bytes().to_vec()) };
    SmtpMailer::try_new(server, sender, &options, Arc::new(SystemClock)).unwrap()
}

/// A mail with an id of its own.
fn mail() -> OutgoingMail {
    mail_to("marie@example.org", "Marie Curie")
}

fn mail_to(address: &str, name: &str) -> OutgoingMail {
    let links = PublicUrl::try_new(&"https://kpi.example.org".parse().unwrap()).unwrap();
    let name = Line::parse("name", name).unwrap();
    let content = MailContent::VerifyEmail(VerifyEmail {
        name: Some(name.clone()),
        link: links.with_token("/verify-email", "ve_0123").unwrap(),
        valid_for: Duration::from_hours(24),
    });
    let reply_to = EmailAddress::parse("contact@gmah.example.org").unwrap();
    let reply_to = VerifiedAddress::of(reply_to, Some(chrono::DateTime::UNIX_EPOCH)).unwrap();
    let branding = Branding::of(Line::parse("name", "GMAH").unwrap()).with_reply_to(reply_to);
    let rendered = CompiledTemplates.render(&content, Locale::Fr, &branding).unwrap();
    let to = Recipient { address: EmailAddress::parse(address).unwrap(), name: Some(name) };
    let id = uuid::Uuid::from_u128(u128::from(unique()));
    OutgoingMail::new(id, MailKind::VerifyEmail, to, &branding, rendered)
}
