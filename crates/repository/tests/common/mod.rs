//! An installation of its own for each test: a control database, a place for organizations' databases, a clock that
//! stands still. The same test runs on SQLite files and on a PostgreSQL server.
#![allow(dead_code, reason = "each test program uses its own part of it")]

mod fixtures;
#[path = "../../src/testing/gate.rs"]
#[allow(unreachable_pub, reason = "a file of the library's")]
mod gate;
mod place;
mod secrets;

#[allow(unused_imports, reason = "each test program uses its own part of it")]
pub(crate) use fixtures::{membership, message, session, user};

#[allow(unused_imports, reason = "each test program uses its own part of it")]
pub(crate) use gate::Gate;
use place::Place;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend, FromQueryResult, Statement};
use secrets::TestSecrets;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use vigie_auth::{IdentityStore, User, permissions_of};
use vigie_kernel::testing::{CountedIds, FixedClock, member};
use vigie_kernel::{
    Clock, IdSource, OrganizationId, OrganizationSettings, PageRequest, Role, Slug, TenantContext, UserId,
};
use vigie_repository::{
    ControlStore, JobFilter, JobQueue, JobStatus, JobSummary, PoolLimits, QueueLimits, Registry,
    RegistryLimits, RegistryMembers, Relay, RelaySignal, ServerDatabases, ServerParts, TenantServers,
    TenantStore,
};
use vigie_tenancy::{
    CountedTokens, DatabaseName, Faults, MemoryFiles, NewOrganization, Organization, OrganizationStore, Plan,
    ResolutionRules, StandingTimer, Tenancy, TenancyPorts, TenantDatabases,
};

/// Runs one test on both engines: `on_both_engines!(name, async |engine: Engine| { .. });`
#[macro_export]
macro_rules! on_both_engines {
    ($name:ident, $test:expr) => {
        mod $name {
            #[allow(unused_imports, reason = "a test may need nothing of the module around it")]
            use super::*;

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                ($test)($crate::common::Engine::sqlite().await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                ($test)($crate::common::Engine::postgres().await).await;
            }
        }
    };
}

/// Limits for tests that are not about them: a machine that is busy with other tests keeps nobody from his turn.
const PATIENT: PoolLimits = PoolLimits {
    connections: 20,
    each: 4,
    patience: Duration::from_secs(20),
    idle: Duration::from_secs(45),
    lifetime: Duration::from_mins(15),
};

/// An installation. Dropped, it leaves nothing behind.
pub(crate) struct Engine {
    pub(crate) control: ControlStore,
    pub(crate) servers: Arc<TenantServers>,
    pub(crate) databases: Arc<ServerDatabases>,
    pub(crate) registry: Arc<Registry>,
    pub(crate) members: RegistryMembers,
    /// Every domain's store on the organizations' databases.
    pub(crate) tenants: TenantStore,
    pub(crate) queue: Arc<JobQueue>,
    pub(crate) relay: Relay,
    pub(crate) signal: RelaySignal,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) ids: Arc<dyn IdSource>,
    /// The spaces of files of the processes that create organizations.
    pub(crate) files: Arc<MemoryFiles>,
    named: AtomicU64,
    place: Place,
}

impl Engine {
    pub(crate) async fn sqlite() -> Self {
        Self::on(Place::sqlite(), PATIENT).await
    }

    pub(crate) async fn postgres() -> Self {
        Self::postgres_with(PATIENT).await
    }

    /// On PostgreSQL, with other limits of connections.
    pub(crate) async fn postgres_with(limits: PoolLimits) -> Self {
        Self::on(Place::postgres().await, limits).await
    }

    async fn on(place: Place, limits: PoolLimits) -> Self {
        let control = place.control().await;
        control.migrate().await.unwrap();
        let connection = control.connection().clone();
        let clock = Arc::new(FixedClock::at_text("2026-11-20T08:00:00Z"));
        let ids: Arc<dyn IdSource> = Arc::new(CountedIds::default());
        let shared: Arc<dyn Clock> = clock.clone();
        let servers = Arc::new(TenantServers::new(ServerParts {
            control: connection.clone(),
            default: place.server(),
            secrets: Arc::new(TestSecrets),
            limits,
            clock: Arc::clone(&shared),
            ids: Arc::clone(&ids),
        }));
        servers.adopt().await.unwrap();
        let databases = ServerDatabases::new(Arc::clone(&servers), connection.clone(), Arc::clone(&shared));
        let registry =
            Arc::new(Registry::new(connection.clone(), Arc::clone(&servers), RegistryLimits::default()));
        let queue = Arc::new(JobQueue::new(connection.clone(), Arc::clone(&shared), Arc::clone(&ids)));
        let signal = RelaySignal::default();
        Self {
            databases: Arc::new(databases),
            members: RegistryMembers::new(Arc::clone(&registry), shared),
            tenants: TenantStore::new(Arc::clone(&registry), signal.clone(), Arc::clone(&ids)),
            relay: Relay::new(connection, Arc::clone(&registry), Arc::clone(&queue), signal.clone()),
            control,
            servers,
            registry,
            queue,
            signal,
            clock,
            ids,
            files: Arc::new(MemoryFiles::new(Faults::default())),
            named: AtomicU64::new(0),
            place,
        }
    }

