//! Stand-ins for hashing, signing, sealing and randomness.

use super::memory::{MemoryIdentity, MemoryProvisioning};
use crate::{
    AccessClaims, AccessTokens, AuthPorts, Counted, HashError, InvalidAccessToken, MemberDirectory,
    MemberProfile, PasswordHash, PasswordHasher, Pseudonyms, Sealer, SecretText, Secrets, Throttle, TooMany,
    Verdict,
};
use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::DateTime;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use vigie_kernel::{
    BoxError, Clock, Entitlements, IdSource, OrganizationId, Role, StoreError, TenantContext, UserId,
};
use zeroize::Zeroizing;

/// Ports that use nothing outside the process, on this store, clock and id source.
#[must_use]
pub fn fake_ports(store: &MemoryIdentity, clock: Arc<dyn Clock>, ids: Arc<dyn IdSource>) -> AuthPorts {
    AuthPorts {
        store: Arc::new(store.clone()),
        hasher: Arc::new(PlainHasher::default()),
        tokens: Arc::new(PlainTokens(Arc::clone(&clock))),
        secrets: Arc::new(CountedSecrets::default()),
        sealer: Arc::new(XorSealer),
        pseudonyms: Arc::new(PlainPseudonyms),
        throttle: Arc::new(CountedThrottle::default()),
        provisioning: Arc::new(MemoryProvisioning::new(store.clone(), Arc::clone(&ids))),
        members: Arc::new(RecordedMembers::default()),
        entitlements: Arc::new(Entitlements::UNLIMITED),
        clock,
        ids,
    }
}

/// A "hash" that is the password behind a prefix. Counts what it is asked.
#[derive(Debug, Default)]
pub struct PlainHasher {
    verified: AtomicU32,
    weak: AtomicBool,
    busy: AtomicBool,
}

impl PlainHasher {
    /// How many comparisons were made, those against nobody's hash included.
    pub fn verified(&self) -> u32 {
        self.verified.load(Ordering::Relaxed)
    }

    /// Lets every stored hash count as too weak.
    pub fn set_weak(&self, weak: bool) {
        self.weak.store(weak, Ordering::Relaxed);
    }

    /// Lets every call answer that there is no room.
    pub fn set_busy(&self, busy: bool) {
        self.busy.store(busy, Ordering::Relaxed);
    }
}

#[async_trait]
impl PasswordHasher for PlainHasher {
    async fn hash(&self, password: &SecretText) -> Result<PasswordHash, HashError> {
        if self.busy.load(Ordering::Relaxed) {
            return Err(HashError::Busy);
        }
        Ok(PasswordHash::from_phc(format!("plain:{}", password.expose())))
    }

    async fn verify(&self, password: &SecretText, hash: Option<&PasswordHash>) -> Result<Verdict, HashError> {
        if self.busy.load(Ordering::Relaxed) {
            return Err(HashError::Busy);
        }
        self.verified.fetch_add(1, Ordering::Relaxed);
        let right = hash.is_some_and(|hash| hash.as_phc() == format!("plain:{}", password.expose()));
        Ok(if right {
            Verdict::Match { needs_rehash: self.weak.load(Ordering::Relaxed) }
        } else {
            Verdict::Mismatch
        })
    }
}

/// Access tokens that are the claims, readable, and that expire by the given clock.
pub struct PlainTokens(Arc<dyn Clock>);

impl PlainTokens {
    /// Tokens by this clock.
    #[must_use]
    pub const fn new(clock: Arc<dyn Clock>) -> Self {
        Self(clock)
    }
}

impl AccessTokens for PlainTokens {
    fn issue(&self, claims: &AccessClaims) -> Result<SecretText, BoxError> {
        let organization = claims.organization.map(|id| id.to_string()).unwrap_or_default();
        let role = claims.role.map_or("", Role::name);
        Ok(SecretText::new(format!(
            "plain|{}|{}|{}|{organization}|{role}|{}|{}|{}",
            claims.token_id,
            claims.user,
            claims.session,
            claims.authorization_version,
            claims.issued_at.timestamp(),
            claims.expires_at.timestamp()
        )))
    }

    fn verify(&self, token: &str) -> Result<AccessClaims, InvalidAccessToken> {
        let claims = read_claims(token).ok_or(InvalidAccessToken)?;
        if claims.expires_at <= self.0.now() { Err(InvalidAccessToken) } else { Ok(claims) }
    }

    fn public_keys(&self) -> serde_json::Value {
        serde_json::json!({ "keys": [] })
    }
}

