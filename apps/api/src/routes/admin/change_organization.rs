//! `PATCH /admin/organizations/{id}`

use super::view::AdminOrganizationView;
use crate::extract::{Body, Checks, Id, IfMatch, Operator, Patch, RequestBody};
use crate::problem::ApiError;
use crate::respond::Versioned;
use actix_web::{patch, web};
use serde::Deserialize;
use utoipa::ToSchema;
use vigie_kernel::OrganizationId;
use vigie_tenancy::{ChangeOrganization, Switch, TenancyService};

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
}

impl RequestBody for ChangeOrganizationRequest {}

/// What the status is switched to.
#[derive(Clone, Copy)]
enum To {
    Active,
    Suspended,
}

impl ChangeOrganizationRequest {
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

/// Renames, suspends or resumes an organization. A suspension takes effect within two seconds.
#[utoipa::path(
    operation_id = "admin_organization_change", tag = "admin",
    params(
        ("id" = Uuid, Path, description = "The organization"),
        ("If-Match" = Option<String>, Header, description = "The tag of the version that was read")
    ),
    request_body = ChangeOrganizationRequest,
    responses((status = 200, body = AdminOrganizationView)),
    extensions(("x-permission" = json!("platform:admin")))
)]
#[patch("/admin/organizations/{id}")]
pub(crate) async fn change_organization(
    Operator(operator): Operator,
    Id(id): Id<OrganizationId>,
    IfMatch(expected): IfMatch,
    tenancy: web::Data<dyn TenancyService>,
    body: Body<ChangeOrganizationRequest>,
) -> Result<Versioned<AdminOrganizationView>, ApiError> {
    let command = body.read(|body, checks| body.command(expected, checks))?;
    let organization = tenancy.change(&operator, id, command).await?;
    let domain = super::domain_of(&**tenancy, &operator, Some(&organization)).await?;
    let version = organization.snapshot().version;
    Ok(Versioned { version, body: AdminOrganizationView::new(&organization, domain) })
}
