//! From a bearer token, or from a job, to a context.

use crate::live::{BELIEVED, SessionName, Standing};
use crate::{
    AccessClaims, AdminCaller, Auth, AuthError, Caller, LiveSession, MemberCaller, OrganizationSummary,
    permissions_of,
};
use std::sync::Arc;
use vigie_kernel::{Entitlements, OperatorContext, OrganizationId, Recalled, Role, TenantContext, UserId};

impl Auth {
    pub(super) async fn do_authenticate(
        &self,
        bearer: &str,
        named: Option<OrganizationId>,
        request_id: &str,
    ) -> Result<Caller, AuthError> {
        let claims = self.ports.tokens.verify(bearer).map_err(|_| AuthError::InvalidToken)?;
        if let (Some(named), Some(own)) = (named, claims.organization)
            && named != own
        {
            return Err(AuthError::InvalidToken);
        }
        let live = self.live_session(&SessionName::from(&claims)).await?.ok_or(AuthError::InvalidToken)?;
        if !is_of(&claims, &live) {
            return Err(AuthError::InvalidToken);
        }
        self.let_through(&live, request_id).await
    }

    pub(super) async fn do_still_in(&self, caller: &Caller) -> Result<Caller, AuthError> {
        let name = SessionName {
            session: caller.session(),
            user: caller.user(),
            organization: caller.organization(),
        };
        let live = self.live_session(&name).await?.ok_or(AuthError::InvalidToken)?;
        if !name.is_of(&live) {
            return Err(AuthError::InvalidToken);
        }
        self.let_through(&live, caller.request_id()).await
    }

    async fn let_through(&self, live: &LiveSession, request_id: &str) -> Result<Caller, AuthError> {
        match live.standing(self.ports.clock.now())? {
            Standing::Member(member) => {
                if let Some(refusal) = member.organization.refusal() {
                    return Err(refusal.into());
                }
                let entitlements = self.ports.entitlements.of(member.organization.id).await?;
                Ok(Caller::Member(Box::new(MemberCaller {
                    tenant: context(
                        &member.organization,
                        live.user.id,
                        member.role,
                        entitlements,
                        request_id,
                    ),
                    session: live.session,
                    user: live.user.clone(),
                    organization: member.organization.clone(),
                })))
            }
            Standing::PlatformAdmin => Ok(Caller::PlatformAdmin(Box::new(AdminCaller {
                operator: OperatorContext::new(Some(live.user.id), request_id.to_owned()),
                session: live.session,
                user: live.user.clone(),
            }))),
        }
    }

    /// What is true of a session: from this process's memory, from that which processes share, or from the store.
    async fn live_session(&self, name: &SessionName) -> Result<Option<Arc<LiveSession>>, AuthError> {
        let asked_at = self.ports.clock.now();
        let generation = match self.live.get(name.session, asked_at) {
            Ok(known) => return Ok(Some(known)),
            Err(generation) => generation,
        };
        let ticket = match self.live.shared.recall(name).await {
            Recalled::Known { value, good_for } => {
                let known = Arc::new(value);
                self.live.put(Arc::clone(&known), generation, asked_at - (BELIEVED - good_for));
                return Ok(Some(known));
            }
            Recalled::Unknown(ticket) => ticket,
        };
        let mut reads = self.ports.store.read().await?;
        let Some(found) = reads.live_session(name.session).await?.map(Arc::new) else { return Ok(None) };
        drop(reads);
        let good_for = BELIEVED - (self.ports.clock.now() - asked_at);
        self.live.shared.remember(&found, ticket, good_for).await;
        self.live.put(Arc::clone(&found), generation, asked_at);
        Ok(Some(found))
    }

    pub(super) async fn do_context_for(
        &self,
        organization: OrganizationId,
        actor: UserId,
        request_id: &str,
    ) -> Result<TenantContext, AuthError> {
        let mut reads = self.ports.store.read().await?;
        let found = reads.membership(actor, organization).await?;
        let (user, place) = found.ok_or(AuthError::NotAMember)?;
        let membership = place.membership.snapshot();
        if !membership.active || !user.snapshot().is_active {
            return Err(AuthError::NotAMember);
        }
        if let Some(refusal) = place.organization.refusal() {
            return Err(refusal.into());
        }
        let entitlements = self.ports.entitlements.of(organization).await?;
        Ok(context(&place.organization, actor, membership.role, entitlements, request_id))
    }
}

/// Whether the token is of the session as it is stored.
fn is_of(claims: &AccessClaims, live: &LiveSession) -> bool {
    SessionName::from(claims).is_of(live) && claims.role.is_some() == live.organization.is_some()
}

#[allow(clippy::disallowed_methods, reason = "identity is one of the two makers of contexts")]
pub(super) fn context(
    organization: &OrganizationSummary,
    actor: UserId,
    role: Role,
    entitlements: Entitlements,
    request_id: &str,
) -> TenantContext {
    TenantContext::new(
        organization.id,
        actor,
        role,
        permissions_of(role),
        organization.settings,
        request_id.to_owned(),
    )
    .with_entitlements(entitlements)
}
