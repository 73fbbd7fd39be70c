//! `GET /user/organizations/me/invitations`

use super::view::InvitationView;
use crate::extract::{Pages, Params, Tenant};
use crate::problem::ApiError;
use crate::respond::List;
use crate::routes::page_query::PageQuery;
use actix_web::{get, web};
use vigie_auth::MembershipService;
use vigie_kernel::Clock;

/// Lists the invitations that are neither accepted nor taken back, expired ones too, the newest first.
#[utoipa::path(
    operation_id = "invitation_list", tag = "user",
    params(PageQuery),
    responses((status = 200, body = List<InvitationView>)),
    extensions(("x-permission" = json!("member:invite")))
)]
#[get("/user/organizations/me/invitations")]
pub(crate) async fn list_invitations(
    Tenant(tenant): Tenant,
    members: web::Data<dyn MembershipService>,
    clock: web::Data<dyn Clock>,
    pages: Pages,
    params: Params<PageQuery>,
) -> Result<List<InvitationView>, ApiError> {
    let page = params.read(|query, checks| query.page(&pages, checks))?;
    let found = members.invitations(&tenant, &page).await?;
    let now = clock.now();
    Ok(pages.answer(found, |invitation| InvitationView::new(&invitation, now)))
}
