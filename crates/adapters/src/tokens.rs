//! Access tokens: JSON Web Tokens signed with Ed25519.

use crate::key_file::{KeyError, read_or_make};
use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{Ed25519KeyPair, KeyPair};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use chrono::DateTime;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use uuid::Uuid;
use vigie_auth::{AccessClaims, AccessTokens, InvalidAccessToken, SecretText};
use vigie_kernel::{BoxError, Clock, Role};
use zeroize::Zeroizing;

const FILE: &str = "access-token.pem";
const PEM_BEGIN: &str = "-----BEGIN PRIVATE KEY-----";
const PEM_END: &str = "-----END PRIVATE KEY-----";
/// The media type of access tokens (RFC 9068), so that no other token of ours is taken for one.
const TYPE: &str = "at+jwt";
/// Longest token that is looked at.
const MAX_BYTES: usize = 4096;
/// Longest name of a key that is looked up.
const MAX_KID: usize = 32;
/// Longest lifetime that is believed, in seconds.
const MAX_LIFETIME: i64 = 900;
/// By how much two clocks may differ, in seconds.
const LEEWAY: i64 = 5;
const PLATFORM_ADMIN: &str = "PLATFORM_ADMIN";

/// Who issues access tokens, and for whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenNames {
    /// The `iss` claim, such as the installation's public address.
    pub issuer: String,
    /// The `aud` claim.
    pub audience: String,
}

/// Signs and reads access tokens with one Ed25519 key.
pub struct Ed25519Tokens {
    names: TokenNames,
    kid: String,
    public_key: Vec<u8>,
    signing: EncodingKey,
    verifying: BTreeMap<String, DecodingKey>,
    validation: Validation,
    clock: Arc<dyn Clock>,
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
    /// Reads the key (PKCS #8 in PEM) from the folder, after making it (mode 0600) if there is none.
    pub fn load(folder: &Path, names: TokenNames, clock: Arc<dyn Clock>) -> Result<Self, KeyError> {
        let path = folder.join(FILE);
        let pem = read_or_make(&path, new_key)?;
        let der = read_pem(&pem);
        let pair = der.as_deref().and_then(|der| Ed25519KeyPair::from_pkcs8(der).ok());
        let (Some(der), Some(pair)) = (der, pair) else { return Err(KeyError::Unusable { path }) };
        let public_key = pair.public_key().as_ref().to_vec();
        let name = URL_SAFE_NO_PAD.encode(digest(&SHA256, &public_key));
        let kid: String = name.chars().take(16).collect();
        let mut validation = Validation::new(Algorithm::EdDSA);
        validation.set_issuer(&[&names.issuer]);
        validation.set_audience(&[&names.audience]);
        // Without this list a token that lacks a claim passes: the library compares only what is there.
        validation.set_required_spec_claims(&["exp", "nbf", "aud", "iss", "sub"]);
        // The library would compare with the system's clock; `in_time` compares the same claims with the one that is given.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        Ok(Self {
            names,
            signing: EncodingKey::from_ed_der(&der),
            verifying: BTreeMap::from([(kid.clone(), DecodingKey::from_ed_der(&public_key))]),
            kid,
            public_key,
            validation,
            clock,
        })
    }

    /// The public key as a JSON Web Key set, for those who want to check a token's signature themselves.
    #[must_use]
    pub fn jwks(&self) -> serde_json::Value {
        serde_json::json!({ "keys": [{
            "kty": "OKP",
            "crv": "Ed25519",
            "alg": "EdDSA",
            "use": "sig",
            "kid": self.kid,
            "x": URL_SAFE_NO_PAD.encode(&self.public_key),
        }] })
    }

    fn read(&self, token: &str) -> Option<AccessClaims> {
        if token.len() > MAX_BYTES {
            return None;
        }
        let header = decode_header(token).ok()?;
        let key = self.key_for(&header)?;
        let claims = decode::<Claims>(token, key, &self.validation).ok()?.claims;
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

    /// The key that the header names. A header that brings or points to a key of its own, or that demands an extension,
    /// names none.
    fn key_for(&self, header: &Header) -> Option<&DecodingKey> {
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
        let kid = header.kid.as_deref().filter(|kid| kid.len() <= MAX_KID)?;
        self.verifying.get(kid)
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
        let mut header = Header::new(Algorithm::EdDSA);
        header.typ = Some(TYPE.to_owned());
        header.kid = Some(self.kid.clone());
        Ok(SecretText::new(encode(&header, &written, &self.signing)?))
    }

    fn verify(&self, token: &str) -> Result<AccessClaims, InvalidAccessToken> {
        self.read(token).ok_or(InvalidAccessToken)
    }
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
