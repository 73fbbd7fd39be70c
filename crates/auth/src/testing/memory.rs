//! The control database as a few maps behind one lock: transactions run one after the other and roll back when dropped.

use crate::{
    AccountMail, ForgottenSessions, IdentityReads, IdentityStore, IdentityUpkeep, IdentityWork, Invitation,
    InvitationRepository, JobLine, LiveMembership, LiveSession, LoginAttemptRepository, LoginAttempts,
    MadeOrganization, Member, MemberFilter, MemberOrganization, Membership, MembershipRepository,
    NewOrganization, OneTimeToken, OneTimeTokenRepository, OrganizationRegistrar, OrganizationStatus,
    OrganizationSummary, OwnershipOffer, OwnershipRepository, PendingSignUp, ProvisionFailed, Provisioning,
    RefreshToken, RefreshTokenRepository, Session, SessionRepository, SignUpRepository, TokenHash,
    TokenPurpose, User, UserRepository,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures_util::lock::{Mutex, OwnedMutexGuard};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use vigie_jobs::OutboxMessage;
use vigie_kernel::{
    AuditEntry, AuditLog, IdSource, InvitationId, MembershipId, OneTimeTokenId, OrganizationId, Page,
    PageRequest, RefreshTokenId, Role, SessionId, SignUpId, Slug, StoreError, UnitOfWork, UserId,
};

/// The hash of a token, and until when it is good.
pub type GivenToken = (TokenHash, DateTime<Utc>);

/// Everything that the store holds.
#[derive(Clone, Debug, Default)]
pub struct MemoryState {
    /// The accounts.
    pub users: BTreeMap<UserId, User>,
    /// The memberships.
    pub memberships: BTreeMap<MembershipId, Membership>,
    /// The sessions.
    pub sessions: BTreeMap<SessionId, Session>,
    /// The refresh tokens.
    pub refresh_tokens: BTreeMap<RefreshTokenId, RefreshToken>,
    /// The tokens that are good for one use, until they are used or superseded.
    pub one_time_tokens: BTreeMap<OneTimeTokenId, OneTimeToken>,
    /// The invitations, each with the hash of its token.
    pub invitations: BTreeMap<InvitationId, (Invitation, Option<TokenHash>)>,
    /// The offer to take over each organization.
    pub ownership: BTreeMap<OrganizationId, OwnershipOffer>,
    /// The sign-ups that wait, each with its token until that is used.
    pub sign_ups: BTreeMap<SignUpId, (PendingSignUp, Option<GivenToken>)>,
    /// Those of them whose token is used.
    pub used_sign_ups: BTreeSet<SignUpId>,
    /// The jobs, in order.
    pub jobs: Vec<(Option<OrganizationId>, OutboxMessage)>,
    /// The failed logins.
    pub login_attempts: BTreeMap<String, LoginAttempts>,
    /// The organizations.
    pub organizations: BTreeMap<OrganizationId, OrganizationSummary>,
    /// How many members an organization may have; `None` is no limit.
    pub max_members: Option<u64>,
    /// The platform's audit trail.
    pub audit: Vec<AuditEntry>,
}

impl MemoryState {
    pub(super) fn live_session(&self, id: SessionId) -> Option<LiveSession> {
        let session = self.sessions.get(&id)?.snapshot();
        let user = self.users.get(&session.user_id)?.summary();
        let member = session.organization_id.and_then(|organization| {
            let place = self.membership(session.user_id, organization)?;
            let membership = place.membership.snapshot();
            Some(LiveMembership {
                organization: place.organization.clone(),
                role: membership.role,
                active: membership.active,
                authorization_version: membership.authorization_version,
            })
        });
        Some(LiveSession {
            session: id,
            expires_at: session.expires_at,
            ended: session.ended.is_some(),
            user,
            organization: session.organization_id,
            member,
        })
    }

    pub(super) fn membership(
        &self,
        user: UserId,
        organization: OrganizationId,
    ) -> Option<MemberOrganization> {
        self.places(user).into_iter().find(|place| place.organization.id == organization)
    }

    fn places(&self, user: UserId) -> Vec<MemberOrganization> {
        self.memberships
            .values()
            .filter(|membership| membership.snapshot().user_id == user)
            .filter_map(|membership| {
                let organization = self.organizations.get(&membership.snapshot().organization_id)?.clone();
                Some(MemberOrganization { membership: membership.clone(), organization })
            })
            .collect()
    }

    pub(super) fn by_email(&self, key: &str) -> Option<User> {
        self.users.values().find(|user| user.snapshot().email.key() == key).cloned()
    }
}

/// A control database in memory. Clones share it.
#[derive(Clone, Debug, Default)]
pub struct MemoryIdentity(Arc<Mutex<MemoryState>>);

impl MemoryIdentity {
    /// What the store holds now.
    pub async fn state(&self) -> MemoryState {
        self.0.lock().await.clone()
    }

    /// Changes what the store holds, past every rule: to suspend an organization or lock an account in a test.
    pub async fn change(&self, change: impl FnOnce(&mut MemoryState)) {
        change(&mut *self.0.lock().await);
    }

    /// Puts an organization into a state.
    pub async fn set_status(&self, id: OrganizationId, status: OrganizationStatus) {
        self.change(|state| {
            if let Some(organization) = state.organizations.get_mut(&id) {
                organization.status = status;
            }
        })
        .await;
    }

    /// Takes the mails that were asked for, in order.
    pub async fn take_mails(&self) -> Vec<AccountMail> {
        let jobs = std::mem::take(&mut self.0.lock().await.jobs);
        jobs.into_iter().filter_map(|(_, job)| serde_json::from_value(job.payload).ok()).collect()
    }

    /// The actions of the audit trail, in order.
    pub async fn audited(&self) -> Vec<&'static str> {
        self.0.lock().await.audit.iter().map(|entry| entry.action).collect()
    }
}

