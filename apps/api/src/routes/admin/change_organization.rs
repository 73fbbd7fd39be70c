//! `PATCH /admin/organizations/{id}`

use super::Sources;
use super::sample_view::AdminOrganizationDetailsView;
use crate::extract::{Body, Checks, Id, IfMatch, Operator, Patch, RequestBody};
use crate::problem::ApiError;
use crate::respond::Versioned;
use actix_web::{patch, web};
use serde::Deserialize;
use std::collections::BTreeMap;
use utoipa::openapi::schema::{Object, ObjectBuilder, OneOfBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};
use vigie_kernel::{Clock, FieldError, OrganizationId, PlanLimit};
use vigie_platform_monitoring::SampleService;
use vigie_tenancy::{
    ChangeOrganization, ChangeTerms, LimitSetting, Plan, PlanService, Switch, TenancyService,
};

/// What is changed; what is absent stays as it is.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ChangeOrganizationRequest {
    /// 1 to 120 characters.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    name: Patch<String>,
    /// `suspended` locks the organization, `active` opens it again.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    status: Patch<String>,
    /// Why; required with `status`. Members of a suspended organization see it.
    reason: Option<String>,
    /// `starter`, `community`, `professional` or `enterprise`. What is there already stays, and only cannot grow beyond its limits.
    #[serde(default)]
    #[schema(value_type = Option<String>)]
    plan: Patch<String>,
    #[serde(default)]
    #[schema(schema_with = limits_schema)]
    limits: Patch<BTreeMap<String, Option<LimitRequest>>>,
}

/// The limits by name, each of which may be null. The derive macro knows no map of values that may be null.
fn limits_schema() -> Object {
    let null = ObjectBuilder::new().schema_type(Type::Null);
    let limit = OneOfBuilder::new().item(null).item(LimitRequest::schema()).build();
    ObjectBuilder::new()
        .description(Some(
            "Exceptions from the plan's limits, by name: `members`, `storage_bytes`, `kpis`, `import_values`, \
             `notifications_per_day`. Null takes one back; limits that are not named stay.",
        ))
        .additional_properties(Some(Schema::OneOf(limit)))
        .build()
}

/// An exception from a limit of the plan.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct LimitRequest {
    /// The number, 0 or more, of members at least 1; null is no limit. Required.
    #[serde(default)]
    #[schema(value_type = Option<i64>)]
    value: Patch<i64>,
    /// From when on the plan's limit counts again; null or absent is never.
    #[schema(value_type = Option<DateTime<Utc>>)]
    expires_at: Option<String>,
}

impl LimitRequest {
    fn setting(self, name: &str, checks: &mut Checks) -> LimitSetting {
        let field = format!("limits.{name}.value");
        let value = match self.value {
            Patch::Keep => checks.required(&field, None),
            Patch::Clear => None,
            Patch::Set(value) => {
                let number = u64::try_from(value).ok();
                if number.is_none() {
                    checks.push(FieldError::new(field, "out_of_range").with("min", 0).with("max", i64::MAX));
                }
                number
            }
        };
        let expires_at = checks.parsed(
            &format!("limits.{name}.expires_at"),
            self.expires_at.as_deref(),
            "instant_invalid",
        );
        LimitSetting::Other { value, expires_at }
    }
}

impl RequestBody for ChangeOrganizationRequest {}

/// What the status is switched to.
#[derive(Clone, Copy)]
enum To {
    Active,
    Suspended,
}

impl ChangeOrganizationRequest {
    /// The changes of the organization itself, and of its terms.
    fn commands(
        mut self,
        organization: OrganizationId,
        expected_version: Option<i64>,
        checks: &mut Checks,
    ) -> (ChangeOrganization, Option<ChangeTerms>) {
        let plan = checks.not_null("plan", std::mem::take(&mut self.plan));
        let plan = checks.one_of("plan", plan.as_deref(), Plan::from_name);
        let limits = checks.not_null("limits", std::mem::take(&mut self.limits)).unwrap_or_default();
        let limits = limits.into_iter().filter_map(|(name, wanted)| {
            let limit = checks.one_of(&format!("limits.{name}"), Some(&name), PlanLimit::from_name)?;
            Some((limit, wanted.map_or(LimitSetting::AsPlan, |wanted| wanted.setting(&name, checks))))
        });
        let limits: Vec<_> = limits.collect();
        let terms = (plan.is_some() || !limits.is_empty()).then_some(ChangeTerms {
            organization,
            plan,
            limits,
            expected_version: None,
        });
        (self.command(expected_version, checks), terms)
    }

    fn command(self, expected_version: Option<i64>, checks: &mut Checks) -> ChangeOrganization {
        let status = checks.not_null("status", self.status);
        let to = checks.one_of("status", status.as_deref(), |name| match name {
            "active" => Some(To::Active),
            "suspended" => Some(To::Suspended),
            _ => None,
        });
        let switch = to.map(|to| {
            let reason = checks.required("reason", self.reason.clone());
            match to {
                To::Active => Switch::Resume(reason),
                To::Suspended => Switch::Suspend(reason),
            }
        });
        if status.is_none() && self.reason.is_some() {
            checks.refuse("reason", "status_required");
        }
        ChangeOrganization { name: checks.not_null("name", self.name), switch, expected_version }
    }
}

/// Renames, suspends or resumes an organization, or changes its plan and limits. A suspension, a plan and a limit take effect within
/// two seconds.
#[utoipa::path(
    operation_id = "admin_organization_change", tag = "admin",
    params(
        ("id" = Uuid, Path, description = "The organization"),
        ("If-Match" = Option<String>, Header, description = "The tag of the version that was read")
    ),
    request_body = ChangeOrganizationRequest,
    responses((status = 200, body = AdminOrganizationDetailsView)),
    extensions(("x-permission" = json!("platform:admin")))
)]
#[patch("/admin/organizations/{id}")]
pub(crate) async fn change_organization(
    Operator(operator): Operator,
    Id(id): Id<OrganizationId>,
    IfMatch(expected): IfMatch,
    (tenancy, plans): (web::Data<dyn TenancyService>, web::Data<dyn PlanService>),
    (samples, clock): (web::Data<dyn SampleService>, web::Data<dyn Clock>),
    body: Body<ChangeOrganizationRequest>,
) -> Result<Versioned<AdminOrganizationDetailsView>, ApiError> {
    let (command, terms) = body.read(|body, checks| body.commands(id, expected, checks))?;
    // What is wrong with the terms is told before the name or the status is changed.
    if let Some(terms) = &terms {
        plans.check_terms(terms)?;
    }
    let mut organization = tenancy.change(&operator, id, command).await?;
    if let Some(terms) = terms {
        let expected_version = expected.map(|_| organization.snapshot().version);
        plans.change_terms(&operator, ChangeTerms { expected_version, ..terms }).await?;
        organization = tenancy.get(id).await?;
    }
    let sources = Sources { tenancy: &**tenancy, plans: &**plans, samples: &**samples, clock: &**clock };
    let body = sources.details(&operator, &organization).await?;
    Ok(Versioned { version: organization.snapshot().version, body })
}
