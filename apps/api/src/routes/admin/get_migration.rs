//! `GET /admin/migrations/{id}`

use super::migration_view::{MigrationReportView, MigrationResultView, MigrationRunView};
use crate::extract::{Checks, Id, Operator, Pages, Params};
use crate::problem::ApiError;
use actix_web::{get, web};
use serde::Deserialize;
use utoipa::IntoParams;
use vigie_kernel::{Clock, MigrationRunId, PageRequest};
use vigie_tenancy::{FleetService, MigrationOutcome};

/// Which results, and which page of them.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ResultsQuery {
    /// With this outcome: `ok`, `skipped`, `failed`, `blocked`, `unreachable` or `quarantined`.
    outcome: Option<String>,
    /// Results of a page, 1..=100; 25 when absent.
    #[param(value_type = Option<u16>)]
    limit: Option<String>,
    /// The `results.next_cursor` of the page before.
    cursor: Option<String>,
}

impl ResultsQuery {
    fn read(self, pages: &Pages, checks: &mut Checks) -> (Option<MigrationOutcome>, PageRequest) {
        let outcome = checks.one_of("?outcome", self.outcome.as_deref(), MigrationOutcome::from_name);
        (outcome, pages.request(self.limit.as_deref(), self.cursor.as_deref(), checks))
    }
}

/// Shows a run of migrations as it is now, with a page of what became of its organizations. The figures of one that is under way grow.
#[utoipa::path(
    operation_id = "admin_migration_get", tag = "admin",
    params(("id" = Uuid, Path, description = "The run"), ResultsQuery),
    responses((status = 200, body = MigrationReportView)),
    extensions(("x-permission" = json!("platform:admin")))
)]
#[get("/admin/migrations/{id}")]
pub(crate) async fn get_migration(
    _operator: Operator,
    Id(id): Id<MigrationRunId>,
    fleet: web::Data<dyn FleetService>,
    clock: web::Data<dyn Clock>,
    pages: Pages,
    params: Params<ResultsQuery>,
) -> Result<web::Json<MigrationReportView>, ApiError> {
    let (outcome, page) = params.read(|query, checks| query.read(&pages, checks))?;
    let (run, results) = fleet.results(id, outcome, &page).await?;
    Ok(web::Json(MigrationReportView {
        run: MigrationRunView::new(&run, clock.now()),
        results: pages.answer(results, MigrationResultView::from),
    }))
}
