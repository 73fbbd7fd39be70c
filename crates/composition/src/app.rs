//! The application: every service, wired.

use crate::account_mail::AccountMails;
use crate::background::{Background, Handlers};
use crate::backups;
use crate::bridges::{
    ControlProbe, LimitedAccounts, MemberContexts, MemberProjection, SetPasswordTokens, TenancyProvisioning,
};
use crate::config::{Config, LimitsConfig, SignupMode};
use crate::error::StartError;
use crate::mail::Mail;
use crate::module_gate::{Needs, OfModule};
use crate::notifier::Notifier;
use crate::places::{is_sqlite, keys_folder, open_control, private_folder, tenant_servers};
use crate::prune::{PrunePlatform, Pruner};
use crate::sharing::Sharing;
use std::sync::Arc;
use std::time::Duration;
use url::Url;
use vigie_action_plans::{ActionGiven, ActionPlanService, ActionPlans, CommentWritten};
use vigie_adapters::{
    AeadSealer, BlockingParsePool, Ed25519Tokens, FilesProbe, KeyRotation, News, ObjectFiles, PasswordPool,
    PasswordPoolConfig, Rate, SharedLimiter, Signer, SystemClock, SystemIds, SystemRandomness, SystemSecrets,
    SystemTimer, TokenNames, rotate_access_keys,
};
use vigie_auth::{Auth, AuthPolicy, AuthPorts, AuthService, MembershipService, Upkeep};
use vigie_imports::{ApplyImportRun, ImportRunEnded, ImportRunner, ImportService, ImportServiceImpl, Limits};
use vigie_jobs::{Handle, Job};
use vigie_kernel::{
    BoxError, Clock, EntitlementSource, IdSource, Invalidation, Module, OperatorContext, RequestRepeats,
};
use vigie_kpis::{KpiService, KpiTurnedRed, Kpis, Reporting, ReportingService};
use vigie_notifications::{NotificationService, Notifications};
use vigie_platform_monitoring::{HealthProbe, HealthService, PlatformHealth, SampleService, Sampler};
use vigie_repository::{
    ControlStore, JobQueue, QueueLimits, Registry, RegistryLimits, RegistryMembers, Relay, RelaySignal,
    Schedules, ServerDatabases, ServerSamples, TenantRepeats, TenantServers, TenantStore,
};
use vigie_tenancy::backup::{BackUpOrganization, BackupService, Backups, NightlyBackups, RestoreDrill};
use vigie_tenancy::{
    FailureBudget, Fleet, FleetOptions, FleetService, MigrationRun, NoProgress, PlanService, Plans,
    ResolutionRules, ResumeReport, Tenancy, TenancyPorts, TenancyService,
};

/// The application. Cloning shares it.
#[derive(Clone)]
pub struct App {
    /// What it was built from.
    pub config: Arc<Config>,
    /// Identity.
    pub auth: Arc<dyn AuthService>,
    /// Members of organizations.
    pub members: Arc<dyn MembershipService>,
    /// Organizations.
    pub tenancy: Arc<dyn TenancyService>,
    /// Plans, limits and modules.
    pub plans: Arc<dyn PlanService>,
    /// Migrations of all organizations' databases.
    pub fleet: Arc<dyn FleetService>,
    /// Backups of organizations, and what is made of them.
    pub backups: Arc<dyn BackupService>,
    /// Samples of organizations, and how they are.
    pub samples: Arc<dyn SampleService>,
    /// Dashboards, KPIs and values.
    pub kpis: Arc<dyn KpiService>,
    /// Reports.
    pub reporting: Arc<dyn ReportingService>,
    /// Actions and comments.
    pub actions: Arc<dyn ActionPlanService>,
    /// Imports.
    pub imports: Arc<dyn ImportService>,
    /// Does requests with an `Idempotency-Key` once.
    pub repeats: Arc<dyn RequestRepeats>,
    /// Inboxes, and telling members what concerns them.
    pub notifications: Arc<dyn NotificationService>,
    /// Templates, links and the way out of mails.
    pub mail: Mail,
    /// Whether the process works.
    pub health: Arc<dyn HealthService>,
    /// Signs cursors.
    pub signer: Arc<Signer>,
    /// Counts requests.
    pub limiter: Arc<SharedLimiter>,
    /// The job queue.
    pub queue: Arc<JobQueue>,
    /// Schedules of the platform and of organizations.
    pub schedules: Arc<Schedules>,
    /// Where the organizations' databases are, and the connections to them.
    pub registry: Arc<Registry>,
    /// The servers of the organizations' databases.
    pub servers: Arc<TenantServers>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives ids.
    pub ids: Arc<dyn IdSource>,
    background: Background,
    news: Arc<News>,
}

