//! The memberships.

use super::rows::{MEMBERSHIP, MembershipRow};
use crate::error::{UniqueRule, store_error, with_unique};
use crate::sql::Sql;
use crate::stored::touched;
use async_trait::async_trait;
use sea_orm::{ConnectionTrait, FromQueryResult};
use vigie_auth::{Membership, MembershipRepository, PasswordHash, RULE_MEMBERSHIP};
use vigie_kernel::{MembershipId, OrganizationId, Role, StoreError, UserId};

const UNIQUE: &[UniqueRule] = &[UniqueRule {
    constraint: "memberships_user_organization_key",
    columns: "memberships.user_id, memberships.organization_id",
    rule: RULE_MEMBERSHIP,
}];

#[derive(FromQueryResult)]
struct Owners {
    owners: i64,
}

pub(super) struct SeaMemberships<'a, C>(pub(super) &'a C);

#[async_trait]
impl<C: ConnectionTrait> MembershipRepository for SeaMemberships<'_, C> {
    async fn find(
        &mut self,
        user: UserId,
        organization: OrganizationId,
    ) -> Result<Option<Membership>, StoreError> {
        let select = format!(
            "SELECT {} FROM memberships WHERE user_id = $1 AND organization_id = $2",
            MEMBERSHIP.join(", ")
        );
        let row: Option<MembershipRow> = Sql::new(self.0, select)
            .bind(user.as_uuid())
            .bind(organization.as_uuid())
            .one(self.0)
            .await
            .map_err(store_error)?;
        row.map(MembershipRow::membership).transpose()
    }

    async fn owners_besides(
        &mut self,
        organization: OrganizationId,
        besides: UserId,
    ) -> Result<u64, StoreError> {
        let row: Option<Owners> = Sql::new(
            self.0,
            "SELECT COUNT(*) AS owners FROM memberships m JOIN users u ON u.id = m.user_id \
             WHERE m.organization_id = $1 AND m.role = $2 AND m.is_active AND u.is_active AND u.password_hash <> $3 \
             AND m.user_id <> $4",
        )
        .bind(organization.as_uuid())
        .bind(Role::Owner.name())
        .bind(PasswordHash::unset().as_phc())
        .bind(besides.as_uuid())
        .one(self.0)
        .await
        .map_err(store_error)?;
        Ok(row.and_then(|row| u64::try_from(row.owners).ok()).unwrap_or_default())
    }

    async fn remove(&mut self, id: MembershipId) -> Result<(), StoreError> {
        let rows = Sql::new(self.0, "DELETE FROM memberships WHERE id = $1")
            .bind(id.as_uuid())
            .execute(self.0)
            .await
            .map_err(store_error)?;
        touched(rows)
    }

    async fn insert(&mut self, membership: &Membership) -> Result<(), StoreError> {
        let m = membership.snapshot();
        Sql::new(
            self.0,
            "INSERT INTO memberships (id, user_id, organization_id, role, is_active, authorization_version, \
             last_login_at, version, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(m.id.as_uuid())
        .bind(m.user_id.as_uuid())
        .bind(m.organization_id.as_uuid())
        .bind(m.role.name())
        .bind(m.active)
        .bind(m.authorization_version)
        .bind(m.last_login_at)
        .bind(m.version)
        .bind(m.created_at)
        .execute(self.0)
        .await
        .map(|_| ())
        .map_err(|error| with_unique(UNIQUE, error))
    }

    async fn update(&mut self, membership: &Membership) -> Result<(), StoreError> {
        let m = membership.snapshot();
        let rows = Sql::new(
            self.0,
            "UPDATE memberships SET role = $2, is_active = $3, authorization_version = $4, last_login_at = $5, \
             version = $6 WHERE id = $1 AND version = $6 - 1",
        )
        .bind(m.id.as_uuid())
        .bind(m.role.name())
        .bind(m.active)
        .bind(m.authorization_version)
        .bind(m.last_login_at)
        .bind(m.version)
        .execute(self.0)
        .await
        .map_err(store_error)?;
        touched(rows)
    }
}
