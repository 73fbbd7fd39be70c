//! The names of everything in Redis. There is no other way to one: a key is made here, of ids and of hashes.
//!
//! ```text
//! vigie:<installation>:org:<organization>:...   what is about one organization
//! vigie:<installation>:all:...                  what is about none of them, or looked up before one is known
//! ```

use crate::Signer;
use std::fmt;
use std::sync::Arc;
use thiserror::Error;
use vigie_auth::Pseudonyms;
use vigie_kernel::{OrganizationId, SessionId, UserId};

/// The name of something in Redis.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Key(String);

impl Key {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Key {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Something of another organization was about to be kept, or taken, under this one's prefix.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("this is not the organization's own")]
pub(crate) struct ForeignKey;

/// The names of one installation: several may use the same server.
#[derive(Clone, Debug)]
pub(crate) struct KeySpace(Arc<str>);

impl KeySpace {
    /// The names of the installation that has this key.
    pub(crate) fn of(signer: &Signer) -> Self {
        let installation = signer.pseudonym("names in Redis");
        Self(format!("vigie:{}", &installation[..16]).into())
    }

    pub(crate) fn namespace(&self) -> &str {
        &self.0
    }

    /// The names under one organization's prefix.
    pub(crate) fn organization(&self, organization: OrganizationId) -> OrganizationKeys {
        OrganizationKeys { prefix: format!("{}:org:{organization}:", self.0), organization }
    }

    /// The names of the platform.
    pub(crate) fn platform(&self) -> PlatformKeys {
        PlatformKeys { prefix: format!("{}:all:", self.0) }
    }

    /// Where a session is kept: under its organization's prefix, or the platform's for an administrator of it.
    pub(crate) fn session(&self, session: SessionId, organization: Option<OrganizationId>) -> Key {
        match organization {
            Some(organization) => self.organization(organization).session(session),
            None => self.platform().session(session),
        }
    }
}

/// Names of one organization's things; each begins with its id.
#[derive(Clone, Debug)]
pub(crate) struct OrganizationKeys {
    prefix: String,
    organization: OrganizationId,
}

impl OrganizationKeys {
    /// A session of one of its members.
    pub(crate) fn session(&self, session: SessionId) -> Key {
        Key(format!("{}session:{session}", self.prefix))
    }

    /// The latest news of the organization.
    pub(crate) fn news(&self) -> Key {
        Key(format!("{}news", self.prefix))
    }

    /// A pattern of everything under its prefix. A prefix has none of the characters that mean something in a pattern.
    pub(crate) fn all(&self) -> String {
        format!("{}*", self.prefix)
    }

    /// Takes a name that came from outside as one of the organization's; [`ForeignKey`] for any other.
    pub(crate) fn adopt(&self, text: String) -> Result<Key, ForeignKey> {
        if text.len() > self.prefix.len() && text.starts_with(&self.prefix) {
            Ok(Key(text))
        } else {
            Err(ForeignKey)
        }
    }

    /// Whether something that says whose it is may be kept here.
    pub(crate) fn admit(&self, owner: Option<OrganizationId>) -> Result<(), ForeignKey> {
        if owner == Some(self.organization) { Ok(()) } else { Err(ForeignKey) }
    }
}

/// Names of what belongs to no organization, or is looked up before one is known.
#[derive(Clone, Debug)]
pub(crate) struct PlatformKeys {
    prefix: String,
}

impl PlatformKeys {
    /// A session of a platform administrator.
    pub(crate) fn session(&self, session: SessionId) -> Key {
        Key(format!("{}session:{session}", self.prefix))
    }

    /// The latest news of a user, who may be a member of several organizations.
    pub(crate) fn user_news(&self, user: UserId) -> Key {
        Key(format!("{}news:user:{user}", self.prefix))
    }

    /// The latest news of any organization's names.
    pub(crate) fn names_news(&self) -> Key {
        Key(format!("{}news:names", self.prefix))
    }

    /// What a host or a slug stands for, by its pseudonym.
    pub(crate) fn name(&self, pseudonym: &str) -> Key {
        Key(format!("{}name:{pseudonym}", self.prefix))
    }

    /// A counter of requests, by the pseudonym of whom it counts.
    pub(crate) fn counter(&self, policy: &'static str, pseudonym: &str) -> Key {
        Key(format!("{}rate:{policy}:{pseudonym}", self.prefix))
    }

    /// The channel on which processes tell each other what has changed.
    pub(crate) fn changes(&self) -> Key {
        Key(format!("{}changes", self.prefix))
    }

    /// The channel on which idle workers are called.
    pub(crate) fn calls(&self) -> Key {
        Key(format!("{}calls", self.prefix))
    }
}
