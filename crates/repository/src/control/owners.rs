//! The accounts of first owners, as tenancy reserves them together with their organizations.

use super::memberships::SeaMemberships;
use super::one_time_tokens::SeaOneTimeTokens;
use super::users::{self, SeaUsers};
use async_trait::async_trait;
use sea_orm::ConnectionTrait;
use vigie_auth::{
    Membership, MembershipRepository as _, MembershipSnapshot, OneTimeToken, OneTimeTokenRepository as _,
    PasswordHash, TokenHash, TokenPurpose, User, UserRepository as _, UserSnapshot,
};
use vigie_kernel::{EmailAddress, Role, StoreError, UserId};
use vigie_tenancy::{OwnerAccount, OwnerMembership, OwnerRepository, OwnerToken};

pub(super) struct SeaOwners<'a, C>(pub(super) &'a C);

#[async_trait]
impl<C: ConnectionTrait> OwnerRepository for SeaOwners<'_, C> {
    async fn find(&mut self, email: &EmailAddress) -> Result<Option<UserId>, StoreError> {
        Ok(users::by_email(self.0, email.key()).await?.map(|user| user.id()))
    }

    async fn add(&mut self, account: &OwnerAccount) -> Result<(), StoreError> {
        let password_hash = account
            .password_hash
            .as_ref()
            .map_or_else(PasswordHash::unset, |hash| PasswordHash::from_phc(hash.expose().to_owned()));
        let user = User::restore(UserSnapshot {
            id: account.user,
            email: account.email.clone(),
            full_name: account.full_name.clone(),
            password_hash,
            is_active: true,
            is_platform_admin: false,
            email_verified_at: None,
            locale: account.locale,
            created_at: account.created_at,
            updated_at: account.created_at,
            version: 1,
        });
        SeaUsers(self.0).insert(&user).await
    }

    async fn join(&mut self, membership: &OwnerMembership) -> Result<(), StoreError> {
        let membership = Membership::restore(MembershipSnapshot {
            id: membership.id,
            user_id: membership.user,
            organization_id: membership.organization,
            role: Role::Owner,
            active: true,
            authorization_version: 1,
            last_login_at: None,
            created_at: membership.created_at,
            version: 1,
        });
        SeaMemberships(self.0).insert(&membership).await
    }

    async fn grant(&mut self, token: &OwnerToken) -> Result<(), StoreError> {
        let token = OneTimeToken {
            id: token.id,
            hash: TokenHash::from_bytes(token.hash),
            purpose: TokenPurpose::SetPassword,
            user: token.user,
            organization: Some(token.organization),
            email_key: None,
            created_at: token.created_at,
            expires_at: token.expires_at,
        };
        SeaOneTimeTokens(self.0).insert(&token).await
    }
}
