//! `mail`

use crate::answer::Exit;
use crate::cli_mail::MailTest;
use crate::{Answer, CommandError};
use serde_json::{Value, json};
use std::error::Error;
use vigie_composition::App;
use vigie_kernel::{EmailAddress, Locale};
use vigie_notifications::mail::{
    Branding, Line, MailContent, MailError, NotificationMail, OutgoingMail, Paragraphs, Recipient, Reply,
    Sent,
};

/// Sends a mail to try the settings.
pub(super) async fn test(app: &App, wanted: &MailTest) -> Result<Answer, CommandError> {
    let address = EmailAddress::parse(&wanted.to).map_err(|_| {
        CommandError::Usage(format!("{:?} is no e-mail address that mail can be sent to", wanted.to))
    })?;
    let branding = Branding::product();
    let content = content(app, wanted.locale)?;
    let rendered = app
        .mail
        .templates
        .render(&content, wanted.locale, &branding)
        .map_err(|error| CommandError::Mail(error.into()))?;
    let to = Recipient { address, name: None };
    let mail = OutgoingMail::new(app.ids.next_uuid(), content.kind(), to, &branding, rendered);
    Ok(match app.mail.mailer.send(&mail).await {
        Ok(sent) => told(&sent),
        Err(error) => failed(&error),
    })
}

fn content(app: &App, locale: Locale) -> Result<MailContent, CommandError> {
    let (title, body, label) = match locale {
        Locale::Fr => (
            "Essai d’envoi",
            "Ce message a été demandé par la commande « vigie-worker mail test ».\n\n\
             S’il vous est parvenu, les réglages du courrier sont bons.",
            "Ouvrir Vigie",
        ),
        Locale::En => (
            "A trial mail",
            "This message was asked for by the command “vigie-worker mail test”.\n\n\
             If it has reached you, the settings of mail are right.",
            "Open Vigie",
        ),
    };
    let invalid = |errors: vigie_kernel::FieldErrors| CommandError::Mail(format!("{errors:?}").into());
    let link = app.mail.links.page("/").map_err(|error| CommandError::Mail(error.into()))?;
    Ok(MailContent::Notification(NotificationMail {
        name: None,
        title: Line::parse("title", title).map_err(invalid)?,
        body: Paragraphs::parse("body", body).map_err(invalid)?,
        action: Some((Line::parse("label", label).map_err(invalid)?, link)),
    }))
}

fn told(sent: &Sent) -> Answer {
    match sent {
        Sent::Accepted { reply } => Answer::new(
            format!("The mail server has it: {}", whole(reply)),
            json!({ "outcome": "accepted", "reply": view(reply) }),
        ),
        Sent::Written { file } => Answer::new(
            format!("No mail server is configured. The mail is the file {}", file.display()),
            json!({ "outcome": "written", "file": file.display().to_string() }),
        ),
    }
}

fn failed(error: &MailError) -> Answer {
    let mut why = error.to_string();
    if let Some(reply) = error.reply() {
        why = format!("{why}\nThe server said: {}", whole(reply));
    }
    let mut cause = error.source();
    while let Some(source) = cause {
        let message = source.to_string();
        if !why.contains(&message) {
            why = format!("{why}: {message}");
        }
        cause = source.source();
    }
    let json = json!({ "outcome": error.name(), "error": why, "reply": error.reply().map(view) });
    Answer { exit: Exit::Failed, ..Answer::new(format!("The mail was not sent: {why}"), json) }
}

fn whole(reply: &Reply) -> String {
    format!("{} {}", reply.status(), reply.text())
}

fn view(reply: &Reply) -> Value {
    json!({ "status": reply.status(), "enhanced": reply.enhanced(), "text": reply.text() })
}
