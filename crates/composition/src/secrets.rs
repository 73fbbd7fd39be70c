//! Addresses of database servers, sealed with the installation's key.

use std::sync::Arc;
use vigie_adapters::{AeadSealer, Signer};
use vigie_auth::{Sealer, SecretText};
use vigie_kernel::{BoxError, ServerId};
use vigie_repository::ServerSecrets;

/// Keeps what is sealed for one server from being opened for another, and from any other use of the key.
const PURPOSE: &str = "address of a database server v1";

/// Seals under a key derived from `keys/signing.key` and the server's id.
pub(crate) struct InstallationSecrets(pub(crate) Arc<Signer>);

impl ServerSecrets for InstallationSecrets {
    fn seal(&self, server: ServerId, address: &SecretText) -> Result<Vec<u8>, BoxError> {
        let key = self.0.derive(PURPOSE, server.as_uuid().as_bytes());
        AeadSealer.seal(&key, address.expose().as_bytes())
    }

    fn open(&self, server: ServerId, sealed: &[u8]) -> Result<SecretText, BoxError> {
        let key = self.0.derive(PURPOSE, server.as_uuid().as_bytes());
        let plain = AeadSealer.open(&key, sealed)?;
        Ok(SecretText::new(std::str::from_utf8(&plain)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_opens_for_its_server_alone() {
        let folder = tempfile::tempdir().unwrap();
        let secrets = InstallationSecrets(Arc::new(Signer::load(folder.path()).unwrap()));
        let server: ServerId = "01930000-0000-7000-8000-000000000001".parse().unwrap();
        let other: ServerId = "01930000-0000-7000-8000-000000000002".parse().unwrap();
        let address = SecretText::new("postgres://vigie:s3cret@db.example/postgres");

        let sealed = secrets.seal(server, &address).unwrap();

        assert_eq!(secrets.open(server, &sealed).unwrap().expose(), address.expose());
        assert!(secrets.open(other, &sealed).is_err());
        let elsewhere = tempfile::tempdir().unwrap();
        let other_installation = InstallationSecrets(Arc::new(Signer::load(elsewhere.path()).unwrap()));
        assert!(other_installation.open(server, &sealed).is_err());
        assert!(!sealed.windows(6).any(|window| window == b"s3cret"));
    }
}
