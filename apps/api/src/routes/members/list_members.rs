//! `GET /user/organizations/me/users`

use super::view::MemberView;
use crate::extract::{Checks, Pages, Params, Tenant};
use crate::problem::ApiError;
use crate::respond::List;
use actix_web::{get, web};
use serde::Deserialize;
use utoipa::IntoParams;
use vigie_auth::{MemberFilter, MembershipService};
use vigie_kernel::{FieldError, PageRequest, Role};

/// Longest text that is searched for, in characters.
const SEARCH_MAX: usize = 120;

/// Which members, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct MembersQuery {
    /// Of this role: `OWNER`, `ADMIN`, `MANAGER` or `USER`.
    role: Option<String>,
    /// `active` or `inactive`.
    status: Option<String>,
    /// With this text in name or address; at most 120 characters.
    search: Option<String>,
    /// Items of a page, 1..=100; 25 when absent.
    #[param(value_type = Option<u16>)]
    limit: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

impl MembersQuery {
    fn read(self, pages: &Pages, checks: &mut Checks) -> (MemberFilter, PageRequest) {
        if let Some(length) = self.search.as_ref().map(|text| text.chars().count())
            && length > SEARCH_MAX
        {
            checks
                .push(FieldError::new("?search", "too_long").with("max", SEARCH_MAX).with("actual", length));
        }
        let status = |name: &str| match name {
            "active" => Some(true),
            "inactive" => Some(false),
            _ => None,
        };
        let filter = MemberFilter {
            role: checks.one_of("?role", self.role.as_deref(), Role::from_name),
            active: checks.one_of("?status", self.status.as_deref(), status),
            search: self.search.filter(|text| !text.trim().is_empty()),
        };
        (filter, pages.request(self.limit.as_deref(), self.cursor.as_deref(), checks))
    }
}

/// Lists the members of the organization, the newest first.
#[utoipa::path(
    operation_id = "member_list", tag = "user",
    params(MembersQuery),
    responses((status = 200, body = List<MemberView>)),
    extensions(("x-permission" = json!("member:list")))
)]
#[get("/user/organizations/me/users")]
pub(crate) async fn list_members(
    Tenant(tenant): Tenant,
    members: web::Data<dyn MembershipService>,
    pages: Pages,
    params: Params<MembersQuery>,
) -> Result<List<MemberView>, ApiError> {
    let (filter, page) = params.read(|query, checks| query.read(&pages, checks))?;
    let found = members.members(&tenant, &filter, &page).await?;
    Ok(pages.answer(found, MemberView::from))
}