#[async_trait]
impl IdentityStore for MemoryIdentity {
    async fn begin(&self) -> Result<Box<dyn IdentityWork>, StoreError> {
        let guard = Arc::clone(&self.0).lock_owned().await;
        let draft = guard.clone();
        Ok(Box::new(MemoryWork { guard, draft }))
    }

    async fn read(&self) -> Result<Box<dyn IdentityReads>, StoreError> {
        Ok(Box::new(MemoryReads(self.clone())))
    }
}

#[async_trait]
impl IdentityUpkeep for MemoryIdentity {
    async fn forget_sessions(
        &self,
        ended_before: DateTime<Utc>,
        limit: u32,
    ) -> Result<ForgottenSessions, StoreError> {
        let mut state = self.0.lock().await;
        let is_dead = |session: &Session| {
            let session = session.snapshot();
            session.ended.is_some_and(|end| end.at < ended_before) || session.expires_at < ended_before
        };
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let dead = state.sessions.iter().filter(|(_, session)| is_dead(session)).map(|(id, _)| *id);
        let dead: Vec<SessionId> = dead.take(limit).collect();
        let tokens =
            state.refresh_tokens.iter().filter(|(_, token)| dead.contains(&token.snapshot().session_id));
        let tokens: Vec<RefreshTokenId> = tokens.map(|(id, _)| *id).take(limit).collect();
        state.refresh_tokens.retain(|id, _| !tokens.contains(id));
        let held: Vec<SessionId> =
            state.refresh_tokens.values().map(|token| token.snapshot().session_id).collect();
        let before = state.sessions.len();
        state.sessions.retain(|id, _| !dead.contains(id) || held.contains(id));
        let gone = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        Ok(ForgottenSessions {
            sessions: gone(before - state.sessions.len()),
            refresh_tokens: gone(tokens.len()),
        })
    }

    async fn forget_tokens(&self, before: DateTime<Utc>, _limit: u32) -> Result<u64, StoreError> {
        let mut state = self.0.lock().await;
        let count = state.one_time_tokens.len() + state.sign_ups.len();
        state.one_time_tokens.retain(|_, token| token.expires_at >= before);
        state.sign_ups.retain(|_, (sign_up, _)| sign_up.created_at >= before);
        let left = state.one_time_tokens.len() + state.sign_ups.len();
        Ok(u64::try_from(count - left).unwrap_or(u64::MAX))
    }