impl App {
    /// Builds the application: opens the control database (on SQLite making it when it is not there), brings it to the current
    /// schema and loads the keys.
    #[allow(clippy::too_many_lines, reason = "the wiring, one part after the other")]
    pub async fn build(config: Config) -> Result<Self, StartError> {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        let ids: Arc<dyn IdSource> = Arc::new(SystemIds);
        private_folder(&config.data_dir)?;
        let control = open_control(&config).await?;
        control.migrate().await?;
        let signer = Arc::new(Signer::load(&keys_folder(&config)?).map_err(part("the signing key"))?);
        let sharing = Sharing::build(&config, &signer, &throttles(&config.limits))?;
        let servers = Arc::new(tenant_servers(&config, &control, &signer, &clock, &ids)?);
        servers.adopt().await?;
        let databases = Arc::new(ServerDatabases::new(
            Arc::clone(&servers),
            control.connection().clone(),
            Arc::clone(&clock),
        ));
        let registry = Arc::new(Registry::new(
            control.connection().clone(),
            Arc::clone(&servers),
            registry_limits(&config),
        ));
        let signal = RelaySignal::default();
        let store = Arc::new(TenantStore::new(Arc::clone(&registry), signal.clone(), Arc::clone(&ids)));
        let repeats = Arc::new(TenantRepeats::new((*store).clone(), Arc::clone(&clock)));
        let queue = job_queue(&config, &control, &clock, &ids).with_wake_up(sharing.news.clone());
        let queue = Arc::new(queue);
        sharing.on_call(&queue, JobQueue::wake);
        let relay = Arc::new(Relay::new(
            control.connection().clone(),
            Arc::clone(&registry),
            Arc::clone(&queue),
            signal,
        ));

        let files = Arc::new(crate::files::open(&config)?);
        let mail = Mail::open(&config, &clock)?;
        let tenancy = tenancy(&config, (&control, &databases, &servers, &files), &sharing, (&clock, &ids))?;
        let plans = Arc::new(plans(&control, &store, (&clock, &ids)));
        sharing.on_change(&plans, |plans, what| match what {
            Invalidation::Organization(id) => plans.forget(id),
            // What a plan allows is the same for every member.
            Invalidation::User(_) => {}
        });
        let entitlements: Arc<dyn EntitlementSource> = plans.clone();
        let told = (&tenancy, &entitlements);
        let identity = identity(&config, &control, &registry, told, (&signer, &sharing), (&clock, &ids))?;
        let auth: Arc<dyn AuthService> = identity.clone();
        let members: Arc<dyn MembershipService> = identity;
        let (imports, runner) = imports(&config, (&store, files.clone()), &auth, (&clock, &ids));
        let notifications: Arc<dyn NotificationService> =
            Arc::new(Notifications::new(store.clone(), Arc::clone(&clock), Arc::clone(&ids)));
        let schedules = Arc::new(schedules(&control, &queue, &clock, &ids));
        let backups: Arc<Backups> = Arc::new(backups::build(&backups::Parts {
            config: &config,
            keys: &keys_folder(&config)?,
            control: &control,
            servers: &servers,
            databases: &databases,
            registry: &registry,
            files: &files,
            queue: &queue,
            tenancy: &tenancy,
            auth: &auth,
            clock: &clock,
            ids: &ids,
        })?);
        let back_up: Arc<dyn Handle<BackUpOrganization>> = backups.clone();
        let nightly: Arc<dyn Handle<NightlyBackups>> = backups.clone();
        let drill: Arc<dyn Handle<RestoreDrill>> = backups.clone();
        let samples: Arc<dyn SampleService> = Arc::new(Sampler::new(
            Arc::new(control.clone()),
            Arc::new(ServerSamples::new(Arc::clone(&servers))),
            Arc::clone(&clock),
        ));
        let background = Background {
            queue: Arc::clone(&queue),
            relay,
            schedules: Arc::clone(&schedules),
            handlers: handlers(runner, &auth, &notifications, &entitlements)
                .with(back_up)
                .with(Arc::new(MemberProjection(Arc::clone(&members))))
                .with(Arc::new(AccountMails {
                    auth: Arc::clone(&auth),
                    mail: mail.clone(),
                    clock: Arc::clone(&clock),
                }))
                .with(nightly)
                .with(drill)
                .with(Arc::new(Pruner(Arc::clone(&queue)))),
            entitlements: Arc::clone(&entitlements),
            platform: Arc::from([
                PrunePlatform::nightly().map_err(part("the nightly schedule"))?,
                backups::nightly().map_err(part("the nightly schedule of backups"))?,
                backups::drill().map_err(part("the schedule of restore drills"))?,
            ]),
            tenancy: Arc::clone(&tenancy),
            backups: backups.clone(),
            samples: Arc::clone(&samples),
            clock: Arc::clone(&clock),
            upkeep: Arc::new(Upkeep::new(Arc::new(control.clone()), Arc::clone(&clock))),
            news: Arc::clone(&sharing.news),
            random: Arc::new(SystemRandomness),
            workers: config.worker.concurrency,
            security_workers: config.worker.security,
        };
        Ok(Self {
            auth,
            members,
            tenancy,
            plans,
            fleet: Arc::new(
                Fleet::new(
                    Arc::new(control.clone()),
                    databases,
                    Arc::clone(&clock),
                    Arc::clone(&ids),
                    Arc::new(SystemTimer),
                )
                .sharing(sharing.news.clone()),
            ),
            backups,
            samples,
            kpis: Arc::new(Kpis::new(store.clone(), Arc::clone(&clock), Arc::clone(&ids))),
            reporting: Arc::new(Reporting::new(store.clone(), Arc::clone(&clock))),
            actions: Arc::new(ActionPlans::new(store, Arc::clone(&clock), Arc::clone(&ids))),
            imports,
            repeats,
            health: health(control, &files, &sharing, &clock),
            notifications,
            mail,
            signer,
            limiter: sharing.limiter,
            queue,
            schedules,
            registry,
            servers,
            clock,
            ids,
            background,
            news: sharing.news,
            config: Arc::new(config),
        })
    }

