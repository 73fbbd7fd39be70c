//! Connections to the mail server.

use super::reply::{Step, failed, lost};
use super::{MailTls, SmtpServer};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::Mechanism;
use lettre::transport::smtp::client::{AsyncSmtpConnection, TlsParameters};
use lettre::transport::smtp::commands::Rset;
use lettre::transport::smtp::extension::ClientId;
use std::future::Future;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{Semaphore, SemaphorePermit};
use vigie_notifications::mail::MailError;

/// Connections at once.
const MOST: usize = 10;
/// A connection that was not used for so long is not used again: servers close them after some minutes.
const IDLE: Duration = Duration::from_mins(1);

/// At most [`MOST`] connections, used again while they are fresh. The library's own pool does not tell how far a mail had come when its
/// connection broke, which is what decides whether it may be sent again; and it waits without end for an answer.
pub(super) struct Connections {
    server: SmtpServer,
    tls: TlsParameters,
    hello: ClientId,
    timeout: Duration,
    turns: Semaphore,
    idle: Mutex<Vec<(AsyncSmtpConnection, Instant)>>,
}

/// A connection in use. Dropped, it is closed.
pub(super) struct Borrowed<'a> {
    pub(super) connection: AsyncSmtpConnection,
    _turn: SemaphorePermit<'a>,
}

impl Connections {
    pub(super) fn new(server: SmtpServer, tls: TlsParameters, hello: &str, timeout: Duration) -> Self {
        let hello = ClientId::Domain(hello.to_owned());
        Self { server, tls, hello, timeout, turns: Semaphore::new(MOST), idle: Mutex::default() }
    }

    /// A connection that is ready for a mail: one that was used before and still answers, or a new one.
    pub(super) async fn borrow(&self) -> Result<Borrowed<'_>, MailError> {
        let turn = self.turns.acquire().await.map_err(|closed| lost(Step::Connect, closed))?;
        while let Some(mut connection) = self.unused() {
            if self.within(Step::Connect, connection.command(Rset)).await.is_ok() {
                return Ok(Borrowed { connection, _turn: turn });
            }
        }
        Ok(Borrowed { connection: self.connect().await?, _turn: turn })
    }

    /// Keeps a connection for the next mail.
    pub(super) fn give_back(&self, borrowed: Borrowed<'_>) {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push((borrowed.connection, Instant::now()));
    }

    /// One step of the conversation, which has so long and no longer.
    pub(super) async fn within<T>(
        &self,
        step: Step,
        asked: impl Future<Output = Result<T, Error>> + Send,
    ) -> Result<T, MailError> {
        match tokio::time::timeout(self.timeout, asked).await {
            Ok(answered) => answered.map_err(|error| failed(step, error)),
            Err(late) => Err(lost(step, late)),
        }
    }

    fn unused(&self) -> Option<AsyncSmtpConnection> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|(_, since)| since.elapsed() < IDLE);
        idle.pop().map(|(connection, _)| connection)
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, MailError> {
        let server = (self.server.host.as_str(), self.server.port);
        let implicit = (self.server.tls == MailTls::Implicit).then(|| self.tls.clone());
        let connecting =
            AsyncSmtpConnection::connect_tokio1(server, Some(self.timeout), &self.hello, implicit, None);
        let mut connection = self.within(Step::Connect, connecting).await?;
        if self.server.tls == MailTls::StartTls {
            if !connection.can_starttls() {
                return Err(lost(Step::Connect, "the mail server offers no STARTTLS"));
            }
            self.within(Step::Connect, connection.starttls(self.tls.clone(), &self.hello)).await?;
        }
        if let Some(credentials) = &self.server.credentials {
            let mechanisms = [Mechanism::Plain, Mechanism::Login];
            self.within(Step::Auth, connection.auth(&mechanisms, credentials)).await?;
        }
        Ok(connection)
    }
}
