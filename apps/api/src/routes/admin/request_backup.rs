//! `POST /admin/organizations/{id}/backups`

use super::backup_view::BackupView;
use crate::extract::{Id, Operator, RequiredKey};
use crate::problem::ApiError;
use actix_web::{HttpResponse, post, web};
use vigie_kernel::OrganizationId;
use vigie_tenancy::backup::BackupService;

/// Asks for a backup of an organization, which a worker makes while the organization goes on working. Asked again with the same key it
/// is the same backup.
#[utoipa::path(
    operation_id = "backup_request", tag = "admin",
    params(
        ("id" = Uuid, Path, description = "The organization"),
        ("Idempotency-Key" = String, Header, description = "A name for this request, 1 to 255 visible ASCII characters; required")
    ),
    responses((status = 202, body = BackupView)),
    extensions(("x-permission" = json!("platform:admin")))
)]
#[post("/admin/organizations/{id}/backups")]
pub(crate) async fn request_backup(
    Operator(operator): Operator,
    Id(id): Id<OrganizationId>,
    RequiredKey(key): RequiredKey,
    backups: web::Data<dyn BackupService>,
) -> Result<HttpResponse, ApiError> {
    let asked = backups.request(&operator, id, Some(&key)).await?;
    Ok(HttpResponse::Accepted().json(BackupView::from(asked)))
}
