//! `GET /admin/organizations`

use super::view::AdminOrganizationView;
use crate::extract::{Checks, Operator, Pages, Params};
use crate::problem::ApiError;
use crate::respond::List;
use actix_web::{get, web};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use std::collections::HashMap;
use utoipa::IntoParams;
use vigie_kernel::{FieldError, Health, PageRequest};
use vigie_platform_monitoring::SampleService;
use vigie_tenancy::{
    HealthWanted, ListOrganizations, OrganizationOrder, OrganizationStatus, Plan, TenancyService,
};

/// Longest text that is searched for, in characters.
const SEARCH_MAX: usize = 120;

/// Which organizations, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OrganizationsQuery {
    /// In this status; without it, all but the deleted.
    status: Option<String>,
    /// On this plan.
    plan: Option<String>,
    /// With this health at their latest sample: `healthy`, `warning` or `critical`.
    health: Option<String>,
    /// With this text in slug or name; at most 120 characters.
    search: Option<String>,
    /// `slug`, or `-created_at` for the newest first; `slug` when absent.
    sort: Option<String>,
    /// Items of a page, 1..=100; 25 when absent.
    #[param(value_type = Option<u16>)]
    limit: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

impl OrganizationsQuery {
    fn read(
        self,
        stale_before: DateTime<Utc>,
        pages: &Pages,
        checks: &mut Checks,
    ) -> (ListOrganizations, PageRequest) {
        if let Some(length) = self.search.as_ref().map(|text| text.chars().count())
            && length > SEARCH_MAX
        {
            checks
                .push(FieldError::new("?search", "too_long").with("max", SEARCH_MAX).with("actual", length));
        }
        let order = |name: &str| match name {
            "slug" => Some(OrganizationOrder::Slug),
            "-created_at" => Some(OrganizationOrder::Newest),
            _ => None,
        };
        let health = checks.one_of("?health", self.health.as_deref(), Health::from_name);
        let filter = ListOrganizations {
            health: health.map(|health| HealthWanted { health, stale_before }),
            status: checks.one_of("?status", self.status.as_deref(), OrganizationStatus::from_name),
            plan: checks.one_of("?plan", self.plan.as_deref(), Plan::from_name),
            search: self.search.filter(|text| !text.trim().is_empty()),
            order: checks.one_of("?sort", self.sort.as_deref(), order).unwrap_or_default(),
        };
        (filter, pages.request(self.limit.as_deref(), self.cursor.as_deref(), checks))
    }
}

/// Lists the organizations of the installation with their latest samples. However many there are, no organization's database is
/// opened.
#[utoipa::path(
    operation_id = "admin_organization_list", tag = "admin",
    params(OrganizationsQuery),
    responses((status = 200, body = List<AdminOrganizationView>)),
    extensions(("x-permission" = json!("platform:admin")))
)]
#[get("/admin/organizations")]
pub(crate) async fn list_organizations(
    Operator(operator): Operator,
    (tenancy, samples): (web::Data<dyn TenancyService>, web::Data<dyn SampleService>),
    pages: Pages,
    params: Params<OrganizationsQuery>,
) -> Result<List<AdminOrganizationView>, ApiError> {
    let stale_before = samples.stale_before();
    let (filter, page) = params.read(|query, checks| query.read(stale_before, &pages, checks))?;
    let found = tenancy.list(&operator, &filter, &page).await?;
    let ids: Vec<_> = found.items.iter().map(vigie_tenancy::Organization::id).collect();
    let domains = tenancy.domains(&operator, &ids).await?;
    let mut first: HashMap<_, _> = domains.into_iter().rev().collect();
    let taken = samples.samples(&operator, &ids).await?;
    let mut taken: HashMap<_, _> = taken.into_iter().map(|sample| (sample.organization, sample)).collect();
    Ok(pages.answer(found, |one| {
        let (domain, sample) = (first.remove(&one.id()), taken.remove(&one.id()));
        AdminOrganizationView::new(&one, domain, sample)
    }))
}
