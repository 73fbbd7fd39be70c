//! Logging in and out.

use super::access::context;
use super::open_session::{Bearer, Place};
use super::read_email;
use crate::audit::Deed;
use crate::password::check_length;
use crate::{
    Auth, AuthError, Caller, ClientInfo, Login, MemberOrganization, PasswordHash, SecretText,
    SessionEndReason, SignedIn, User, Verdict,
};
use chrono::{DateTime, Utc};
use serde_json::json;
use vigie_kernel::{EmailAddress, Entitlements, FieldErrors, SessionId, UserId};

impl Auth {
    pub(super) async fn do_login(&self, command: Login, client: &ClientInfo) -> Result<SignedIn, AuthError> {
        let email = check(&command)?;
        let key = self.ports.pseudonyms.pseudonym(email.key());
        let user = self.look_up(&email, &key).await?;
        // No connection is held while hashing: a wave of logins must not starve the other routes.
        let stored = user.as_ref().map(|user| &user.snapshot().password_hash);
        let verdict = self.ports.hasher.verify(&command.password, stored).await?;
        let right = match verdict {
            Verdict::Match { needs_rehash } => {
                user.as_ref().filter(|u| u.snapshot().is_active).map(|u| (u, needs_rehash))
            }
            Verdict::Mismatch | Verdict::Unusable => None,
        };
        let Some((known, needs_rehash)) = right else {
            return self.refuse(&key, user.as_ref(), client).await;
        };
        let mut reads = self.ports.store.read().await?;
        let places = reads.organizations_of(known.id()).await?;
        drop(reads);
        let place = MemberOrganization::choose(places, command.organization);
        if place.is_none() && !known.snapshot().is_platform_admin {
            return self.refuse(&key, user.as_ref(), client).await;
        }
        if let Some(refusal) = place.as_ref().and_then(|place| place.organization.refusal()) {
            return Err(refusal.into());
        }
        let rehashed = if needs_rehash { self.hash_if_free(&command.password).await? } else { None };
        self.let_in(known, place, rehashed, &key, client).await
    }

    /// The account, if the address has one; [`AuthError::Throttled`] when it must wait.
    pub(super) async fn look_up(&self, email: &EmailAddress, key: &str) -> Result<Option<User>, AuthError> {
        let mut reads = self.ports.store.read().await?;
        if self.policy.login_delays {
            let attempts = reads.login_attempts(key).await?;
            let now = self.ports.clock.now();
            if let Some(retry_after) = attempts.and_then(|attempts| attempts.retry_after(now)) {
                return Err(AuthError::Throttled { retry_after });
            }
        }
        Ok(reads.user_by_email(email.key()).await?)
    }

    /// A stronger hash of the password, unless the hasher has no time: then the next login makes it.
    async fn hash_if_free(&self, password: &SecretText) -> Result<Option<PasswordHash>, AuthError> {
        match self.ports.hasher.hash(password).await {
            Ok(hash) => Ok(Some(hash)),
            Err(crate::HashError::Busy) => Ok(None),
            Err(e @ crate::HashError::Broken(_)) => Err(e.into()),
        }
    }

    async fn let_in(
        &self,
        known: &User,
        place: Option<MemberOrganization>,
        rehashed: Option<PasswordHash>,
        key: &str,
        client: &ClientInfo,
    ) -> Result<SignedIn, AuthError> {
        let now = self.ports.clock.now();
        let mut work = self.ports.store.begin().await?;
        let locked = work.users().find_for_update(known.id()).await?;
        // The password was compared outside the transaction: it must still be the same one.
        let Some(mut user) = locked.filter(|user| {
            user.snapshot().is_active && user.snapshot().password_hash == known.snapshot().password_hash
        }) else {
            return Err(AuthError::InvalidCredentials);
        };
        if let Some(hash) = rehashed {
            user.rehash(hash, now);
            work.users().update(&user).await?;
        }
        if self.policy.login_delays {
            work.login_attempts().clear(key).await?;
        }
        let bearer = Bearer { user: user.summary(), place: place.map(Place::from) };
        let (session, refresh) = self.open_session_in(&mut *work, &bearer, client, None, now).await?;
        // For the member's profile only, which no plan limits.
        let placed = bearer.place.as_ref().map(|place| {
            let all = Entitlements::UNLIMITED;
            context(&place.organization, bearer.user.id, place.role, all, &client.request_id)
        });
        let profile = bearer.place.as_ref().map(|place| profile_of(&bearer.user, place));
        let answer = self.signed_in(bearer, session, &refresh, now)?;
        work.commit().await?;
        if let (Some(tenant), Some(profile)) = (placed, profile)
            && let Err(error) = self.ports.members.put(&tenant, &profile).await
        {
            // The profile was written when the membership began; this only repairs it, and the login stands without.
            tracing::warn!(
                organization.id = %tenant.organization(),
                error = %error,
                "the member's profile could not be brought up to date"
            );
        }
        Ok(answer)
    }

