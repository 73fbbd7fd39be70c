//! A mail as it goes over the wire.

use super::Sender;
use chrono::{DateTime, Utc};
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, Message, MultiPart};
use vigie_kernel::BoxError;
use vigie_notifications::mail::OutgoingMail;

/// The mail with all its headers: to one recipient, text and HTML. Names and the subject are encoded and quoted by the library; the only
/// headers written as they are have nothing in them that somebody wrote.
pub(super) fn message(mail: &OutgoingMail, sender: &Sender, now: DateTime<Utc>) -> Result<Message, BoxError> {
    let to = Mailbox::new(
        mail.to.name.as_ref().map(|name| name.as_str().to_owned()),
        mail.to.address.as_str().parse()?,
    );
    let mut builder = Message::builder()
        .from(sender.mailbox().clone())
        .to(to)
        .date(now.into())
        .message_id(Some(mail.message_id(sender.domain())))
        .subject(mail.content.subject.as_str());
    if let Some(reply_to) = &mail.reply_to {
        builder = builder.reply_to(Mailbox::new(None, reply_to.address().as_str().parse()?));
    }
    for (name, value) in mail.headers() {
        let name = HeaderName::new_from_ascii(name.to_owned())?;
        builder = builder.raw_header(HeaderValue::new(name, value));
    }
    let body = MultiPart::alternative_plain_html(mail.content.text.clone(), mail.content.html.clone());
    Ok(builder.multipart(body)?)
}
