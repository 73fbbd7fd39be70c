//! `GET /periods/closing`

use crate::extract::Tenant;
use crate::problem::ApiError;
use crate::respond::List;
use actix_web::{get, web};
use chrono::{DateTime, NaiveDate, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use vigie_kernel::Frequency;
use vigie_kpis::{KpiService, PeriodClosing};

/// Up to which date the periods of one frequency are closed.
#[derive(Serialize, ToSchema)]
pub(crate) struct ClosingView {
    /// `DAILY`, `WEEKLY` or `MONTHLY`.
    frequency: &'static str,
    /// Every period that ends on or before this date is closed; null when none is.
    closed_through: Option<NaiveDate>,
    updated_at: Option<DateTime<Utc>>,
    updated_by: Option<Uuid>,
}

impl ClosingView {
    /// A frequency of which no period is closed.
    pub(super) const fn open(frequency: Frequency) -> Self {
        Self { frequency: frequency.name(), closed_through: None, updated_at: None, updated_by: None }
    }
}

impl From<&PeriodClosing> for ClosingView {
    fn from(closing: &PeriodClosing) -> Self {
        Self {
            frequency: closing.frequency.name(),
            closed_through: Some(closing.closed_through),
            updated_at: Some(closing.updated_at),
            updated_by: Some(closing.updated_by.as_uuid()),
        }
    }
}

/// Lists up to which date periods are closed, by frequency.
#[utoipa::path(
    operation_id = "closing_get", tag = "values",
    responses((status = 200, body = List<ClosingView>)),
    extensions(("x-permission" = json!("dashboard:read")))
)]
#[get("/periods/closing")]
pub(crate) async fn get_closing(
    Tenant(tenant): Tenant,
    kpis: web::Data<dyn KpiService>,
) -> Result<List<ClosingView>, ApiError> {
    let closings = kpis.closings(&tenant).await?;
    Ok(List::whole(closings.iter().map(ClosingView::from).collect()))
}
