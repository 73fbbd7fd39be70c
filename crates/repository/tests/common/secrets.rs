//! Sealing without cryptography: it only has to be another text, and to open for its server alone.

use vigie_auth::SecretText;
use vigie_kernel::{BoxError, ServerId};
use vigie_repository::ServerSecrets;

pub(crate) struct TestSecrets;

impl ServerSecrets for TestSecrets {
    fn seal(&self, server: ServerId, address: &SecretText) -> Result<Vec<u8>, BoxError> {
        let flipped = address.expose().bytes().map(|byte| byte ^ 0x55);
        Ok(server.as_uuid().into_bytes().into_iter().chain(flipped).collect())
    }

    fn open(&self, server: ServerId, sealed: &[u8]) -> Result<SecretText, BoxError> {
        let (owner, flipped) = sealed.split_at_checked(16).ok_or("too short")?;
        if owner != server.as_uuid().as_bytes() {
            return Err("sealed for another server".into());
        }
        let plain: Vec<u8> = flipped.iter().map(|byte| byte ^ 0x55).collect();
        Ok(SecretText::new(String::from_utf8(plain)?))
    }
}
