//! Makes and removes organizations' databases on the tenant server.

use super::members;
use crate::error::store_error;
use crate::mark::{Mark, ReadMark};
use crate::pool::Lease;
use crate::server::TenantServer;
use crate::servers::{ServerNode, TenantServers};
use crate::sql::{Sql, push_in};
use crate::stored::named;
use crate::{fingerprint, registry, transaction};
use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DatabaseConnection, FromQueryResult};
use sea_orm_migration::SchemaManager;
use std::collections::HashSet;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::{OnceCell, Semaphore, SemaphorePermit};
use uuid::Uuid;
use vigie_auth::MemberProfile;
use vigie_kernel::{Clock, OrganizationId, Role, StoreError};
use vigie_migrations::TenantMigrator;
use vigie_tenancy::{ConnectionSettings, FoundDatabase, Organization, PlacementPort, TenantDatabases};

/// How long a step waits for a connection: longer than a request, because steps wait for each other.
const PATIENCE: Duration = Duration::from_secs(30);

/// The databases of the organizations, each on the server that it was placed on.
pub struct ServerDatabases {
    servers: Arc<TenantServers>,
    control: DatabaseConnection,
    clock: Arc<dyn Clock>,
    /// The id of this installation, with which its databases are marked.
    installation: OnceCell<Uuid>,
    /// Databases set up at a time: each holds a connection.
    turns: Semaphore,
    /// The versions whose migrations must not run beside writes.
    pub(super) exclusive: &'static [i32],
}

/// Databases set up at a time by one process.
const AT_ONCE: usize = 8;

#[derive(FromQueryResult)]
struct MemberRow {
    id: Uuid,
    full_name: String,
    role: String,
    /// Of the membership.
    is_active: bool,
    account_is_active: bool,
}

impl ServerDatabases {
    /// The databases on those servers, with the members that the control database knows.
    #[must_use]
    pub fn new(servers: Arc<TenantServers>, control: DatabaseConnection, clock: Arc<dyn Clock>) -> Self {
        Self {
            servers,
            control,
            clock,
            installation: OnceCell::new(),
            turns: Semaphore::new(AT_ONCE),
            exclusive: TenantMigrator::EXCLUSIVE,
        }
    }

    /// The same, taking the migrations to these versions for ones that must not run beside writes.
    #[must_use]
    pub fn with_exclusive(self, versions: &'static [i32]) -> Self {
        Self { exclusive: versions, ..self }
    }

    /// The schema version that this binary brings databases to: the number of migrations.
    pub const CURRENT_VERSION: i32 = TenantMigrator::COUNT;

    /// The server on which the database is.
    pub(super) async fn server_of(
        &self,
        organization: &Organization,
    ) -> Result<Arc<TenantServer>, StoreError> {
        Ok(Arc::clone(&self.servers.of_database(organization).await?.server))
    }

    /// Opens the database without asking whose it is; the caller does.
    pub(super) async fn open(&self, organization: &Organization) -> Result<Lease, StoreError> {
        let ServerNode { server, pool, .. } = &*self.servers.of_database(organization).await?;
        let name = organization.database_name().as_str();
        pool.lease(organization.id(), server, name, Instant::now() + PATIENCE).await
    }

    /// Closes this process's connections to a database whose schema has changed: what they remember of it is wrong.
    pub(super) async fn renew(&self, lease: Lease, organization: &Organization) -> Result<(), StoreError> {
        lease.discard();
        self.servers.of_database(organization).await?.pool.retire(organization.id(), "migrated");
        Ok(())
    }

    async fn migrate_open(
        &self,
        database: &DatabaseConnection,
        organization: OrganizationId,
    ) -> Result<i32, StoreError> {
        refuse_foreign(database, organization).await?;
        TenantServer::migrate(database).await?;
        self.write_identity(database, organization).await?;
        Ok(Self::CURRENT_VERSION)
    }

