//! Changing, keeping out and sending away members.

use super::access::context;
use super::invitations::{Actor, member_deed};
use crate::member_rules::{may_grant, may_manage};
use crate::{
    Auth, AuthError, ChangeRole, IdentityWork, Member, MemberFilter, MemberProfile, Membership,
    ProjectMember, SessionEndReason, SetMemberActive,
};
use chrono::{DateTime, Utc};
use serde_json::json;
use vigie_jobs::OutboxMessage;
use vigie_kernel::{
    Entitlements, OrganizationId, Page, PageRequest, Permission, Role, TenantContext, UserId,
};

impl Auth {
    pub(super) async fn do_members(
        &self,
        tenant: &TenantContext,
        filter: &MemberFilter,
        page: &PageRequest,
    ) -> Result<Page<Member>, AuthError> {
        tenant.require(Permission::MemberList)?;
        let mut reads = self.ports.store.read().await?;
        Ok(reads.members(tenant.organization(), filter, page).await?)
    }

    pub(super) async fn do_member(&self, tenant: &TenantContext, user: UserId) -> Result<Member, AuthError> {
        tenant.require(Permission::MemberList)?;
        let mut reads = self.ports.store.read().await?;
        reads.member(tenant.organization(), user).await?.ok_or(AuthError::MemberNotFound)
    }

    pub(super) async fn do_change_role(
        &self,
        tenant: &TenantContext,
        command: ChangeRole,
    ) -> Result<Member, AuthError> {
        tenant.require(Permission::MemberManage)?;
        let now = self.ports.clock.now();
        let mut work = self.ports.store.begin().await?;
        let (actor, mut membership) = self.target_in(&mut *work, tenant, command.user).await?;
        let before = membership.snapshot().role;
        if !may_grant(actor.role, command.role) {
            return Err(AuthError::RoleNotAllowed);
        }
        check_version(command.expected_version, &membership)?;
        if before == command.role {
            drop(work);
        } else {
            if before == Role::Owner {
                self.require_another_owner(&mut *work, tenant.organization(), command.user).await?;
            }
            membership.change_role(command.role);
            work.memberships().update(&membership).await?;
            let details = json!({ "from": before.name(), "to": command.role.name() });
            let deed = member_deed(tenant, command.user, "member.role_changed", details);
            work.audit().record(&deed.entry(&*self.ports.ids, now)).await?;
            self.project_in(&mut *work, tenant.organization(), command.user, tenant.request_id(), now)
                .await?;
            work.commit().await?;
            self.follow(tenant, command.user).await;
        }
        self.member_now(tenant, command.user).await
    }

    pub(super) async fn do_set_member_active(
        &self,
        tenant: &TenantContext,
        command: SetMemberActive,
    ) -> Result<Member, AuthError> {
        tenant.require(Permission::MemberManage)?;
        let now = self.ports.clock.now();
        let organization = tenant.organization();
        let mut work = self.ports.store.begin().await?;
        let (_, mut membership) = self.target_in(&mut *work, tenant, command.user).await?;
        check_version(command.expected_version, &membership)?;
        if membership.snapshot().active == command.active {
            drop(work);
        } else {
            if command.active {
                work.organizations().seats(organization, now).await?.require_one()?;
            } else if membership.snapshot().role == Role::Owner {
                self.require_another_owner(&mut *work, organization, command.user).await?;
            }
            membership.set_active(command.active);
            work.memberships().update(&membership).await?;
            let ended =
                if command.active { 0 } else { end_in(&mut *work, organization, command.user, now).await? };
            let action = if command.active { "member.activated" } else { "member.deactivated" };
            let deed = member_deed(tenant, command.user, action, json!({ "sessions": ended }));
            work.audit().record(&deed.entry(&*self.ports.ids, now)).await?;
            self.project_in(&mut *work, organization, command.user, tenant.request_id(), now).await?;
            work.commit().await?;
            self.follow(tenant, command.user).await;
        }
        self.member_now(tenant, command.user).await
    }