    /// Finishes what an earlier process left: organizations whose provisioning stopped, databases at an older schema unless the
    /// configuration leaves them to the operator. For start-up, never for a request.
    pub async fn recover(&self) -> Result<(ResumeReport, Option<MigrationRun>), StartError> {
        // At a start every organization gets its chance; whoever wants canaries and a budget migrates before he starts.
        let options = FleetOptions { failure_budget: FailureBudget::UNLIMITED, ..FleetOptions::default() };
        let operator = OperatorContext::new(None, "start".to_owned());
        let migrated = if self.config.database.migrate_at_start {
            let run = self.fleet.migrate(&operator, &options, &NoProgress).await;
            Some(run.map_err(part("the organizations' databases"))?)
        } else {
            None
        };
        self.backups.recover().await.map_err(part("interrupted restores"))?;
        let resumed = self.tenancy.resume_unfinished().await.map_err(part("unfinished organizations"))?;
        Ok((resumed, migrated))
    }

    /// Closes the connections to organizations' databases, those in use when they come back, and waits a moment for that. For the end of
    /// the process: servers then find no connection dead.
    pub async fn close(&self) {
        self.registry.close(Duration::from_secs(5)).await;
    }

    /// The loop that relays outboxes and runs jobs.
    #[must_use]
    pub const fn background(&self) -> &Background {
        &self.background
    }

    /// Makes the next key of access tokens, in the folder of keys: it signs after 24 hours.
    pub fn rotate_access_keys(&self) -> Result<KeyRotation, StartError> {
        rotate_access_keys(&keys_folder(&self.config)?, self.clock.now())
            .map_err(part("the keys of access tokens"))
    }

    /// Waits a moment until other processes have been told of what this one has changed: before it ends.
    pub async fn settle(&self) {
        self.news.settle().await;
    }

    /// Whether several processes may use the databases at once and would count requests each by itself.
    #[must_use]
    pub fn counts_alone(&self) -> bool {
        self.config.redis.url.is_none() && !is_sqlite(&self.config)
    }

    /// Whether this process should run jobs itself when it serves requests: by default on SQLite, where it is the only one.
    #[must_use]
    pub fn runs_jobs(&self) -> bool {
        self.config.worker.embedded.unwrap_or_else(|| is_sqlite(&self.config))
    }
}

fn registry_limits(config: &Config) -> RegistryLimits {
    RegistryLimits { open_organizations: config.database.open_organizations, ..RegistryLimits::default() }
}

fn plans(
    control: &ControlStore,
    store: &Arc<TenantStore>,
    (clock, ids): (&Arc<dyn Clock>, &Arc<dyn IdSource>),
) -> Plans {
    Plans::new(Arc::new(control.clone()), store.clone(), Arc::clone(clock), Arc::clone(ids))
}

