//! `POST /admin/organizations`

use super::view::{AdminOrganizationView, OperationView, SetPasswordView};
use crate::extract::{Body, Checks, Operator, RequestBody, RequiredKey};
use crate::problem::{ApiError, Code};
use actix_web::body::BoxBody;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, Responder, post, web};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinHandle;
use utoipa::ToSchema;
use vigie_kernel::{IdempotencyKey, OperatorContext, OrganizationSettings};
use vigie_tenancy::{
    Begun, CreateOrganization, FirstOwner, OperationState, Outcome, Patience, Plan, TenancyError,
    TenancyService,
};

/// How long a request waits for the organization before it answers with the operation.
const WAITS: Duration = Duration::from_secs(10);

/// An organization and its first owner.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct CreateOrganizationRequest {
    /// 1 to 120 characters.
    #[schema(value_type = String)]
    name: Option<String>,
    /// 3 to 40 lower-case letters, digits and inner hyphens.
    #[schema(value_type = String)]
    slug: Option<String>,
    /// `starter`, `community`, `professional` or `enterprise`; `starter` when absent.
    plan: Option<String>,
    /// A host name of its own, under which requests name it from then on.
    domain: Option<String>,
    /// The owner's address. An account that it has becomes the owner.
    #[schema(value_type = String, format = "email")]
    admin_email: Option<String>,
    /// The owner's name, for a new account; made from the address when absent.
    admin_full_name: Option<String>,
}

impl RequestBody for CreateOrganizationRequest {
    const LIMIT: usize = 8 * 1024;
}

impl CreateOrganizationRequest {
    fn command(self, key: IdempotencyKey, checks: &mut Checks) -> CreateOrganization {
        CreateOrganization {
            name: checks.required("name", self.name),
            slug: Some(checks.required("slug", self.slug)),
            domain: self.domain,
            plan: checks.one_of("plan", self.plan.as_deref(), Plan::from_name).unwrap_or_default(),
            settings: OrganizationSettings::default(),
            owner: FirstOwner::Named {
                email: checks.required("admin_email", self.admin_email),
                full_name: self.admin_full_name,
            },
            idempotency_key: Some(key),
        }
    }
}

/// A creation, and what it has made so far.
#[derive(Serialize, ToSchema)]
pub(crate) struct CreationView {
    operation: OperationView,
    organization: Option<AdminOrganizationView>,
    /// For an owner who has no password yet, in the first answer only: an answer that is repeated does not have it.
    set_password: Option<SetPasswordView>,
}

/// 201 when the organization is made, 202 while it is not.
pub(crate) struct Creation {
    view: CreationView,
    is_made: bool,
    location: String,
    replayed: bool,
}

impl Responder for Creation {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut response = if self.is_made { HttpResponse::Created() } else { HttpResponse::Accepted() };
        response.insert_header((header::LOCATION, self.location));
        if self.replayed {
            response.insert_header(("Idempotency-Replayed", "true"));
        }
        response.json(self.view)
    }
}

/// Creates an organization with its database and its first owner. Asked again with the same key, it answers the same operation.
#[utoipa::path(
    operation_id = "admin_organization_create", tag = "admin",
    params(("Idempotency-Key" = String, Header, description = "A name for this request, 1 to 255 visible ASCII characters; required")),
    request_body = CreateOrganizationRequest,
    responses(
        (status = 201, body = CreationView),
        (status = 202, body = CreationView, description = "It goes on; look at the operation")
    ),
    extensions(("x-permission" = json!("platform:admin")))
)]
#[post("/admin/organizations")]
pub(crate) async fn create_organization(
    Operator(operator): Operator,
    RequiredKey(key): RequiredKey,
    tenancy: web::Data<dyn TenancyService>,
    body: Body<CreateOrganizationRequest>,
) -> Result<Creation, ApiError> {
    let domain_of = tenancy.clone();
    let command = body.read(|body, checks| body.command(key, checks))?;
    let begun = tenancy.begin(&operator, command).await?;
    let (replayed, set_password) = (begun.replayed, begun.set_password.clone());
    let outcome = finish(tenancy.into_inner(), begun, &operator).await?;
    let domain = super::domain_of(&**domain_of, &operator, outcome.organization.as_ref()).await?;
    creation(&outcome, domain, set_password.as_ref().map(SetPasswordView::from), replayed)
}

/// Runs what was begun in a task of its own, so that it goes on when the client leaves or the wait is over.
async fn finish(
    tenancy: Arc<dyn TenancyService>,
    begun: Begun,
    operator: &OperatorContext,
) -> Result<Outcome, ApiError> {
    let id = begun.operation.id();
    let running: JoinHandle<Result<Outcome, TenancyError>> = {
        let tenancy = Arc::clone(&tenancy);
        tokio::spawn(async move { tenancy.run(begun, Patience::Patient).await })
    };
    match tokio::time::timeout(WAITS, running).await {
        Ok(Ok(outcome)) => Ok(outcome?),
        Ok(Err(stopped)) => Err(ApiError::caused(Code::Internal, stopped)),
        Err(_) => Ok(tenancy.operation(operator, id).await?),
    }
}

fn creation(
    outcome: &Outcome,
    domain: Option<String>,
    set_password: Option<SetPasswordView>,
    replayed: bool,
) -> Result<Creation, ApiError> {
    let operation = &outcome.operation;
    let (is_made, location) = match operation.state() {
        OperationState::Succeeded => {
            (true, format!("/api/v1/admin/organizations/{}", operation.organization()))
        }
        OperationState::Running => (false, format!("/api/v1/admin/operations/{}", operation.id())),
        OperationState::Undoing | OperationState::Undone | OperationState::Failed => {
            let why = operation.error().unwrap_or("the operation did not succeed").to_owned();
            return Err(ApiError::caused(Code::ProvisioningFailed, why));
        }
    };
    let organization = outcome
        .organization
        .as_ref()
        .map(|organization| AdminOrganizationView::new(organization, domain, None));
    let view = CreationView { operation: operation.into(), organization, set_password };
    Ok(Creation { view, is_made, location, replayed })
}
