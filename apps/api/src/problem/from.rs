//! What each domain error is told as. One arm for each variant, so that a new one is decided about.

use super::{ApiError, Code, Detail};
use actix_web::http::header;
use vigie_action_plans::ActionPlanError;
use vigie_auth::{AuthError, OrganizationRefusal, TooMany};
use vigie_imports::{FileProblem, ImportError};
use vigie_kernel::{FieldError, LimitReached, Locale, ModuleDisabled, PermissionDenied, StoreError};
use vigie_kpis::KpiError;
use vigie_notifications::NotificationError;
use vigie_platform_monitoring::SampleError;
use vigie_tenancy::backup::BackupError;
use vigie_tenancy::{PlanError, TenancyError};

/// Seconds after which a database is asked again.
const STORE_RETRY: u64 = 5;

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        match &error {
            StoreError::Stale => Self::new(Code::ChangedMeanwhile),
            StoreError::TenantUnavailable(why) => {
                let (code, seconds) = match *why {
                    // A place comes free within moments.
                    "capacity" => (Code::Capacity, 1),
                    "server_down" => (Code::ServerDown, STORE_RETRY),
                    "tenant_schema_outdated" => (Code::TenantSchemaOutdated, STORE_RETRY),
                    "tenant_provisioning" => (Code::TenantProvisioning, STORE_RETRY),
                    _ => (Code::TenantUnavailable, STORE_RETRY),
                };
                Self::caused(code, error).retry_after(seconds)
            }
            StoreError::Unavailable(_) => {
                Self::caused(Code::ServiceUnavailable, error).retry_after(STORE_RETRY)
            }
            StoreError::Conflict(_) | StoreError::Broken(_) => Self::caused(Code::Internal, error),
        }
    }
}

impl From<PermissionDenied> for ApiError {
    fn from(denied: PermissionDenied) -> Self {
        let challenge = "Bearer error=\"insufficient_scope\"";
        Self::caused(Code::Forbidden, denied).with_header(header::WWW_AUTHENTICATE, challenge)
    }
}

impl From<LimitReached> for ApiError {
    fn from(reached: LimitReached) -> Self {
        let LimitReached { limit, max, used, plan } = reached;
        let error = FieldError::new("", "plan_limit_reached")
            .with("resource", limit.name())
            .with("limit", max)
            .with("used", used)
            .with("plan", plan);
        Self::field(Code::PlanLimitReached, error)
    }
}

impl From<ModuleDisabled> for ApiError {
    fn from(disabled: ModuleDisabled) -> Self {
        let error = FieldError::new("", "module_disabled").with("module", disabled.0.name());
        Self::field(Code::ModuleDisabled, error)
    }
}

impl From<PlanError> for ApiError {
    fn from(error: PlanError) -> Self {
        match error {
            PlanError::Denied(denied) => denied.into(),
            PlanError::Invalid(errors) => Self::invalid(errors),
            PlanError::NotFound => Self::new(Code::OrganizationNotFound),
            PlanError::ChangedMeanwhile => Self::new(Code::ChangedMeanwhile),
            PlanError::Store(error) => error.into(),
        }
    }
}

impl From<SampleError> for ApiError {
    fn from(error: SampleError) -> Self {
        match error {
            SampleError::NotInService => Self::new(Code::OrganizationNotFound),
            SampleError::Store(error) => error.into(),
        }
    }
}

