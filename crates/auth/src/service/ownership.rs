//! Handing an organization over.

use super::invitations::member_deed;
use crate::policy::OWNERSHIP_OFFER;
use crate::{AccountMail, Auth, AuthError, Caller, Counted, Member, OfferOwnership, OwnershipOffer};
use serde_json::json;
use vigie_kernel::{FieldError, FieldErrors, Permission, Role, TenantContext};

impl Auth {
    pub(super) async fn do_offer_ownership(
        &self,
        caller: &Caller,
        command: OfferOwnership,
    ) -> Result<OwnershipOffer, AuthError> {
        let Caller::Member(me) = caller else { return Err(AuthError::NotAMember) };
        let tenant = &me.tenant;
        tenant.require(Permission::OwnershipTransfer)?;
        self.ports.throttle.count(Counted::SensitiveBy(caller.user())).await?;
        self.check_own_password(caller, "current_password", &command.current_password).await?;
        let now = self.ports.clock.now();
        let organization = tenant.organization();
        let mut work = self.ports.store.begin().await?;
        let actor = self.actor_in(&mut *work, tenant).await?;
        if actor.role != Role::Owner {
            return Err(AuthError::RoleNotAllowed);
        }
        let found = work.memberships().find(command.user, organization).await?;
        let target = found.filter(|it| it.snapshot().active).ok_or(AuthError::MemberNotFound)?;
        if target.snapshot().role == Role::Owner {
            return Err(FieldErrors::from(FieldError::new("user_id", "already_owner")).into());
        }
        let offer = OwnershipOffer {
            id: self.ports.ids.next(),
            organization,
            from: tenant.actor(),
            to: command.user,
            created_at: now,
            expires_at: now + OWNERSHIP_OFFER,
        };
        work.ownership().withdraw(organization, None).await?;
        work.ownership().insert(&offer).await?;
        let deed = member_deed(tenant, command.user, "ownership.offered", json!({}));
        work.audit().record(&deed.entry(&*self.ports.ids, now)).await?;
        let mail = AccountMail::OwnershipOffered { offer: offer.id };
        self.mail_of_in(&mut *work, Some(organization), mail, tenant.request_id(), now).await?;
        work.commit().await?;
        Ok(offer)
    }

    pub(super) async fn do_accept_ownership(&self, tenant: &TenantContext) -> Result<Member, AuthError> {
        let now = self.ports.clock.now();
        let organization = tenant.organization();
        let mut work = self.ports.store.begin().await?;
        self.actor_in(&mut *work, tenant).await?;
        let offer = work.ownership().take(organization, tenant.actor(), now).await?;
        let offer = offer.ok_or(AuthError::OfferNotFound)?;
        // Whoever has lost the organization meanwhile has nothing to hand over.
        let giver = work.memberships().find(offer.from, organization).await?;
        let mut giver = giver
            .filter(|it| it.snapshot().active && it.snapshot().role == Role::Owner)
            .ok_or(AuthError::OfferNotFound)?;
        let taker = work.memberships().find(tenant.actor(), organization).await?;
        let mut taker = taker.ok_or(AuthError::NotAMember)?;
        taker.change_role(Role::Owner);
        giver.change_role(Role::Admin);
        work.memberships().update(&taker).await?;
        work.memberships().update(&giver).await?;
        let deed =
            member_deed(tenant, tenant.actor(), "ownership.transferred", json!({ "from": offer.from }));
        work.audit().record(&deed.entry(&*self.ports.ids, now)).await?;
        for user in [offer.to, offer.from] {
            self.project_in(&mut *work, organization, user, tenant.request_id(), now).await?;
        }
        work.commit().await?;
        self.follow(tenant, offer.from).await;
        self.follow(tenant, offer.to).await;
        let mut reads = self.ports.store.read().await?;
        reads.member(organization, tenant.actor()).await?.ok_or(AuthError::MemberNotFound)
    }
}
