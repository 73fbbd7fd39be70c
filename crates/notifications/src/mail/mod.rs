//! Mails: what they say, where their links lead, who sends them and what may become of them.
//!
//! Nothing here decides when a mail is sent. Whoever does, in the handler of a job, mints the token, makes a [`MailLink`] of it with
//! [`PublicUrl::with_token`], fills the [`MailContent`], has it rendered by [`Templates`] and gives the [`OutgoingMail`] to the
//! [`Mailer`]. The id of the mail must be the same at each attempt (that of the job, say), because the `Message-ID` is made of it: a mail
//! that was sent twice is then one mail to its reader's program. [`MailError::into_job_error`] tells what becomes of the job.

mod branding;
mod colour;
mod content;
mod error;
mod line;
mod link;
mod outgoing;
mod ports;
mod schedule;
#[cfg(test)]
mod tests;

pub use branding::{Branding, LogoUrl, VerifiedAddress};
pub use colour::Colour;
pub use content::{
    AccountExists, InviteUser, MailContent, MailKind, NewDevice, NotificationMail, OrganizationNews,
    OrganizationUpdate, PasswordChanged, ResetPassword, VerifyEmail,
};
pub use error::{MailError, Reply, TemplateError};
pub use line::{Line, MAX_BODY, MAX_LINE, Paragraphs};
pub use link::{LinkError, MailLink, PublicUrl, PublicUrlError};
pub use outgoing::{MAX_SUBJECT, OutgoingMail, Recipient, RenderedMail, SubjectLine};
pub use ports::{Mailer, Sent, Templates};
pub use schedule::{BULK_RETRY, REFUSED_PAUSE, SECURITY_RETRY, TRANSACTIONAL_RETRY, retry_of};
