//! Changing plan and limits: what is checked before, and what is stored and written down.

use super::{ChangeTerms, LimitOverride, LimitSetting, PlanWork, Subscription};
use crate::{Change, Plan};
use chrono::{DateTime, Utc};
use serde_json::{Value, json};
use vigie_kernel::{FieldError, FieldErrors, OrganizationId, PlanLimit, StoreError};

/// What is written into the audit trail.
pub(super) struct Deed {
    pub(super) action: &'static str,
    pub(super) details: Value,
}

/// A change of terms whose exceptions are checked.
pub(super) struct Wanted {
    pub(super) organization: OrganizationId,
    pub(super) plan: Option<Plan>,
    pub(super) limits: Vec<(PlanLimit, Option<LimitOverride>)>,
    pub(super) expected_version: Option<i64>,
}

/// Stores what is to count as a limit; `None` is what the plan says. Nothing when it is so already.
pub(super) async fn put_limit(
    work: &mut dyn PlanWork,
    subscription: &mut Subscription,
    limit: PlanLimit,
    exception: Option<LimitOverride>,
    now: DateTime<Utc>,
) -> Result<Option<Deed>, StoreError> {
    let change = match exception {
        Some(exception) => subscription.set_limit(exception),
        None => subscription.clear_limit(limit),
    };
    if change == Change::None {
        return Ok(None);
    }
    let organization = subscription.organization;
    let details = if let Some(exception) = exception {
        work.subscriptions().put_limit(organization, &exception, now).await?;
        json!({ "limit": limit.name(), "value": exception.value, "expires_at": exception.expires_at })
    } else {
        work.subscriptions().remove_limit(organization, limit).await?;
        json!({ "limit": limit.name(), "as": "plan" })
    };
    Ok(Some(Deed { action: "organization.limit_set", details }))
}

/// The exception that is asked for, or every error at once, on fields that begin with `prefix`.
pub(super) fn checked(
    limit: PlanLimit,
    to: LimitSetting,
    now: DateTime<Utc>,
    prefix: &str,
) -> Result<Option<LimitOverride>, FieldErrors> {
    let LimitSetting::Other { value, expires_at } = to else { return Ok(None) };
    let mut errors = FieldErrors::new();
    // The first member is the owner: an organization without one cannot be.
    let min = match limit {
        PlanLimit::Members => 1,
        PlanLimit::StorageBytes
        | PlanLimit::Kpis
        | PlanLimit::ImportValues
        | PlanLimit::NotificationsPerDay => 0,
    };
    if value.is_some_and(|value| value < min || i64::try_from(value).is_err()) {
        let field = format!("{prefix}value");
        errors.push(FieldError::new(field, "out_of_range").with("min", min).with("max", i64::MAX));
    }
    if expires_at.is_some_and(|expires_at| expires_at <= now) {
        let field = format!("{prefix}expires_at");
        errors.push(FieldError::new(field, "instant_passed").with("now", now.to_rfc3339()));
    }
    errors.into_result()?;
    Ok(Some(LimitOverride { limit, value, expires_at }))
}

/// The exceptions of a change of terms, or every error at once.
pub(super) fn all_checked(
    command: &ChangeTerms,
    now: DateTime<Utc>,
) -> Result<Vec<(PlanLimit, Option<LimitOverride>)>, FieldErrors> {
    let mut errors = FieldErrors::new();
    let mut exceptions = Vec::new();
    for (limit, to) in &command.limits {
        match checked(*limit, *to, now, &format!("limits.{}.", limit.name())) {
            Ok(exception) => exceptions.push((*limit, exception)),
            Err(wrong) => wrong.as_slice().iter().for_each(|error| errors.push(error.clone())),
        }
    }
    errors.into_result()?;
    Ok(exceptions)
}
