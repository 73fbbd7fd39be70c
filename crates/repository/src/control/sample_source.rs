//! Looks into one organization's database: with one of the counted connections to its server, which is closed again.

use crate::error::is_unavailable;
use crate::servers::TenantServers;
use crate::sql::Sql;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, DbErr, FromQueryResult, RuntimeErr};
use sea_orm_migration::SchemaManager;
use std::sync::Arc;
use std::time::Instant;
use uuid::Uuid;
use vigie_kernel::{PlanLimit, StoreError};
use vigie_platform_monitoring::{Gap, MEASURE_LIMIT, Measured, OrganizationFacts, SampleSource, SchemaState};

/// The databases of all servers. It keeps none of them open.
pub struct ServerSamples {
    servers: Arc<TenantServers>,
}

/// What PostgreSQL says when a statement takes longer than it may.
const QUERY_CANCELED: &str = "57014";

/// A server that is still at it when the look is over must not go on for nobody.
const LIMITS: &str = "SET statement_timeout = '1500ms'; SET lock_timeout = '1000ms'";

/// All of it by index or by what the server knows anyway. The size is that of the files, which the server adds up.
const POSTGRES: &str = "SELECT m.organization_id, \
    pg_database_size(current_database()) AS bytes, \
    (SELECT COUNT(*) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()) AS connections, \
    (SELECT at FROM audit_log ORDER BY at DESC, id DESC LIMIT 1) AS last_activity FROM org_meta m WHERE m.id = 1";

const SQLITE: &str = "SELECT m.organization_id, NULL AS bytes, NULL AS connections, \
    (SELECT at FROM audit_log ORDER BY at DESC, id DESC LIMIT 1) AS last_activity FROM org_meta m WHERE m.id = 1";

#[derive(FromQueryResult)]
struct Seen {
    organization_id: Uuid,
    bytes: Option<i64>,
    connections: Option<i64>,
    last_activity: Option<DateTime<Utc>>,
}

#[derive(FromQueryResult)]
struct Count {
    limit_key: String,
    used: i64,
}

impl ServerSamples {
    /// The databases on those servers.
    #[must_use]
    pub const fn new(servers: Arc<TenantServers>) -> Self {
        Self { servers }
    }

    async fn look(&self, facts: &OrganizationFacts) -> Result<Measured, Gap> {
        let name = facts.database_name.as_str();
        let node = self.servers.of(facts.organization).await.map_err(|error| away(&error))?;
        node.ready().map_err(|error| away(&error))?;
        let bytes = node.server.size_of_files(name).await.map_err(|error| {
            tracing::debug!(%error, "the files of an organization's database could not be looked at");
            Gap::Unreachable
        })?;
        let deadline = Instant::now() + MEASURE_LIMIT;
        let lease = node.pool.lease(facts.organization, &node.server, name, deadline).await;
        let lease = lease.map_err(|error| away(&error))?;
        let measured = measure(lease.connection(), facts).await;
        // Its limits are others than those of requests; and a database that nobody works on is to be closed again.
        lease.discard();
        let measured = measured?;
        Ok(Measured { database_size_bytes: bytes.or(measured.database_size_bytes), ..measured })
    }
}

/// Why there is no connection.
fn away(error: &StoreError) -> Gap {
    tracing::debug!(%error, "an organization's database could not be opened to be measured");
    match error {
        StoreError::Broken(_) | StoreError::Conflict(_) | StoreError::Stale => Gap::Broken,
        StoreError::TenantUnavailable(_) | StoreError::Unavailable(_) => Gap::Unreachable,
    }
}

async fn measure(database: &DatabaseConnection, facts: &OrganizationFacts) -> Result<Measured, Gap> {
    let on_postgres = database.get_database_backend() == DbBackend::Postgres;
    if on_postgres {
        database.execute_unprepared(LIMITS).await.map_err(|error| gap(&error))?;
    }
    let look = if on_postgres { POSTGRES } else { SQLITE };
    let seen: Option<Seen> = Sql::new(database, look).one(database).await.map_err(|error| gap(&error))?;
    let seen = seen.ok_or(Gap::Broken)?;
    if seen.organization_id != facts.organization.as_uuid() {
        tracing::error!(organization.id = %facts.organization, "the database bears another organization's id");
        return Err(Gap::Foreign);
    }
    let counts = counts(database, facts.schema).await.map_err(|error| gap(&error))?;
    let used = |limit: PlanLimit| {
        counts.iter().find(|count| count.limit_key == limit.name()).and_then(|count| number(count.used))
    };
    Ok(Measured {
        database_size_bytes: seen.bytes.and_then(number),
        active_connections: seen.connections.and_then(number),
        kpis: used(PlanLimit::Kpis),
        storage_bytes: used(PlanLimit::StorageBytes),
        last_activity: seen.last_activity,
    })
}

/// What the organization uses of its limits; nothing at a schema from before that was counted.
async fn counts(database: &DatabaseConnection, schema: SchemaState) -> Result<Vec<Count>, DbErr> {
    let are_there = match schema {
        SchemaState::Current => true,
        SchemaState::Behind | SchemaState::MigrationFailed => {
            SchemaManager::new(database).has_table("usage_counters").await?
        }
    };
    if !are_there {
        return Ok(Vec::new());
    }
    Sql::new(database, "SELECT limit_key, used FROM usage_counters").all(database).await
}

fn number(stored: i64) -> Option<u64> {
    u64::try_from(stored).ok()
}

/// Why there is nothing to tell.
#[allow(clippy::wildcard_enum_match_arm, reason = "enums of the libraries, which grow with their versions")]
fn gap(error: &DbErr) -> Gap {
    let code = match error {
        DbErr::Exec(RuntimeErr::SqlxError(error)) | DbErr::Query(RuntimeErr::SqlxError(error)) => {
            error.as_database_error().and_then(|error| error.code().map(std::borrow::Cow::into_owned))
        }
        _ => None,
    };
    let gap = match code.as_deref() {
        // Also a lock that was not had in time: whoever works on the database holds it.
        Some(QUERY_CANCELED | "55P03") => Gap::Timeout,
        Some(_) | None if is_unavailable(error) => Gap::Unreachable,
        Some(_) | None => Gap::Broken,
    };
    tracing::debug!(%error, gap = gap.name(), "an organization's database could not be measured");
    gap
}

#[async_trait]
impl SampleSource for ServerSamples {
    async fn measure(&self, facts: &OrganizationFacts) -> Result<Measured, Gap> {
        tokio::time::timeout(MEASURE_LIMIT, self.look(facts)).await.unwrap_or(Err(Gap::Timeout))
    }
}
