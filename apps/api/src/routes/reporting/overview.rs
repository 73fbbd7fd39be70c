//! `GET /reporting/overview`

use crate::extract::{Checks, Params, Tenant};
use crate::problem::ApiError;
use actix_web::{get, web};
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;
use vigie_kernel::Dec;
use vigie_kpis::{
    Counts, DashboardOverview, Overview, OverviewQuery, OverviewSection, Policy, ProcessOverview,
    ReportingService, Status,
};

/// As of when, and how headlines are made.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct OverviewParams {
    /// Periods that ended before this date count; today when absent.
    #[param(value_type = Option<NaiveDate>)]
    as_of: Option<String>,
    /// `WEIGHTED`, `WORST` or `CRITICAL_CAP`; the last when absent.
    policy: Option<String>,
}

impl OverviewParams {
    fn read(self, checks: &mut Checks) -> OverviewQuery {
        OverviewQuery {
            as_of: checks.date("?as_of", self.as_of.as_deref()),
            policy: checks.one_of("?policy", self.policy.as_deref(), Policy::from_name),
        }
    }
}

/// The whole organization, its processes and its dashboards.
#[derive(Serialize, ToSchema)]
pub(crate) struct OverviewView {
    /// Periods that ended before this date count.
    as_of: NaiveDate,
    organization: SectionView,
    /// By name; the one without a name comes last.
    processes: Vec<ProcessView>,
    /// By title.
    dashboards: Vec<DashboardSectionView>,
}

/// How one part of the organization stands.
#[derive(Serialize, ToSchema)]
pub(crate) struct SectionView {
    kpis: u32,
    counts: CountsView,
    /// Share of the weights that have a score, 0 to 1.
    #[schema(value_type = String)]
    coverage: Dec,
    /// Weighted mean of the scores, 0 to 100; null without any.
    #[schema(value_type = Option<String>)]
    score: Option<Dec>,
    /// `GREEN`, `ORANGE` or `RED`; null when less than half is covered.
    headline: Option<&'static str>,
    /// How the headline was made.
    policy: &'static str,
    actions_open: u32,
    actions_late: u32,
    /// Red KPIs without an open action.
    red_without_action: u32,
}

/// How many KPIs stand where. `stale` is counted beside the others, which add up to all.
#[derive(Serialize, ToSchema)]
pub(crate) struct CountsView {
    green: u32,
    orange: u32,
    red: u32,
    no_data: u32,
    no_thresholds: u32,
    not_applicable: u32,
    /// With an overdue value.
    stale: u32,
}

/// A process.
#[derive(Serialize, ToSchema)]
pub(crate) struct ProcessView {
    /// Null for the dashboards that name no process.
    process_name: Option<String>,
    dashboards: u32,
    #[serde(flatten)]
    section: SectionView,
}

/// A dashboard.
#[derive(Serialize, ToSchema)]
pub(crate) struct DashboardSectionView {
    dashboard_id: Uuid,
    title: String,
    process_name: Option<String>,
    owner_id: Uuid,
    #[serde(flatten)]
    section: SectionView,
}

impl From<&Counts> for CountsView {
    fn from(counts: &Counts) -> Self {
        let Counts { green, orange, red, no_data, no_thresholds, not_applicable, stale } = *counts;
        Self { green, orange, red, no_data, no_thresholds, not_applicable, stale }
    }
}

impl From<&OverviewSection> for SectionView {
    fn from(section: &OverviewSection) -> Self {
        Self {
            kpis: section.kpis,
            counts: CountsView::from(&section.roll_up.counts),
            coverage: section.roll_up.coverage,
            score: section.roll_up.score,
            headline: section.roll_up.headline.map(Status::name),
            policy: section.roll_up.policy.name(),
            actions_open: section.actions.open,
            actions_late: section.actions.late,
            red_without_action: section.red_without_action,
        }
    }
}

impl From<&ProcessOverview> for ProcessView {
    fn from(process: &ProcessOverview) -> Self {
        Self {
            process_name: process.process_name.clone(),
            dashboards: process.dashboards,
            section: SectionView::from(&process.section),
        }
    }
}

impl From<&DashboardOverview> for DashboardSectionView {
    fn from(shown: &DashboardOverview) -> Self {
        Self {
            dashboard_id: shown.dashboard.id.as_uuid(),
            title: shown.dashboard.title.clone(),
            process_name: shown.dashboard.process_name.clone(),
            owner_id: shown.dashboard.owner_id.as_uuid(),
            section: SectionView::from(&shown.section),
        }
    }
}

impl From<&Overview> for OverviewView {
    fn from(overview: &Overview) -> Self {
        Self {
            as_of: overview.as_of,
            organization: SectionView::from(&overview.organization),
            processes: overview.processes.iter().map(ProcessView::from).collect(),
            dashboards: overview.dashboards.iter().map(DashboardSectionView::from).collect(),
        }
    }
}

/// Shows where the organization, its processes and its dashboards stand.
#[utoipa::path(
    operation_id = "reporting_overview", tag = "reporting",
    params(OverviewParams),
    responses((status = 200, body = OverviewView)),
    extensions(("x-permission" = json!("dashboard:read")))
)]
#[get("/reporting/overview")]
pub(crate) async fn show_overview(
    Tenant(tenant): Tenant,
    reporting: web::Data<dyn ReportingService>,
    params: Params<OverviewParams>,
) -> Result<web::Json<OverviewView>, ApiError> {
    let query = params.read(OverviewParams::read)?;
    let overview =
        reporting.overview(&tenant, query).await.map_err(|error| ApiError::from(error).in_query())?;
    Ok(web::Json(OverviewView::from(&overview)))
}