    pub(super) async fn do_remove_member(
        &self,
        tenant: &TenantContext,
        user: UserId,
    ) -> Result<(), AuthError> {
        let leaves = user == tenant.actor();
        if !leaves {
            tenant.require(Permission::MemberManage)?;
        }
        let now = self.ports.clock.now();
        let organization = tenant.organization();
        let mut work = self.ports.store.begin().await?;
        let membership = if leaves {
            self.actor_in(&mut *work, tenant).await?;
            work.memberships().find(user, organization).await?.ok_or(AuthError::MemberNotFound)?
        } else {
            self.target_in(&mut *work, tenant, user).await?.1
        };
        let it = membership.snapshot();
        if it.role == Role::Owner {
            self.require_another_owner(&mut *work, organization, user).await?;
        }
        work.memberships().remove(it.id).await?;
        work.ownership().withdraw(organization, Some(user)).await?;
        let ended = end_in(&mut *work, organization, user, now).await?;
        let action = if leaves { "member.left" } else { "member.removed" };
        let details = json!({ "role": it.role.name(), "sessions": ended });
        let deed = member_deed(tenant, user, action, details);
        work.audit().record(&deed.entry(&*self.ports.ids, now)).await?;
        self.project_in(&mut *work, organization, user, tenant.request_id(), now).await?;
        work.commit().await?;
        self.follow(tenant, user).await;
        Ok(())
    }

    /// The caller and a member whom he may manage, with the organization's row locked.
    async fn target_in(
        &self,
        work: &mut dyn IdentityWork,
        tenant: &TenantContext,
        user: UserId,
    ) -> Result<(Actor, Membership), AuthError> {
        let actor = self.actor_in(work, tenant).await?;
        let found = work.memberships().find(user, tenant.organization()).await?;
        let membership = found.ok_or(AuthError::MemberNotFound)?;
        if may_manage(actor.role, membership.snapshot().role) {
            Ok((actor, membership))
        } else {
            Err(AuthError::RoleNotAllowed)
        }
    }

    /// Refuses to leave an organization without an owner who can sign in. Counted with its row locked.
    async fn require_another_owner(
        &self,
        work: &mut dyn IdentityWork,
        organization: OrganizationId,
        besides: UserId,
    ) -> Result<(), AuthError> {
        if work.memberships().owners_besides(organization, besides).await? == 0 {
            return Err(AuthError::LastOwner);
        }
        Ok(())
    }

    async fn member_now(&self, tenant: &TenantContext, user: UserId) -> Result<Member, AuthError> {
        let mut reads = self.ports.store.read().await?;
        reads.member(tenant.organization(), user).await?.ok_or(AuthError::MemberNotFound)
    }

    /// Announces that the organization's own database has to follow, in the transaction of the change: its last statement.
    pub(super) async fn project_in(
        &self,
        work: &mut dyn IdentityWork,
        organization: OrganizationId,
        user: UserId,
        request_id: &str,
        now: DateTime<Utc>,
    ) -> Result<(), AuthError> {
        let job = ProjectMember { organization, user };
        let message = OutboxMessage::announce(self.ports.ids.next(), &job, now, request_id)?;
        Ok(work.jobs().add(Some(organization), &message).await?)
    }

    /// After the commit: every process forgets what it knew of the member, and the organization's database follows at once if it can.
    pub(super) async fn follow(&self, tenant: &TenantContext, user: UserId) {
        self.live.forget_user(user);
        if let Err(error) = self.do_project(tenant.organization(), user).await {
            tracing::warn!(
                organization.id = %tenant.organization(), %error,
                "the member's profile waits for its job"
            );
        }
    }

    pub(super) async fn do_project(
        &self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<(), AuthError> {
        let mut reads = self.ports.store.read().await?;
        let found = reads.membership(user, organization).await?;
        drop(reads);
        let Some((account, place)) = found else {
            return Ok(self.ports.members.retire(organization, user).await?);
        };
        let membership = place.membership.snapshot();
        let profile = MemberProfile {
            user,
            full_name: account.snapshot().full_name.clone(),
            role: membership.role,
            active: membership.active,
        };
        let all = Entitlements::UNLIMITED;
        let tenant = context(&place.organization, user, membership.role, all, "");
        Ok(self.ports.members.put(&tenant, &profile).await?)
    }
}

/// Ends the sessions that a user has of an organization; answers how many.
async fn end_in(
    work: &mut dyn IdentityWork,
    organization: OrganizationId,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<usize, AuthError> {
    let mut count = 0;
    let open = work.sessions().live_of_user(user, now).await?;
    for mut session in open {
        if session.snapshot().organization_id == Some(organization) {
            session.end(SessionEndReason::MembershipEnded, now);
            work.sessions().update(&session).await?;
            count += 1;
        }
    }
    Ok(count)
}

fn check_version(expected: Option<i64>, membership: &Membership) -> Result<(), AuthError> {
    match expected {
        Some(version) if version != membership.snapshot().version => Err(AuthError::ChangedMeanwhile),
        Some(_) | None => Ok(()),
    }
}
