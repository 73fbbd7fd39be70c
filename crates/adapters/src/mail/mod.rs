//! Mail: templates, the SMTP client, and files for installations without a server.

mod breaker;
mod connections;
mod eml;
mod message;
mod reply;
mod sender;
mod server;
mod smtp;
mod templates;
#[cfg(test)]
mod tests;

pub use eml::EmlMailer;
pub use sender::{Sender, SenderError};
pub use server::{MailTls, SmtpServer, SmtpServerError};
pub use smtp::{SmtpMailer, SmtpOptions};
pub use templates::CompiledTemplates;
