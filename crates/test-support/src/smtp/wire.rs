//! Lines over a connection.

use std::io::{Error, ErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

enum Stream {
    Plain(TcpStream),
    Tls(Box<TlsStream<TcpStream>>),
}

/// A connection that is read by lines.
pub(super) struct Wire {
    stream: Stream,
    read: Vec<u8>,
}

impl Wire {
    pub(super) const fn plain(stream: TcpStream) -> Self {
        Self { stream: Stream::Plain(stream), read: Vec::new() }
    }

    pub(super) const fn is_encrypted(&self) -> bool {
        matches!(self.stream, Stream::Tls(_))
    }

    /// The same connection, encrypted. What was sent in clear behind STARTTLS is refused.
    pub(super) async fn encrypt(self, acceptor: &TlsAcceptor) -> Result<Self, Error> {
        let Stream::Plain(stream) = self.stream else {
            return Err(Error::other("it is encrypted already"));
        };
        if !self.read.is_empty() {
            return Err(Error::other("something was sent behind STARTTLS"));
        }
        let stream = acceptor.accept(stream).await?;
        Ok(Self { stream: Stream::Tls(Box::new(stream)), read: Vec::new() })
    }

    /// A line without its end.
    pub(super) async fn line(&mut self) -> Result<Vec<u8>, Error> {
        loop {
            if let Some(end) = self.read.windows(2).position(|two| two == b"\r\n") {
                let mut line: Vec<u8> = self.read.drain(..end + 2).collect();
                line.truncate(end);
                return Ok(line);
            }
            let mut buffer = [0; 4096];
            let count = match &mut self.stream {
                Stream::Plain(stream) => stream.read(&mut buffer).await?,
                Stream::Tls(stream) => stream.read(&mut buffer).await?,
            };
            if count == 0 {
                return Err(ErrorKind::UnexpectedEof.into());
            }
            self.read.extend_from_slice(&buffer[..count]);
        }
    }

    /// Sends lines; their ends are added.
    pub(super) async fn say(&mut self, lines: &str) -> Result<(), Error> {
        let bytes = format!("{}\r\n", lines.replace('\n', "\r\n"));
        match &mut self.stream {
            Stream::Plain(stream) => stream.write_all(bytes.as_bytes()).await,
            Stream::Tls(stream) => {
                stream.write_all(bytes.as_bytes()).await?;
                stream.flush().await
            }
        }
    }

    /// Makes the connection end with a reset instead of a goodbye.
    pub(super) fn reset(&self) -> Result<(), Error> {
        match &self.stream {
            Stream::Plain(stream) => stream.set_zero_linger(),
            Stream::Tls(stream) => stream.get_ref().0.set_zero_linger(),
        }
    }
}
