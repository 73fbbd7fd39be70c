//! Where the address of a server is kept: its password must not lie in the control database.

use super::model::ServerError;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use vigie_auth::SecretText;
use vigie_kernel::{BoxError, ServerId};

/// Seals the addresses that are kept in the control database, under a key that is not.
pub trait ServerSecrets: Send + Sync {
    /// Encrypts the address of that server.
    fn seal(&self, server: ServerId, address: &SecretText) -> Result<Vec<u8>, BoxError>;
    /// Decrypts it; an error when it was sealed by another installation or for another server, or changed.
    fn open(&self, server: ServerId, sealed: &[u8]) -> Result<SecretText, BoxError>;
}

/// Where a server's address (`postgres://USER:PASSWORD@HOST:PORT/DATABASE`, or `sqlite://FOLDER`) is.
#[derive(Clone, Debug)]
pub enum ServerAddress {
    /// In the configuration. Of the server `default` alone.
    Configured,
    /// In this variable of the environment of every process.
    Variable(String),
    /// In this file, for every process.
    File(String),
    /// In the control database, sealed with the installation's key.
    Sealed(SecretText),
}

/// An address as it is stored.
#[derive(Clone, Debug)]
pub(super) struct StoredAddress {
    pub(super) kind: &'static str,
    pub(super) text: Option<String>,
}

pub(super) const CONFIGURED: &str = "config";
pub(super) const VARIABLE: &str = "env";
pub(super) const FILE: &str = "file";
pub(super) const SEALED: &str = "sealed";

impl ServerAddress {
    /// What is stored of it.
    pub(super) fn stored(
        &self,
        server: ServerId,
        secrets: &dyn ServerSecrets,
    ) -> Result<StoredAddress, ServerError> {
        Ok(match self {
            Self::Configured => StoredAddress { kind: CONFIGURED, text: None },
            Self::Variable(name) => StoredAddress { kind: VARIABLE, text: Some(name.clone()) },
            Self::File(path) => StoredAddress { kind: FILE, text: Some(path.clone()) },
            Self::Sealed(address) => {
                let sealed = secrets.seal(server, address).map_err(ServerError::Secret)?;
                StoredAddress { kind: SEALED, text: Some(STANDARD.encode(sealed)) }
            }
        })
    }
}

/// The address itself; `None` where the configuration has it.
pub(super) fn resolve(
    server: ServerId,
    kind: &str,
    text: Option<&str>,
    secrets: &dyn ServerSecrets,
) -> Result<Option<SecretText>, ServerError> {
    let text = text.unwrap_or_default();
    let address = match kind {
        CONFIGURED => return Ok(None),
        VARIABLE => {
            std::env::var(text).map_err(|_| ServerError::Unresolved(format!("the variable {text}")))?
        }
        FILE => std::fs::read_to_string(text)
            .map_err(|error| ServerError::Unresolved(format!("the file {text} ({error})")))?,
        SEALED => {
            let sealed = STANDARD.decode(text).map_err(|error| ServerError::Secret(Box::new(error)))?;
            return secrets.open(server, &sealed).map(Some).map_err(ServerError::Secret);
        }
        other => return Err(ServerError::Unresolved(format!("an address of the unknown kind {other}"))),
    };
    Ok(Some(SecretText::new(address.trim())))
}
