//! `GET /admin/organizations`

use super::view::AdminOrganizationView;
use crate::extract::{Checks, Operator, Pages, Params};
use crate::problem::ApiError;
use crate::respond::List;
use actix_web::{get, web};
use serde::Deserialize;
use std::collections::HashMap;
use utoipa::IntoParams;
use vigie_kernel::{FieldError, PageRequest};
use vigie_tenancy::{ListOrganizations, OrganizationOrder, OrganizationStatus, Plan, TenancyService};

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
    fn read(self, pages: &Pages, checks: &mut Checks) -> (ListOrganizations, PageRequest) {
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
        let filter = ListOrganizations {
            status: checks.one_of("?status", self.status.as_deref(), OrganizationStatus::from_name),
            plan: checks.one_of("?plan", self.plan.as_deref(), Plan::from_name),
            search: self.search.filter(|text| !text.trim().is_empty()),
            order: checks.one_of("?sort", self.sort.as_deref(), order).unwrap_or_default(),
        };
        (filter, pages.request(self.limit.as_deref(), self.cursor.as_deref(), checks))
    }
}

/// Lists the organizations of the installation.
#[utoipa::path(
    operation_id = "admin_organization_list", tag = "admin",
    params(OrganizationsQuery),
    responses((status = 200, body = List<AdminOrganizationView>)),
    extensions(("x-permission" = json!("platform:admin")))
)]
#[get("/admin/organizations")]
pub(crate) async fn list_organizations(
    Operator(operator): Operator,
    tenancy: web::Data<dyn TenancyService>,
    pages: Pages,
    params: Params<OrganizationsQuery>,
) -> Result<List<AdminOrganizationView>, ApiError> {
    let (filter, page) = params.read(|query, checks| query.read(&pages, checks))?;
    let found = tenancy.list(&operator, &filter, &page).await?;
    let ids: Vec<_> = found.items.iter().map(vigie_tenancy::Organization::id).collect();
    let domains = tenancy.domains(&operator, &ids).await?;
    let mut first: HashMap<_, _> = domains.into_iter().rev().collect();
    Ok(pages.answer(found, |one| {
        let domain = first.remove(&one.id());
        AdminOrganizationView::new(&one, domain)
    }))
}
