//! A door in front of a server: shut, nobody listens; hung, somebody does and never answers.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinHandle, JoinSet};
use url::Url;

/// What a door does with those who come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Manner {
    Forward,
    Hang,
}

/// Forwards connections to a server until it is told otherwise: how a test stops a server that other tests go on using.
#[derive(Clone, Debug)]
pub struct Gate {
    address: SocketAddr,
    server: String,
    serving: Arc<Mutex<Option<JoinHandle<()>>>>,
}

impl Gate {
    /// A door to the server of a PostgreSQL URL, and the URL that leads through it.
    pub async fn to(url: &Url) -> std::io::Result<(Self, Url)> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let address = listener.local_addr()?;
        let server = format!("{}:{}", url.host_str().unwrap_or("127.0.0.1"), url.port().unwrap_or(5432));
        let mut through = url.clone();
        // Both are there in every URL of a server.
        let _set = (through.set_ip_host(address.ip()), through.set_port(Some(address.port())));
        let gate = Self { address, server, serving: Arc::default() };
        gate.serve(listener, Manner::Forward);
        Ok((gate, through))
    }

    /// Hangs up on everybody and listens no more.
    pub async fn shut(&self) {
        let serving = self.serving.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(serving) = serving {
            serving.abort();
            // Until it is: the connections end with it.
            let _aborted = serving.await;
        }
    }

    /// Lets everybody through again.
    pub async fn open(&self) -> std::io::Result<()> {
        self.shut().await;
        self.serve(TcpListener::bind(self.address).await?, Manner::Forward);
        Ok(())
    }

    /// Hangs up on everybody; who comes from now on gets no answer.
    pub async fn hang(&self) -> std::io::Result<()> {
        self.shut().await;
        self.serve(TcpListener::bind(self.address).await?, Manner::Hang);
        Ok(())
    }

    fn serve(&self, listener: TcpListener, manner: Manner) {
        let server = self.server.clone();
        let serving = tokio::spawn(async move {
            let mut connections = JoinSet::new();
            loop {
                let Ok((mut client, _)) = listener.accept().await else { continue };
                let server = server.clone();
                connections.spawn(async move {
                    if manner == Manner::Hang {
                        std::future::pending::<()>().await;
                    }
                    if let Ok(mut server) = TcpStream::connect(server).await {
                        let _ended = copy_bidirectional(&mut client, &mut server).await;
                    }
                });
                while connections.try_join_next().is_some() {}
            }
        });
        *self.serving.lock().unwrap_or_else(PoisonError::into_inner) = Some(serving);
    }
}

impl Drop for Gate {
    fn drop(&mut self) {
        if Arc::strong_count(&self.serving) == 1
            && let Some(serving) = self.serving.lock().unwrap_or_else(PoisonError::into_inner).take()
        {
            serving.abort();
        }
    }
}
