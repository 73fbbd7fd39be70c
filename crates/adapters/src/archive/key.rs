//! The installation's key for archives.

use crate::key_file::{KeyError, read_or_make};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::fmt::Write;
use std::path::Path;
use vigie_kernel::BoxError;
use vigie_tenancy::backup::ArchiveRefusal;
use zeroize::Zeroizing;

const FILE: &str = "backup-signing.key";
/// Keeps a signature of a manifest from being one of anything else.
const PURPOSE: &[u8] = b"vigie backup manifest v1\0";
const ALGORITHM: &str = "ed25519";

/// An Ed25519 key that signs the manifests of archives.
pub struct BackupKey {
    pair: Ed25519KeyPair,
}

/// The second member of an archive.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
#[allow(clippy::struct_field_names, reason = "the names of the file")]
struct Signature {
    algorithm: String,
    /// Base64.
    public_key: String,
    /// Base64.
    signature: String,
}

impl BackupKey {
    /// Reads the key (PKCS #8, base64) from the folder, after making it (mode 0600) if there is none.
    pub fn load(folder: &Path) -> Result<Self, KeyError> {
        let path = folder.join(FILE);
        let text = read_or_make(&path, new_key)?;
        let der = STANDARD.decode(text.trim()).map(Zeroizing::new).ok();
        let pair = der.and_then(|der| Ed25519KeyPair::from_pkcs8(&der).ok());
        pair.map(|pair| Self { pair }).ok_or(KeyError::Unusable { path })
    }

    /// SHA-256 of the public key, 64 hexadecimal digits.
    #[must_use]
    pub fn fingerprint(&self) -> String {
        fingerprint(self.pair.public_key().as_ref())
    }

    /// The signature of a manifest, as the text of its member.
    pub(super) fn sign(&self, manifest: &[u8]) -> Result<Vec<u8>, serde_json::Error> {
        let signature = self.pair.sign(&message(manifest));
        serde_json::to_vec(&Signature {
            algorithm: ALGORITHM.to_owned(),
            public_key: STANDARD.encode(self.pair.public_key().as_ref()),
            signature: STANDARD.encode(signature.as_ref()),
        })
    }

    /// Whether the text signs the manifest, and whose key that is: this installation's, or the one that is accepted.
    pub(super) fn check(
        &self,
        manifest: &[u8],
        signature: &[u8],
        foreign_key: Option<&str>,
    ) -> Result<String, ArchiveRefusal> {
        let read: Signature =
            serde_json::from_slice(signature).map_err(|_| ArchiveRefusal::SignatureInvalid)?;
        let decoded = (STANDARD.decode(&read.public_key), STANDARD.decode(&read.signature));
        let (Ok(public_key), Ok(signature)) = decoded else { return Err(ArchiveRefusal::SignatureInvalid) };
        if read.algorithm != ALGORITHM || public_key.len() != 32 {
            return Err(ArchiveRefusal::SignatureInvalid);
        }
        let verified = UnparsedPublicKey::new(&ED25519, &public_key).verify(&message(manifest), &signature);
        verified.map_err(|_| ArchiveRefusal::SignatureInvalid)?;
        let signer = fingerprint(&public_key);
        if public_key == self.pair.public_key().as_ref() || foreign_key == Some(signer.as_str()) {
            Ok(signer)
        } else {
            Err(ArchiveRefusal::ForeignKey { fingerprint: signer })
        }
    }
}

fn message(manifest: &[u8]) -> Vec<u8> {
    [PURPOSE, manifest].concat()
}

fn fingerprint(public_key: &[u8]) -> String {
    hex(&Sha256::digest(public_key))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing into a String cannot fail.
        let _infallible = write!(text, "{byte:02x}");
        text
    })
}

fn new_key() -> Result<Zeroizing<String>, BoxError> {
    let key = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).map_err(|_| "no key could be made")?;
    Ok(Zeroizing::new(STANDARD.encode(key.as_ref()) + "\n"))
}
