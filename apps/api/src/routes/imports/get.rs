//! `GET /imports/jobs/{id}`

use super::view::ImportReportView;
use crate::extract::{Id, Tenant};
use crate::problem::ApiError;
use crate::respond::Versioned;
use actix_web::{get, web};
use vigie_imports::ImportService;
use vigie_kernel::ImportRunId;

/// Shows an import with its progress and its report.
#[utoipa::path(
    operation_id = "import_get", tag = "imports",
    params(("id" = Uuid, Path, description = "The import")),
    responses((status = 200, body = ImportReportView)),
    extensions(("x-permission" = json!("import:run")))
)]
#[get("/imports/jobs/{id}")]
pub(crate) async fn get_import(
    Tenant(tenant): Tenant,
    Id(id): Id<ImportRunId>,
    imports: web::Data<dyn ImportService>,
) -> Result<Versioned<ImportReportView>, ApiError> {
    let run = imports.get(&tenant, id).await?;
    Ok(Versioned { version: run.snapshot().version, body: ImportReportView::from(&run) })
}
