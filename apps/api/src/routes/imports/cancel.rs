//! `POST /imports/jobs/{id}/cancel`

use super::view::ImportReportView;
use crate::extract::{Id, Tenant};
use crate::once::{Answered, IdempotencyHeader, Once};
use crate::problem::ApiError;
use crate::respond::Told;
use actix_web::{post, web};
use vigie_imports::{CancelImport, ImportService};
use vigie_kernel::ImportRunId;

/// Stops an import that has not ended. What was applied stays.
#[utoipa::path(
    operation_id = "import_cancel", tag = "imports",
    params(("id" = Uuid, Path, description = "The import"), IdempotencyHeader),
    responses((status = 200, body = ImportReportView)),
    extensions(("x-permission" = json!("import:run")))
)]
#[post("/imports/jobs/{id}/cancel")]
pub(crate) async fn cancel_import(
    Tenant(tenant): Tenant,
    Id(run): Id<ImportRunId>,
    imports: web::Data<dyn ImportService>,
    once: Once,
) -> Result<Answered<Told<ImportReportView>>, ApiError> {
    let cancel = async {
        let run = imports.cancel(&tenant, CancelImport { run }).await?;
        Ok(Told(ImportReportView::from(&run)))
    };
    once.of_path().run(&tenant, cancel).await
}
