//! `GET /admin/organizations/{id}/operations`

use super::view::OperationView;
use crate::extract::{Id, Operator, Pages, Params};
use crate::problem::{ApiError, Code};
use crate::respond::List;
use crate::routes::page_query::PageQuery;
use actix_web::{get, web};
use vigie_kernel::OrganizationId;
use vigie_tenancy::{ListOperations, TenancyError, TenancyService};

/// Lists the operations on an organization, newest first. Also those on one that was undone.
#[utoipa::path(
    operation_id = "admin_operation_list", tag = "admin",
    params(("id" = Uuid, Path, description = "The organization"), PageQuery),
    responses((status = 200, body = List<OperationView>)),
    extensions(("x-permission" = json!("platform:admin")))
)]
#[get("/admin/organizations/{id}/operations")]
pub(crate) async fn list_operations(
    Operator(operator): Operator,
    Id(id): Id<OrganizationId>,
    tenancy: web::Data<dyn TenancyService>,
    pages: Pages,
    params: Params<PageQuery>,
) -> Result<List<OperationView>, ApiError> {
    let page = params.read(|query, checks| query.page(&pages, checks))?;
    let filter = ListOperations { organization: Some(id), state: None };
    let found = tenancy.operations(&operator, &filter, &page).await?;
    if found.items.is_empty() && page.after.is_none() {
        // One that an earlier version made has no operations; one that never was is told so.
        match tenancy.get(id).await {
            Ok(_) => {}
            Err(TenancyError::NotFound) => return Err(ApiError::new(Code::OrganizationNotFound)),
            Err(error) => return Err(error.into()),
        }
    }
    Ok(pages.answer(found, |operation| OperationView::from(&operation)))
}
