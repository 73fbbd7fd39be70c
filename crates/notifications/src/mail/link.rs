//! Links in mails.

use std::fmt;
use thiserror::Error;
use url::{Host, Url};

/// The address at which people reach the product, as the operator set it. Every link in a mail begins with it, and never with a host
/// that a request named.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublicUrl(Url);

/// The address cannot begin a link.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum PublicUrlError {
    /// Neither https, nor http on this machine.
    #[error("links in mails need https; http is for localhost only")]
    NotSecure,
    /// It has a user, a query or a fragment, or no host.
    #[error("an address that begins links is made of scheme, host, port and path only")]
    NotPlain,
}

/// The rest of a link cannot be used.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum LinkError {
    /// The path does not begin with one `/`, or has other characters than letters, digits, `-`, `_`, `.` and `/`.
    #[error("not a path of the product")]
    Path,
    /// The token is empty, longer than 512 characters, or has other characters than letters, digits, `-` and `_`.
    #[error("not a token")]
    Token,
}

impl PublicUrl {
    /// Takes an address: https, or http for this machine alone.
    pub fn try_new(url: &Url) -> Result<Self, PublicUrlError> {
        let plain = url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none();
        let host = url.host().filter(|_| plain).ok_or(PublicUrlError::NotPlain)?;
        match url.scheme() {
            "https" => Ok(Self(url.clone())),
            "http" if is_this_machine(&host) => Ok(Self(url.clone())),
            _ => Err(PublicUrlError::NotSecure),
        }
    }

    /// The host, as in `kpi.example.org`.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().unwrap_or_default()
    }

    /// A link to a page, `path` beginning with `/`.
    pub fn page(&self, path: &str) -> Result<MailLink, LinkError> {
        let plain = |c: char| c.is_ascii_alphanumeric() || "-_./".contains(c);
        let steps = path.strip_prefix('/').ok_or(LinkError::Path)?;
        if !steps.chars().all(plain) || steps.split('/').any(|step| step == "..") || steps.starts_with('/') {
            return Err(LinkError::Path);
        }
        let mut url = self.0.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}/{steps}"));
        Ok(MailLink(url))
    }

    /// A link to a page with a token in its fragment, `#token=…`: a browser sends that neither to a server nor to the next page, so that
    /// it is in no log.
    pub fn with_token(&self, path: &str, token: &str) -> Result<MailLink, LinkError> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || b == b'-' || b == b'_';
        if !(1..=512).contains(&token.len()) || !token.bytes().all(plain) {
            return Err(LinkError::Token);
        }
        let MailLink(mut url) = self.page(path)?;
        url.set_fragment(Some(&format!("token={token}")));
        Ok(MailLink(url))
    }
}

fn is_this_machine(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

/// A link in a mail. Only a [`PublicUrl`] makes one.
#[derive(Clone, PartialEq, Eq)]
pub struct MailLink(Url);

impl MailLink {
    /// The whole link. It may carry a token: it goes into a mail and nowhere else.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// Without the token.
impl fmt::Debug for MailLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MailLink({})", self.0.path())
    }
}