    /// Stores with connections of their own, of other limits.
    pub(crate) fn tenants_with(&self, limits: PoolLimits) -> TenantStore {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let control = self.control.connection().clone();
        let servers = TenantServers::new(ServerParts {
            control: control.clone(),
            default: self.place.server(),
            secrets: Arc::new(TestSecrets),
            limits,
            clock,
            ids: Arc::clone(&self.ids),
        });
        let registry = Registry::new(control, Arc::new(servers), RegistryLimits::default());
        TenantStore::new(Arc::new(registry), self.signal.clone(), Arc::clone(&self.ids))
    }

    /// Stores over a registry that has nothing open yet.
    pub(crate) fn fresh_tenants(&self) -> TenantStore {
        TenantStore::new(self.fresh_registry(), RelaySignal::default(), Arc::clone(&self.ids))
    }

    /// The address of a further server, of the same engine.
    pub(crate) fn second_server(&self) -> String {
        self.place.second()
    }

    /// The second PostgreSQL server.
    pub(crate) fn second_postgres(&self) -> url::Url {
        self.place.second_postgres()
    }

    /// How the names of the organizations' databases begin.
    pub(crate) fn tenant_prefix(&self) -> String {
        self.place.tenant_prefix()
    }

    /// A registry over the same databases that has nothing open yet.
    pub(crate) fn fresh_registry(&self) -> Arc<Registry> {
        self.registry_with(RegistryLimits::default())
    }

    /// The same with other limits.
    pub(crate) fn registry_with(&self, limits: RegistryLimits) -> Arc<Registry> {
        let connection = self.control.connection().clone();
        Arc::new(Registry::new(connection, Arc::clone(&self.servers), limits))
    }

    /// An account without a membership.
    pub(crate) async fn account(&self, email: &str) -> User {
        let account = user(self, email);
        let mut work = IdentityStore::begin(&self.control).await.unwrap();
        work.users().insert(&account).await.unwrap();
        work.commit().await.unwrap();
        account
    }

    /// An account with a membership.
    pub(crate) async fn account_in(&self, organization: OrganizationId, email: &str, role: Role) -> User {
        let account = self.account(email).await;
        self.join(account.id(), organization, role).await;
        account
    }

    /// A membership of an account that is there.
    pub(crate) async fn join(&self, user: UserId, organization: OrganizationId, role: Role) {
        let mut work = IdentityStore::begin(&self.control).await.unwrap();
        work.memberships().insert(&membership(self, user, organization, role)).await.unwrap();
        work.commit().await.unwrap();
    }

    /// An organization in provisioning: a row, without a database.
    pub(crate) async fn reserved(&self, slug: &str) -> Organization {
        let organization = self.new_organization(slug);
        let mut work = OrganizationStore::begin(&self.control).await.unwrap();
        work.organizations().insert(&organization).await.unwrap();
        work.commit().await.unwrap();
        self.found(organization.id()).await
    }

    /// An organization in service, of which only the row is needed: it has no database.
    pub(crate) async fn open(&self, slug: &str) -> OrganizationId {
        let mut organization = self.reserved(slug).await;
        organization.activate(1, self.clock.now()).unwrap();
        self.save(&organization).await;
        organization.id()
    }

    /// Says whether things may leave an organization, as a restore and a confirmation do.
    pub(crate) async fn set_outgoing_paused(&self, organization: OrganizationId, paused: bool) {
        let mut snapshot = self.found(organization).await.snapshot().clone();
        snapshot.settings.outgoing_paused = paused;
        snapshot.version += 1;
        self.save(&Organization::restore(snapshot)).await;
    }

    /// The ids of the jobs that stand there, the newest first.
    pub(crate) async fn jobs(&self, status: JobStatus) -> Vec<JobSummary> {
        let page = PageRequest { limit: 1_000, after: None };
        self.queue.list(&JobFilter::status(status), &page).await.unwrap().items
    }

    /// A queue on the same tables with other limits, as another process would have.
    pub(crate) fn queue_with(&self, limits: QueueLimits) -> JobQueue {
        let connection = self.control.connection().clone();
        JobQueue::new(connection, self.clock.clone(), Arc::clone(&self.ids)).with_limits(limits)
    }

