//! Making and looking after invitations.

use super::read_email;
use super::sign_up::MAX_NAME;
use crate::audit::Deed;
use crate::member_rules::may_invite;
use crate::policy::INVITATION;
use crate::{
    AccountMail, Auth, AuthError, Counted, IdentityWork, Invitation, InvitationOffer, InvitationSnapshot,
    InvitationStatus, Invite, OneTimeSecret, OrganizationSummary, SecretText, TokenPurpose,
};
use chrono::{DateTime, Utc};
use serde_json::json;
use vigie_kernel::{
    FieldErrors, InvitationId, OrganizationId, Page, PageRequest, Permission, Role, TenantContext, UserId,
    optional_text,
};

/// The caller as he is under the lock of his organization.
pub(super) struct Actor {
    pub(super) organization: OrganizationSummary,
    pub(super) role: Role,
}

impl Auth {
    /// Locks the organization and reads the caller's role again; [`AuthError::NotAMember`] when he is none any more.
    pub(super) async fn actor_in(
        &self,
        work: &mut dyn IdentityWork,
        tenant: &TenantContext,
    ) -> Result<Actor, AuthError> {
        let organization = locked_in(work, tenant.organization()).await?;
        let found = work.memberships().find(tenant.actor(), tenant.organization()).await?;
        let membership = found.filter(|it| it.snapshot().active).ok_or(AuthError::NotAMember)?;
        Ok(Actor { organization, role: membership.snapshot().role })
    }

    pub(super) async fn do_invite(
        &self,
        tenant: &TenantContext,
        command: Invite,
    ) -> Result<Invitation, AuthError> {
        tenant.require(Permission::MemberInvite)?;
        let mut errors = FieldErrors::new();
        let email = errors.keep(read_email(&command.email));
        let full_name = errors.keep(optional_text("full_name", command.full_name.as_deref(), MAX_NAME));
        let (Some(email), Some(full_name)) = (email, full_name) else { return Err(errors.into()) };
        let now = self.ports.clock.now();
        let mut work = self.ports.store.begin().await?;
        let actor = self.actor_in(&mut *work, tenant).await?;
        check_rule(&actor, command.role)?;
        let organization = tenant.organization();
        let known = work.users().find_by_email(email.key()).await?;
        if let Some(user) = known
            && work.memberships().find(user.id(), organization).await?.is_some()
        {
            return Err(AuthError::AlreadyMember);
        }
        work.invitations().expire(organization, now).await?;
        work.organizations().seats(organization, now).await?.require_one()?;
        let invitation = Invitation::new(InvitationSnapshot {
            id: self.ports.ids.next(),
            organization_id: organization,
            email,
            role: command.role,
            full_name,
            status: InvitationStatus::Pending,
            invited_by: tenant.actor(),
            sent_count: 1,
            created_at: now,
            expires_at: now + INVITATION,
            version: 1,
        });
        work.invitations().insert(&invitation).await?;
        self.announce_in(&mut *work, tenant, &invitation, "member.invited", now).await?;
        work.commit().await?;
        Ok(invitation)
    }

    pub(super) async fn do_invitations(
        &self,
        tenant: &TenantContext,
        page: &PageRequest,
    ) -> Result<Page<Invitation>, AuthError> {
        tenant.require(Permission::MemberInvite)?;
        if !may_invite(tenant.role(), Role::User, tenant.settings().managers_invite) {
            return Err(AuthError::RoleNotAllowed);
        }
        let mut reads = self.ports.store.read().await?;
        Ok(reads.invitations(tenant.organization(), page).await?)
    }

    pub(super) async fn do_resend_invitation(
        &self,
        tenant: &TenantContext,
        id: InvitationId,
    ) -> Result<Invitation, AuthError> {
        tenant.require(Permission::MemberInvite)?;
        let now = self.ports.clock.now();
        let mut work = self.ports.store.begin().await?;
        let mut invitation = self.own_invitation_in(&mut *work, tenant, id).await?;
        let key = self.ports.pseudonyms.pseudonym(invitation.snapshot().email.key());
        self.ports.throttle.count(Counted::ResendTo(key)).await?;
        // One that has expired holds no place: it needs one again.
        if !invitation.is_open(now) {
            work.organizations().seats(tenant.organization(), now).await?.require_one()?;
        }
        invitation.resend(now + INVITATION);
        work.invitations().update(&invitation).await?;
        self.announce_in(&mut *work, tenant, &invitation, "member.invitation_resent", now).await?;
        work.commit().await?;
        Ok(invitation)
    }

