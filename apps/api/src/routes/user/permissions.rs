//! `GET /user/permissions`

use crate::extract::LoggedIn;
use crate::respond::List;
use actix_web::{get, web};
use serde::Serialize;
use utoipa::ToSchema;
use vigie_auth::{Caller, PERMISSION_ROWS, PermissionRow};
use vigie_kernel::Role;

/// Who holds a permission.
#[derive(Serialize, ToSchema)]
pub(crate) struct PermissionView {
    /// Its name, as in `x-permission` of the API document.
    #[schema(example = "dashboard:change")]
    permission: &'static str,
    /// The roles that hold it, the most powerful first.
    roles: Vec<&'static str>,
    /// Whether platform administrators hold it.
    platform_admin: bool,
    /// Whether the caller holds it.
    held: bool,
}

impl PermissionView {
    fn of(row: &PermissionRow, caller: &Caller) -> Self {
        let held = match caller {
            Caller::Member(member) => member.tenant.may(row.permission),
            Caller::PlatformAdmin(_) => row.platform_admin,
        };
        Self {
            permission: row.permission.name(),
            roles: row.roles.iter().copied().map(Role::name).collect(),
            platform_admin: row.platform_admin,
            held,
        }
    }
}

/// Shows the permission matrix: which role holds which permission, and which ones the caller holds.
#[utoipa::path(
    operation_id = "permission_matrix", tag = "user",
    responses((status = 200, body = List<PermissionView>)),
    extensions(("x-permission" = json!("login")))
)]
#[get("/user/permissions")]
pub(crate) async fn permission_matrix(LoggedIn(caller): LoggedIn) -> web::Json<List<PermissionView>> {
    web::Json(List::whole(PERMISSION_ROWS.iter().map(|row| PermissionView::of(row, &caller)).collect()))
}