    async fn forget_login_attempts(
        &self,
        failed_before: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let mut state = self.0.lock().await;
        let old = state.login_attempts.iter().filter(|(_, counted)| counted.last_failed_at < failed_before);
        let limit = usize::try_from(limit).unwrap_or(usize::MAX);
        let old: Vec<String> = old.map(|(key, _)| key.clone()).take(limit).collect();
        for key in &old {
            state.login_attempts.remove(key);
        }
        Ok(u64::try_from(old.len()).unwrap_or(u64::MAX))
    }
}

pub(super) struct MemoryWork {
    guard: OwnedMutexGuard<MemoryState>,
    pub(super) draft: MemoryState,
}

#[async_trait]
impl UnitOfWork for MemoryWork {
    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        *self.guard = self.draft;
        Ok(())
    }
}

impl IdentityWork for MemoryWork {
    fn users(&mut self) -> Box<dyn UserRepository + '_> {
        Box::new(&mut self.draft)
    }

    fn memberships(&mut self) -> Box<dyn MembershipRepository + '_> {
        Box::new(&mut self.draft)
    }

    fn sessions(&mut self) -> Box<dyn SessionRepository + '_> {
        Box::new(&mut self.draft)
    }

    fn refresh_tokens(&mut self) -> Box<dyn RefreshTokenRepository + '_> {
        Box::new(&mut self.draft)
    }

    fn login_attempts(&mut self) -> Box<dyn LoginAttemptRepository + '_> {
        Box::new(&mut self.draft)
    }

    fn one_time_tokens(&mut self) -> Box<dyn OneTimeTokenRepository + '_> {
        Box::new(&mut self.draft)
    }

    fn invitations(&mut self) -> Box<dyn InvitationRepository + '_> {
        Box::new(&mut self.draft)
    }

    fn ownership(&mut self) -> Box<dyn OwnershipRepository + '_> {
        Box::new(&mut self.draft)
    }

    fn sign_ups(&mut self) -> Box<dyn SignUpRepository + '_> {
        Box::new(&mut self.draft)
    }

    fn organizations(&mut self) -> Box<dyn OrganizationRegistrar + '_> {
        Box::new(&mut self.draft)
    }

    fn jobs(&mut self) -> Box<dyn JobLine + '_> {
        Box::new(&mut self.draft)
    }

    fn audit(&mut self) -> Box<dyn AuditLog + '_> {
        Box::new(&mut self.draft)
    }
}

struct MemoryReads(MemoryIdentity);

#[async_trait]
impl IdentityReads for MemoryReads {
    async fn live_session(&mut self, id: SessionId) -> Result<Option<LiveSession>, StoreError> {
        Ok(self.0.0.lock().await.live_session(id))
    }

    async fn live_sessions_of(
        &mut self,
        user: UserId,
        now: DateTime<Utc>,
    ) -> Result<Vec<Session>, StoreError> {
        let mut guard = self.0.0.lock().await;
        let mut state: &mut MemoryState = &mut guard;
        state.live_of_user(user, now).await
    }

    async fn user_by_email(&mut self, email_key: &str) -> Result<Option<User>, StoreError> {
        Ok(self.0.0.lock().await.by_email(email_key))
    }

    async fn login_attempts(&mut self, key: &str) -> Result<Option<LoginAttempts>, StoreError> {
        Ok(self.0.0.lock().await.login_attempts.get(key).copied())
    }

    async fn one_time_token(
        &mut self,
        hash: &TokenHash,
        purpose: TokenPurpose,
        now: DateTime<Utc>,
    ) -> Result<Option<User>, StoreError> {
        let state = self.0.0.lock().await;
        let token = state
            .one_time_tokens
            .values()
            .find(|token| token.hash == *hash && token.purpose == purpose && token.expires_at > now);
        Ok(token.and_then(|token| state.users.get(&token.user).cloned()))
    }

    async fn organizations_of(&mut self, user: UserId) -> Result<Vec<MemberOrganization>, StoreError> {
        Ok(self.0.0.lock().await.places(user))
    }

