//! The repositories of the in-memory store.

use super::memory::MemoryState;
use crate::{
    ConsumedToken, JobLine, LiveSession, LoginAttemptRepository, LoginAttempts, Membership,
    MembershipRepository, OneTimeToken, OneTimeTokenRepository, OrganizationRegistrar, OrganizationStatus,
    OrganizationSummary, PasswordHash, PendingSignUp, RULE_MEMBERSHIP, RULE_USER_EMAIL, RefreshToken,
    RefreshTokenRepository, Seats, Session, SessionRepository, SignUpRepository, TokenHash, TokenPurpose,
    User, UserRepository,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use vigie_jobs::OutboxMessage;
use vigie_kernel::{
    AuditEntry, AuditLog, MembershipId, OrganizationId, Role, SessionId, SignUpId, Slug, StoreError, UserId,
};

#[async_trait]
impl UserRepository for &mut MemoryState {
    async fn find_for_update(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(self.users.get(&id).cloned())
    }

    async fn find_by_email(&mut self, email_key: &str) -> Result<Option<User>, StoreError> {
        Ok(self.by_email(email_key))
    }

    async fn insert(&mut self, user: &User) -> Result<(), StoreError> {
        if self.by_email(user.snapshot().email.key()).is_some() {
            return Err(StoreError::Conflict(RULE_USER_EMAIL));
        }
        self.users.insert(user.id(), user.clone());
        Ok(())
    }

    async fn update(&mut self, user: &User) -> Result<(), StoreError> {
        let stored = self.users.get_mut(&user.id()).ok_or(StoreError::Stale)?;
        if stored.snapshot().version + 1 != user.snapshot().version {
            return Err(StoreError::Stale);
        }
        *stored = user.clone();
        Ok(())
    }
}

#[async_trait]
impl MembershipRepository for &mut MemoryState {
    async fn find(
        &mut self,
        user: UserId,
        organization: OrganizationId,
    ) -> Result<Option<Membership>, StoreError> {
        Ok(self.membership(user, organization).map(|place| place.membership))
    }

    async fn owners_besides(
        &mut self,
        organization: OrganizationId,
        besides: UserId,
    ) -> Result<u64, StoreError> {
        let owners = self.memberships.values().filter(|membership| {
            let it = membership.snapshot();
            let can_sign_in = self.users.get(&it.user_id).is_some_and(|user| {
                user.snapshot().is_active && user.snapshot().password_hash != PasswordHash::unset()
            });
            it.organization_id == organization
                && it.role == Role::Owner
                && it.active
                && it.user_id != besides
                && can_sign_in
        });
        Ok(u64::try_from(owners.count()).unwrap_or(u64::MAX))
    }

    async fn remove(&mut self, id: MembershipId) -> Result<(), StoreError> {
        self.memberships.remove(&id);
        Ok(())
    }

    async fn insert(&mut self, membership: &Membership) -> Result<(), StoreError> {
        let new = membership.snapshot();
        let taken = self.memberships.values().any(|known| {
            let known = known.snapshot();
            (known.user_id, known.organization_id) == (new.user_id, new.organization_id)
        });
        if taken {
            return Err(StoreError::Conflict(RULE_MEMBERSHIP));
        }
        self.memberships.insert(new.id, membership.clone());
        Ok(())
    }

    async fn update(&mut self, membership: &Membership) -> Result<(), StoreError> {
        let new = membership.snapshot();
        let stored = self.memberships.get_mut(&new.id).ok_or(StoreError::Stale)?;
        if stored.snapshot().version + 1 != new.version {
            return Err(StoreError::Stale);
        }
        *stored = membership.clone();
        Ok(())
    }
}

#[async_trait]
impl SessionRepository for &mut MemoryState {
    async fn find_for_update(&mut self, id: SessionId) -> Result<Option<Session>, StoreError> {
        Ok(self.sessions.get(&id).cloned())
    }

    async fn live(&mut self, id: SessionId) -> Result<Option<LiveSession>, StoreError> {
        Ok(self.live_session(id))
    }

    async fn live_of_user(&mut self, user: UserId, now: DateTime<Utc>) -> Result<Vec<Session>, StoreError> {
        let mut open: Vec<Session> = self
            .sessions
            .values()
            .filter(|session| {
                let session = session.snapshot();
                session.user_id == user && session.ended.is_none() && session.expires_at > now
            })
            .cloned()
            .collect();
        open.sort_by_key(|session| (session.snapshot().last_used_at, session.snapshot().id));
        Ok(open)
    }

    async fn insert(&mut self, session: &Session) -> Result<(), StoreError> {
        self.sessions.insert(session.snapshot().id, session.clone());
        Ok(())
    }

    async fn update(&mut self, session: &Session) -> Result<(), StoreError> {
        *self.sessions.get_mut(&session.snapshot().id).ok_or(StoreError::Stale)? = session.clone();
        Ok(())
    }
}

#[async_trait]
impl RefreshTokenRepository for &mut MemoryState {
    async fn find_for_update(&mut self, hash: &TokenHash) -> Result<Option<RefreshToken>, StoreError> {
        Ok(self.refresh_tokens.values().find(|token| token.snapshot().token_hash == *hash).cloned())
    }

    async fn of_generation(
        &mut self,
        session: SessionId,
        generation: i32,
    ) -> Result<Option<RefreshToken>, StoreError> {
        let mut tokens = self.refresh_tokens.values();
        Ok(tokens
            .find(|token| {
                let token = token.snapshot();
                token.session_id == session && token.generation == generation
            })
            .cloned())
    }

    async fn insert(&mut self, token: &RefreshToken) -> Result<(), StoreError> {
        self.refresh_tokens.insert(token.snapshot().id, token.clone());
        Ok(())
    }

    async fn update(&mut self, token: &RefreshToken) -> Result<(), StoreError> {
        *self.refresh_tokens.get_mut(&token.snapshot().id).ok_or(StoreError::Stale)? = token.clone();
        Ok(())
    }
}

#[async_trait]
impl LoginAttemptRepository for &mut MemoryState {
    async fn count_failure(&mut self, key: &str, at: DateTime<Utc>) -> Result<(), StoreError> {
        let attempts = self
            .login_attempts
            .entry(key.to_owned())
            .or_insert(LoginAttempts { failures: 0, last_failed_at: at });
        attempts.failures += 1;
        attempts.last_failed_at = at;
        Ok(())
    }

    async fn clear(&mut self, key: &str) -> Result<(), StoreError> {
        self.login_attempts.remove(key);
        Ok(())
    }
}

#[async_trait]
impl OrganizationRegistrar for &mut MemoryState {
    async fn find_by_slug(&mut self, slug: &Slug) -> Result<Option<OrganizationSummary>, StoreError> {
        let mut known = self.organizations.values();
        Ok(known.find(|row| row.slug == *slug && row.status != OrganizationStatus::Deleted).cloned())
    }

    async fn find(&mut self, id: OrganizationId) -> Result<Option<OrganizationSummary>, StoreError> {
        let found = self.organizations.get(&id);
        Ok(found.filter(|row| row.status != OrganizationStatus::Deleted).cloned())
    }

    async fn find_for_update(
        &mut self,
        id: OrganizationId,
    ) -> Result<Option<OrganizationSummary>, StoreError> {
        OrganizationRegistrar::find(self, id).await
    }

    async fn seats(&mut self, organization: OrganizationId, now: DateTime<Utc>) -> Result<Seats, StoreError> {
        let of = |membership: &&Membership| {
            membership.snapshot().organization_id == organization && membership.snapshot().active
        };
        let taken = self.memberships.values().filter(of).count();
        let taken = u64::try_from(taken).map_err(|error| StoreError::Broken(Box::new(error)))?;
        let invited = self
            .invitations
            .values()
            .filter(|(it, _)| it.snapshot().organization_id == organization && it.is_open(now));
        let invited = u64::try_from(invited.count()).unwrap_or(u64::MAX);
        Ok(Seats { plan: "starter", max: self.max_members, taken, invited })
    }
}

#[async_trait]
impl AuditLog for &mut MemoryState {
    async fn record(&mut self, entry: &AuditEntry) -> Result<(), StoreError> {
        self.audit.push(entry.clone());
        Ok(())
    }
}

#[async_trait]
impl OneTimeTokenRepository for &mut MemoryState {
    async fn insert(&mut self, token: &OneTimeToken) -> Result<(), StoreError> {
        self.one_time_tokens.insert(token.id, token.clone());
        Ok(())
    }

    async fn consume(
        &mut self,
        hash: &TokenHash,
        purpose: TokenPurpose,
        now: DateTime<Utc>,
    ) -> Result<Option<ConsumedToken>, StoreError> {
        let found = self
            .one_time_tokens
            .values()
            .find(|token| token.hash == *hash && token.purpose == purpose && token.expires_at > now);
        let Some(id) = found.map(|token| token.id) else { return Ok(None) };
        let used = self.one_time_tokens.remove(&id);
        Ok(used.map(|token| ConsumedToken { user: token.user, email_key: token.email_key }))
    }

    async fn supersede(
        &mut self,
        user: UserId,
        purpose: TokenPurpose,
        _now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.one_time_tokens.retain(|_, token| token.user != user || token.purpose != purpose);
        Ok(())
    }
}

#[async_trait]
impl SignUpRepository for &mut MemoryState {
    async fn insert(&mut self, sign_up: &PendingSignUp) -> Result<(), StoreError> {
        self.sign_ups.insert(sign_up.id, (sign_up.clone(), None));
        Ok(())
    }

    async fn find_for_update(&mut self, id: SignUpId) -> Result<Option<PendingSignUp>, StoreError> {
        Ok(self.sign_ups.get(&id).filter(|_| !self.used_sign_ups.contains(&id)).map(|(it, _)| it.clone()))
    }

    async fn latest_of(
        &mut self,
        email_key: &str,
        after: DateTime<Utc>,
    ) -> Result<Option<SignUpId>, StoreError> {
        let waiting = self.sign_ups.values().map(|(it, _)| it).filter(|it| {
            it.email.key() == email_key && it.created_at > after && !self.used_sign_ups.contains(&it.id)
        });
        Ok(waiting.max_by_key(|it| (it.created_at, it.id)).map(|it| it.id))
    }

    async fn set_token(
        &mut self,
        id: SignUpId,
        hash: &TokenHash,
        expires_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        self.sign_ups.get_mut(&id).ok_or(StoreError::Stale)?.1 = Some((*hash, expires_at));
        Ok(())
    }

    async fn consume(
        &mut self,
        hash: &TokenHash,
        now: DateTime<Utc>,
    ) -> Result<Option<PendingSignUp>, StoreError> {
        let found = self.sign_ups.values().find(|(it, token)| {
            token.is_some_and(|(known, until)| known == *hash && until > now)
                && !self.used_sign_ups.contains(&it.id)
        });
        let found = found.map(|(it, _)| it.clone());
        self.used_sign_ups.extend(found.iter().map(|it| it.id));
        Ok(found)
    }

    async fn give_back(&mut self, id: SignUpId) -> Result<(), StoreError> {
        self.used_sign_ups.remove(&id);
        Ok(())
    }

    async fn remove(&mut self, id: SignUpId) -> Result<(), StoreError> {
        self.sign_ups.remove(&id);
        Ok(())
    }
}

#[async_trait]
impl JobLine for &mut MemoryState {
    async fn add(
        &mut self,
        organization: Option<OrganizationId>,
        message: &OutboxMessage,
    ) -> Result<(), StoreError> {
        self.jobs.push((organization, message.clone()));
        Ok(())
    }
}
