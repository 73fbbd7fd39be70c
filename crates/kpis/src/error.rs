//! What can go wrong with dashboards, KPIs and values.

use crate::RecordRefusal;
use crate::ports::{
    RULE_DASHBOARD_NOT_EMPTY, RULE_KPI_CODE, RULE_KPI_DASHBOARD, RULE_KPI_HAS_ACTIONS, RULE_KPI_HAS_VALUES,
    RULE_OWNER_MEMBER, RULE_THRESHOLD_VERSION, RULE_VALUE_PERIOD,
};
use chrono::NaiveDate;
use thiserror::Error;
use vigie_kernel::{
    DashboardId, FieldError, FieldErrors, KpiId, LimitReached, PermissionDenied, StoreError, ValueId,
};

/// Why a use case of this crate was not carried out.
#[derive(Debug, Error)]
pub enum KpiError {
    /// The caller lacks a permission (403).
    #[error(transparent)]
    Denied(#[from] PermissionDenied),
    /// The request's content is wrong; every error at once (422).
    #[error("invalid: {0}")]
    Invalid(FieldErrors),
    /// No such dashboard in the organization (404).
    #[error("the dashboard {0} does not exist")]
    DashboardNotFound(DashboardId),
    /// No such KPI in the organization (404).
    #[error("the KPI {0} does not exist")]
    KpiNotFound(KpiId),
    /// The KPI has no value for the period (404).
    #[error("the KPI has no value for {0}")]
    ValueNotFound(String),
    /// The thing is not at the version that the caller expects, or another writer came first (412).
    #[error("changed meanwhile")]
    Stale,
    /// Another KPI has the code (409, `kpi_code_taken`).
    #[error("another KPI has this code")]
    CodeTaken,
    /// The dashboard still has KPIs (409, `dashboard_not_empty`).
    #[error("the dashboard still has KPIs")]
    DashboardNotEmpty,
    /// The KPI has values and can only be archived (409, `kpi_has_values`).
    #[error("the KPI has values")]
    KpiHasValues,
    /// The KPI has actions and can only be archived (409, `kpi_has_actions`).
    #[error("the KPI has actions")]
    KpiHasActions,
    /// The KPI is archived and takes no values (409, `kpi_archived`).
    #[error("the KPI is archived")]
    KpiArchived,
    /// The frequency cannot change once there are values (409, `frequency_frozen`).
    #[error("the frequency cannot change once there are values")]
    FrequencyFrozen,
    /// With values, a change of direction needs thresholds in the same request (409, `direction_needs_thresholds`).
    #[error("a change of direction needs new thresholds")]
    DirectionNeedsThresholds,
    /// The period already has a value (409, `value_exists`).
    #[error("the period already has the value {0}")]
    ValueExists(ValueId),
    /// The period is closed (409, `period_locked`).
    #[error("periods are closed through {closed_through}")]
    PeriodLocked {
        /// Every period that ends on or before this date is closed.
        closed_through: NaiveDate,
    },
    /// The plan allows no more KPIs (403, `plan_limit_reached`).
    #[error(transparent)]
    LimitReached(#[from] LimitReached),
    /// The store did not do it.
    #[error(transparent)]
    Store(StoreError),
}

impl From<FieldErrors> for KpiError {
    fn from(errors: FieldErrors) -> Self {
        Self::Invalid(errors)
    }
}

impl From<FieldError> for KpiError {
    fn from(error: FieldError) -> Self {
        Self::Invalid(error.into())
    }
}

impl From<StoreError> for KpiError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(RULE_KPI_CODE) => Self::CodeTaken,
            StoreError::Conflict(RULE_DASHBOARD_NOT_EMPTY) => Self::DashboardNotEmpty,
            StoreError::Conflict(RULE_KPI_HAS_VALUES) => Self::KpiHasValues,
            StoreError::Conflict(RULE_KPI_HAS_ACTIONS) => Self::KpiHasActions,
            StoreError::Conflict(RULE_OWNER_MEMBER) => FieldError::new("owner_id", "owner_unknown").into(),
            StoreError::Conflict(RULE_KPI_DASHBOARD) => {
                FieldError::new("dashboard_id", "dashboard_unknown").into()
            }
            // Two writers of one period or of one version: the later one read what is no longer true.
            StoreError::Conflict(RULE_VALUE_PERIOD | RULE_THRESHOLD_VERSION) | StoreError::Stale => {
                Self::Stale
            }
            error @ (StoreError::Conflict(_)
            | StoreError::TenantUnavailable(_)
            | StoreError::Unavailable(_)
            | StoreError::Broken(_)) => Self::Store(error),
        }
    }
}

impl From<RecordRefusal> for KpiError {
    fn from(refusal: RecordRefusal) -> Self {
        let code = refusal.code();
        match refusal {
            RecordRefusal::PeriodInFuture { today } => {
                FieldError::new("period", code).with("today", today).into()
            }
            RecordRefusal::PeriodBeforeStart { first } => {
                FieldError::new("period", code).with("first", first).into()
            }
            RecordRefusal::PeriodAfterEnd { last } => {
                FieldError::new("period", code).with("last", last).into()
            }
            RecordRefusal::PeriodFrequencyMismatch { given, wanted } => FieldError::new("period", code)
                .with("given", given.name())
                .with("wanted", wanted.name())
                .into(),
            RecordRefusal::PeriodLocked { closed_through } => Self::PeriodLocked { closed_through },
            RecordRefusal::KpiArchived => Self::KpiArchived,
            RecordRefusal::ValueExists(id) => Self::ValueExists(id),
            RecordRefusal::KpiUnknown(id) => Self::KpiNotFound(id),
            RecordRefusal::KpiForbidden(denied) => Self::Denied(denied),
        }
    }
}
