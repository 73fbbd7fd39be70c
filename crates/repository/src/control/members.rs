//! The members, as an organization's own database knows them.

use crate::error::store_error;
use crate::registry::{Patience, Registry};
use crate::sql::{Sql, push_in};
use crate::stored::named;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr, FromQueryResult};
use std::collections::HashMap;
use std::sync::Arc;
use uuid::Uuid;
use vigie_auth::{MemberDirectory, MemberProfile};
use vigie_kernel::{Clock, OrganizationId, Role, StoreError, TenantContext, UserId};

/// Keeps the members of organizations' databases up to date.
pub struct RegistryMembers {
    registry: Arc<Registry>,
    clock: Arc<dyn Clock>,
}

impl RegistryMembers {
    /// The directory over the registry's databases.
    #[must_use]
    pub fn new(registry: Arc<Registry>, clock: Arc<dyn Clock>) -> Self {
        Self { registry, clock }
    }
}

#[async_trait]
impl MemberDirectory for RegistryMembers {
    async fn put(&self, tenant: &TenantContext, member: &MemberProfile) -> Result<(), StoreError> {
        let lease = self.registry.lease(tenant.organization(), Patience::Request).await?;
        put(lease.connection(), member, self.clock.now()).await.map_err(store_error)
    }

    async fn retire(&self, organization: OrganizationId, user: UserId) -> Result<(), StoreError> {
        let lease = self.registry.lease(organization, Patience::Request).await?;
        Sql::new(lease.connection(), "UPDATE members SET is_active = $2, updated_at = $3 WHERE id = $1")
            .bind(user.as_uuid())
            .bind(false)
            .bind(self.clock.now())
            .execute(lease.connection())
            .await
            .map(|_| ())
            .map_err(store_error)
    }
}

/// Inserts a member or brings him up to date.
pub(super) async fn put<C: ConnectionTrait>(
    tenant: &C,
    member: &MemberProfile,
    at: DateTime<Utc>,
) -> Result<(), DbErr> {
    Sql::new(
        tenant,
        "INSERT INTO members (id, full_name, role, is_active, updated_at) VALUES ($1, $2, $3, $4, $5) \
         ON CONFLICT (id) DO UPDATE SET full_name = excluded.full_name, role = excluded.role, \
         is_active = excluded.is_active, updated_at = excluded.updated_at",
    )
    .bind(member.user.as_uuid())
    .bind(member.full_name.as_str())
    .bind(member.role.name())
    .bind(member.active)
    .bind(at)
    .execute(tenant)
    .await
    .map(|_| ())
}

/// Every member that the organization's database knows.
pub(super) async fn all<C: ConnectionTrait>(tenant: &C) -> Result<Vec<MemberProfile>, StoreError> {
    #[derive(FromQueryResult)]
    struct Row {
        id: Uuid,
        full_name: String,
        role: String,
        is_active: bool,
    }
    let rows: Vec<Row> = Sql::new(tenant, "SELECT id, full_name, role, is_active FROM members")
        .all(tenant)
        .await
        .map_err(store_error)?;
    let profiles = rows.into_iter().map(|row| {
        Ok(MemberProfile {
            user: row.id.into(),
            full_name: row.full_name,
            role: named("members.role", &row.role, Role::from_name)?,
            active: row.is_active,
        })
    });
    profiles.collect()
}

/// Locks out everybody else: who has no membership any more stays as an author, and may not come in.
pub(super) async fn retire_others<C: ConnectionTrait>(
    tenant: &C,
    members: &[MemberProfile],
    at: DateTime<Utc>,
) -> Result<(), DbErr> {
    let mut sql = Sql::new(tenant, "UPDATE members SET is_active = ");
    sql.push_value(false).push(", updated_at = ").push_value(at).push(" WHERE is_active");
    if !members.is_empty() {
        sql.push(" AND NOT (");
        push_in(&mut sql, "id", members.iter().map(|member| member.user.as_uuid()));
        sql.push(")");
    }
    sql.execute(tenant).await.map(|_| ())
}

/// Whether the projection is what the memberships say: the same people, and nobody else who may come in.
pub(super) fn in_step(members: Vec<MemberProfile>, projected: Vec<MemberProfile>) -> bool {
    let mut projected: HashMap<_, _> = projected.into_iter().map(|profile| (profile.user, profile)).collect();
    members.into_iter().all(|member| projected.remove(&member.user) == Some(member))
        && projected.values().all(|left| !left.active)
}
