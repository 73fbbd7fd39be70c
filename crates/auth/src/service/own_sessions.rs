//! The caller's own sessions: looking at them, ending them, going on in another organization.

use super::login::end_others_in;
use super::open_session::{Bearer, Place};
use crate::audit::Deed;
use crate::{
    Auth, AuthError, Caller, ClientInfo, OrganizationRefusal, SessionEndReason, SessionSnapshot, SignedIn,
};
use serde_json::json;
use vigie_kernel::{OrganizationId, SessionId};

impl Auth {
    pub(super) async fn do_sessions(&self, caller: &Caller) -> Result<Vec<SessionSnapshot>, AuthError> {
        let mut reads = self.ports.store.read().await?;
        let open = reads.live_sessions_of(caller.user(), self.ports.clock.now()).await?;
        let mut open: Vec<_> = open.into_iter().map(|session| session.snapshot().clone()).collect();
        open.reverse();
        Ok(open)
    }

    pub(super) async fn do_end_session(&self, caller: &Caller, id: SessionId) -> Result<(), AuthError> {
        let now = self.ports.clock.now();
        let user = caller.user();
        let mut work = self.ports.store.begin().await?;
        let found = work.sessions().find_for_update(id).await?;
        let mut session = found
            .filter(|session| {
                let it = session.snapshot();
                it.user_id == user && it.ended.is_none() && it.expires_at > now
            })
            .ok_or(AuthError::SessionUnknown)?;
        session.end(SessionEndReason::Revoked, now);
        work.sessions().update(&session).await?;
        let ended = Deed {
            actor: Some(user),
            action: "auth.session_revoked",
            subject: ("session", id.as_uuid()),
            request_id: caller.request_id(),
            details: json!({ "own": true }),
        };
        work.audit().record(&ended.entry(&*self.ports.ids, now)).await?;
        work.commit().await?;
        self.live.forget(id, user);
        Ok(())
    }

    pub(super) async fn do_end_other_sessions(&self, caller: &Caller) -> Result<(), AuthError> {
        let now = self.ports.clock.now();
        let user = caller.user();
        let mut work = self.ports.store.begin().await?;
        // The lock keeps a login from opening a session between the list and the commit.
        work.users().find_for_update(user).await?;
        let keep = Some(caller.session());
        let ended = end_others_in(&mut *work, user, keep, SessionEndReason::Revoked, now).await?;
        let deed = Deed {
            actor: Some(user),
            action: "auth.session_revoked",
            subject: ("user", user.as_uuid()),
            request_id: caller.request_id(),
            details: json!({ "own": true, "sessions": ended }),
        };
        work.audit().record(&deed.entry(&*self.ports.ids, now)).await?;
        work.commit().await?;
        self.live.forget_user(user);
        Ok(())
    }

    /// A session of the other organization takes the place of the caller's, and lives no longer than that would have.
    pub(super) async fn do_switch_organization(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        client: &ClientInfo,
    ) -> Result<SignedIn, AuthError> {
        let id = caller.user();
        let mut reads = self.ports.store.read().await?;
        let found = reads.membership(id, organization).await?;
        drop(reads);
        // An organization that he is no member of is none that he knows of.
        let (_, place) = found
            .filter(|(_, place)| place.membership.snapshot().active)
            .ok_or(OrganizationRefusal::Unknown)?;
        if let Some(refusal) = place.organization.refusal() {
            return Err(refusal.into());
        }
        let now = self.ports.clock.now();
        let mut work = self.ports.store.begin().await?;
        let user = work.users().find_for_update(id).await?;
        let user = user.filter(|user| user.snapshot().is_active).ok_or(AuthError::InvalidToken)?;
        let current = work.sessions().find_for_update(caller.session()).await?;
        let mut current =
            current.filter(|session| session.snapshot().ended.is_none()).ok_or(AuthError::InvalidToken)?;
        let until = current.snapshot().expires_at;
        current.end(SessionEndReason::Switched, now);
        work.sessions().update(&current).await?;
        let bearer = Bearer { user: user.summary(), place: Some(Place::from(place)) };
        let (session, refresh) = self.open_session_in(&mut *work, &bearer, client, Some(until), now).await?;
        let answer = self.signed_in(bearer, session, &refresh, now)?;
        work.commit().await?;
        self.live.forget(caller.session(), id);
        Ok(answer)
    }
}