fn tenancy(
    config: &Config,
    (control, databases, servers, files): (
        &ControlStore,
        &Arc<ServerDatabases>,
        &Arc<TenantServers>,
        &Arc<ObjectFiles>,
    ),
    sharing: &Sharing,
    (clock, ids): (&Arc<dyn Clock>, &Arc<dyn IdSource>),
) -> Result<Arc<dyn TenancyService>, StartError> {
    let ports = TenancyPorts {
        store: Arc::new(control.clone()),
        databases: databases.clone(),
        files: files.clone(),
        placement: servers.clone(),
        tokens: Arc::new(SetPasswordTokens(Arc::new(SystemSecrets))),
        timer: Arc::new(SystemTimer),
        clock: Arc::clone(clock),
        ids: Arc::clone(ids),
    };
    let tenancy = Tenancy::new(ports, resolution_rules(config)?, config.database.tenant_prefix.clone());
    let tenancy = Arc::new(tenancy.sharing(Arc::clone(&sharing.resolutions), sharing.news.clone()));
    sharing.on_change(&tenancy, Tenancy::forget);
    Ok(tenancy)
}

/// The service and the handler of its jobs.
type Imports = (Arc<dyn ImportService>, Arc<dyn Handle<ApplyImportRun>>);

fn imports(
    config: &Config,
    (store, files): (&Arc<TenantStore>, Arc<ObjectFiles>),
    auth: &Arc<dyn AuthService>,
    (clock, ids): (&Arc<dyn Clock>, &Arc<dyn IdSource>),
) -> Imports {
    let limits = Limits { upload_bytes: config.limits.import_bytes, ..Limits::default() };
    let pool = Arc::new(BlockingParsePool::new(tokio::runtime::Handle::current(), cores()));
    let service = ImportServiceImpl::new(
        store.clone(),
        files.clone(),
        pool.clone(),
        Arc::clone(clock),
        Arc::clone(ids),
        limits,
    );
    let members = Arc::new(MemberContexts(Arc::clone(auth)));
    let patient = Arc::new(store.for_background());
    let runner = ImportRunner::new(patient, files, pool, members, Arc::clone(clock), Arc::clone(ids), limits);
    (Arc::new(service), Arc::new(runner))
}

fn identity(
    config: &Config,
    control: &ControlStore,
    registry: &Arc<Registry>,
    (tenancy, entitlements): (&Arc<dyn TenancyService>, &Arc<dyn EntitlementSource>),
    (signer, sharing): (&Arc<Signer>, &Sharing),
    (clock, ids): (&Arc<dyn Clock>, &Arc<dyn IdSource>),
) -> Result<Arc<Auth>, StartError> {
    let issuer = config.public_url.as_ref().map_or_else(|| "vigie".to_owned(), ToString::to_string);
    let names = TokenNames { issuer, audience: "vigie-api".to_owned() };
    let tokens = Ed25519Tokens::load(&keys_folder(config)?, names, Arc::clone(clock))
        .map_err(part("the key of access tokens"))?;
    let hasher =
        PasswordPool::try_new(PasswordPoolConfig::for_cores(cores())).map_err(part("password hashing"))?;
    let signup = match config.auth.signup {
        SignupMode::Open => vigie_auth::SignupMode::Open,
        SignupMode::Verified => vigie_auth::SignupMode::Verified,
        SignupMode::Closed => vigie_auth::SignupMode::Closed,
    };
    let policy = AuthPolicy { signup, login_delays: config.limits.enabled, ..AuthPolicy::default() };
    let ports = AuthPorts {
        store: Arc::new(control.clone()),
        hasher: Arc::new(hasher),
        tokens: Arc::new(tokens),
        secrets: Arc::new(SystemSecrets),
        sealer: Arc::new(AeadSealer),
        pseudonyms: signer.clone(),
        throttle: Arc::new(LimitedAccounts(Arc::clone(&sharing.limiter))),
        provisioning: Arc::new(TenancyProvisioning(Arc::clone(tenancy))),
        members: Arc::new(RegistryMembers::new(Arc::clone(registry), Arc::clone(clock))),
        entitlements: Arc::clone(entitlements),
        clock: Arc::clone(clock),
        ids: Arc::clone(ids),
    };
    let auth = Auth::new(ports, policy).sharing(Arc::clone(&sharing.sessions), sharing.news.clone());
    let auth = Arc::new(auth);
    sharing.on_change(&auth, Auth::forget);
    Ok(auth)
}

