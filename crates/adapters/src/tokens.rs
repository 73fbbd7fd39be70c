//! Access tokens: JSON Web Tokens signed with Ed25519.

use crate::key_file::KeyError;
use crate::key_ring::KeyRing;
use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};
use uuid::Uuid;
use vigie_auth::{AccessClaims, AccessTokens, InvalidAccessToken, SecretText};
use vigie_kernel::{BoxError, Clock, Role};

/// The media type of access tokens (RFC 9068), so that no other token of ours is taken for one.
const TYPE: &str = "at+jwt";
/// Longest token that is looked at.
const MAX_BYTES: usize = 4096;
/// Longest name of a key that is looked up.
const MAX_KID: usize = 32;
/// Longest lifetime that is believed, in seconds.
pub(crate) const MAX_LIFETIME: i64 = 900;
/// By how much two clocks may differ, in seconds.
const LEEWAY: i64 = 5;
/// How often the folder is looked at for new keys.
const LOOKED_AT_EVERY: TimeDelta = TimeDelta::seconds(60);
const PLATFORM_ADMIN: &str = "PLATFORM_ADMIN";

/// Who issues access tokens, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenNames {
    /// The `iss` claim, such as the installation's public address.
    pub issuer: String,
    /// The `aud` claim.
    pub audience: String,
}

/// Signs and reads access tokens with the Ed25519 keys of a folder, which follow one another ([`crate::rotate_access_keys`]).
pub struct Ed25519Tokens {
    names: TokenNames,
    folder: PathBuf,
    keys: RwLock<Loaded>,
    validation: Validation,
    clock: Arc<dyn Clock>,
}

/// The keys, and when the folder was looked at.
struct Loaded {
    ring: Arc<KeyRing>,
    at: DateTime<Utc>,
}

/// The claims as they are written. A `role` without an `org` is a platform administrator's.
#[derive(Serialize, Deserialize)]
struct Claims {
    iss: String,
    aud: String,
    sub: Uuid,
    sid: Uuid,
    jti: Uuid,
    org: Option<Uuid>,
    role: String,
    av: i64,
    iat: i64,
    nbf: i64,
    exp: i64,
}

impl Ed25519Tokens {
    /// Reads the keys (PKCS #8 in PEM) from the folder, after making one (mode 0600) if there is none. Looks for new ones every minute.
    pub fn load(folder: &Path, names: TokenNames, clock: Arc<dyn Clock>) -> Result<Self, KeyError> {
        let ring = Arc::new(KeyRing::load(folder)?);
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&names.issuer]);
        validation.set_audience(&[&names.audience]);
        // Without this list a token that lacks a claim passes: the library compares only what is there.
        validation.set_required_spec_claims(&["exp", "nbf", "aud", "iss", "sub"]);
        // The library would compare with the system's clock; `in_time` compares the same claims with the one that is given.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        let keys = RwLock::new(Loaded { ring, at: clock.now() });
        Ok(Self { names, folder: folder.to_owned(), keys, validation, clock })
    }

    /// The keys as they were at most a minute ago.
    fn ring(&self) -> Arc<KeyRing> {
        let now = self.clock.now();
        let fresh = |loaded: &Loaded| (TimeDelta::zero()..LOOKED_AT_EVERY).contains(&(now - loaded.at));
        {
            let loaded = self.keys.read().unwrap_or_else(PoisonError::into_inner);
            if fresh(&loaded) {
                return Arc::clone(&loaded.ring);
            }
        }
        let mut loaded = self.keys.write().unwrap_or_else(PoisonError::into_inner);
        if !fresh(&loaded) {
            match KeyRing::load(&self.folder) {
                Ok(ring) => loaded.ring = Arc::new(ring),
                // What is known goes on: tokens of these keys are as good as before.
                Err(error) => tracing::error!(%error, "the keys of access tokens could not be looked at"),
            }
            loaded.at = now;
        }
        Arc::clone(&loaded.ring)
    }

    fn read(&self, token: &str) -> Option<AccessClaims> {
        if token.len() > MAX_BYTES {
            return None;
        }
        let header = decode_header(token).ok()?;
        let ring = self.ring();
        let key = ring.verifying(kid_of(&header)?, self.clock.now())?;
        let claims = decode::<Claims>(token, &key.verifying, &self.validation).ok()?.claims;
        if !self.in_time(&claims) {
            return None;
        }
        let role = match (claims.org, claims.role.as_str()) {
            (None, PLATFORM_ADMIN) => None,
            (Some(_), name) => Some(Role::from_name(name)?),
            (None, _) => return None,
        };
        Some(AccessClaims {
            token_id: claims.jti,
            user: claims.sub.into(),
            session: claims.sid.into(),
            organization: claims.org.map(Into::into),
            role,
            authorization_version: claims.av,
            issued_at: DateTime::from_timestamp(claims.iat, 0)?,
            expires_at: DateTime::from_timestamp(claims.exp, 0)?,
        })
    }

    fn in_time(&self, claims: &Claims) -> bool {
        let now = self.clock.now().timestamp();
        let lifetime = claims.exp.checked_sub(claims.iat);
        lifetime.is_some_and(|seconds| (1..=MAX_LIFETIME).contains(&seconds))
            && claims.exp > now - LEEWAY
            && claims.nbf <= now + LEEWAY
            && claims.iat <= now + LEEWAY
    }
}

impl AccessTokens for Ed25519Tokens {
    fn issue(&self, claims: &AccessClaims) -> Result<SecretText, BoxError> {
        let written = Claims {
            iss: self.names.issuer.clone(),
            aud: self.names.audience.clone(),
            sub: claims.user.as_uuid(),
            sid: claims.session.as_uuid(),
            jti: claims.token_id,
            org: claims.organization.map(Uuid::from),
            role: claims.role.map_or(PLATFORM_ADMIN, Role::name).to_owned(),
            av: claims.authorization_version,
            iat: claims.issued_at.timestamp(),
            nbf: claims.issued_at.timestamp(),
            exp: claims.expires_at.timestamp(),
        };
        let ring = self.ring();
        let key = ring.signing(self.clock.now()).ok_or("there is no key to sign with")?;
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(key.kid.clone());
        Ok(SecretText::new(encode(&header, &written, &key.signing)?))
    }

    fn verify(&self, token: &str) -> Result<AccessClaims, InvalidAccessToken> {
        self.read(token).ok_or(InvalidAccessToken)
    }

    fn public_keys(&self) -> serde_json::Value {
        self.ring().public(self.clock.now())
    }
}

/// The name of the key that the header wants. A header that brings or points to a key of its own, or that demands an extension, names
/// none.
fn kid_of(header: &Header) -> Option<&str> {
    let brings_a_key = header.jku.is_some()
        || header.jwk.is_some()
        || header.x5u.is_some()
        || header.x5c.is_some()
        || header.x5t.is_some()
        || header.x5t_s256.is_some();
    if header.alg != Algorithm::EdDSA
        || header.typ.as_deref() != Some(TYPE)
        || header.crit.is_some()
        || brings_a_key
    {
        return None;
    }
    header.kid.as_deref().filter(|kid| kid.len() <= MAX_KID)
}
