//! Which organization a request names: by host, by header, by parameter. Pure.

use crate::TenancyError;
use std::net::{Ipv4Addr, Ipv6Addr};
use vigie_kernel::{Slug, SlugError};

/// Longest host name of the DNS.
const LONGEST_HOST: usize = 253;

/// What a request says about the organization that it is for, as sent.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TenantHints {
    /// The host that the client asked, with or without a port. A forwarded one only from a proxy that is trusted.
    pub host: Option<String>,
    /// The header `X-Tenant-ID`.
    pub header: Option<String>,
    /// The parameter `tenant`.
    pub query: Option<String>,
}

/// How hosts and parameters of this installation are read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResolutionRules {
    base_domain: String,
    shared_hosts: Vec<String>,
    query_allowed: bool,
}

/// What a request names, not yet looked up. Both are set when a domain of its own and a slug are named.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NamedTenant {
    /// A slug in lower case, which may be none in truth.
    pub slug: Option<String>,
    /// A whole host name outside the base domain: lower case, punycode, no port, no trailing dot.
    pub domain: Option<String>,
}

/// What a host tells.
#[derive(Debug, PartialEq, Eq)]
enum Host {
    Nobody,
    Slug(String),
    Domain(String),
}

impl ResolutionRules {
    /// Rules for a base domain (`localhost`: `paris.localhost` names `paris`), with further hosts on which the product
    /// itself is reached and which name nobody (such as the host of the public address), and with the parameter
    /// `tenant` counted or not. `None` when the base domain or a shared host is no host name or address.
    #[must_use]
    pub fn try_new(base_domain: &str, shared_hosts: &[&str], query_allowed: bool) -> Option<Self> {
        let base_domain = normalise(base_domain).ok()?.filter(|host| host.parse::<Ipv4Addr>().is_err())?;
        let mut shared = Vec::new();
        for host in shared_hosts {
            shared.extend(normalise(host).ok()?);
        }
        Some(Self { base_domain, shared_hosts: shared, query_allowed })
    }

    /// What the request names. [`TenancyError::TenantConflict`] when two sources name different slugs,
    /// [`TenancyError::TenantUnknown`] for a host that is no host name; blank sources count as absent.
    pub fn named(&self, hints: &TenantHints) -> Result<NamedTenant, TenancyError> {
        let host = hints.host.as_deref().map_or(Ok(Host::Nobody), |host| self.read_host(host))?;
        let header = hints.header.as_deref().and_then(read_slug);
        let query = hints.query.as_deref().filter(|_| self.query_allowed).and_then(read_slug);
        let (from_host, domain) = match host {
            Host::Nobody => (None, None),
            Host::Slug(slug) => (Some(slug), None),
            Host::Domain(domain) => (None, Some(domain)),
        };
        let mut slugs = [from_host, header, query].into_iter().flatten();
        let slug = slugs.next();
        if slugs.any(|other| Some(other) != slug) {
            return Err(TenancyError::TenantConflict);
        }
        Ok(NamedTenant { slug, domain })
    }

    /// The form in which a domain of an organization's own is looked up; `None` for what is none: an address, a name without
    /// a dot, the base domain or one under it, a host of the product itself.
    #[must_use]
    pub fn own_domain(&self, text: &str) -> Option<String> {
        if text.contains(':') {
            return None;
        }
        let host = normalise(text).ok()??;
        let is_under_ours = host.strip_suffix(&self.base_domain).is_some_and(|rest| rest.ends_with('.'));
        match self.read_host(&host) {
            Ok(Host::Domain(domain)) if !is_under_ours => Some(domain),
            Ok(Host::Domain(_) | Host::Slug(_) | Host::Nobody) | Err(_) => None,
        }
    }

    fn read_host(&self, host: &str) -> Result<Host, TenancyError> {
        let Some(host) = normalise(host).map_err(|NoHost| TenancyError::TenantUnknown)? else {
            return Ok(Host::Nobody);
        };
        let is_address = host.parse::<Ipv4Addr>().is_ok();
        if is_address || host == self.base_domain || self.shared_hosts.contains(&host) {
            return Ok(Host::Nobody);
        }
        let label = host.strip_suffix(&self.base_domain).and_then(|rest| rest.strip_suffix('.'));
        Ok(match label {
            Some(label) if !label.contains('.') => match Slug::parse(label) {
                Err(SlugError::Reserved) => Host::Nobody,
                Ok(_) | Err(SlugError::Shape) => Host::Slug(label.to_owned()),
            },
            // A name without a dot is a machine's or a container's, never a customer's domain.
            Some(_) | None if !host.contains('.') => Host::Nobody,
            Some(_) | None => Host::Domain(host),
        })
    }
}

/// A slug as sent in a header or parameter; `None` when blank.
fn read_slug(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty()).then(|| text.to_ascii_lowercase())
}

/// The text is no host.
struct NoHost;

/// Lower case, punycode, without port and trailing dot. `None` for a host that can name nobody: nothing, or an IPv6
/// address.
fn normalise(host: &str) -> Result<Option<String>, NoHost> {
    let host = host.trim();
    if host.is_empty() || host.parse::<Ipv6Addr>().is_ok() {
        return Ok(None);
    }
    if let Some(rest) = host.strip_prefix('[') {
        let (address, port) = rest.split_once(']').ok_or(NoHost)?;
        let port_fits = port.is_empty() || port.strip_prefix(':').is_some_and(is_port);
        let fits = port_fits && address.parse::<Ipv6Addr>().is_ok();
        return if fits { Ok(None) } else { Err(NoHost) };
    }
    let name = match host.split_once(':') {
        Some((name, port)) if is_port(port) => name,
        Some(_) => return Err(NoHost),
        None => host,
    };
    let name = name.strip_suffix('.').unwrap_or(name);
    if name.is_empty() || name.len() > LONGEST_HOST {
        return Err(NoHost);
    }
    let ascii = idna::domain_to_ascii(name).map_err(|_| NoHost)?;
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '_');
    let fits = ascii.len() <= LONGEST_HOST
        && ascii.chars().all(plain)
        && ascii.split('.').all(|label| (1..=63).contains(&label.len()));
    if fits { Ok(Some(ascii)) } else { Err(NoHost) }
}

fn is_port(text: &str) -> bool {
    text.is_empty() || text.parse::<u16>().is_ok()
}