    /// Writes whose database it is and at which schema. Only its own line is ever written over.
    pub(super) async fn write_identity<C: ConnectionTrait>(
        &self,
        database: &C,
        organization: OrganizationId,
    ) -> Result<(), StoreError> {
        let written = Sql::new(
            database,
            "INSERT INTO org_meta (id, organization_id, schema_fingerprint, created_at) VALUES (1, $1, $2, $3) \
             ON CONFLICT (id) DO UPDATE SET schema_fingerprint = excluded.schema_fingerprint \
             WHERE org_meta.organization_id = excluded.organization_id",
        )
        .bind(organization.as_uuid())
        .bind(fingerprint::current())
        .bind(self.clock.now())
        .execute(database)
        .await
        .map_err(store_error)?;
        if written == 0 { Err(foreign()) } else { Ok(()) }
    }

    async fn mark(&self, organization: OrganizationId) -> Result<Mark, StoreError> {
        Ok(Mark { organization, installation: self.installation().await? })
    }

    async fn installation(&self) -> Result<Uuid, StoreError> {
        #[derive(FromQueryResult)]
        struct Installation {
            installation_id: Uuid,
        }
        let read = async || {
            let row: Option<Installation> =
                Sql::new(&self.control, "SELECT installation_id FROM installation WHERE id = 1")
                    .one(&self.control)
                    .await
                    .map_err(store_error)?;
            row.map(|row| row.installation_id).ok_or_else(|| StoreError::broken("the installation has no id"))
        };
        self.installation.get_or_try_init(read).await.copied()
    }

    async fn turn(&self) -> Result<SemaphorePermit<'_>, StoreError> {
        self.turns.acquire().await.map_err(|error| StoreError::Unavailable(Box::new(error)))
    }

    /// Which of these organizations the control database knows.
    async fn known(&self, organizations: Vec<Uuid>) -> Result<HashSet<Uuid>, StoreError> {
        #[derive(FromQueryResult)]
        struct Known {
            id: Uuid,
        }
        let mut known = HashSet::new();
        for some in organizations.chunks(1000) {
            let mut sql = Sql::new(&self.control, "SELECT id FROM organizations WHERE ");
            push_in(&mut sql, "id", some.iter().copied());
            let rows: Vec<Known> = sql.all(&self.control).await.map_err(store_error)?;
            known.extend(rows.into_iter().map(|row| row.id));
        }
        Ok(known)
    }

    async fn members(&self, organization: OrganizationId) -> Result<Vec<MemberProfile>, StoreError> {
        let rows: Vec<MemberRow> = Sql::new(
            &self.control,
            "SELECT u.id, u.full_name, m.role, m.is_active, u.is_active AS account_is_active \
             FROM memberships m JOIN users u ON u.id = m.user_id WHERE m.organization_id = $1 ORDER BY u.id",
        )
        .bind(organization.as_uuid())
        .all(&self.control)
        .await
        .map_err(store_error)?;
        rows.into_iter()
            .map(|row| {
                Ok(MemberProfile {
                    user: row.id.into(),
                    full_name: row.full_name,
                    role: named("memberships.role", &row.role, Role::from_name)?,
                    active: row.is_active && row.account_is_active,
                })
            })
            .collect()
    }
}

#[async_trait]
impl TenantDatabases for ServerDatabases {
    async fn create(&self, organization: &Organization) -> Result<(), StoreError> {
        let mark = self.mark(organization.id()).await?;
        // Placed by the step before, or by nobody yet: then it is placed now.
        if self.servers.placed(organization.id()).await?.is_none() {
            self.servers.place(organization.id()).await?;
        }
        let server = self.server_of(organization).await?;
        server.create(organization.database_name().as_str(), mark).await
    }

    async fn configure(
        &self,
        organization: &Organization,
        settings: &ConnectionSettings,
    ) -> Result<bool, StoreError> {
        let server = self.server_of(organization).await?;
        server.configure(organization.database_name().as_str(), settings).await
    }

    async fn migrate(&self, organization: &Organization) -> Result<i32, StoreError> {
        let _turn = self.turn().await?;
        let lease = self.open(organization).await?;
        let migrated = self.migrate_open(lease.connection(), organization.id()).await;
        self.renew(lease, organization).await?;
        migrated
    }

    async fn seed(&self, organization: &Organization) -> Result<(), StoreError> {
        let members = self.members(organization.id()).await?;
        let _turn = self.turn().await?;
        let lease = self.open(organization).await?;
        seed_open(lease.connection(), organization.id(), &members, self.clock.as_ref()).await
    }