    /// Counts the failure and gives the one answer that all failures get.
    pub(super) async fn refuse(
        &self,
        key: &str,
        user: Option<&User>,
        client: &ClientInfo,
    ) -> Result<SignedIn, AuthError> {
        if self.policy.login_delays || user.is_some() {
            let now = self.ports.clock.now();
            let mut work = self.ports.store.begin().await?;
            if self.policy.login_delays {
                work.login_attempts().count_failure(key, now).await?;
            }
            if let Some(user) = user {
                let failed = Deed {
                    actor: None,
                    action: "auth.login_failed",
                    subject: ("user", user.id().as_uuid()),
                    request_id: &client.request_id,
                    details: json!({}),
                };
                work.audit().record(&failed.entry(&*self.ports.ids, now)).await?;
            }
            work.commit().await?;
        }
        Err(AuthError::InvalidCredentials)
    }

    pub(super) async fn do_logout(&self, caller: &Caller) -> Result<(), AuthError> {
        let now = self.ports.clock.now();
        let id = caller.session();
        let mut work = self.ports.store.begin().await?;
        let found = work.sessions().find_for_update(id).await?;
        if let Some(mut session) = found {
            session.end(SessionEndReason::Logout, now);
            work.sessions().update(&session).await?;
        }
        let logout = Deed {
            actor: Some(caller.user()),
            action: "auth.logout",
            subject: ("session", id.as_uuid()),
            request_id: caller.request_id(),
            details: json!({ "all": false }),
        };
        work.audit().record(&logout.entry(&*self.ports.ids, now)).await?;
        work.commit().await?;
        self.live.forget(id, caller.user());
        Ok(())
    }

    pub(super) async fn do_logout_all(&self, caller: &Caller) -> Result<(), AuthError> {
        let now = self.ports.clock.now();
        let user = caller.user();
        let mut work = self.ports.store.begin().await?;
        // The lock keeps a login from opening a session between the list and the commit.
        work.users().find_for_update(user).await?;
        let ended = end_all_in(&mut *work, user, SessionEndReason::LogoutAll, now).await?;
        let logout = Deed {
            actor: Some(user),
            action: "auth.logout",
            subject: ("user", user.as_uuid()),
            request_id: caller.request_id(),
            details: json!({ "all": true, "sessions": ended }),
        };
        work.audit().record(&logout.entry(&*self.ports.ids, now)).await?;
        work.commit().await?;
        self.live.forget_user(user);
        Ok(())
    }
}

pub(super) async fn end_all_in(
    work: &mut dyn crate::IdentityWork,
    user: UserId,
    reason: SessionEndReason,
    now: DateTime<Utc>,
) -> Result<usize, AuthError> {
    end_others_in(work, user, None, reason, now).await
}

/// Ends the sessions of a user, those of `keep` excepted; answers how many.
pub(super) async fn end_others_in(
    work: &mut dyn crate::IdentityWork,
    user: UserId,
    keep: Option<SessionId>,
    reason: SessionEndReason,
    now: DateTime<Utc>,
) -> Result<usize, AuthError> {
    let mut count = 0;
    let open = work.sessions().live_of_user(user, now).await?;
    for mut session in open {
        if Some(session.snapshot().id) != keep {
            session.end(reason, now);
            work.sessions().update(&session).await?;
            count += 1;
        }
    }
    Ok(count)
}

/// Everything that is wrong with the form of a login, at once; the address when nothing is.
fn check(command: &Login) -> Result<EmailAddress, AuthError> {
    let mut errors = FieldErrors::new();
    let email = errors.keep(read_email(&command.email));
    errors.keep(check_length("password", command.password.expose()));
    match email {
        Some(email) if errors.is_empty() => Ok(email),
        Some(_) | None => Err(errors.into()),
    }
}

/// The member's profile in the organization's own database.
fn profile_of(user: &crate::UserSummary, place: &Place) -> crate::MemberProfile {
    crate::MemberProfile { user: user.id, full_name: user.full_name.clone(), role: place.role, active: true }
}

impl From<MemberOrganization> for Place {
    fn from(place: MemberOrganization) -> Self {
        let membership = place.membership.snapshot();
        Self {
            role: membership.role,
            authorization_version: membership.authorization_version,
            organization: place.organization,
        }
    }
}
