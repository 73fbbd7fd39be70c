//! Opening a session, and the tokens of one.

use crate::audit::Deed;
use crate::policy::MAX_SESSIONS;
use crate::{
    AccessClaims, Auth, AuthError, ClientInfo, IdentityWork, OrganizationSummary, RefreshSecret,
    RefreshToken, Session, SessionEndReason, SignedIn, UserSummary,
};
use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use serde_json::json;
use vigie_kernel::{OrganizationId, Role, SessionId, UserId};

/// Who a session or an access token is for.
pub(super) struct Bearer {
    pub(super) user: UserSummary,
    pub(super) place: Option<Place>,
}

/// The organization that a session is for, and the role there.
pub(super) struct Place {
    pub(super) organization: OrganizationSummary,
    pub(super) role: Role,
    pub(super) authorization_version: i64,
}

impl Auth {
    /// Opens a session of a user who has been recognised, whose row is locked: evicts the longest unused session beyond the
    /// cap, writes the session and its first refresh token, notes the login. The session ends at `until` if that is before its time.
    pub(super) async fn open_session_in(
        &self,
        work: &mut dyn IdentityWork,
        bearer: &Bearer,
        client: &ClientInfo,
        until: Option<DateTime<Utc>>,
        now: DateTime<Utc>,
    ) -> Result<(SessionId, RefreshSecret), AuthError> {
        let user = bearer.user.id;
        let organization = bearer.place.as_ref().map(|place| place.organization.id);
        self.make_room_in(work, user, client, now).await?;
        let session = Session::open(self.ports.ids.next(), user, organization, client, until, now);
        let id = session.snapshot().id;
        let secret = self.new_refresh_secret()?;
        let token =
            RefreshToken::first(self.ports.ids.next(), id, secret.hash(), now, session.refresh_expiry(now));
        work.sessions().insert(&session).await?;
        work.refresh_tokens().insert(&token).await?;
        self.note_login_in(work, user, organization, now).await?;
        let login = Deed {
            actor: Some(user),
            action: "auth.login",
            subject: ("session", id.as_uuid()),
            request_id: &client.request_id,
            details: json!({ "organization": organization }),
        };
        work.audit().record(&login.entry(&*self.ports.ids, now)).await?;
        Ok((id, secret))
    }

    async fn make_room_in(
        &self,
        work: &mut dyn IdentityWork,
        user: UserId,
        client: &ClientInfo,
        now: DateTime<Utc>,
    ) -> Result<(), AuthError> {
        let open = work.sessions().live_of_user(user, now).await?;
        let surplus = (open.len() + 1).saturating_sub(MAX_SESSIONS);
        for mut session in open.into_iter().take(surplus) {
            let id = session.snapshot().id;
            session.end(SessionEndReason::Evicted, now);
            work.sessions().update(&session).await?;
            let evicted = Deed {
                actor: Some(user),
                action: "auth.session_evicted",
                subject: ("session", id.as_uuid()),
                request_id: &client.request_id,
                details: json!({ "limit": MAX_SESSIONS }),
            };
            work.audit().record(&evicted.entry(&*self.ports.ids, now)).await?;
            self.live.forget(id, user);
        }
        Ok(())
    }

    async fn note_login_in(
        &self,
        work: &mut dyn IdentityWork,
        user: UserId,
        organization: Option<OrganizationId>,
        now: DateTime<Utc>,
    ) -> Result<(), AuthError> {
        let Some(organization) = organization else { return Ok(()) };
        let found = work.memberships().find(user, organization).await?;
        // Read again under the lock of the user's row: a membership that ended meanwhile opens no session.
        let Some(mut membership) = found.filter(|membership| membership.snapshot().active) else {
            return Err(AuthError::InvalidCredentials);
        };
        membership.note_login(now);
        work.memberships().update(&membership).await?;
        Ok(())
    }

    /// A refresh token that nobody has seen.
    pub(super) fn new_refresh_secret(&self) -> Result<RefreshSecret, AuthError> {
        Ok(RefreshSecret::new(&self.ports.secrets.random().map_err(AuthError::Broken)?))
    }

    /// Signs an access token for a session and puts the answer together.
    pub(super) fn signed_in(
        &self,
        bearer: Bearer,
        session: SessionId,
        refresh: &RefreshSecret,
        now: DateTime<Utc>,
    ) -> Result<SignedIn, AuthError> {
        let issued_at = now.trunc_subsecs(0);
        let expires_in = self.access_token_seconds()?;
        let claims = AccessClaims {
            token_id: self.ports.ids.next_uuid(),
            user: bearer.user.id,
            session,
            organization: bearer.place.as_ref().map(|place| place.organization.id),
            role: bearer.place.as_ref().map(|place| place.role),
            authorization_version: bearer.place.as_ref().map_or(0, |place| place.authorization_version),
            issued_at,
            expires_at: issued_at + TimeDelta::seconds(expires_in),
        };
        Ok(SignedIn {
            access_token: self.ports.tokens.issue(&claims).map_err(AuthError::Broken)?,
            refresh_token: refresh.text().clone(),
            expires_in,
            user: bearer.user,
            role: claims.role,
            organization: bearer.place.map(|place| place.organization),
        })
    }

    /// The lifetime less 0 to 5 %, so that the clients of one page do not all refresh in the same second.
    fn access_token_seconds(&self) -> Result<i64, AuthError> {
        let full = self.policy.access_token_seconds.clamp(60, 900);
        let random = self.ports.secrets.random().map_err(AuthError::Broken)?;
        Ok(full - i64::from(random[0]) % (full / 20 + 1))
    }
}
