//! A mail server for tests.

mod session;
mod wire;

use crate::ReceivedMail;
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Notify;
use tokio::task::{JoinHandle, JoinSet};
use tokio_rustls::TlsAcceptor;

/// Where a conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// Before the greeting.
    Connect,
    /// At `AUTH`, whatever the password is.
    Auth,
    /// At `MAIL FROM`.
    Sender,
    /// At `RCPT TO`.
    Recipient,
    /// At `DATA`.
    Data,
    /// After the first line of the content.
    Content,
    /// After the last line of the content, before the mail is kept.
    End,
    /// After the mail is kept, before the answer that says so.
    Kept,
}

/// What goes wrong, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The answer is this line.
    Answer(Stage, &'static str),
    /// There is no answer, and the connection stays open.
    Hang(Stage),
    /// The connection is reset.
    Reset(Stage),
    /// The connection is closed in order.
    Close(Stage),
}

impl Fault {
    const fn stage(self) -> Stage {
        match self {
            Self::Answer(stage, _) | Self::Hang(stage) | Self::Reset(stage) | Self::Close(stage) => stage,
        }
    }
}

/// How a sink encrypts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SinkTls {
    /// Not at all, and offers nothing.
    None,
    /// After STARTTLS, and takes no mail before.
    StartTls,
    /// From the first byte.
    Implicit,
}

/// A mail server on a free port of this machine that keeps what it gets, until it is dropped.
pub struct SmtpSink {
    shared: Arc<Shared>,
    address: SocketAddr,
    authority: String,
    accepting: JoinHandle<()>,
}

/// What the conversations of a sink share.
struct Shared {
    tls: SinkTls,
    acceptor: TlsAcceptor,
    login: Option<(String, String)>,
    faults: Mutex<VecDeque<Fault>>,
    mails: Mutex<Vec<ReceivedMail>>,
    arrived: Notify,
    connections: AtomicUsize,
    open: AtomicUsize,
    busiest: AtomicUsize,
}

impl SmtpSink {
    /// Without TLS, for everybody.
    pub async fn start() -> Self {
        Self::with(SinkTls::None, None).await
    }

    /// With TLS, and for one user with a password only.
    pub async fn with(tls: SinkTls, login: Option<(&str, &str)>) -> Self {
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned()];
        let made = rcgen::generate_simple_self_signed(names).unwrap();
        let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let shared = Arc::new(Shared {
            tls,
            acceptor: TlsAcceptor::from(Arc::new(config)),
            login: login.map(|(user, password)| (user.to_owned(), password.to_owned())),
            faults: Mutex::default(),
            mails: Mutex::default(),
            arrived: Notify::new(),
            connections: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            busiest: AtomicUsize::new(0),
        });
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let accepting = tokio::spawn(accept(listener, Arc::clone(&shared)));
        Self { shared, address, authority: made.cert.pem(), accepting }
    }

    /// Where it listens.
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The URL of the setting `mail.url`, with the user and the password.
    pub fn url(&self) -> String {
        let login = self.shared.login.as_ref();
        let login = login.map_or_else(String::new, |(user, password)| format!("{user}:{password}@"));
        let address = self.address;
        match self.shared.tls {
            SinkTls::None => format!("smtp://{login}{address}"),
            SinkTls::StartTls => format!("smtp://{login}{address}?tls=required"),
            SinkTls::Implicit => format!("smtps://{login}{address}"),
        }
    }

    /// The certificate by which it is trusted, in PEM.
    pub fn authority(&self) -> &str {
        &self.authority
    }

    /// Fails once, when a conversation comes to the fault's stage; after the faults that were asked for before.
    pub fn fail(&self, fault: Fault) {
        self.shared.faults().push_back(fault);
    }

    /// The mails so far.
    pub fn mails(&self) -> Vec<ReceivedMail> {
        self.shared.mails().clone()
    }

    /// The mails, as soon as there are so many; fails after ten seconds.
    pub async fn wait_for(&self, count: usize) -> Vec<ReceivedMail> {
        let waiting = async {
            loop {
                let arrived = self.shared.arrived.notified();
                if self.shared.mails().len() >= count {
                    return self.mails();
                }
                arrived.await;
            }
        };
        let waited = tokio::time::timeout(Duration::from_secs(10), waiting).await;
        waited.unwrap_or_else(|_| panic!("{} of {count} mails came", self.mails().len()))
    }

    /// Connections so far.
    pub fn connections(&self) -> usize {
        self.shared.connections.load(Ordering::SeqCst)
    }

    /// The most connections that were open at once.
    pub fn busiest(&self) -> usize {
        self.shared.busiest.load(Ordering::SeqCst)
    }
}

impl Drop for SmtpSink {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

impl Shared {
    fn faults(&self) -> MutexGuard<'_, VecDeque<Fault>> {
        self.faults.lock().unwrap()
    }

    fn mails(&self) -> MutexGuard<'_, Vec<ReceivedMail>> {
        self.mails.lock().unwrap()
    }

    /// The next fault, if it is of this stage.
    fn fault_at(&self, stage: Stage) -> Option<Fault> {
        let mut faults = self.faults();
        faults.front().is_some_and(|fault| fault.stage() == stage).then(|| faults.pop_front()).flatten()
    }

    fn keep(&self, mail: ReceivedMail) {
        self.mails().push(mail);
        self.arrived.notify_waiters();
    }
}

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
    // Dropped with this task, and then every conversation ends.
    let mut conversations = JoinSet::new();
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let shared = Arc::clone(&shared);
        conversations.spawn(async move {
            shared.connections.fetch_add(1, Ordering::SeqCst);
            let open = shared.open.fetch_add(1, Ordering::SeqCst) + 1;
            shared.busiest.fetch_max(open, Ordering::SeqCst);
            // A connection that breaks is the client's affair, or was asked for.
            let _ended = session::converse(&shared, stream).await;
            shared.open.fetch_sub(1, Ordering::SeqCst);
        });
        while conversations.try_join_next().is_some() {}
    }
}