    async fn probe(&self, organization: &Organization) -> Result<(), StoreError> {
        let _turn = self.turn().await?;
        let lease = self.open(organization).await?;
        probe_open(lease.connection(), organization.id()).await
    }

    async fn drop_database(&self, organization: &Organization) -> Result<(), StoreError> {
        let node = self.servers.of_database(organization).await?;
        node.pool.retire(organization.id(), "dropped");
        node.server.drop_database(organization.database_name().as_str(), organization.id()).await
    }

    async fn inventory(&self, prefix: &str) -> Result<Vec<FoundDatabase>, StoreError> {
        let installation = self.installation().await?;
        let mut listed = Vec::new();
        for server in self.servers.every().await? {
            listed.extend(server.list(prefix).await?);
        }
        // An earlier version did not write the installation: such a mark is ours only where its organization is.
        let unsure = |mark: &Option<ReadMark>| mark.is_some_and(|mark| mark.installation.is_none());
        let asked = listed.iter().filter(|one| unsure(&one.mark)).map(|one| one.organization.as_uuid());
        let known = self.known(asked.collect()).await?;
        listed.retain(|one| match one.mark {
            None => true,
            Some(mark) => match mark.installation {
                Some(other) => other == installation,
                None => known.contains(&one.organization.as_uuid()),
            },
        });
        let found = listed.into_iter().map(|one| FoundDatabase {
            name: one.name,
            organization: one.organization,
            is_draft: one.mark.is_none(),
        });
        Ok(found.collect())
    }

    async fn drop_found(&self, found: &FoundDatabase) -> Result<(), StoreError> {
        // On whichever server it is: everywhere else nothing bears that name and that mark.
        for server in self.servers.every().await? {
            if found.is_draft {
                server.drop_draft(&found.name, found.organization).await?;
            } else {
                server.drop_database(&found.name, found.organization).await?;
            }
        }
        Ok(())
    }

    async fn members_in_step(&self, organization: &Organization) -> Result<bool, StoreError> {
        let members = self.members(organization.id()).await?;
        let _turn = self.turn().await?;
        let lease = self.open(organization).await?;
        let known = members_open(lease.connection(), organization.id()).await?;
        Ok(members::in_step(members, known))
    }
}

/// A database that bears another organization's id is neither migrated nor written to.
pub(super) async fn refuse_foreign(
    database: &DatabaseConnection,
    organization: OrganizationId,
) -> Result<(), StoreError> {
    #[derive(FromQueryResult)]
    struct Owner {
        organization_id: Uuid,
    }
    if !SchemaManager::new(database).has_table("org_meta").await.map_err(store_error)? {
        return Ok(());
    }
    let owner: Option<Owner> = Sql::new(database, "SELECT organization_id FROM org_meta WHERE id = 1")
        .one(database)
        .await
        .map_err(store_error)?;
    match owner {
        Some(owner) if owner.organization_id != organization.as_uuid() => Err(foreign()),
        Some(_) | None => Ok(()),
    }
}

fn foreign() -> StoreError {
    StoreError::broken("the database bears another organization's id")
}

async fn seed_open(
    database: &DatabaseConnection,
    organization: OrganizationId,
    members: &[MemberProfile],
    clock: &dyn Clock,
) -> Result<(), StoreError> {
    registry::verify_current(database, organization).await?;
    let txn = transaction::begin(database).await?;
    for member in members {
        members::put(&txn, member, clock.now()).await.map_err(store_error)?;
    }
    members::retire_others(&txn, members, clock.now()).await.map_err(store_error)?;
    txn.commit().await.map_err(store_error)
}

async fn members_open(
    database: &DatabaseConnection,
    organization: OrganizationId,
) -> Result<Vec<MemberProfile>, StoreError> {
    registry::verify_current(database, organization).await?;
    members::all(database).await
}

async fn probe_open(database: &DatabaseConnection, organization: OrganizationId) -> Result<(), StoreError> {
    registry::verify_current(database, organization).await?;
    let txn = transaction::begin(database).await?;
    let written = Sql::new(&txn, "UPDATE org_meta SET schema_fingerprint = schema_fingerprint WHERE id = 1")
        .execute(&txn)
        .await
        .map_err(store_error)?;
    txn.rollback().await.map_err(store_error)?;
    if written == 1 { Ok(()) } else { Err(StoreError::broken("the database did not take a write")) }
}
