//! Sending through a mail server.

use super::breaker::Breaker;
use super::connections::{Borrowed, Connections};
use super::message::message;
use super::reply::{Step, lost};
use super::{Sender, SmtpServer};
use async_trait::async_trait;
use lettre::transport::smtp::client::{Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail, Rcpt};
use lettre::transport::smtp::response::Response;
use std::sync::Arc;
use std::time::{Duration, Instant};
use vigie_kernel::{BoxError, Clock};
use vigie_notifications::mail::{MailError, Mailer, OutgoingMail, Reply, Sent};

/// What can be set beside the server itself.
#[derive(Clone, Debug)]
pub struct SmtpOptions {
    /// How long each step of the conversation may take.
    pub timeout: Duration,
    /// Certificates in PEM that are trusted beside those of the system.
    pub authorities: Option<Vec<u8>>,
}

impl Default for SmtpOptions {
    fn default() -> Self {
        Self { timeout: Duration::from_secs(15), authorities: None }
    }
}

/// Sends through a mail server, each mail to one recipient, over at most ten connections. After five failures in 30 seconds it leaves the
/// server alone for 30 seconds.
pub struct SmtpMailer {
    connections: Connections,
    breaker: Breaker,
    sender: Sender,
    clock: Arc<dyn Clock>,
}

impl SmtpMailer {
    /// A mailer for a server, which is not asked anything yet. Fails when a certificate cannot be read.
    pub fn try_new(
        server: SmtpServer,
        sender: Sender,
        options: &SmtpOptions,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, BoxError> {
        let mut tls = TlsParameters::builder(server.host.clone());
        if let Some(pem) = &options.authorities {
            if !pem.windows(11).any(|window| window == b"-----BEGIN ") {
                return Err("there is no certificate in the file".into());
            }
            tls = tls.add_root_certificate(Certificate::from_pem(pem)?);
        }
        let connections = Connections::new(server, tls.build_rustls()?, sender.domain(), options.timeout);
        Ok(Self { connections, breaker: Breaker::default(), sender, clock })
    }

    async fn deliver(&self, mail: &OutgoingMail) -> Result<Response, MailError> {
        let message = message(mail, &self.sender, self.clock.now()).map_err(MailError::Unsendable)?;
        let (Some(from), [to]) = (message.envelope().from().cloned(), message.envelope().to()) else {
            return Err(MailError::Unsendable("the mail has not one sender and one recipient".into()));
        };
        let bytes = message.formatted();
        if !bytes.is_ascii() {
            return Err(MailError::Unsendable("the mail is not in ASCII".into()));
        }
        let mut borrowed = self.connections.borrow().await?;
        let connection = &mut borrowed.connection;
        let talked = async {
            let to = Rcpt::new(to.clone(), Vec::new());
            self.connections
                .within(Step::Sender, connection.command(Mail::new(Some(from), Vec::new())))
                .await?;
            self.connections.within(Step::Recipient, connection.command(to)).await?;
            self.connections.within(Step::Data, connection.command(Data)).await?;
            self.connections.within(Step::Content, connection.message(&bytes)).await
        };
        let talked = talked.await;
        if is_in_step(&talked) {
            self.connections.give_back(borrowed);
        } else {
            close(borrowed);
        }
        talked
    }
}

/// Whether the connection is where it should be, so that the next mail may use it: the server answered, and did not say goodbye.
fn is_in_step<T>(talked: &Result<T, MailError>) -> bool {
    match talked {
        Ok(_) => true,
        Err(error) => error.reply().is_some_and(|reply| reply.status() != 421),
    }
}

/// Without a word: the server is not listening any more.
fn close(borrowed: Borrowed<'_>) {
    drop(borrowed);
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn send(&self, mail: &OutgoingMail) -> Result<Sent, MailError> {
        if !self.breaker.admits(Instant::now()) {
            return Err(lost(Step::Connect, "it did not answer several times; it is left alone for a while"));
        }
        let delivered = self.deliver(mail).await;
        match &delivered {
            Ok(_)
            | Err(MailError::Bounced { .. } | MailError::Deferred { .. } | MailError::Unsendable(_)) => {
                self.breaker.succeeded();
            }
            Err(error @ (MailError::Refused { .. } | MailError::Unreachable(_) | MailError::Unknown(_))) => {
                if self.breaker.failed(Instant::now()) {
                    tracing::error!(mail.error = %error, "the mail server fails; it is left alone for a while");
                }
            }
        }
        let response = delivered?;
        let text: Vec<&str> = response.message().collect();
        Ok(Sent::Accepted { reply: Reply::new(u16::from(response.code()), &text.join(" ")) })
    }
}
