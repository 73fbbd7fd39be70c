//! E-mail addresses.

use std::fmt;
use thiserror::Error;

/// A deliverable e-mail address in its canonical form: trimmed, ASCII local part, lower case, a dotted domain that is no IP
/// literal, at most 254 characters.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct EmailAddress {
    key: String,
    shown: String,
}

/// A text is no e-mail address that mail can be sent to. Field code: `email_invalid`.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("not an e-mail address")]
pub struct EmailError;

impl EmailAddress {
    /// Reads an address. The local part keeps to RFC 5321's dot-atom; the domain must have a dot.
    pub fn parse(text: &str) -> Result<Self, EmailError> {
        let shown = text.trim();
        if shown.len() > 254 || !shown.is_ascii() {
            return Err(EmailError);
        }
        let (local, domain) = shown.rsplit_once('@').ok_or(EmailError)?;
        if !is_local(local) || !is_domain(domain) {
            return Err(EmailError);
        }
        Ok(Self { key: shown.to_ascii_lowercase(), shown: shown.to_owned() })
    }

    /// The canonical form, by which an account is unique.
    #[must_use]
    pub fn key(&self) -> &str {
        &self.key
    }

    /// The address as it was typed, for display and for mail.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.shown
    }

    /// The part before the `@`, in canonical form.
    #[must_use]
    pub fn local_part(&self) -> &str {
        self.key.rsplit_once('@').map_or("", |(local, _)| local)
    }
}

fn is_local(local: &str) -> bool {
    let atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+/=?^_`{|}~-".contains(c);
    (1..=64).contains(&local.len()) && local.split('.').all(|part| !part.is_empty() && part.chars().all(atom))
}

fn is_domain(domain: &str) -> bool {
    let label = |part: &str| {
        (1..=63).contains(&part.len())
            && part.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
            && !part.starts_with('-')
            && !part.ends_with('-')
    };
    let top_is_a_name = domain.rsplit('.').next().is_some_and(|top| !top.chars().all(|c| c.is_ascii_digit()));
    domain.contains('.') && domain.split('.').all(label) && top_is_a_name
}

/// Hidden: an address is personal data and must not reach a log by accident.
impl fmt::Debug for EmailAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("EmailAddress(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_canonical() {
        let address = EmailAddress::parse("  Marie.Curie@Example.ORG ").unwrap();
        assert_eq!(address.key(), "marie.curie@example.org");
        assert_eq!(address.as_str(), "Marie.Curie@Example.ORG");
        assert_eq!(address.local_part(), "marie.curie");
    }

    #[test]
    fn what_no_mail_can_reach_is_refused() {
        for bad in [
            "",
            "a",
            "@b.fr",
            "a@",
            "a@b",
            "a@localhost",
            "a@[127.0.0.1]",
            "a@127.0.0.1",
            "a b@c.fr",
            "a@b..fr",
            ".a@b.fr",
            "a@b.fr\r\nBcc: c@d.fr",
            "a@-b.fr",
            "é@b.fr",
            "a@b\u{212a}.fr",
        ] {
            assert_eq!(EmailAddress::parse(bad), Err(EmailError), "{bad:?}");
        }
    }
}
