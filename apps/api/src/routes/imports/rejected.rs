//! `GET /imports/jobs/{id}/rejected.csv`

use crate::extract::{Id, Language, Tenant};
use crate::problem::ApiError;
use actix_web::http::header;
use actix_web::{HttpResponse, get, web};
use futures_util::stream;
use vigie_imports::ImportService;
use vigie_kernel::ImportRunId;

/// Gives every issue of an import as CSV, in the caller's language.
#[utoipa::path(
    operation_id = "import_rejected", tag = "imports",
    params(("id" = Uuid, Path, description = "The import")),
    responses((status = 200, body = String, content_type = "text/csv")),
    extensions(("x-permission" = json!("import:run")))
)]
#[get("/imports/jobs/{id}/rejected.csv")]
pub(crate) async fn rejected_rows(
    Tenant(tenant): Tenant,
    Id(id): Id<ImportRunId>,
    Language(locale): Language,
    imports: web::Data<dyn ImportService>,
) -> Result<HttpResponse, ApiError> {
    let rows = imports.rejected_csv(&tenant, id, locale).await?;
    let body = stream::try_unfold(rows, async |mut rows| {
        let piece = rows.next().await.map_err(ApiError::from)?;
        Ok::<_, ApiError>(piece.map(|piece| (web::Bytes::from(piece), rows)))
    });
    Ok(HttpResponse::Ok()
        .content_type("text/csv; charset=utf-8")
        .insert_header((header::CONTENT_DISPOSITION, format!("attachment; filename=\"rejected-{id}.csv\"")))
        .streaming(body))
}
