//! `GET /admin/organizations/{id}/backups`

use super::backup_view::BackupView;
use crate::extract::{Id, Operator, Pages, Params};
use crate::problem::ApiError;
use crate::respond::List;
use crate::routes::page_query::PageQuery;
use actix_web::{get, web};
use vigie_kernel::OrganizationId;
use vigie_tenancy::backup::BackupService;

/// Lists the backups of an organization, the newest first.
#[utoipa::path(
    operation_id = "backup_list", tag = "admin",
    params(("id" = Uuid, Path, description = "The organization"), PageQuery),
    responses((status = 200, body = List<BackupView>)),
    extensions(("x-permission" = json!("platform:admin")))
)]
#[get("/admin/organizations/{id}/backups")]
pub(crate) async fn list_backups(
    Operator(operator): Operator,
    Id(id): Id<OrganizationId>,
    backups: web::Data<dyn BackupService>,
    pages: Pages,
    params: Params<PageQuery>,
) -> Result<List<BackupView>, ApiError> {
    let page = params.read(|query, checks| query.page(&pages, checks))?;
    let found = backups.list(&operator, id, &page).await?;
    Ok(pages.answer(found, BackupView::from))
}
