//! The mail server, out of its URL.

use lettre::transport::smtp::authentication::Credentials;
use percent_encoding::percent_decode_str;
use std::net::IpAddr;
use thiserror::Error;
use url::Url;

/// How the connection to a mail server is encrypted. There is no "if it can".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MailTls {
    /// From the first byte (`smtps://`).
    Implicit,
    /// From STARTTLS on, which the server must offer.
    StartTls,
    /// Not at all.
    None,
}

/// A mail server and how it is spoken to.
#[derive(Clone)]
pub struct SmtpServer {
    pub(super) host: String,
    pub(super) port: u16,
    pub(super) tls: MailTls,
    pub(super) credentials: Option<Credentials>,
}

/// The URL cannot be used. Repeats none of it: it may carry a password.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum SmtpServerError {
    /// Not one of the forms.
    #[error(
        "this is neither smtp://[USER:PASSWORD@]HOST[:PORT] nor smtps://[USER:PASSWORD@]HOST[:PORT], with ?tls=required or ?tls=none at most"
    )]
    Form,
    /// A user without a password, or the other way round.
    #[error("a user and a password go together")]
    Credentials,
    /// A password would go through a network in clear.
    #[error("a password is sent without TLS to this machine only; remove tls=none")]
    ClearPassword,
}

impl SmtpServer {
    /// Reads a URL.
    ///
    /// - `smtps://`: TLS from the first byte, port 465.
    /// - `smtp://`: STARTTLS, which must be offered, port 587.
    /// - `smtp://` to this machine: no encryption, port 25; `?tls=required` wants STARTTLS there too.
    /// - `smtp://…?tls=none`: no encryption, port 25.
    pub fn parse(text: &str) -> Result<Self, SmtpServerError> {
        let url = Url::parse(text).map_err(|_| SmtpServerError::Form)?;
        let host = url.host_str().map(|host| host.trim_start_matches('[').trim_end_matches(']'));
        let host = host.filter(|host| !host.is_empty()).ok_or(SmtpServerError::Form)?;
        if !matches!(url.path(), "" | "/") || url.fragment().is_some() {
            return Err(SmtpServerError::Form);
        }
        let local = is_this_machine(host);
        let tls = match (url.scheme(), url.query()) {
            ("smtps", None) => MailTls::Implicit,
            ("smtp", None) if local => MailTls::None,
            ("smtp", None | Some("tls=required")) => MailTls::StartTls,
            ("smtp", Some("tls=none")) => MailTls::None,
            (_, _) => return Err(SmtpServerError::Form),
        };
        let credentials = credentials(&url)?;
        if credentials.is_some() && tls == MailTls::None && !local {
            return Err(SmtpServerError::ClearPassword);
        }
        let port = url.port().unwrap_or(match tls {
            MailTls::Implicit => 465,
            MailTls::StartTls => 587,
            MailTls::None => 25,
        });
        Ok(Self { host: host.to_owned(), port, tls, credentials })
    }

    /// How it is encrypted.
    #[must_use]
    pub const fn tls(&self) -> MailTls {
        self.tls
    }
}

fn credentials(url: &Url) -> Result<Option<Credentials>, SmtpServerError> {
    let decoded = |text: &str| {
        let text = percent_decode_str(text).decode_utf8().map_err(|_| SmtpServerError::Form)?;
        // They end the line, or a part of what is sent as one line.
        let plain = !text.contains(['\r', '\n', '\0']);
        plain.then(|| text.into_owned()).ok_or(SmtpServerError::Form)
    };
    match (url.username(), url.password()) {
        ("", None) => Ok(None),
        ("", Some(_)) | (_, None) => Err(SmtpServerError::Credentials),
        (user, Some(password)) => Ok(Some(Credentials::new(decoded(user)?, decoded(password)?))),
    }
}

fn is_this_machine(host: &str) -> bool {
    host == "localhost" || host.parse::<IpAddr>().is_ok_and(|address| address.is_loopback())
}
