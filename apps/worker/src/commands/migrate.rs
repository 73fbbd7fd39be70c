//! `tenant migrate`

use super::operator;
use crate::answer::{Exit, table};
use crate::cli::{MigrateArgs, MigrateCommand, MigrateHow};
use crate::{Answer, CommandError};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use vigie_composition::App;
use vigie_kernel::{FieldError, MAX_LIMIT, MigrationRunId, PageRequest, Slug};
use vigie_tenancy::{
    FailureBudget, FleetOptions, FleetProgress, FleetSelection, MigrationResult, MigrationRun, RunState,
    TenancyError,
};

/// Brings databases to the current schema, tells how that went, or takes up what did not go well.
pub(super) async fn migrate(app: &App, arguments: MigrateArgs) -> Result<Answer, CommandError> {
    match arguments.command {
        None => {
            let selection =
                match &arguments.slug {
                    None => FleetSelection::All,
                    Some(text) => FleetSelection::One(Slug::parse(text).map_err(|error| {
                        TenancyError::Invalid(FieldError::new("slug", error.code()).into())
                    })?),
                };
            run(app, selection, &arguments.how).await
        }
        Some(MigrateCommand::Retry { run: id, how, .. }) => {
            run(app, FleetSelection::UnfinishedOf(id), &how).await
        }
        Some(MigrateCommand::Status { run: Some(id) }) => {
            let run = app.fleet.run(id).await?;
            told(app, &run).await
        }
        Some(MigrateCommand::Status { run: None }) => status(app).await,
    }
}

async fn run(app: &App, selection: FleetSelection, how: &MigrateHow) -> Result<Answer, CommandError> {
    let options = FleetOptions {
        selection,
        dry_run: how.dry_run,
        concurrency: how.concurrency,
        canary: how.canary,
        failure_budget: FailureBudget::percent(how.failure_budget)
            .map_err(|error| TenancyError::Invalid(error.into()))?,
    };
    let bar = Bar(ProgressBar::hidden());
    let run = app.fleet.migrate(&operator(app), &options, &bar).await?;
    bar.0.finish_and_clear();
    if run.planned == 0 {
        return Ok(Answer::new("Every database is at the current schema.", json!({ "run": null })));
    }
    told(app, &run).await
}

/// The run with those that it did not bring to the current schema.
async fn told(app: &App, run: &MigrationRun) -> Result<Answer, CommandError> {
    let state = run.state_at(app.clock.now());
    let results = results(app, run.id).await?;
    let open: Vec<&MigrationResult> = results.iter().filter(|result| !result.outcome.is_current()).collect();
    let rows: Vec<[String; 3]> = open
        .iter()
        .map(|result| {
            let error = result.error.clone().unwrap_or_default();
            [result.slug.to_string(), result.outcome.name().to_owned(), first_line(&error)]
        })
        .collect();
    let mut text = summary(run, state);
    if !rows.is_empty() {
        text.push_str(&table(["SLUG", "OUTCOME", "ERROR"], &rows, ""));
        if !run.dry_run {
            text.push_str("Try these again with: vigie-worker tenant migrate retry --run ");
            text.push_str(&run.id.to_string());
            text.push('\n');
        }
    }
    let json = json!({
        "run": view(run, state),
        "results": results.iter().map(result_view).collect::<Vec<_>>(),
    });
    let exit = match state {
        RunState::Done => Exit::Done,
        RunState::Partial | RunState::Running => Exit::Partial,
        RunState::Stopped | RunState::Interrupted => Exit::Stopped,
    };
    Ok(Answer { exit, ..Answer::new(text, json) })
}

async fn results(app: &App, id: MigrationRunId) -> Result<Vec<MigrationResult>, CommandError> {
    let mut page = PageRequest { limit: MAX_LIMIT, after: None };
    let mut all = Vec::new();
    loop {
        let (_, found) = app.fleet.results(id, None, &page).await?;
        all.extend(found.items);
        page.after = found.next;
        if page.after.is_none() {
            return Ok(all);
        }
    }
}

