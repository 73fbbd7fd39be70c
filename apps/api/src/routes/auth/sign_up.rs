//! `POST /auth/signup`

use super::view::{SessionView, client_of};
use crate::extract::{Body, Checks, RequestBody, SecretField};
use crate::problem::ApiError;
use crate::respond::{Accepted, Created};
use actix_web::{Either, HttpRequest, post, web};
use serde::Deserialize;
use utoipa::ToSchema;
use vigie_auth::{AuthService, SignUp, SignedUp};

/// A new organization and its owner.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SignUpRequest {
    /// 1..=120 characters.
    #[schema(value_type = String)]
    organization_name: Option<String>,
    /// The short name in addresses; made from the name when absent.
    organization_slug: Option<String>,
    /// The owner's name, 1..=120 characters.
    #[schema(value_type = String)]
    full_name: Option<String>,
    #[schema(value_type = String, format = "email")]
    email: Option<String>,
    /// At least 12 characters, no well-known password.
    #[schema(value_type = String, format = "password")]
    password: Option<SecretField>,
    /// `fr` or `en`; French when absent.
    locale: Option<String>,
}

impl RequestBody for SignUpRequest {
    const LIMIT: usize = 8 * 1024;
}

impl SignUpRequest {
    pub(super) fn command(self, checks: &mut Checks) -> SignUp {
        SignUp {
            organization_name: checks.required("organization_name", self.organization_name),
            organization_slug: self.organization_slug,
            full_name: checks.required("full_name", self.full_name),
            email: checks.required("email", self.email),
            password: checks.required("password", self.password).into(),
            locale: self.locale,
        }
    }
}

/// Makes an organization with its database and the account of its owner, and logs him in. Where addresses have to be proved it is
/// always answered 202, and the link of a mail finishes it.
#[utoipa::path(
    operation_id = "auth_signup", tag = "auth", security(()),
    request_body = SignUpRequest,
    responses((status = 201, body = SessionView), (status = 202, description = "A mail goes to the address; its link finishes it"))
)]
#[post("/auth/signup")]
pub(crate) async fn sign_up(
    req: HttpRequest,
    auth: web::Data<dyn AuthService>,
    body: Body<SignUpRequest>,
) -> Result<SignUpAnswer, ApiError> {
    create(&req, &**auth, body).await
}

/// What signing up does, under either of its names.
pub(super) async fn create(
    req: &HttpRequest,
    auth: &dyn AuthService,
    body: Body<SignUpRequest>,
) -> Result<SignUpAnswer, ApiError> {
    let command = body.read(SignUpRequest::command)?;
    Ok(match auth.sign_up(command, &client_of(req)).await? {
        SignedUp::Done(signed_in) => {
            let location = "/api/v1/user/organizations/me".to_owned();
            Either::Left(Created { body: (*signed_in).into(), location, version: None })
        }
        SignedUp::Mailed => Either::Right(Accepted),
    })
}

/// Made at once, or mailed.
pub(super) type SignUpAnswer = Either<Created<SessionView>, Accepted>;
