//! The members of an organization: inviting them, what they may, sending them away, handing the organization over.

use super::Auth;
use crate::{
    AcceptInvitation, AuthError, Caller, ChangeRole, ClientInfo, Invitation, InvitationOffer, Invite, Member,
    MemberFilter, OfferOwnership, OwnershipOffer, SecretText, SetMemberActive, SignedIn,
};
use async_trait::async_trait;
use vigie_kernel::{InvitationId, OrganizationId, Page, PageRequest, TenantContext, UserId};

/// Members of organizations and invitations to them.
///
/// What a member may do to another one is decided with the organization's row locked, from roles that are read under that lock: two owners
/// who remove each other at the same moment leave one.
#[async_trait]
pub trait MembershipService: Send + Sync {
    /// The members, the newest first. Needs `member:list`.
    async fn members(
        &self,
        tenant: &TenantContext,
        filter: &MemberFilter,
        page: &PageRequest,
    ) -> Result<Page<Member>, AuthError>;

    /// A member. Needs `member:list`; [`AuthError::MemberNotFound`].
    async fn member(&self, tenant: &TenantContext, user: UserId) -> Result<Member, AuthError>;

    /// Invites an address. Needs `member:invite` and a role above the one that is offered, [`AuthError::RoleNotAllowed`];
    /// [`AuthError::AlreadyMember`], [`AuthError::AlreadyInvited`], [`AuthError::LimitReached`] when every place is taken, by members or
    /// by invitations that can still be accepted.
    async fn invite(&self, tenant: &TenantContext, command: Invite) -> Result<Invitation, AuthError>;

    /// The invitations that are neither accepted nor taken back, expired ones too, the newest first. Needs `member:invite`.
    async fn invitations(
        &self,
        tenant: &TenantContext,
        page: &PageRequest,
    ) -> Result<Page<Invitation>, AuthError>;

    /// Sends an invitation once more, with a new token and its whole time. The rules are those of inviting;
    /// [`AuthError::InvitationNotFound`], [`AuthError::TooMany`].
    async fn resend_invitation(
        &self,
        tenant: &TenantContext,
        id: InvitationId,
    ) -> Result<Invitation, AuthError>;

    /// Takes an invitation back. The rules are those of inviting; [`AuthError::InvitationNotFound`].
    async fn cancel_invitation(&self, tenant: &TenantContext, id: InvitationId) -> Result<(), AuthError>;

    /// What a token offers; changes nothing. [`AuthError::TokenNotGood`].
    async fn invitation_offer(&self, token: &SecretText) -> Result<InvitationOffer, AuthError>;

    /// Accepts an invitation and opens a session: with the password of the account that the address has, or with a new account.
    /// [`AuthError::TokenNotGood`], [`AuthError::InvalidCredentials`], which leave the token as it was.
    async fn accept_invitation(
        &self,
        command: AcceptInvitation,
        client: &ClientInfo,
    ) -> Result<SignedIn, AuthError>;

    /// Gives a member another role, which counts at his next request. Needs `member:manage`; [`AuthError::MemberNotFound`],
    /// [`AuthError::RoleNotAllowed`], [`AuthError::LastOwner`].
    async fn change_role(&self, tenant: &TenantContext, command: ChangeRole) -> Result<Member, AuthError>;

    /// Lets a member in or keeps him out, which ends his sessions of the organization. The rules are those of changing a role.
    async fn set_member_active(
        &self,
        tenant: &TenantContext,
        command: SetMemberActive,
    ) -> Result<Member, AuthError>;

    /// Ends a membership, also one's own. The rules are those of changing a role, but everybody may leave, unless he is the last owner.
    async fn remove_member(&self, tenant: &TenantContext, user: UserId) -> Result<(), AuthError>;

    /// Offers the organization to another member, who has 72 hours to accept; an earlier offer is good no more. Needs
    /// `organization:transfer` and the caller's password.
    async fn offer_ownership(
        &self,
        caller: &Caller,
        command: OfferOwnership,
    ) -> Result<OwnershipOffer, AuthError>;

    /// Accepts the offer that was made to the caller: he is an owner then, and who offered an administrator.
    /// [`AuthError::OfferNotFound`].
    async fn accept_ownership(&self, tenant: &TenantContext) -> Result<Member, AuthError>;

    /// Brings the organization's own database up to date with a membership.
    async fn project(&self, organization: OrganizationId, user: UserId) -> Result<(), AuthError>;
}

#[async_trait]
impl MembershipService for Auth {
    async fn members(
        &self,
        tenant: &TenantContext,
        filter: &MemberFilter,
        page: &PageRequest,
    ) -> Result<Page<Member>, AuthError> {
        self.do_members(tenant, filter, page).await
    }

    async fn member(&self, tenant: &TenantContext, user: UserId) -> Result<Member, AuthError> {
        self.do_member(tenant, user).await
    }

    async fn invite(&self, tenant: &TenantContext, command: Invite) -> Result<Invitation, AuthError> {
        self.do_invite(tenant, command).await
    }

    async fn invitations(
        &self,
        tenant: &TenantContext,
        page: &PageRequest,
    ) -> Result<Page<Invitation>, AuthError> {
        self.do_invitations(tenant, page).await
    }

    async fn resend_invitation(
        &self,
        tenant: &TenantContext,
        id: InvitationId,
    ) -> Result<Invitation, AuthError> {
        self.do_resend_invitation(tenant, id).await
    }

    async fn cancel_invitation(&self, tenant: &TenantContext, id: InvitationId) -> Result<(), AuthError> {
        self.do_cancel_invitation(tenant, id).await
    }

    async fn invitation_offer(&self, token: &SecretText) -> Result<InvitationOffer, AuthError> {
        self.do_invitation_offer(token).await
    }

    async fn accept_invitation(
        &self,
        command: AcceptInvitation,
        client: &ClientInfo,
    ) -> Result<SignedIn, AuthError> {
        self.do_accept_invitation(command, client).await
    }

    async fn change_role(&self, tenant: &TenantContext, command: ChangeRole) -> Result<Member, AuthError> {
        self.do_change_role(tenant, command).await
    }

    async fn set_member_active(
        &self,
        tenant: &TenantContext,
        command: SetMemberActive,
    ) -> Result<Member, AuthError> {
        self.do_set_member_active(tenant, command).await
    }

    async fn remove_member(&self, tenant: &TenantContext, user: UserId) -> Result<(), AuthError> {
        self.do_remove_member(tenant, user).await
    }

    async fn offer_ownership(
        &self,
        caller: &Caller,
        command: OfferOwnership,
    ) -> Result<OwnershipOffer, AuthError> {
        self.do_offer_ownership(caller, command).await
    }

    async fn accept_ownership(&self, tenant: &TenantContext) -> Result<Member, AuthError> {
        self.do_accept_ownership(tenant).await
    }

    async fn project(&self, organization: OrganizationId, user: UserId) -> Result<(), AuthError> {
        self.do_project(organization, user).await
    }
}