impl From<AuthError> for ApiError {
    fn from(error: AuthError) -> Self {
        let challenge = "Bearer error=\"invalid_token\"";
        match error {
            AuthError::Invalid(errors) => Self::invalid(errors),
            AuthError::InvalidCredentials => {
                Self::new(Code::InvalidCredentials).with_header(header::WWW_AUTHENTICATE, "Bearer")
            }
            AuthError::InvalidToken => {
                Self::new(Code::InvalidToken).with_header(header::WWW_AUTHENTICATE, challenge)
            }
            AuthError::Throttled { retry_after } => Self::new(Code::LoginDelayed).retry_after(retry_after),
            AuthError::TooMany(TooMany { retry_after }) => {
                Self::new(Code::TooManyRequests).retry_after(retry_after)
            }
            AuthError::TokenNotGood => Self::new(Code::TokenNotGood),
            AuthError::Denied(denied) => denied.into(),
            AuthError::RoleNotAllowed => Self::new(Code::RoleNotAllowed),
            AuthError::LastOwner => Self::new(Code::LastOwner),
            AuthError::MemberNotFound => Self::new(Code::MemberNotFound),
            AuthError::AlreadyInvited => Self::new(Code::AlreadyInvited),
            AuthError::InvitationNotFound => Self::new(Code::InvitationNotFound),
            AuthError::OfferNotFound => Self::new(Code::OfferNotFound),
            AuthError::SessionUnknown => Self::new(Code::SessionNotFound),
            AuthError::AccountUnknown => Self::new(Code::AccountUnknown),
            AuthError::SignupClosed => Self::new(Code::SignupClosed),
            AuthError::LimitReached(reached) => reached.into(),
            AuthError::EmailTaken => Self::new(Code::EmailTaken),
            AuthError::SlugTaken => Self::new(Code::SlugTaken),
            AuthError::AlreadyMember => Self::new(Code::AlreadyMember),
            AuthError::NotAMember => Self::new(Code::NotAMember),
            AuthError::Organization(refusal) => refusal.into(),
            AuthError::Busy => Self::caused(Code::AuthBusy, error).retry_after(2),
            AuthError::ProvisioningFailed(cause) => {
                Self::caused(Code::ProvisioningFailed, cause).retry_after(30)
            }
            AuthError::ChangedMeanwhile => Self::new(Code::ChangedMeanwhile),
            AuthError::Store(error) => error.into(),
            AuthError::Broken(cause) => Self::caused(Code::Internal, cause),
        }
    }
}

impl From<OrganizationRefusal> for ApiError {
    fn from(refusal: OrganizationRefusal) -> Self {
        match refusal {
            OrganizationRefusal::Provisioning => {
                Self::caused(Code::TenantProvisioning, refusal).retry_after(2)
            }
            OrganizationRefusal::Suspended { reason: Some(reason) } => Self::new(Code::TenantSuspended)
                .with_detail(Detail {
                    en: format!("The organization is suspended: {reason}"),
                    fr: format!("L'organisation est suspendue : {reason}"),
                }),
            OrganizationRefusal::Suspended { reason: None } => Self::new(Code::TenantSuspended),
            OrganizationRefusal::Archived => Self::new(Code::TenantArchived),
            OrganizationRefusal::Failed => Self::caused(Code::TenantFailed, refusal),
            OrganizationRefusal::Unknown => Self::new(Code::TenantUnknown),
        }
    }
}

impl From<TenancyError> for ApiError {
    fn from(error: TenancyError) -> Self {
        match error {
            TenancyError::Invalid(errors) => Self::invalid(errors),
            TenancyError::TenantUnknown => Self::new(Code::TenantUnknown),
            TenancyError::NotFound => Self::new(Code::OrganizationNotFound),
            TenancyError::TenantConflict => Self::new(Code::TenantConflict),
            TenancyError::SlugTaken => Self::new(Code::SlugTaken),
            TenancyError::Transition { .. } => Self::caused(Code::OrganizationTransition, error),
            TenancyError::ChangedMeanwhile => Self::new(Code::ChangedMeanwhile),
            TenancyError::DomainTaken => {
                Self::field(Code::DomainTaken, FieldError::new("domain", "domain_taken"))
            }
            TenancyError::EmailTaken => Self::new(Code::EmailTaken),
            TenancyError::KeyReused => Self::new(Code::IdempotencyKeyReused),
            TenancyError::OperationNotFound => Self::new(Code::OperationNotFound),
            TenancyError::RunNotFound => Self::new(Code::MigrationRunNotFound),
            TenancyError::OperationEnded(_) => Self::new(Code::OperationEnded),
            TenancyError::OperationHeld => Self::new(Code::OperationRunning),
            TenancyError::NotRepairable(_) => Self::caused(Code::NotRepairable, error),
            TenancyError::Token(_) | TenancyError::Prefix(_) => Self::caused(Code::Internal, error),
            TenancyError::Store(error) => error.into(),
        }
    }
}

impl From<BackupError> for ApiError {
    fn from(error: BackupError) -> Self {
        match error {
            BackupError::Invalid(errors) => Self::invalid(errors),
            BackupError::NotFound => Self::new(Code::OrganizationNotFound),
            BackupError::SlugTaken => Self::new(Code::SlugTaken),
            BackupError::State(_)
            | BackupError::Busy
            | BackupError::NothingToUndo
            | BackupError::NoBackup
            | BackupError::GraceNotOver(_)
            | BackupError::AlreadyThere(_)
            | BackupError::ServerFull(_) => Self::new(Code::OrganizationState),
            BackupError::Tenancy(error) => error.into(),
            BackupError::Store(error) => error.into(),
            // No route reads an archive or deletes an organization.
            error @ (BackupError::Refused(_)
            | BackupError::NoAccount
            | BackupError::NotConfirmed
            | BackupError::NoServer(_)
            | BackupError::File { .. }) => Self::caused(Code::Internal, error),
        }
    }
}

