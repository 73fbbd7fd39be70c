//! The keys of access tokens: a file for each, which signs from the instant in its name until the next one takes over.

use crate::key_file::{KeyError, read, read_or_make, write_new};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::{DateTime, NaiveDateTime, SubsecRound, TimeDelta, Utc};
use jsonwebtoken::{DecodingKey, EncodingKey};
use std::fs;
use std::path::{Path, PathBuf};
use vigie_kernel::BoxError;
use zeroize::Zeroizing;

/// The first key, which signs from the beginning.
const FIRST: &str = "access-token.pem";
const PREFIX: &str = "access-token-";
const SUFFIX: &str = ".pem";
/// The instant in a file's name.
const SINCE: &str = "%Y%m%dT%H%M%SZ";
const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";
/// For how long a new key is known before it signs.
const ANNOUNCED: TimeDelta = TimeDelta::hours(24);
/// For how long a key still verifies after the next one has taken over: the longest life of a token and a minute.
const OUTLIVES: TimeDelta = TimeDelta::seconds(super::tokens::MAX_LIFETIME + 60);
/// For how long the file of a key that verifies nothing any more is kept.
const KEPT: TimeDelta = TimeDelta::hours(24);

/// One key.
pub(crate) struct TokenKey {
    pub(crate) kid: String,
    pub(crate) signing: EncodingKey,
    pub(crate) verifying: DecodingKey,
    public_key: Vec<u8>,
    since: DateTime<Utc>,
    path: PathBuf,
}

/// A new key that waits for its time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyRotation {
    /// The name of the new key.
    pub kid: String,
    /// From when on it signs.
    pub signs_from: DateTime<Utc>,
    /// How many keys were removed that verify nothing any more.
    pub removed: usize,
}

/// The keys of a folder, in the order in which they sign.
pub(crate) struct KeyRing(Vec<TokenKey>);

impl KeyRing {
    /// Reads the keys, after making the first one if there is none.
    pub(crate) fn load(folder: &Path) -> Result<Self, KeyError> {
        let mut files = files(folder)?;
        if files.is_empty() {
            let path = folder.join(FIRST);
            read_or_make(&path, new_key)?;
            files.push((DateTime::<Utc>::MIN_UTC, path));
        }
        files.sort();
        let keys: Result<Vec<_>, _> = files.into_iter().map(|(since, path)| key(since, path)).collect();
        Ok(Self(keys?))
    }

    /// The key that signs at that instant.
    pub(crate) fn signing(&self, now: DateTime<Utc>) -> Option<&TokenKey> {
        self.0.iter().rev().find(|key| key.since <= now).or_else(|| self.0.first())
    }

    /// The key of that name, unless its time is over. One that does not sign yet verifies already: clocks differ a little.
    pub(crate) fn verifying(&self, kid: &str, now: DateTime<Utc>) -> Option<&TokenKey> {
        let at = self.0.iter().position(|key| key.kid == kid)?;
        let key = self.0.get(at)?;
        (!self.is_over(at, now)).then_some(key)
    }

    /// The public keys that verify, or will, as a JSON Web Key set.
    pub(crate) fn public(&self, now: DateTime<Utc>) -> serde_json::Value {
        let keys = self.0.iter().enumerate().filter(|(at, _)| !self.is_over(*at, now));
        let keys: Vec<_> = keys
            .map(|(_, key)| {
                serde_json::json!({
                    "kty": "OKP",
                    "crv": "Ed25519",
                    "alg": "EdDSA",
                    "use": "sig",
                    "kid": key.kid,
                    "x": URL_SAFE_NO_PAD.encode(&key.public_key),
                })
            })
            .collect();
        serde_json::json!({ "keys": keys })
    }

    /// Whether the next key has signed for so long that no token of this one is good any more.
    fn is_over(&self, at: usize, now: DateTime<Utc>) -> bool {
        self.0.get(at + 1).is_some_and(|next| now > next.since + OUTLIVES)
    }
}

/// Makes the next key of access tokens: every process that shares the folder signs with it after 24 hours, and verifies with it before.
/// Removes the keys that verify nothing any more.
///
/// [`KeyError::Waiting`] while an earlier new key waits for its time.
pub fn rotate_access_keys(folder: &Path, now: DateTime<Utc>) -> Result<KeyRotation, KeyError> {
    let ring = KeyRing::load(folder)?;
    if let Some(waiting) = ring.0.iter().find(|key| key.since > now) {
        return Err(KeyError::Waiting { since: waiting.since });
    }
    let signs_from = (now + ANNOUNCED).trunc_subsecs(0);
    let path = folder.join(format!("{PREFIX}{}{SUFFIX}", signs_from.format(SINCE)));
    let text = new_key().map_err(KeyError::NotMade)?;
    write_new(&path, &text).map_err(|source| KeyError::File { path: path.clone(), source })?;
    let mut removed = 0;
    for (at, old) in ring.0.iter().enumerate() {
        if ring.is_over(at, now - KEPT) {
            fs::remove_file(&old.path).map_err(|source| KeyError::File { path: old.path.clone(), source })?;
            removed += 1;
        }
    }
    Ok(KeyRotation { kid: key(signs_from, path)?.kid, signs_from, removed })
}

/// The files of keys, with the instants from which they sign.
fn files(folder: &Path) -> Result<Vec<(DateTime<Utc>, PathBuf)>, KeyError> {
    let failed = |source| KeyError::File { path: folder.to_owned(), source };
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(failed(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(failed)?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        if name == FIRST {
            found.push((DateTime::<Utc>::MIN_UTC, path));
        } else if let Some(text) = name.strip_prefix(PREFIX).and_then(|rest| rest.strip_suffix(SUFFIX)) {
            match NaiveDateTime::parse_from_str(text, SINCE) {
                Ok(since) => found.push((since.and_utc(), path)),
                Err(_) => return Err(KeyError::Unusable { path }),
            }
        }
    }
    Ok(found)
}

fn key(since: DateTime<Utc>, path: PathBuf) -> Result<TokenKey, KeyError> {
    let pem = read(&path)?;
    let der = read_pem(&pem);
    let pair = der.as_deref().and_then(|der| Ed25519KeyPair::from_pkcs8(der).ok());
    let (Some(der), Some(pair)) = (der, pair) else { return Err(KeyError::Unusable { path }) };
    let public_key = pair.public_key().as_ref().to_vec();
    let name = URL_SAFE_NO_PAD.encode(digest(&SHA256, &public_key));
    Ok(TokenKey {
        kid: name.chars().take(16).collect(),
        signing: EncodingKey::from_ed_der(&der),
        verifying: DecodingKey::from_ed_der(&public_key),
        public_key,
        since,
        path,
    })
}

fn new_key() -> Result<Zeroizing<String>, BoxError> {
    let key = Ed25519KeyPair::generate_pkcs8v1(&SystemRandom::new()).map_err(|_| "no key could be made")?;
    let body = Zeroizing::new(STANDARD.encode(key.as_ref()));
    Ok(Zeroizing::new(format!("{PEM_BEGIN}\n{}\n{PEM_END}\n", *body)))
}

fn read_pem(pem: &str) -> Option<Zeroizing<Vec<u8>>> {
    let body = pem.trim().strip_prefix(PEM_BEGIN)?.strip_suffix(PEM_END)?;
    let body: Zeroizing<String> = Zeroizing::new(body.split_whitespace().collect());
    STANDARD.decode(body.as_bytes()).ok().map(Zeroizing::new)
}
