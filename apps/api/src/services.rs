//! What the API needs from the rest of the product.

use actix_web::web;
use std::sync::Arc;
use vigie_action_plans::ActionPlanService;
use vigie_auth::{AuthService, MembershipService};
use vigie_composition::{JobQueue, SharedLimiter, Signer};
use vigie_imports::ImportService;
use vigie_kernel::{Clock, IdSource, RequestRepeats};
use vigie_kpis::{KpiService, ReportingService};
use vigie_notifications::NotificationService;
use vigie_platform_monitoring::{HealthService, SampleService};
use vigie_tenancy::backup::BackupService;
use vigie_tenancy::{FleetService, PlanService, TenancyService};

/// Every service that routes call.
#[derive(Clone)]
pub struct Services {
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
    /// Backups of organizations.
    pub backups: Arc<dyn BackupService>,
    /// Samples of organizations.
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
    /// Inboxes.
    pub notifications: Arc<dyn NotificationService>,
    /// Whether the process works.
    pub health: Arc<dyn HealthService>,
    /// The job queue, whose figures are told.
    pub queue: Arc<JobQueue>,
    /// Signs the cursors of lists, so that one that the product did not give is refused.
    pub cursors: Arc<Signer>,
    /// Counts requests.
    pub limiter: Arc<SharedLimiter>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives request ids.
    pub ids: Arc<dyn IdSource>,
}

impl Services {
    /// Puts the services where handlers find them.
    pub(crate) fn register(&self, config: &mut web::ServiceConfig) {
        config
            .app_data(web::Data::from(Arc::clone(&self.auth)))
            .app_data(web::Data::from(Arc::clone(&self.members)))
            .app_data(web::Data::from(Arc::clone(&self.tenancy)))
            .app_data(web::Data::from(Arc::clone(&self.plans)))
            .app_data(web::Data::from(Arc::clone(&self.fleet)))
            .app_data(web::Data::from(Arc::clone(&self.backups)))
            .app_data(web::Data::from(Arc::clone(&self.samples)))
            .app_data(web::Data::from(Arc::clone(&self.kpis)))
            .app_data(web::Data::from(Arc::clone(&self.reporting)))
            .app_data(web::Data::from(Arc::clone(&self.actions)))
            .app_data(web::Data::from(Arc::clone(&self.imports)))
            .app_data(web::Data::from(Arc::clone(&self.repeats)))
            .app_data(web::Data::from(Arc::clone(&self.notifications)))
            .app_data(web::Data::from(Arc::clone(&self.health)))
            .app_data(web::Data::from(Arc::clone(&self.queue)))
            .app_data(web::Data::from(Arc::clone(&self.cursors)))
            .app_data(web::Data::from(Arc::clone(&self.clock)))
            .app_data(web::Data::from(Arc::clone(&self.ids)));
    }
}