impl From<KpiError> for ApiError {
    fn from(error: KpiError) -> Self {
        match error {
            KpiError::Denied(denied) => denied.into(),
            KpiError::Invalid(errors) => Self::invalid(errors),
            KpiError::DashboardNotFound(_) => Self::new(Code::DashboardNotFound),
            KpiError::KpiNotFound(_) => Self::new(Code::KpiNotFound),
            KpiError::ValueNotFound(_) => Self::new(Code::ValueNotFound),
            KpiError::Stale => Self::new(Code::ChangedMeanwhile),
            KpiError::CodeTaken => Self::field(Code::KpiCodeTaken, FieldError::new("code", "kpi_code_taken")),
            KpiError::DashboardNotEmpty => Self::new(Code::DashboardNotEmpty),
            KpiError::KpiHasValues => Self::new(Code::KpiHasValues),
            KpiError::KpiHasActions => Self::new(Code::KpiHasActions),
            KpiError::KpiArchived => Self::new(Code::KpiArchived),
            KpiError::FrequencyFrozen => {
                Self::field(Code::FrequencyFrozen, FieldError::new("frequency", "frequency_frozen"))
            }
            KpiError::DirectionNeedsThresholds => Self::field(
                Code::DirectionNeedsThresholds,
                FieldError::new("direction", "direction_needs_thresholds"),
            ),
            KpiError::ValueExists(id) => {
                Self::field(Code::ValueExists, FieldError::new("period", "value_exists").with("value_id", id))
            }
            KpiError::PeriodLocked { closed_through } => Self::field(
                Code::PeriodLocked,
                FieldError::new("period", "period_locked").with("closed_through", closed_through),
            ),
            KpiError::LimitReached(reached) => reached.into(),
            KpiError::Store(error) => error.into(),
        }
    }
}

impl From<ActionPlanError> for ApiError {
    fn from(error: ActionPlanError) -> Self {
        match error {
            ActionPlanError::Denied(denied) => denied.into(),
            ActionPlanError::NotTheAuthor => Self::new(Code::NotTheAuthor),
            ActionPlanError::Invalid(errors) => Self::invalid(errors),
            ActionPlanError::KpiNotFound => Self::new(Code::KpiNotFound),
            ActionPlanError::ActionNotFound => Self::new(Code::ActionNotFound),
            ActionPlanError::CommentNotFound => Self::new(Code::CommentNotFound),
            ActionPlanError::Transition { from, to } => Self::field(
                Code::ActionTransition,
                FieldError::new("status", "action_transition")
                    .with("from", from.name())
                    .with("to", to.name()),
            ),
            ActionPlanError::ChangedMeanwhile => Self::new(Code::ChangedMeanwhile),
            ActionPlanError::Store(error) => error.into(),
        }
    }
}

impl From<NotificationError> for ApiError {
    fn from(error: NotificationError) -> Self {
        match error {
            NotificationError::Denied(denied) => denied.into(),
            NotificationError::NotFound => Self::new(Code::NotificationNotFound),
            NotificationError::Store(error) => error.into(),
        }
    }
}

impl From<ImportError> for ApiError {
    fn from(error: ImportError) -> Self {
        match error {
            ImportError::Denied(denied) => denied.into(),
            ImportError::Invalid(errors) => Self::invalid(errors),
            ImportError::File(problem) => problem.into(),
            ImportError::LimitReached(reached) => reached.into(),
            ImportError::NotFound(_) => Self::new(Code::ImportNotFound),
            ImportError::Ended(_) => Self::new(Code::ImportEnded),
            ImportError::ChangedMeanwhile => Self::new(Code::ChangedMeanwhile),
            ImportError::Store(error) => error.into(),
        }
    }
}

impl From<FileProblem> for ApiError {
    /// The problem's own code in lower case, and its own words.
    fn from(problem: FileProblem) -> Self {
        let code = Code::from_name(&problem.code.name().to_ascii_lowercase()).unwrap_or(Code::FileRefused);
        Self::new(code)
            .with_detail(Detail { en: problem.message(Locale::En), fr: problem.message(Locale::Fr) })
    }
}
