//! Who mails come from.

use lettre::Address;
use lettre::message::Mailbox;
use thiserror::Error;

/// Who mails come from: a name and an address, in whose domain every `Message-ID` is.
#[derive(Clone, Debug)]
pub struct Sender(Mailbox);

/// A text is no sender.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("this is not written as in: Vigie <no-reply@kpi.example.org>")]
pub struct SenderError;

impl Sender {
    /// Reads `Name <address>`, or an address alone.
    pub fn parse(text: &str) -> Result<Self, SenderError> {
        if text.chars().any(char::is_control) {
            return Err(SenderError);
        }
        let mailbox = match text.trim().strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
            Some((name, address)) => {
                let name = name.trim().trim_matches('"').trim();
                let name = Some(name).filter(|name| !name.is_empty()).map(str::to_owned);
                Mailbox::new(name, address.trim().parse().map_err(|_| SenderError)?)
            }
            None => Mailbox::new(None, text.trim().parse().map_err(|_| SenderError)?),
        };
        // Another address needs a server that speaks SMTPUTF8.
        let address: &str = mailbox.email.as_ref();
        if !address.is_ascii() {
            return Err(SenderError);
        }
        Ok(Self(mailbox))
    }

    /// `Vigie <no-reply@HOST>`, or `Vigie <vigie@localhost>` for a host that is none of the mail's.
    #[must_use]
    pub fn of_host(host: &str) -> Self {
        let name = Some("Vigie".to_owned());
        let address = Address::new("no-reply", host).ok().filter(|_| host.contains('.'));
        let address = address.unwrap_or_else(|| Address::new_dangerous("vigie", "localhost"));
        Self(Mailbox::new(name, address))
    }

    /// The domain of the address.
    #[must_use]
    pub fn domain(&self) -> &str {
        self.0.email.domain()
    }

    pub(super) const fn mailbox(&self) -> &Mailbox {
        &self.0
    }
}
