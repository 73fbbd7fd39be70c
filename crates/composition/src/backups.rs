//! Backups, wired.

use crate::config::Config;
use crate::error::StartError;
use async_trait::async_trait;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use vigie_adapters::{BackupKey, ObjectFiles, TarArchives};
use vigie_auth::{AddMember, AuthError, AuthService, IdentityStore, SecretText};
use vigie_jobs::{CronExpression, InvalidCron, Job, JobTemplate, OutboxMessage};
use vigie_kernel::{
    BoxError, Clock, EmailAddress, IdSource, OperatorContext, OrganizationId, Role, StoreError,
};
use vigie_repository::{
    ControlLedger, ControlStore, JobQueue, NewSchedule, Registry, ServerData, ServerDatabases, TenantServers,
};
use vigie_tenancy::TenancyService;
use vigie_tenancy::backup::{
    BackupError, BackupPorts, BackupQueue, Backups, MemberAccount, NightlyBackups, OpenDatabases,
    OrganizationPeople, RestoreDrill,
};

/// What backups are made of.
pub(crate) struct Parts<'a> {
    pub(crate) config: &'a Config,
    pub(crate) keys: &'a Path,
    pub(crate) control: &'a ControlStore,
    pub(crate) servers: &'a Arc<TenantServers>,
    pub(crate) databases: &'a Arc<ServerDatabases>,
    pub(crate) registry: &'a Arc<Registry>,
    pub(crate) files: &'a Arc<ObjectFiles>,
    pub(crate) queue: &'a Arc<JobQueue>,
    pub(crate) tenancy: &'a Arc<dyn TenancyService>,
    pub(crate) auth: &'a Arc<dyn AuthService>,
    pub(crate) clock: &'a Arc<dyn Clock>,
    pub(crate) ids: &'a Arc<dyn IdSource>,
}

pub(crate) fn build(of: &Parts<'_>) -> Result<Backups, StartError> {
    let failed = |what| move |source| StartError::Part { what, source };
    let key = BackupKey::load(of.keys).map_err(|error| failed("the key of backups")(error.into()))?;
    let connection = of.control.connection().clone();
    let ledger = Arc::new(ControlLedger::new(connection));
    let ports = BackupPorts {
        store: Arc::new(of.control.clone()),
        databases: Arc::<ServerDatabases>::clone(of.databases),
        data: Arc::new(ServerData::new(Arc::clone(of.servers))),
        ledger: Arc::<ControlLedger>::clone(&ledger),
        archives: Arc::new(TarArchives::new(Arc::new(key), of.config.data_dir.clone())),
        files: Arc::<ObjectFiles>::clone(of.files),
        people: Arc::new(People { control: of.control.clone(), ledger, auth: Arc::clone(of.auth) }),
        tenancy: Arc::clone(of.tenancy),
        queue: Arc::new(Queue(Arc::clone(of.queue))),
        servers: Arc::<TenantServers>::clone(of.servers),
        open: Arc::new(Open(Arc::clone(of.registry))),
        clock: Arc::clone(of.clock),
        ids: Arc::clone(of.ids),
    };
    let folder = folder(of.config);
    let product = concat!("vigie ", env!("CARGO_PKG_VERSION")).to_owned();
    Ok(Backups::new(ports, folder, of.config.database.tenant_prefix.clone(), product))
}

/// When the nightly round is asked for, by UTC: before the platform throws away what it does not need any more.
const NIGHTLY: &str = "37 1 * * *";

/// When some backups are tried out: after those of the night.
const DRILL: &str = "11 4 * * *";

/// The schedule of the nightly round.
pub(crate) fn nightly() -> Result<NewSchedule, BoxError> {
    schedule(NIGHTLY, &NightlyBackups {})
}

/// The schedule of restore drills.
pub(crate) fn drill() -> Result<NewSchedule, BoxError> {
    schedule(DRILL, &RestoreDrill {})
}

fn schedule<J: Job>(cron: &str, job: &J) -> Result<NewSchedule, BoxError> {
    let cron = CronExpression::parse(cron).map_err(|error: InvalidCron| Box::new(error))?;
    Ok(NewSchedule {
        organization: None,
        name: J::NAME.to_owned(),
        job: JobTemplate::of(job)?,
        cron,
        zone: chrono_tz::Tz::UTC,
    })
}

/// Where archives go unless somebody says otherwise.
fn folder(config: &Config) -> PathBuf {
    config.backup.folder.clone().unwrap_or_else(|| config.data_dir.join("backups"))
}

/// Accounts are identity's.
struct People {
    control: ControlStore,
    ledger: Arc<ControlLedger>,
    auth: Arc<dyn AuthService>,
}

#[async_trait]
impl OrganizationPeople for People {
    async fn has_account(&self, email: &EmailAddress) -> Result<bool, BackupError> {
        let mut reads = IdentityStore::read(&self.control).await?;
        Ok(reads.user_by_email(email.key()).await?.is_some())
    }

    async fn make_owner(
        &self,
        slug: &str,
        email: &EmailAddress,
        request_id: &str,
    ) -> Result<(), BackupError> {
        let command = AddMember {
            organization_slug: slug.to_owned(),
            email: email.as_str().to_owned(),
            // The account is there: neither its name nor its password is read.
            full_name: String::new(),
            role: Role::Owner,
            password: SecretText::new(""),
        };
        let operator = OperatorContext::new(None, request_id.to_owned());
        match self.auth.add_member(&operator, command).await {
            Ok(_) => Ok(()),
            Err(AuthError::Invalid(_)) => Err(BackupError::NoAccount),
            Err(AuthError::Store(error)) => Err(error.into()),
            Err(error) => Err(StoreError::Unavailable(error.into()).into()),
        }
    }

    async fn members(&self, organization: OrganizationId) -> Result<Vec<MemberAccount>, BackupError> {
        Ok(self.ledger.members(organization).await?)
    }
}

struct Queue(Arc<JobQueue>);

#[async_trait]
impl BackupQueue for Queue {
    async fn enqueue(
        &self,
        organization: Option<OrganizationId>,
        message: &OutboxMessage,
    ) -> Result<(), StoreError> {
        self.0.enqueue(organization, message).await.map(|_added| ())
    }
}

/// How long what is under way on a database that is left may take.
const DRAIN: Duration = Duration::from_secs(2);

struct Open(Arc<Registry>);

#[async_trait]
impl OpenDatabases for Open {
    async fn forget(&self, organization: OrganizationId) {
        match self.0.drain(organization, DRAIN).await {
            Ok(true) => {}
            Ok(false) => {
                tracing::warn!(organization.id = %organization, "its former database is still in use by this process");
            }
            Err(error) => {
                tracing::warn!(organization.id = %organization, %error, "it is not known whether its former database is still in use");
            }
        }
    }
}
