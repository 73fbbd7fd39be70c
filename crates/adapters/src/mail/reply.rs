//! What an answer of a mail server means.

use lettre::transport::smtp::Error;
use vigie_notifications::mail::{MailError, Reply};

/// How far a mail had come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// Connecting, greeting, TLS.
    Connect,
    /// The password.
    Auth,
    /// `MAIL FROM`.
    Sender,
    /// `RCPT TO`.
    Recipient,
    /// `DATA`, before the content.
    Data,
    /// The content and the last dot: from here on the server may have the mail.
    Content,
}

/// Why it is not sent.
pub(super) fn failed(step: Step, error: Error) -> MailError {
    let Some(status) = error.status() else {
        if error.is_response() {
            // The library repeats the answer, which may name the recipient.
            return lost(step, "the answer of the mail server is none, or ended early");
        }
        return lost(step, error);
    };
    let text = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
    let code = Reply::new(u16::from(status), &text);
    if error.is_transient() {
        MailError::Deferred { code }
    } else if is_about_us(step, &code) {
        MailError::Refused { code }
    } else {
        MailError::Bounced { code }
    }
}

/// The connection was lost, or the answer did not come in time.
pub(super) fn lost(step: Step, error: impl Into<vigie_kernel::BoxError>) -> MailError {
    match step {
        Step::Content => MailError::Unknown(error.into()),
        Step::Connect | Step::Auth | Step::Sender | Step::Recipient | Step::Data => {
            MailError::Unreachable(error.into())
        }
    }
}

/// Whether a 5yz is about us and would meet the next mail as well: everything before the recipient, a missing or wrong password, and the
/// enhanced codes of security and policy (RFC 3463, X.7.Y).
fn is_about_us(step: Step, code: &Reply) -> bool {
    match step {
        Step::Connect | Step::Auth | Step::Sender => true,
        Step::Recipient | Step::Data | Step::Content => {
            matches!(code.status(), 530 | 534 | 535 | 538)
                || code.enhanced().is_some_and(|enhanced| enhanced.starts_with("5.7."))
        }
    }
}
