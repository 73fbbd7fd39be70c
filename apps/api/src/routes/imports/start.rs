//! `POST /imports/kpi-values`

use super::view::{ImportReportView, location};
use crate::extract::{Params, Tenant, Upload};
use crate::once::{Answered, IdempotencyHeader, Once};
use crate::problem::ApiError;
use crate::respond::Started;
use actix_web::{post, web};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};
use vigie_imports::{ImportService, StartImport};

/// Whether anything is written.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct StartImportQuery {
    /// Only reports; false when absent.
    #[param(value_type = Option<bool>)]
    dry_run: Option<String>,
}

/// The form of an upload.
#[derive(ToSchema)]
#[allow(dead_code, reason = "only describes the form; it is read part by part")]
pub(crate) struct ImportForm {
    /// A CSV or XLSX file.
    #[schema(value_type = String, format = Binary)]
    file: Vec<u8>,
    /// How to read it, as JSON; most files need nothing.
    #[schema(value_type = Option<Object>)]
    options: Option<String>,
}

/// Imports values from a file: 201 with the report when it is done at once, 202 when a worker goes on.
#[utoipa::path(
    operation_id = "import_start", tag = "imports",
    params(StartImportQuery, IdempotencyHeader),
    request_body(content = ImportForm, content_type = "multipart/form-data"),
    responses((status = 201, body = ImportReportView), (status = 202, body = ImportReportView)),
    extensions(("x-permission" = json!("import:run")))
)]
#[post("/imports/kpi-values")]
pub(crate) async fn start_import(
    Tenant(tenant): Tenant,
    imports: web::Data<dyn ImportService>,
    once: Once,
    params: Params<StartImportQuery>,
    upload: Upload,
) -> Result<Answered<Started<ImportReportView>>, ApiError> {
    let dry_run = params.read(|query, checks| checks.flag("?dry_run", query.dry_run.as_deref()))?;
    let dry_run = dry_run.unwrap_or(false);
    let once = once.of_upload(&upload, dry_run).await?;
    let Upload { file_name, content, options } = upload;
    let command = StartImport { file_name, upload: content, options, dry_run };
    let start = async {
        let run = imports.start(&tenant, command).await?;
        Ok(Started { location: location(&run), done: run.has_ended(), body: ImportReportView::from(&run) })
    };
    once.run(&tenant, start).await
}