    /// An organization that is not stored yet.
    pub(crate) fn new_organization(&self, slug: &str) -> Organization {
        let slug = Slug::parse(slug).unwrap();
        let new = NewOrganization {
            id: self.ids.next(),
            name: format!("Organization {slug}"),
            database_name: DatabaseName::for_slug(&self.prefix(), &slug).unwrap(),
            slug,
            plan: Plan::Community,
            settings: OrganizationSettings::default(),
        };
        Organization::reserve(new, self.clock.now())
    }

    /// How the names of the organizations' databases begin.
    pub(crate) fn prefix(&self) -> String {
        self.place.tenant_prefix()
    }

    /// The databases as another installation on the same server sees them.
    pub(crate) async fn other_installation(&self) -> ServerDatabases {
        let other = if self.database_is_postgres() { "gen_random_uuid()" } else { "randomblob(16)" };
        self.control_sql(&format!("UPDATE installation SET installation_id = {other}")).await;
        let connection = self.control.connection().clone();
        ServerDatabases::new(Arc::clone(&self.servers), connection, self.clock.clone())
    }

    fn database_is_postgres(&self) -> bool {
        self.control.connection().get_database_backend() == DbBackend::Postgres
    }

    /// A process of the installation that creates organizations.
    pub(crate) fn tenancy(&self) -> Tenancy {
        let ports = TenancyPorts {
            store: Arc::new(self.control.clone()),
            databases: self.databases.clone(),
            files: self.files.clone(),
            placement: self.servers.clone(),
            tokens: Arc::new(CountedTokens::default()),
            timer: Arc::new(StandingTimer),
            clock: self.clock.clone(),
            ids: Arc::clone(&self.ids),
        };
        Tenancy::new(ports, ResolutionRules::try_new("vigie.example", &[], true).unwrap(), self.prefix())
    }

    /// The organization as the control database has it now.
    pub(crate) async fn found(&self, id: OrganizationId) -> Organization {
        OrganizationStore::read(&self.control).await.unwrap().find(id).await.unwrap().unwrap()
    }

    /// Stores a change of an organization.
    pub(crate) async fn save(&self, organization: &Organization) {
        let mut work = OrganizationStore::begin(&self.control).await.unwrap();
        work.organizations().update(organization).await.unwrap();
        work.commit().await.unwrap();
    }

    /// An active organization with a database and an owner, as whom the context acts.
    pub(crate) async fn organization(&self) -> TenantContext {
        let number = self.named.fetch_add(1, Ordering::Relaxed) + 1;
        self.organization_named(&format!("org-{number}")).await
    }

    /// The same, with that slug.
    pub(crate) async fn organization_named(&self, slug: &str) -> TenantContext {
        let mut organization = self.reserved(slug).await;
        let owner = self.account_in(organization.id(), &format!("owner@{slug}.example"), Role::Owner).await;
        self.databases.create(&organization).await.unwrap();
        let version = self.databases.migrate(&organization).await.unwrap();
        self.databases.seed(&organization).await.unwrap();
        self.databases.probe(&organization).await.unwrap();
        organization.activate(version, self.clock.now()).unwrap();
        self.save(&organization).await;
        member(organization.id(), owner.id(), Role::Owner, permissions_of(Role::Owner))
    }

    /// Another member of an organization, in both databases, as whom the context acts.
    pub(crate) async fn colleague(&self, tenant: &TenantContext, email: &str, role: Role) -> TenantContext {
        let account = self.account_in(tenant.organization(), email, role).await;
        let organization = self.found(tenant.organization()).await;
        self.databases.seed(&organization).await.unwrap();
        member(tenant.organization(), account.id(), role, permissions_of(role))
    }

    /// Runs plain SQL on the control database.
    pub(crate) async fn control_sql(&self, sql: &str) {
        self.control.connection().execute_unprepared(sql).await.unwrap();
    }

    /// Opens an organization's database behind the registry's back.
    pub(crate) async fn raw(&self, organization: OrganizationId) -> DatabaseConnection {
        let name = self.found(organization).await.database_name().to_string();
        self.place.open(&name).await
    }

    /// How many copies of databases are left over.
    pub(crate) async fn left_by_rehearsals(&self) -> usize {
        self.place.left_by_rehearsals().await
    }

    /// Whether there is a database of that name.
    pub(crate) async fn database_exists(&self, name: &str) -> bool {
        self.place.exists(name).await
    }
}

/// How many rows `query` (`FROM .. WHERE ..`) has.
pub(crate) async fn count(connection: &DatabaseConnection, query: &str) -> i64 {
    #[derive(FromQueryResult)]
    struct Count {
        n: i64,
    }
    let sql = format!("SELECT COUNT(*) AS n {query}");
    let statement = Statement::from_string(connection.get_database_backend(), sql);
    Count::find_by_statement(statement).one(connection).await.unwrap().unwrap().n
}
