//! `PATCH /admin/organizations/{id}/modules/{key}`

use super::view::ModuleView;
use crate::extract::{Body, Checks, Id, Operator, Patch, RequestBody};
use crate::problem::{ApiError, Code};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest, patch, web};
use serde::Deserialize;
use serde_json::{Map, Value};
use std::future::{Ready, ready};
use utoipa::ToSchema;
use vigie_kernel::{Module, OrganizationId};
use vigie_tenancy::{PlanService, SetModule};

/// The module that the path names.
pub(crate) struct NamedModule(Module);

impl FromRequest for NamedModule {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let module = req.match_info().get("key").and_then(Module::from_name);
        ready(module.map(Self).ok_or_else(|| ApiError::new(Code::ModuleNotFound)))
    }
}

/// What changes. A field that is absent stays.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SetModuleRequest {
    /// On or off, whatever the plan says; null is as the plan says.
    #[serde(default)]
    #[schema(value_type = Option<bool>)]
    enabled: Patch<bool>,
    /// Settings of the module for this organization, at most 4,096 bytes.
    #[serde(default)]
    #[schema(value_type = Option<Object>, nullable = false)]
    config: Patch<Map<String, Value>>,
}

impl RequestBody for SetModuleRequest {}

impl SetModuleRequest {
    fn command(self, organization: OrganizationId, module: Module, checks: &mut Checks) -> SetModule {
        SetModule {
            organization,
            module,
            enabled: self.enabled.into_option(),
            config: checks.not_null("config", self.config),
        }
    }
}

/// Switches a module of an organization on or off, or changes its settings. The data of a module that is off stay.
#[utoipa::path(
    operation_id = "admin_module_set", tag = "admin",
    params(
        ("id" = Uuid, Path, description = "The organization"),
        ("key" = String, Path, description = "The module: `dashboards`, `kpis`, `action_plans`, `imports`, `notifications` or `reporting`")
    ),
    request_body = SetModuleRequest,
    responses((status = 200, body = ModuleView)),
    extensions(("x-permission" = json!("platform:admin")))
)]
#[patch("/admin/organizations/{id}/modules/{key}")]
pub(crate) async fn set_module(
    Operator(operator): Operator,
    Id(organization): Id<OrganizationId>,
    NamedModule(module): NamedModule,
    plans: web::Data<dyn PlanService>,
    body: Body<SetModuleRequest>,
) -> Result<web::Json<ModuleView>, ApiError> {
    let command = body.read(|body, checks| body.command(organization, module, checks))?;
    let subscription = plans.set_module(&operator, command).await?;
    Ok(web::Json(ModuleView::from(subscription.module(module))))
}
