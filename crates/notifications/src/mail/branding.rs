//! How a mail looks and whom it seems to come from.

use super::{Colour, Line};
use chrono::{DateTime, Utc};
use url::Url;
use vigie_kernel::{EmailAddress, FieldError, FieldErrors};

/// How a mail looks: the organization's name, colour and logo, and where answers go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branding {
    organization: Option<Line>,
    colour: Colour,
    logo: Option<LogoUrl>,
    reply_to: Option<VerifiedAddress>,
}

impl Branding {
    /// The product's own, for mails that are of no organization.
    #[must_use]
    pub const fn product() -> Self {
        Self { organization: None, colour: Colour::PRODUCT, logo: None, reply_to: None }
    }

    /// An organization's, with the product's colour and no logo.
    #[must_use]
    pub fn of(organization: Line) -> Self {
        Self { organization: Some(organization), ..Self::product() }
    }

    /// With a colour.
    #[must_use]
    pub fn with_colour(self, colour: Colour) -> Self {
        Self { colour, ..self }
    }

    /// With a logo.
    #[must_use]
    pub fn with_logo(self, logo: LogoUrl) -> Self {
        Self { logo: Some(logo), ..self }
    }

    /// With an address for answers.
    #[must_use]
    pub fn with_reply_to(self, address: VerifiedAddress) -> Self {
        Self { reply_to: Some(address), ..self }
    }

    /// The organization's name; `None` for the product's own mails.
    #[must_use]
    pub const fn organization(&self) -> Option<&Line> {
        self.organization.as_ref()
    }

    /// The colour of the head and of buttons.
    #[must_use]
    pub const fn colour(&self) -> Colour {
        self.colour
    }

    /// The logo.
    #[must_use]
    pub const fn logo(&self) -> Option<&LogoUrl> {
        self.logo.as_ref()
    }

    /// Where answers go.
    #[must_use]
    pub const fn reply_to(&self) -> Option<&VerifiedAddress> {
        self.reply_to.as_ref()
    }
}

impl Default for Branding {
    fn default() -> Self {
        Self::product()
    }
}

/// The address of a logo: https, with a host, without user or password, at most 2,048 characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoUrl(Url);

impl LogoUrl {
    /// Reads an address. Code: `url_invalid`.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, FieldErrors> {
        let wrong = || FieldError::new(field, "url_invalid");
        if text.len() > 2048 || text.chars().any(|c| c.is_control() || c == ' ') {
            return Err(wrong().into());
        }
        let url = Url::parse(text).map_err(|_| wrong())?;
        let plain = url.username().is_empty() && url.password().is_none();
        if url.scheme() != "https" || url.host_str().is_none() || !plain {
            return Err(wrong().into());
        }
        Ok(Self(url))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// An address that its owner has proved to be his. Only such a one may stand in `Reply-To`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifiedAddress(EmailAddress);

impl VerifiedAddress {
    /// The address, when it was verified.
    #[must_use]
    pub fn of(address: EmailAddress, verified_at: Option<DateTime<Utc>>) -> Option<Self> {
        verified_at.map(|_| Self(address))
    }

    /// The address.
    #[must_use]
    pub const fn address(&self) -> &EmailAddress {
        &self.0
    }
}
