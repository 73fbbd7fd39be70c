//! `POST /imports/jobs/{id}/cancel`

use super::view::ImportReportView;
use crate::extract::{Id, Tenant};
use crate::problem::ApiError;
use actix_web::{post, web};
use vigie_imports::{CancelImport, ImportService};
use vigie_kernel::ImportRunId;

/// Stops an import that has not ended. What was applied stays.
#[utoipa::path(
    operation_id = "import_cancel", tag = "imports",
    params(("id" = Uuid, Path, description = "The import")),
    responses((status = 200, body = ImportReportView)),
    extensions(("x-permission" = json!("import:run")))
)]
#[post("/imports/jobs/{id}/cancel")]
pub(crate) async fn cancel_import(
    Tenant(tenant): Tenant,
    Id(run): Id<ImportRunId>,
    imports: web::Data<dyn ImportService>,
) -> Result<web::Json<ImportReportView>, ApiError> {
    let run = imports.cancel(&tenant, CancelImport { run }).await?;
    Ok(web::Json(ImportReportView::from(&run)))
}