/// How many organizations are behind, and the latest runs.
async fn status(app: &App) -> Result<Answer, CommandError> {
    let plan = app.fleet.plan(&FleetSelection::All).await?;
    let runs = app.fleet.runs(&PageRequest { limit: 10, after: None }).await?.items;
    let now = app.clock.now();
    let rows: Vec<[String; 6]> = runs
        .iter()
        .map(|run| {
            [
                run.id.to_string(),
                run.created_at.format("%Y-%m-%d %H:%M UTC").to_string(),
                run.state_at(now).name().to_owned(),
                format!("{}{}", run.target_version, if run.dry_run { " (dry run)" } else { "" }),
                format!("{} of {}", run.counts.ok + run.counts.skipped, run.planned),
                (run.counts.troubled() + run.counts.quarantined).to_string(),
            ]
        })
        .collect();
    let mut text = format!(
        "Schema {}: {} to migrate, {} in quarantine.\n",
        plan.target_version,
        plan.to_migrate.len(),
        plan.quarantined.len()
    );
    text.push_str(&table(["RUN", "BEGAN", "STATE", "SCHEMA", "MIGRATED", "NOT"], &rows, "There was no run."));
    let behind: Vec<Value> = plan
        .to_migrate
        .iter()
        .map(|(slug, version)| json!({ "slug": slug.as_str(), "schema_version": version }))
        .collect();
    let json = json!({
        "target_version": plan.target_version,
        "to_migrate": behind,
        "quarantined": plan.quarantined.iter().map(Slug::as_str).collect::<Vec<_>>(),
        "runs": runs.iter().map(|run| view(run, run.state_at(now))).collect::<Vec<_>>(),
    });
    Ok(Answer::new(text, json))
}

fn summary(run: &MigrationRun, state: RunState) -> String {
    let counts = run.counts;
    let mut parts =
        vec![format!("{} {}", counts.ok, if run.dry_run { "would be migrated" } else { "migrated" })];
    for (count, name) in [
        (counts.skipped, "skipped"),
        (counts.failed, "failed"),
        (counts.blocked, "blocked"),
        (counts.unreachable, "unreachable"),
        (counts.quarantined, "in quarantine"),
        (run.planned.saturating_sub(counts.total()), "not started"),
    ] {
        if count > 0 {
            parts.push(format!("{count} {name}"));
        }
    }
    format!("Run {}: {}. Of {}: {}.\n", run.id, state.name(), run.planned, parts.join(", "))
}

fn first_line(text: &str) -> String {
    text.lines().next().unwrap_or_default().chars().take(120).collect()
}

fn view(run: &MigrationRun, state: RunState) -> Value {
    let counts = run.counts;
    json!({
        "id": run.id,
        "state": state.name(),
        "dry_run": run.dry_run,
        "target_version": run.target_version,
        "planned": run.planned,
        "counts": {
            "ok": counts.ok, "skipped": counts.skipped, "failed": counts.failed, "blocked": counts.blocked,
            "unreachable": counts.unreachable, "quarantined": counts.quarantined,
        },
        "created_at": run.created_at,
        "heartbeat_at": run.heartbeat_at,
        "ended_at": run.ended_at,
    })
}

fn result_view(result: &MigrationResult) -> Value {
    json!({
        "slug": result.slug.as_str(),
        "organization_id": result.organization,
        "outcome": result.outcome.name(),
        "from_version": result.from_version,
        "to_version": result.to_version,
        "error": result.error,
        "milliseconds": result.milliseconds,
        "at": result.at,
    })
}

/// A bar on standard error, when that is a terminal.
struct Bar(ProgressBar);

impl FleetProgress for Bar {
    fn planned(&self, run: &MigrationRun) {
        self.0.set_length(run.planned.into());
        if let Ok(style) = ProgressStyle::with_template("{bar:40} {pos}/{len} {elapsed} {msg}") {
            self.0.set_style(style);
        }
        self.0.set_draw_target(indicatif::ProgressDrawTarget::stderr());
    }

    fn settled(&self, run: &MigrationRun, result: &MigrationResult) {
        let troubled = run.counts.troubled();
        if troubled > 0 {
            self.0.set_message(format!("{troubled} not migrated, {}", result.slug));
        } else {
            self.0.set_message(result.slug.to_string());
        }
        self.0.inc(1);
    }
}
