//! What the organization uses of its plan's limits.

use super::TenantStore;
use crate::error::store_error;
use crate::sql::Sql;
use crate::stored::named;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult};
use vigie_imports::StoredFiles;
use vigie_kernel::{PlanLimit, StoreError, Taken, TenantContext, UsageCounters};
use vigie_tenancy::UsageReads;

pub(super) struct SeaUsage<'a, C>(pub(super) &'a C);

#[derive(FromQueryResult)]
struct UsedRow {
    used: i64,
}

#[derive(FromQueryResult)]
struct CountRow {
    limit_key: String,
    used: i64,
}

fn signed(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn unsigned(count: i64) -> Result<u64, StoreError> {
    u64::try_from(count).map_err(|error| StoreError::Broken(Box::new(error)))
}

#[async_trait]
impl<C: ConnectionTrait> UsageCounters for SeaUsage<'_, C> {
    async fn take(&mut self, limit: PlanLimit, more: u64, max: Option<u64>) -> Result<Taken, StoreError> {
        // Where it begins at most, so that it ends within the limit: no sum that could overflow.
        let begins = max.unwrap_or(u64::MAX).checked_sub(more);
        if let Some(begins) = begins {
            let taken = Sql::new(
                self.0,
                "UPDATE usage_counters SET used = used + $2 WHERE limit_key = $1 AND used <= $3",
            )
            .bind(limit.name())
            .bind(signed(more))
            .bind(signed(begins).min(i64::MAX - signed(more)))
            .execute(self.0)
            .await
            .map_err(store_error)?;
            if taken == 1 {
                return Ok(Taken::Yes);
            }
        }
        let row: Option<UsedRow> = Sql::new(self.0, "SELECT used FROM usage_counters WHERE limit_key = $1")
            .bind(limit.name())
            .one(self.0)
            .await
            .map_err(store_error)?;
        let row = row.ok_or_else(|| StoreError::broken(format!("there is no count of {limit}")))?;
        Ok(Taken::No { used: unsigned(row.used)? })
    }

    async fn give_back(&mut self, limit: PlanLimit, less: u64) -> Result<(), StoreError> {
        Sql::new(
            self.0,
            "UPDATE usage_counters SET used = CASE WHEN used > $2 THEN used - $2 ELSE 0 END WHERE limit_key = $1",
        )
        .bind(limit.name())
        .bind(signed(less))
        .execute(self.0)
        .await
        .map(|_| ())
        .map_err(store_error)
    }
}

pub(super) struct SeaStoredFiles<'a, C>(pub(super) &'a C);

#[async_trait]
impl<C: ConnectionTrait> StoredFiles for SeaStoredFiles<'_, C> {
    async fn add(&mut self, sha256: &str, bytes: u64, at: DateTime<Utc>) -> Result<bool, StoreError> {
        Sql::new(
            self.0,
            "INSERT INTO stored_files (sha256, bytes, stored_at) VALUES ($1, $2, $3) ON CONFLICT (sha256) DO NOTHING",
        )
        .bind(sha256)
        .bind(signed(bytes))
        .bind(at)
        .execute(self.0)
        .await
        .map(|rows| rows == 1)
        .map_err(store_error)
    }

    async fn remove(&mut self, sha256: &str) -> Result<bool, StoreError> {
        Sql::new(self.0, "DELETE FROM stored_files WHERE sha256 = $1")
            .bind(sha256)
            .execute(self.0)
            .await
            .map(|rows| rows == 1)
            .map_err(store_error)
    }
}

#[async_trait]
impl UsageReads for TenantStore {
    async fn counted(&self, tenant: &TenantContext) -> Result<Vec<(PlanLimit, u64)>, StoreError> {
        let reads = self.reads(tenant).await?;
        let rows: Vec<CountRow> = Sql::new(&reads.pool, "SELECT limit_key, used FROM usage_counters")
            .all(&reads.pool)
            .await
            .map_err(store_error)?;
        rows.into_iter()
            .map(|row| {
                let limit = named("usage_counters.limit_key", &row.limit_key, PlanLimit::from_name)?;
                Ok((limit, unsigned(row.used)?))
            })
            .collect()
    }
}
