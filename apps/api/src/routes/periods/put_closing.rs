//! `PUT /periods/closing`

use super::get_closing::ClosingView;
use crate::extract::{Body, Checks, Patch, RequestBody, Tenant};
use crate::problem::ApiError;
use actix_web::{put, web};
use serde::Deserialize;
use utoipa::ToSchema;
use vigie_kernel::Frequency;
use vigie_kpis::{KpiService, PutClosing};

/// Up to which date the periods of one frequency shall be closed.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PutClosingRequest {
    /// `DAILY`, `WEEKLY` or `MONTHLY`.
    #[schema(value_type = String)]
    frequency: Option<String>,
    /// Every period that ends on or before this date is closed; null opens all.
    #[serde(default)]
    #[schema(value_type = Option<chrono::NaiveDate>, required = true)]
    closed_through: Patch<String>,
}

impl RequestBody for PutClosingRequest {}

impl PutClosingRequest {
    fn command(self, checks: &mut Checks) -> PutClosing {
        if self.frequency.is_none() {
            checks.refuse("frequency", "required");
        }
        let frequency = checks.one_of("frequency", self.frequency.as_deref(), Frequency::from_name);
        let date =
            checks.patch(self.closed_through, |checks, date| checks.date("closed_through", Some(&date)));
        let closed_through = checks.required("closed_through", date);
        PutClosing { frequency: frequency.unwrap_or(Frequency::Monthly), closed_through }
    }
}

/// Closes the periods of a frequency, or opens them again.
#[utoipa::path(
    operation_id = "closing_put", tag = "values",
    request_body = PutClosingRequest,
    responses((status = 200, body = ClosingView)),
    extensions(("x-permission" = json!("period:close")))
)]
#[put("/periods/closing")]
pub(crate) async fn put_closing(
    Tenant(tenant): Tenant,
    kpis: web::Data<dyn KpiService>,
    body: Body<PutClosingRequest>,
) -> Result<web::Json<ClosingView>, ApiError> {
    let command = body.read(PutClosingRequest::command)?;
    let closing = kpis.put_closing(&tenant, command).await?;
    Ok(web::Json(closing.as_ref().map_or(ClosingView::open(command.frequency), ClosingView::from)))
}
