//! `GET /imports/jobs`

use super::view::ImportJobView;
use crate::extract::{Pages, Params, Tenant};
use crate::problem::ApiError;
use crate::respond::List;
use crate::routes::page_query::PageQuery;
use actix_web::{get, web};
use vigie_imports::{ImportService, ListImports};

/// Lists imports, the newest first: one's own, or all with the right to manage them.
#[utoipa::path(
    operation_id = "import_list", tag = "imports",
    params(PageQuery),
    responses((status = 200, body = List<ImportJobView>)),
    extensions(("x-permission" = json!("import:run")))
)]
#[get("/imports/jobs")]
pub(crate) async fn list_imports(
    Tenant(tenant): Tenant,
    imports: web::Data<dyn ImportService>,
    pages: Pages,
    params: Params<PageQuery>,
) -> Result<List<ImportJobView>, ApiError> {
    let page = params.read(|query, checks| query.page(&pages, checks))?;
    let found = imports.list(&tenant, ListImports { page }).await?;
    Ok(pages.answer(found, |run| ImportJobView::from(&run)))
}
