//! Members, invitations and offers of the in-memory store.

use super::memory::MemoryState;
use crate::{
    Invitation, InvitationRepository, InvitationStatus, Member, MemberFilter, OwnershipOffer,
    OwnershipRepository, RULE_INVITATION, TokenHash,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use vigie_kernel::{InvitationId, OrganizationId, OwnershipOfferId, Page, PageRequest, StoreError, UserId};

impl MemoryState {
    pub(super) fn member(&self, organization: OrganizationId, user: UserId) -> Option<Member> {
        let place = self.membership(user, organization)?;
        let (membership, account) = (place.membership.snapshot(), self.users.get(&user)?.snapshot());
        Some(Member {
            user,
            organization,
            email: account.email.clone(),
            full_name: account.full_name.clone(),
            role: membership.role,
            active: membership.active && account.is_active,
            email_verified_at: account.email_verified_at,
            last_login_at: membership.last_login_at,
            joined_at: membership.created_at,
            version: membership.version,
        })
    }

    /// The first page: tests of the domain ask for no other.
    pub(super) fn list_members(
        &self,
        organization: OrganizationId,
        filter: &MemberFilter,
        page: &PageRequest,
    ) -> Page<Member> {
        let users: Vec<UserId> = self.memberships.values().map(|it| it.snapshot().user_id).collect();
        let mut found: Vec<Member> =
            users.into_iter().rev().filter_map(|user| self.member(organization, user)).collect();
        found.retain(|member| {
            let text = format!("{} {}", member.full_name, member.email.as_str()).to_lowercase();
            filter.role.is_none_or(|role| role == member.role)
                && filter.active.is_none_or(|active| active == member.active)
                && filter.search.as_ref().is_none_or(|search| text.contains(&search.to_lowercase()))
        });
        found.dedup_by_key(|member| member.user);
        found.truncate(usize::from(page.limit));
        Page { items: found, next: None }
    }

    pub(super) fn pending_invitations(
        &self,
        organization: OrganizationId,
        page: &PageRequest,
    ) -> Page<Invitation> {
        let pending = self.invitations.values().rev().map(|(it, _)| it).filter(|it| {
            it.snapshot().organization_id == organization && it.snapshot().status == InvitationStatus::Pending
        });
        Page { items: pending.take(usize::from(page.limit)).cloned().collect(), next: None }
    }

    pub(super) fn open_invitation(&self, hash: &TokenHash, now: DateTime<Utc>) -> Option<Invitation> {
        let mut open = self.invitations.values();
        open.find(|(it, token)| token.as_ref() == Some(hash) && it.is_open(now)).map(|(it, _)| it.clone())
    }

    fn set_status(&mut self, id: InvitationId, status: InvitationStatus) {
        if let Some((invitation, _)) = self.invitations.get_mut(&id) {
            let mut snapshot = invitation.snapshot().clone();
            snapshot.status = status;
            snapshot.version += 1;
            *invitation = Invitation::restore(snapshot);
        }
    }
}

#[async_trait]
impl InvitationRepository for &mut MemoryState {
    async fn find_for_update(&mut self, id: InvitationId) -> Result<Option<Invitation>, StoreError> {
        Ok(self.invitations.get(&id).map(|(it, _)| it.clone()))
    }

    async fn insert(&mut self, invitation: &Invitation) -> Result<(), StoreError> {
        let new = invitation.snapshot();
        let pending = self.invitations.values().any(|(known, _)| {
            let known = known.snapshot();
            known.status == InvitationStatus::Pending
                && known.organization_id == new.organization_id
                && known.email.key() == new.email.key()
        });
        if pending {
            return Err(StoreError::Conflict(RULE_INVITATION));
        }
        self.invitations.insert(new.id, (invitation.clone(), None));
        Ok(())
    }

    async fn update(&mut self, invitation: &Invitation) -> Result<(), StoreError> {
        let stored = self.invitations.get_mut(&invitation.snapshot().id).ok_or(StoreError::Stale)?;
        if stored.0.snapshot().version + 1 != invitation.snapshot().version {
            return Err(StoreError::Stale);
        }
        stored.0 = invitation.clone();
        Ok(())
    }

    async fn expire(&mut self, organization: OrganizationId, now: DateTime<Utc>) -> Result<(), StoreError> {
        let expired = self.invitations.values().map(|(it, _)| it.snapshot()).filter(|it| {
            it.organization_id == organization
                && it.status == InvitationStatus::Pending
                && it.expires_at <= now
        });
        for id in expired.map(|it| it.id).collect::<Vec<_>>() {
            self.set_status(id, InvitationStatus::Expired);
        }
        Ok(())
    }

    async fn set_token(&mut self, id: InvitationId, hash: &TokenHash) -> Result<(), StoreError> {
        self.invitations.get_mut(&id).ok_or(StoreError::Stale)?.1 = Some(*hash);
        Ok(())
    }

    async fn consume(
        &mut self,
        hash: &TokenHash,
        now: DateTime<Utc>,
    ) -> Result<Option<Invitation>, StoreError> {
        let Some(found) = self.open_invitation(hash, now) else { return Ok(None) };
        let id = found.snapshot().id;
        self.set_status(id, InvitationStatus::Accepted);
        Ok(self.invitations.get(&id).map(|(it, _)| it.clone()))
    }
}

#[async_trait]
impl OwnershipRepository for &mut MemoryState {
    async fn insert(&mut self, offer: &OwnershipOffer) -> Result<(), StoreError> {
        self.ownership.insert(offer.organization, offer.clone());
        Ok(())
    }

    async fn find(&mut self, id: OwnershipOfferId) -> Result<Option<OwnershipOffer>, StoreError> {
        Ok(self.ownership.values().find(|offer| offer.id == id).cloned())
    }

    async fn take(
        &mut self,
        organization: OrganizationId,
        to: UserId,
        now: DateTime<Utc>,
    ) -> Result<Option<OwnershipOffer>, StoreError> {
        let good = self.ownership.get(&organization).is_some_and(|it| it.to == to && it.expires_at > now);
        Ok(if good { self.ownership.remove(&organization) } else { None })
    }

    async fn withdraw(
        &mut self,
        organization: OrganizationId,
        about: Option<UserId>,
    ) -> Result<(), StoreError> {
        let kept = |offer: &OwnershipOffer| about.is_some_and(|user| offer.from != user && offer.to != user);
        self.ownership.retain(|id, offer| *id != organization || kept(offer));
        Ok(())
    }
}
