//! `GET /admin/migrations`

use super::migration_view::MigrationRunView;
use crate::extract::{Operator, Pages, Params};
use crate::problem::ApiError;
use crate::respond::List;
use crate::routes::page_query::PageQuery;
use actix_web::{get, web};
use vigie_kernel::Clock;
use vigie_tenancy::FleetService;

/// Lists the runs of migrations over the organizations' databases, the newest first.
#[utoipa::path(
    operation_id = "admin_migration_list", tag = "admin",
    params(PageQuery),
    responses((status = 200, body = List<MigrationRunView>)),
    extensions(("x-permission" = json!("platform:admin")))
)]
#[get("/admin/migrations")]
pub(crate) async fn list_migrations(
    _operator: Operator,
    fleet: web::Data<dyn FleetService>,
    clock: web::Data<dyn Clock>,
    pages: Pages,
    params: Params<PageQuery>,
) -> Result<List<MigrationRunView>, ApiError> {
    let page = params.read(|query, checks| query.page(&pages, checks))?;
    let found = fleet.runs(&page).await?;
    let now = clock.now();
    Ok(pages.answer(found, |run| MigrationRunView::new(&run, now)))
}
