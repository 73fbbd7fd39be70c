//! What sending mail needs of the outside.

use super::{Branding, MailContent, MailError, OutgoingMail, RenderedMail, Reply, TemplateError};
use async_trait::async_trait;
use std::path::PathBuf;
use vigie_kernel::Locale;

/// Makes mails out of contents. Every variable is escaped; none is ever read as a template.
pub trait Templates: Send + Sync {
    /// The mail in a language and a look. [`TemplateError::Invalid`] when its subject would be none.
    fn render(
        &self,
        content: &MailContent,
        locale: Locale,
        branding: &Branding,
    ) -> Result<RenderedMail, TemplateError>;
}

/// Sends mails.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Sends one. It may be called again with the same mail after any error.
    async fn send(&self, mail: &OutgoingMail) -> Result<Sent, MailError>;
}

/// A mail has left.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Sent {
    /// A server has it.
    Accepted {
        /// What it said.
        reply: Reply,
    },
    /// It is a file, because no server is configured.
    Written {
        /// The file.
        file: PathBuf,
    },
}
