//! A mail on its way.

use super::{Branding, Line, MailKind, VerifiedAddress};
use uuid::Uuid;
use vigie_kernel::{EmailAddress, FieldError, FieldErrors};

/// Longest subject, in characters.
pub const MAX_SUBJECT: usize = 200;

/// A subject: 1 to [`MAX_SUBJECT`] characters without line breaks, other control characters or changes of direction.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubjectLine(String);

impl SubjectLine {
    /// Reads a subject. Refuses rather than repairs. Field `subject`; codes `required`, `too_long`, `invalid_characters`.
    pub fn parse(text: &str) -> Result<Self, FieldErrors> {
        let length = text.chars().count();
        if length > MAX_SUBJECT {
            let error =
                FieldError::new("subject", "too_long").with("max", MAX_SUBJECT).with("actual", length);
            return Err(error.into());
        }
        Line::parse("subject", text).map(|line| Self(line.as_str().to_owned()))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a template makes of a content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RenderedMail {
    /// The subject.
    pub subject: SubjectLine,
    /// The part for programs that show text, and for people who prefer it.
    pub text: String,
    /// The part with a layout.
    pub html: String,
}

/// Whom a mail goes to: one person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// His address, as it is stored with his account.
    pub address: EmailAddress,
    /// His name.
    pub name: Option<Line>,
}

/// A mail that is ready to be sent, to one recipient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OutgoingMail {
    /// Of what the `Message-ID` is made: the same at each attempt at the same mail, and of no other one.
    pub id: Uuid,
    /// The kind of mail.
    pub kind: MailKind,
    /// Whom it goes to.
    pub to: Recipient,
    /// Where answers go, beside to the sender.
    pub reply_to: Option<VerifiedAddress>,
    /// What it says.
    pub content: RenderedMail,
}

impl OutgoingMail {
    /// A mail with what was rendered for it.
    #[must_use]
    pub fn new(id: Uuid, kind: MailKind, to: Recipient, branding: &Branding, content: RenderedMail) -> Self {
        Self { id, kind, to, reply_to: branding.reply_to().cloned(), content }
    }

    /// The `Message-ID` with its angle brackets, in the sender's domain.
    #[must_use]
    pub fn message_id(&self, domain: &str) -> String {
        format!("<{}@{domain}>", self.id)
    }

    /// The headers by which other machines know that a machine wrote it, and do not answer (RFC 3834).
    #[must_use]
    pub fn headers(&self) -> [(&'static str, String); 3] {
        [
            ("Auto-Submitted", "auto-generated".to_owned()),
            ("X-Auto-Response-Suppress", "All".to_owned()),
            ("Feedback-ID", format!("{}:vigie", self.kind.name())),
        ]
    }
}