    async fn membership(
        &mut self,
        user: UserId,
        organization: OrganizationId,
    ) -> Result<Option<(User, MemberOrganization)>, StoreError> {
        let state = self.0.0.lock().await;
        let place = state.membership(user, organization);
        Ok(place.and_then(|place| Some((state.users.get(&user)?.clone(), place))))
    }

    async fn members(
        &mut self,
        organization: OrganizationId,
        filter: &MemberFilter,
        page: &PageRequest,
    ) -> Result<Page<Member>, StoreError> {
        Ok(self.0.0.lock().await.list_members(organization, filter, page))
    }

    async fn member(
        &mut self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<Option<Member>, StoreError> {
        Ok(self.0.0.lock().await.member(organization, user))
    }

    async fn invitations(
        &mut self,
        organization: OrganizationId,
        page: &PageRequest,
    ) -> Result<Page<Invitation>, StoreError> {
        Ok(self.0.0.lock().await.pending_invitations(organization, page))
    }

    async fn invitation_by_token(
        &mut self,
        hash: &TokenHash,
        now: DateTime<Utc>,
    ) -> Result<Option<(Invitation, OrganizationSummary)>, StoreError> {
        let state = self.0.0.lock().await;
        let found = state.open_invitation(hash, now);
        Ok(found.and_then(|it| {
            let organization = state.organizations.get(&it.snapshot().organization_id)?.clone();
            Some((it, organization))
        }))
    }
}

/// Makes organizations in a [`MemoryIdentity`], or fails on demand.
#[derive(Debug)]
pub struct MemoryProvisioning {
    store: MemoryIdentity,
    ids: CountedIds,
    broken: AtomicBool,
}

impl MemoryProvisioning {
    /// Provisioning that works.
    #[must_use]
    pub fn new(store: MemoryIdentity, ids: Arc<dyn IdSource>) -> Self {
        Self { store, ids: CountedIds(ids), broken: AtomicBool::new(false) }
    }

    /// Makes every further call fail, or work again.
    pub fn set_broken(&self, broken: bool) {
        self.broken.store(broken, Ordering::Relaxed);
    }
}

/// An id source that can be shown.
struct CountedIds(Arc<dyn IdSource>);

impl std::fmt::Debug for CountedIds {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("CountedIds(..)")
    }
}

#[async_trait]
impl Provisioning for MemoryProvisioning {
    async fn create(&self, new: NewOrganization) -> Result<MadeOrganization, ProvisionFailed> {
        if self.broken.load(Ordering::Relaxed) {
            return Err(ProvisionFailed::Failed("the disk is full".into()));
        }
        let mut made = Err(ProvisionFailed::SlugTaken);
        self.store.change(|state| made = state.make(new, &*self.ids.0)).await;
        made
    }
}

impl MemoryState {
    fn make(
        &mut self,
        new: NewOrganization,
        ids: &dyn IdSource,
    ) -> Result<MadeOrganization, ProvisionFailed> {
        if self.by_email(new.email.key()).is_some() {
            return Err(ProvisionFailed::EmailTaken);
        }
        let slug = new.slug.or_else(|| Slug::from_name(&new.name)).ok_or(ProvisionFailed::SlugTaken)?;
        if self.organizations.values().any(|known| known.slug == slug) {
            return Err(ProvisionFailed::SlugTaken);
        }
        let organization = OrganizationSummary {
            id: ids.next(),
            slug,
            name: new.name,
            status: OrganizationStatus::Active,
            status_reason: None,
            settings: new.settings,
        };
        let now = DateTime::UNIX_EPOCH;
        let user = User::new(ids.next(), new.email, new.full_name, new.password_hash, new.locale, now);
        let owner = Membership::new(ids.next(), user.id(), organization.id, Role::Owner, now);
        let made = MadeOrganization { organization: organization.clone(), owner: user.id() };
        self.memberships.insert(owner.snapshot().id, owner);
        self.users.insert(user.id(), user);
        self.organizations.insert(organization.id, organization);
        Ok(made)
    }
}
