//! Filling the demo. Every step leaves alone what is there, so that a run that was stopped can be finished.

use super::catalogue::DASHBOARDS;
use super::plan::{DashboardPlan, KpiPlan, Series};
use super::series::{first_date, periods, values};
use super::stories::{ACTIONS, COMMENTS};
use crate::CommandError;
use chrono::{NaiveDate, TimeDelta};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use vigie_action_plans::{ActionStatus, CommentTarget, CreateAction, WriteComment};
use vigie_composition::App;
use vigie_imports::{ImportRun, RunStatus, Source, StartImport};
use vigie_kernel::{Dec, KpiId, MAX_LIMIT, PageRequest, TenantContext};
use vigie_kpis::{Aggregation, CreateDashboard, DashboardFilter, DefineKpi};

/// How often an import that another process runs is looked at.
const LOOK: Duration = Duration::from_millis(200);
/// How many times, which makes five minutes.
const LOOKS: u32 = 1_500;
/// A list of the demo fits on one page.
const ALL: PageRequest = PageRequest { limit: MAX_LIMIT, after: None };

/// Creates dashboards, KPIs, values, comments and, last of all, actions.
pub(super) async fn fill(app: &App, tenant: &TenantContext) -> Result<(), CommandError> {
    let today = tenant.today(app.clock.now());
    let mut kpis = HashMap::new();
    for plan in DASHBOARDS {
        kpis.extend(create_dashboard(app, tenant, plan, today).await?);
    }
    import(app, tenant, csv(tenant, today)).await?;
    write_comments(app, tenant, &kpis).await?;
    create_actions(app, tenant, &kpis, today).await
}

/// The dashboard's KPIs by code.
async fn create_dashboard(
    app: &App,
    tenant: &TenantContext,
    plan: &DashboardPlan,
    today: NaiveDate,
) -> Result<HashMap<String, KpiId>, CommandError> {
    let filter = DashboardFilter { process_name: Some(plan.process.to_owned()) };
    let there = app.kpis.dashboards(tenant, filter, ALL).await?;
    let known = there.items.into_iter().find(|dashboard| dashboard.snapshot().title == plan.title);
    let dashboard = if let Some(dashboard) = known {
        dashboard
    } else {
        let command = CreateDashboard {
            title: plan.title.to_owned(),
            description: Some(plan.description.to_owned()),
            process_name: Some(plan.process.to_owned()),
            owner_id: None,
        };
        app.kpis.create_dashboard(tenant, command).await?
    };
    let there = app.kpis.kpis(tenant, dashboard.id(), None, ALL).await?;
    let mut kpis: HashMap<String, KpiId> =
        there.items.into_iter().map(|kpi| (kpi.snapshot().code.clone(), kpi.id())).collect();
    for kpi in plan.kpis {
        if !kpis.contains_key(kpi.code) {
            let mut command = DefineKpi::new(dashboard.id(), kpi.name, kpi.frequency, kpi.direction);
            describe(kpi, &mut command, today)?;
            let defined = app.kpis.define_kpi(tenant, command).await?;
            kpis.insert(kpi.code.to_owned(), defined.id());
        }
    }
    Ok(kpis)
}

fn describe(plan: &KpiPlan, command: &mut DefineKpi, today: NaiveDate) -> Result<(), CommandError> {
    command.code = Some(plan.code.to_owned());
    command.unit = Some(plan.unit.to_owned());
    command.display_decimals = Some(i64::from(plan.decimals));
    command.thresholds = plan.thresholds()?;
    command.aggregation = plan.summed.then_some(Aggregation::Sum);
    command.weight = Some(Dec::from(plan.weight));
    command.critical = plan.critical;
    let first = match plan.series {
        Series::Complete | Series::Behind(_) => first_date(today),
        // Expected since two months ago, and never measured.
        Series::Missing => today - TimeDelta::days(62),
    };
    command.start_period = Some(first.to_string());
    Ok(())
}

/// Every value in one file, as a French spreadsheet writes it.
fn csv(tenant: &TenantContext, today: NaiveDate) -> String {
    let mut lines = vec!["Code KPI;Date;Valeur".to_owned()];
    for plan in DASHBOARDS.iter().flat_map(|dashboard| dashboard.kpis) {
        let periods = periods(plan, today, tenant.settings().working_days);
        for (period, value) in periods.iter().zip(values(plan, &periods)) {
            let date = period.start().format("%d/%m/%Y");
            lines.push(format!("{};{date};{}", plan.code, value.replace('.', ",")));
        }
    }
    lines.join("\r\n")
}

async fn import(app: &App, tenant: &TenantContext, csv: String) -> Result<(), CommandError> {
    let command = StartImport {
        file_name: "demo.csv".to_owned(),
        upload: Source::Bytes(Arc::from(csv.into_bytes())),
        options: serde_json::Value::Null,
        dry_run: false,
    };
    let mut run = app.imports.start(tenant, command).await?;
    for _ in 0..LOOKS {
        if run.has_ended() {
            return imported(&run);
        }
        if app.background().drain().await? == 0 {
            // A worker of another process has it.
            tokio::time::sleep(LOOK).await;
        }
        run = app.imports.get(tenant, run.id()).await?;
    }
    Err(CommandError::Demo(format!("the import {} does not end; is a worker stuck?", run.id())))
}

fn imported(run: &ImportRun) -> Result<(), CommandError> {
    let it = run.snapshot();
    if it.status == RunStatus::Success {
        return Ok(());
    }
    let first =
        it.report.issues.first().map(|issue| format!(", first {} in row {:?}", issue.code.name(), issue.row));
    Err(CommandError::Demo(format!(
        "the import {} ended as {}{}, {} rejected",
        run.id(),
        it.status.name(),
        first.or_else(|| it.error_message.as_ref().map(|reason| format!(", {reason}"))).unwrap_or_default(),
        it.counts.rejected,
    )))
}

async fn write_comments(
    app: &App,
    tenant: &TenantContext,
    kpis: &HashMap<String, KpiId>,
) -> Result<(), CommandError> {
    for (code, text) in COMMENTS {
        let Some(kpi) = kpis.get(*code).copied() else { continue };
        let there = app.actions.comments(tenant, CommentTarget::Kpi(kpi), &ALL).await?;
        if !there.items.iter().any(|comment| comment.snapshot().content == *text) {
            app.actions.write_comment(tenant, WriteComment::on_kpi(kpi, *text)).await?;
        }
    }
    Ok(())
}

async fn create_actions(
    app: &App,
    tenant: &TenantContext,
    kpis: &HashMap<String, KpiId>,
    today: NaiveDate,
) -> Result<(), CommandError> {
    for plan in ACTIONS {
        let Some(kpi) = kpis.get(plan.kpi).copied() else { continue };
        let there = app.actions.actions_of_kpi(tenant, kpi, &ALL).await?;
        if there.items.iter().any(|action| action.snapshot().title == plan.title) {
            continue;
        }
        let progress = match plan.status {
            ActionStatus::Open | ActionStatus::Done => None,
            ActionStatus::InProgress | ActionStatus::Cancelled => Some(plan.progress),
        };
        let command = CreateAction {
            description: Some(plan.description.to_owned()),
            owner_id: Some(tenant.actor()),
            due_date: Some(today + TimeDelta::days(plan.due_in)),
            progress,
            status: Some(plan.status),
            reason: plan.reason.map(str::to_owned),
            ..CreateAction::titled(kpi, plan.title)
        };
        app.actions.create_action(tenant, command).await?;
    }
    Ok(())
}
