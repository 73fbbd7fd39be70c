//! Exchanging a refresh token.

use super::open_session::{Bearer, Place};
use crate::audit::Deed;
use crate::live::Standing;
use crate::refresh_token::Presented;
use crate::{
    AccountMail, Auth, AuthError, ClientInfo, Counted, IdentityWork, LiveSession, Refresh, RefreshSecret,
    RefreshToken, Session, SessionEndReason, SignedIn,
};
use chrono::{DateTime, Utc};
use serde_json::json;

impl Auth {
    pub(super) async fn do_refresh(
        &self,
        command: Refresh,
        client: &ClientInfo,
    ) -> Result<SignedIn, AuthError> {
        let presented =
            RefreshSecret::parse(command.refresh_token.expose()).ok_or(AuthError::InvalidToken)?;
        let now = self.ports.clock.now();
        let mut work = self.ports.store.begin().await?;
        // Always the token first, then its session: two exchanges can never wait for each other.
        let token = work.refresh_tokens().find_for_update(&presented.hash()).await?;
        let token = token.ok_or(AuthError::InvalidToken)?;
        let id = token.snapshot().session_id;
        self.ports.throttle.count(Counted::RefreshOf(id)).await?;
        let mut session = work.sessions().find_for_update(id).await?.ok_or(AuthError::InvalidToken)?;
        let live = work.sessions().live(id).await?.ok_or(AuthError::InvalidToken)?;
        let standing = live.standing(now)?;
        if command.organization.is_some_and(|named| live.organization.is_some_and(|own| own != named)) {
            return Err(AuthError::InvalidToken);
        }
        let refusal = match standing {
            Standing::Member(member) => member.organization.refusal(),
            Standing::PlatformAdmin => None,
        };
        let bearer = bearer_of(&live, standing);
        match (token.presented(now), refusal) {
            (Presented::Expired, _) => Err(AuthError::InvalidToken),
            (Presented::Reused, _) => self.end_family(work, session, client, now).await,
            (Presented::Again | Presented::Fresh, Some(refusal)) => Err(refusal.into()),
            (Presented::Fresh, None) => {
                session.touch(client, now);
                self.exchange(work, token, session, &presented, bearer, now).await
            }
            (Presented::Again, None) => match self.same_successor_in(&mut *work, &token, &presented).await? {
                Some(successor) => self.signed_in(bearer, id, &successor, now),
                None => self.end_family(work, session, client, now).await,
            },
        }
    }

    async fn exchange(
        &self,
        mut work: Box<dyn IdentityWork>,
        mut token: RefreshToken,
        session: Session,
        presented: &RefreshSecret,
        bearer: Bearer,
        now: DateTime<Utc>,
    ) -> Result<SignedIn, AuthError> {
        let successor = self.new_refresh_secret()?;
        let sealed = self
            .ports
            .sealer
            .seal(presented.text().expose().as_bytes(), successor.text().expose().as_bytes())
            .map_err(AuthError::Broken)?;
        let next =
            token.exchange(self.ports.ids.next(), successor.hash(), sealed, now, session.refresh_expiry(now));
        work.refresh_tokens().update(&token).await?;
        work.refresh_tokens().insert(&next).await?;
        work.sessions().update(&session).await?;
        let answer = self.signed_in(bearer, session.snapshot().id, &successor, now)?;
        work.commit().await?;
        Ok(answer)
    }

    /// The successor that was handed out before, if nobody has used it; `None` when somebody has.
    async fn same_successor_in(
        &self,
        work: &mut dyn IdentityWork,
        token: &RefreshToken,
        presented: &RefreshSecret,
    ) -> Result<Option<RefreshSecret>, AuthError> {
        let token = token.snapshot();
        let next = work.refresh_tokens().of_generation(token.session_id, token.generation + 1).await?;
        let unused = next.is_some_and(|next| next.snapshot().used_at.is_none());
        let Some(sealed) = token.successor_sealed.as_deref().filter(|_| unused) else { return Ok(None) };
        let plain = self
            .ports
            .sealer
            .open(presented.text().expose().as_bytes(), sealed)
            .map_err(AuthError::Broken)?;
        let text = std::str::from_utf8(&plain).map_err(|error| AuthError::Broken(Box::new(error)))?;
        RefreshSecret::parse(text)
            .map(Some)
            .ok_or_else(|| AuthError::Broken("a sealed successor is no refresh token".into()))
    }

    /// A token came back that should not exist any more: whoever holds the family, it ends.
    async fn end_family(
        &self,
        mut work: Box<dyn IdentityWork>,
        mut session: Session,
        client: &ClientInfo,
        now: DateTime<Utc>,
    ) -> Result<SignedIn, AuthError> {
        let id = session.snapshot().id;
        session.end(SessionEndReason::RefreshReuse, now);
        work.sessions().update(&session).await?;
        let reuse = Deed {
            actor: Some(session.snapshot().user_id),
            action: "auth.refresh_reuse",
            subject: ("session", id.as_uuid()),
            request_id: &client.request_id,
            details: json!({}),
        };
        work.audit().record(&reuse.entry(&*self.ports.ids, now)).await?;
        let user = session.snapshot().user_id;
        self.mail_in(&mut *work, AccountMail::SessionEnded { user }, &client.request_id, now).await?;
        work.commit().await?;
        self.live.forget(id, session.snapshot().user_id);
        tracing::warn!(session.id = %id, "a used refresh token came back: its session is ended");
        Err(AuthError::InvalidToken)
    }
}

fn bearer_of(live: &LiveSession, standing: Standing<'_>) -> Bearer {
    let place = match standing {
        Standing::Member(member) => Some(Place {
            organization: member.organization.clone(),
            role: member.role,
            authorization_version: member.authorization_version,
        }),
        Standing::PlatformAdmin => None,
    };
    Bearer { user: live.user.clone(), place }
}
