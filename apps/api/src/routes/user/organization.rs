//! `GET /user/organizations/me`

use crate::extract::Tenant;
use crate::problem::ApiError;
use crate::respond::Versioned;
use actix_web::{get, web};
use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use vigie_kernel::{OrganizationSettings, Permission, WorkingDays};
use vigie_tenancy::{Organization, TenancyService};

/// An organization, as its members see it.
#[derive(Serialize, ToSchema)]
pub(crate) struct OrganizationView {
    id: Uuid,
    /// Its short name in addresses.
    slug: String,
    name: String,
    /// The name of its database.
    database_name: String,
    status: &'static str,
    /// Why it has this status, where a reason was given.
    status_reason: Option<String>,
    /// `starter`, `community`, `professional` or `enterprise`.
    plan: &'static str,
    settings: SettingsView,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

/// What decides an organization's dates, formats and languages.
#[derive(Serialize, ToSchema)]
pub(crate) struct SettingsView {
    /// IANA time zone in which "today" is read.
    #[schema(example = "Europe/Paris")]
    time_zone: &'static str,
    /// `fr` or `en`.
    locale: &'static str,
    /// Monday first.
    #[schema(value_type = Vec<bool>, min_items = 7, max_items = 7)]
    working_days: WorkingDays,
    /// First month of the fiscal year, 1..=12.
    fiscal_start_month: u8,
}

impl From<&OrganizationSettings> for SettingsView {
    fn from(settings: &OrganizationSettings) -> Self {
        Self {
            time_zone: settings.time_zone.name(),
            locale: settings.locale.code(),
            working_days: settings.working_days,
            fiscal_start_month: settings.fiscal_start_month,
        }
    }
}

impl From<&Organization> for OrganizationView {
    fn from(organization: &Organization) -> Self {
        let shown = organization.snapshot();
        Self {
            id: shown.id.as_uuid(),
            slug: shown.slug.to_string(),
            name: shown.name.clone(),
            database_name: shown.database_name.to_string(),
            status: shown.status.name(),
            status_reason: shown.status_reason.clone(),
            plan: shown.plan.name(),
            settings: SettingsView::from(&shown.settings),
            created_at: shown.created_at,
            updated_at: shown.updated_at,
        }
    }
}

/// Shows the organization that the caller is logged in to.
#[utoipa::path(
    operation_id = "organization_me", tag = "user",
    responses((status = 200, body = OrganizationView)),
    extensions(("x-permission" = json!("organization:read")))
)]
#[get("/user/organizations/me")]
pub(crate) async fn own_organization(
    Tenant(tenant): Tenant,
    tenancy: web::Data<dyn TenancyService>,
) -> Result<Versioned<OrganizationView>, ApiError> {
    tenant.require(Permission::OrganizationRead)?;
    let organization = tenancy.get(tenant.organization()).await?;
    Ok(Versioned { version: organization.snapshot().version, body: OrganizationView::from(&organization) })
}
