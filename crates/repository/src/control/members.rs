//! The members, as an organization's own database knows them.

use crate::error::store_error;
use crate::registry::Registry;
use crate::sql::Sql;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DbErr};
use std::sync::Arc;
use vigie_auth::{MemberDirectory, MemberProfile};
use vigie_kernel::{Clock, StoreError, TenantContext};

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
        let lease = self.registry.lease(tenant.organization()).await?;
        put(&lease.pool, member, self.clock.now()).await.map_err(store_error)
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