fn health(
    control: ControlStore,
    files: &Arc<ObjectFiles>,
    sharing: &Sharing,
    clock: &Arc<dyn Clock>,
) -> Arc<dyn HealthService> {
    let control: Arc<dyn HealthProbe> = Arc::new(ControlProbe(control));
    let files: Arc<dyn HealthProbe> = Arc::new(FilesProbe::new(Arc::clone(files)));
    let probes = [control, files].into_iter().chain(sharing.probe.clone()).collect();
    Arc::new(PlatformHealth::new(probes, Arc::clone(clock)))
}

/// The jobs of modules, each run for the organizations that have its module.
fn handlers(
    imports: Arc<dyn Handle<ApplyImportRun>>,
    auth: &Arc<dyn AuthService>,
    notifications: &Arc<dyn NotificationService>,
    entitlements: &Arc<dyn EntitlementSource>,
) -> Handlers {
    let notifier = Arc::new(Notifier { auth: Arc::clone(auth), notifications: Arc::clone(notifications) });
    // Every plan has the inbox, which is what these jobs fill.
    let inbox = (Module::Notifications, Needs::Basic);
    Handlers::default()
        .with(gated((Module::Imports, Needs::Whole), imports, entitlements))
        .with(gated::<ActionGiven>(inbox, notifier.clone(), entitlements))
        .with(gated::<CommentWritten>(inbox, notifier.clone(), entitlements))
        .with(gated::<KpiTurnedRed>(inbox, notifier.clone(), entitlements))
        .with(gated::<ImportRunEnded>(inbox, notifier, entitlements))
}

fn gated<J: Job + Sync>(
    needs: (Module, Needs),
    handler: Arc<dyn Handle<J>>,
    entitlements: &Arc<dyn EntitlementSource>,
) -> Arc<dyn Handle<J>> {
    Arc::new(OfModule::new(needs, handler, Arc::clone(entitlements)))
}

fn job_queue(
    config: &Config,
    control: &ControlStore,
    clock: &Arc<dyn Clock>,
    ids: &Arc<dyn IdSource>,
) -> JobQueue {
    JobQueue::new(control.connection().clone(), Arc::clone(clock), Arc::clone(ids))
        .with_limits(QueueLimits { bulk_per_organization: config.worker.bulk_per_organization })
}

fn schedules(
    control: &ControlStore,
    queue: &Arc<JobQueue>,
    clock: &Arc<dyn Clock>,
    ids: &Arc<dyn IdSource>,
) -> Schedules {
    Schedules::new(control.connection().clone(), Arc::clone(queue), Arc::clone(clock), Arc::clone(ids))
}

fn throttles(limits: &LimitsConfig) -> vigie_adapters::Limits {
    vigie_adapters::Limits {
        enabled: limits.enabled,
        login_by_ip: Rate::per_minute(limits.login_per_minute),
        refresh_by_ip: Rate::per_minute(limits.refresh_per_minute),
        refresh_by_session: Rate::per_minute(limits.session_refresh_per_minute),
        signup_by_ip: Rate::per_hour(limits.signup_per_hour),
        signup_by_email: Rate::per_day(limits.email_signup_per_day),
        forgot_by_ip: Rate::per_hour(limits.forgot_per_hour),
        // So many at once, and each of them back after an hour.
        forgot_by_email: Rate {
            limit: limits.email_forgot_burst,
            window_seconds: limits.email_forgot_burst.saturating_mul(3_600),
        },
        resend_by_email: Rate::per_minute(1),
        resend_by_email_daily: Rate::per_day(limits.email_resend_per_day),
        token_by_ip: Rate::per_minute(limits.token_per_minute),
        sensitive_by_ip: Rate::per_minute(limits.sensitive_per_minute),
        sensitive_by_user: Rate { limit: limits.user_sensitive_per_quarter, window_seconds: 15 * 60 },
        anonymous_by_ip: Rate::per_minute(limits.anonymous_per_minute),
        member_by_user: Rate::per_minute(limits.requests_per_minute),
    }
}

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

fn part<E: Into<BoxError>>(what: &'static str) -> impl FnOnce(E) -> StartError {
    move |error| StartError::Part { what, source: error.into() }
}

fn resolution_rules(config: &Config) -> Result<ResolutionRules, StartError> {
    let own: Vec<&str> = config.public_url.as_ref().and_then(Url::host_str).into_iter().collect();
    ResolutionRules::try_new(&config.http.base_domain, &own, true).ok_or_else(|| {
        StartError::Setting(format!("http.base_domain: {} is no domain", config.http.base_domain))
    })
}