fn read_claims(token: &str) -> Option<AccessClaims> {
    let parts: Vec<&str> = token.split('|').collect();
    let ["plain", id, user, session, organization, role, version, issued, expires] = parts[..] else {
        return None;
    };
    let organization = match organization {
        "" => None,
        id => Some(id.parse::<OrganizationId>().ok()?),
    };
    Some(AccessClaims {
        token_id: id.parse().ok()?,
        user: user.parse::<UserId>().ok()?,
        session: session.parse().ok()?,
        organization,
        role: Role::from_name(role),
        authorization_version: version.parse().ok()?,
        issued_at: DateTime::from_timestamp(issued.parse().ok()?, 0)?,
        expires_at: DateTime::from_timestamp(expires.parse().ok()?, 0)?,
    })
}

/// Secrets that are counted, not random.
#[derive(Debug, Default)]
pub struct CountedSecrets(AtomicU64);

impl Secrets for CountedSecrets {
    fn random(&self) -> Result<[u8; 32], BoxError> {
        let count = self.0.fetch_add(1, Ordering::Relaxed) + 1;
        Ok(Sha256::digest(count.to_le_bytes()).into())
    }
}

/// Sealing with a repeated key, recognising only whether it was the right one.
#[derive(Debug)]
pub struct XorSealer;

impl XorSealer {
    fn mix(secret: &[u8], text: &[u8]) -> Vec<u8> {
        let key = Sha256::digest(secret);
        text.iter().zip(key.iter().cycle()).map(|(a, b)| a ^ b).collect()
    }
}

impl Sealer for XorSealer {
    fn seal(&self, secret: &[u8], plain: &[u8]) -> Result<Vec<u8>, BoxError> {
        let mut marked = b"sealed:".to_vec();
        marked.extend_from_slice(plain);
        Ok(Self::mix(secret, &marked))
    }

    fn open(&self, secret: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, BoxError> {
        let plain = Self::mix(secret, sealed);
        let plain = plain.strip_prefix(b"sealed:").ok_or("sealed under another secret")?;
        Ok(Zeroizing::new(plain.to_vec()))
    }
}

/// Keys that are a plain hash.
#[derive(Debug)]
pub struct PlainPseudonyms;

impl Pseudonyms for PlainPseudonyms {
    fn pseudonym(&self, text: &str) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(text.as_bytes()))
    }
}

/// Remembers the profiles that it is given, or refuses them on demand.
#[derive(Debug, Default)]
pub struct RecordedMembers {
    put: Mutex<Vec<(OrganizationId, MemberProfile)>>,
    retired: Mutex<Vec<(OrganizationId, UserId)>>,
    broken: AtomicBool,
}

impl RecordedMembers {
    /// The profiles, in order.
    pub fn profiles(&self) -> Vec<(OrganizationId, MemberProfile)> {
        self.put.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Those who are no members any more, in order.
    pub fn retired(&self) -> Vec<(OrganizationId, UserId)> {
        self.retired.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Makes every further call fail, or work again.
    pub fn set_broken(&self, broken: bool) {
        self.broken.store(broken, Ordering::Relaxed);
    }
}

#[async_trait]
impl MemberDirectory for RecordedMembers {
    async fn put(&self, tenant: &TenantContext, member: &MemberProfile) -> Result<(), StoreError> {
        if self.broken.load(Ordering::Relaxed) {
            return Err(StoreError::TenantUnavailable("test"));
        }
        let mut put = self.put.lock().unwrap_or_else(PoisonError::into_inner);
        put.push((tenant.organization(), member.clone()));
        Ok(())
    }

    async fn retire(&self, organization: OrganizationId, user: UserId) -> Result<(), StoreError> {
        if self.broken.load(Ordering::Relaxed) {
            return Err(StoreError::TenantUnavailable("test"));
        }
        self.retired.lock().unwrap_or_else(PoisonError::into_inner).push((organization, user));
        Ok(())
    }
}

/// Refuses everything after so many of a kind; counts without end until it is told.
#[derive(Debug, Default)]
pub struct CountedThrottle {
    counted: Mutex<HashMap<Counted, u32>>,
    limit: Mutex<Option<u32>>,
}

impl CountedThrottle {
    /// Lets so many of a kind go through, those before included; `None` lets all.
    pub fn set_limit(&self, limit: Option<u32>) {
        *self.limit.lock().unwrap_or_else(PoisonError::into_inner) = limit;
    }

    /// What was counted so far.
    pub fn counted(&self) -> HashMap<Counted, u32> {
        self.counted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

#[async_trait]
impl Throttle for CountedThrottle {
    async fn count(&self, what: Counted) -> Result<(), TooMany> {
        let limit = *self.limit.lock().unwrap_or_else(PoisonError::into_inner);
        let mut counted = self.counted.lock().unwrap_or_else(PoisonError::into_inner);
        let count = counted.entry(what).or_default();
        if limit.is_some_and(|limit| *count >= limit) {
            return Err(TooMany { retry_after: 7 });
        }
        *count += 1;
        Ok(())
    }
}