    pub(super) async fn do_cancel_invitation(
        &self,
        tenant: &TenantContext,
        id: InvitationId,
    ) -> Result<(), AuthError> {
        tenant.require(Permission::MemberInvite)?;
        let now = self.ports.clock.now();
        let mut work = self.ports.store.begin().await?;
        let mut invitation = self.own_invitation_in(&mut *work, tenant, id).await?;
        invitation.cancel();
        work.invitations().update(&invitation).await?;
        let deed = deed_of(tenant, &invitation, "member.invitation_cancelled");
        work.audit().record(&deed.entry(&*self.ports.ids, now)).await?;
        work.commit().await?;
        Ok(())
    }

    /// An invitation of the caller's organization that is pending, and that he may look after.
    async fn own_invitation_in(
        &self,
        work: &mut dyn IdentityWork,
        tenant: &TenantContext,
        id: InvitationId,
    ) -> Result<Invitation, AuthError> {
        let actor = self.actor_in(work, tenant).await?;
        let found = work.invitations().find_for_update(id).await?;
        let invitation = found
            .filter(|it| it.snapshot().organization_id == tenant.organization())
            .filter(|it| it.snapshot().status == InvitationStatus::Pending)
            .ok_or(AuthError::InvitationNotFound)?;
        check_rule(&actor, invitation.snapshot().role)?;
        Ok(invitation)
    }

    async fn announce_in(
        &self,
        work: &mut dyn IdentityWork,
        tenant: &TenantContext,
        invitation: &Invitation,
        action: &'static str,
        now: DateTime<Utc>,
    ) -> Result<(), AuthError> {
        let deed = deed_of(tenant, invitation, action);
        work.audit().record(&deed.entry(&*self.ports.ids, now)).await?;
        let mail = AccountMail::Invitation { invitation: invitation.snapshot().id };
        self.mail_of_in(work, Some(tenant.organization()), mail, tenant.request_id(), now).await
    }

    pub(super) async fn do_invitation_offer(&self, token: &SecretText) -> Result<InvitationOffer, AuthError> {
        let secret = OneTimeSecret::parse(TokenPurpose::Invitation, token.expose());
        let secret = secret.ok_or(AuthError::TokenNotGood)?;
        let mut reads = self.ports.store.read().await?;
        let found = reads.invitation_by_token(&secret.hash(), self.ports.clock.now()).await?;
        let (invitation, organization) = found.ok_or(AuthError::TokenNotGood)?;
        if let Some(refusal) = organization.refusal() {
            return Err(refusal.into());
        }
        let has_account = reads.user_by_email(invitation.snapshot().email.key()).await?.is_some();
        Ok(InvitationOffer { invitation, organization, has_account })
    }
}

fn check_rule(actor: &Actor, role: Role) -> Result<(), AuthError> {
    if may_invite(actor.role, role, actor.organization.settings.managers_invite) {
        Ok(())
    } else {
        Err(AuthError::RoleNotAllowed)
    }
}

fn deed_of<'a>(tenant: &'a TenantContext, invitation: &Invitation, action: &'static str) -> Deed<'a> {
    let it = invitation.snapshot();
    Deed {
        actor: Some(tenant.actor()),
        action,
        subject: ("invitation", it.id.as_uuid()),
        request_id: tenant.request_id(),
        details: json!({ "organization": it.organization_id, "role": it.role.name(), "sent": it.sent_count }),
    }
}

/// The organization with its row locked: the first lock of whatever changes its members.
pub(super) async fn locked_in(
    work: &mut dyn IdentityWork,
    id: OrganizationId,
) -> Result<OrganizationSummary, AuthError> {
    let found = work.organizations().find_for_update(id).await?;
    let organization = found.ok_or(crate::OrganizationRefusal::Unknown)?;
    match organization.refusal() {
        Some(refusal) => Err(refusal.into()),
        None => Ok(organization),
    }
}

/// A line about a member.
pub(super) fn member_deed<'a>(
    tenant: &'a TenantContext,
    user: UserId,
    action: &'static str,
    mut details: serde_json::Value,
) -> Deed<'a> {
    details["organization"] = json!(tenant.organization());
    Deed {
        actor: Some(tenant.actor()),
        action,
        subject: ("user", user.as_uuid()),
        request_id: tenant.request_id(),
        details,
    }
}
