//! What may become of a mail that is not sent.

use super::REFUSED_PAUSE;
use std::fmt;
use thiserror::Error;
use vigie_jobs::{JobError, Lane};
use vigie_kernel::{BoxError, FieldErrors};

/// Why a content was not rendered.
#[derive(Debug, Error)]
pub enum TemplateError {
    /// What somebody wrote cannot stand where the template has it. No attempt can succeed.
    #[error("a text of the mail cannot be used: {0:?}")]
    Invalid(FieldErrors),
    /// The template failed: a bug.
    #[error("the template of a mail failed")]
    Broken(#[source] BoxError),
}

impl From<FieldErrors> for TemplateError {
    fn from(errors: FieldErrors) -> Self {
        Self::Invalid(errors)
    }
}

impl From<TemplateError> for JobError {
    fn from(error: TemplateError) -> Self {
        Self::fail(error)
    }
}

/// What a mail server said.
#[derive(Clone, PartialEq, Eq)]
pub struct Reply {
    status: u16,
    enhanced: Option<String>,
    text: String,
}

impl Reply {
    /// A reply: its code of three digits, and its text, which may begin with an enhanced code such as `5.1.1` (RFC 3463).
    #[must_use]
    pub fn new(status: u16, text: &str) -> Self {
        let enhanced =
            text.split_whitespace().next().filter(|word| is_enhanced(word, status)).map(str::to_owned);
        Self { status, enhanced, text: text.to_owned() }
    }

    /// The code of three digits.
    #[must_use]
    pub const fn status(&self) -> u16 {
        self.status
    }

    /// The enhanced code, such as `5.1.1`.
    #[must_use]
    pub fn enhanced(&self) -> Option<&str> {
        self.enhanced.as_deref()
    }

    /// The text. Servers repeat the recipient's address in it: for the operator who asked, not for a log.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

fn is_enhanced(word: &str, status: u16) -> bool {
    let parts: Vec<&str> = word.split('.').collect();
    let number = |part: &&str| (1..=3).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
    parts.len() == 3
        && parts.iter().all(number)
        && parts.first() == Some(&(status / 100).to_string().as_str())
}

/// The codes alone, which name nobody: `550 5.1.1`.
impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.status)?;
        self.enhanced.as_ref().map_or(Ok(()), |enhanced| write!(f, " {enhanced}"))
    }
}

/// As [`Display`](fmt::Display).
impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reply({self})")
    }
}

/// Why a mail was not sent, or may not have been. The messages name no recipient.
#[derive(Debug, Error)]
pub enum MailError {
    /// The server asks for another attempt (4yz).
    #[error("the mail server asks for another attempt: {code}")]
    Deferred {
        /// What it said.
        code: Reply,
    },
    /// The server will never take this mail for this recipient (5yz). Never tried again.
    #[error("the mail server does not take the mail for the recipient: {code}")]
    Bounced {
        /// What it said.
        code: Reply,
    },
    /// The server does not take mail of ours: the password or a policy (5yz). The next mail would fare the same.
    #[error("the mail server takes no mail of this installation: {code}")]
    Refused {
        /// What it said.
        code: Reply,
    },
    /// No connection, or one that ended before the mail was given over.
    #[error("the mail server cannot be reached")]
    Unreachable(#[source] BoxError),
    /// The connection ended while the mail was given over: whether the server has it, nobody knows.
    #[error("the connection to the mail server ended while the mail was given over")]
    Unknown(#[source] BoxError),
    /// The mail cannot be written down or stored here.
    #[error("the mail cannot be made")]
    Unsendable(#[source] BoxError),
}

impl MailError {
    /// The stable name, for figures and answers.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Deferred { .. } => "deferred",
            Self::Bounced { .. } => "bounced",
            Self::Refused { .. } => "refused",
            Self::Unreachable(_) => "unreachable",
            Self::Unknown(_) => "unknown",
            Self::Unsendable(_) => "unsendable",
        }
    }

    /// What the server said, where it did.
    #[must_use]
    pub const fn reply(&self) -> Option<&Reply> {
        match self {
            Self::Deferred { code } | Self::Bounced { code } | Self::Refused { code } => Some(code),
            Self::Unreachable(_) | Self::Unknown(_) | Self::Unsendable(_) => None,
        }
    }

    /// What becomes of the job that wanted to send it. A mail of the bulk lane is sent at most once, so one of which nobody knows whether it
    /// was is not sent again; the others are sent at least once, with the same `Message-ID`. While the server refuses us the job waits
    /// [`REFUSED_PAUSE`] without losing an attempt.
    #[must_use]
    pub fn into_job_error(self, lane: Lane) -> JobError {
        match (self, lane) {
            (Self::Refused { .. }, Lane::Security | Lane::Transactional | Lane::Bulk) => {
                JobError::Later(REFUSED_PAUSE)
            }
            (error @ (Self::Deferred { .. } | Self::Unreachable(_)), _)
            | (error @ Self::Unknown(_), Lane::Security | Lane::Transactional) => JobError::retry(error),
            (error @ (Self::Bounced { .. } | Self::Unsendable(_)), _)
            | (error @ Self::Unknown(_), Lane::Bulk) => JobError::fail(error),
        }
    }
}
