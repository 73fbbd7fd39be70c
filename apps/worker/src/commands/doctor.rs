//! `tenant doctor`

use super::{confirm, operator};
use crate::answer::{Exit, table};
use crate::cli_operations::TenantDoctor;
use crate::{Answer, CommandError};
use serde_json::{Value, json};
use std::io::BufRead;
use vigie_composition::App;
use vigie_tenancy::Finding;

/// What became of a finding.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Fate {
    Found,
    WouldRepair,
    Repaired,
    NotConfirmed,
    NotRepairable,
    Failed,
}

impl Fate {
    const fn name(self) -> &'static str {
        match self {
            Self::Found => "found",
            Self::WouldRepair => "would_repair",
            Self::Repaired => "repaired",
            Self::NotConfirmed => "not_confirmed",
            Self::NotRepairable => "not_repairable",
            Self::Failed => "failed",
        }
    }
}

/// Tells what does not belong together, and repairs it.
pub(super) async fn doctor(
    app: &App,
    arguments: &TenantDoctor,
    mut input: impl BufRead,
) -> Result<Answer, CommandError> {
    let operator = operator(app);
    let mut rows = Vec::new();
    let mut views = Vec::new();
    let mut left = false;
    for finding in app.tenancy.examine(&operator).await? {
        let (fate, error) = if arguments.fix {
            treat(app, arguments, &finding, &mut input).await?
        } else {
            (Fate::Found, None)
        };
        left |= fate != Fate::Repaired;
        let detail = error.or_else(|| detail(&finding)).unwrap_or_default();
        views.push(view(&finding, fate, &detail));
        rows.push([finding.kind().to_owned(), finding.subject(), fate.name().to_owned(), detail]);
    }
    let text = table(["FINDING", "SUBJECT", "STATE", "DETAIL"], &rows, "Everything belongs together.");
    let exit = if left { Exit::Partial } else { Exit::Done };
    Ok(Answer { exit, ..Answer::new(text, json!({ "findings": views })) })
}

async fn treat(
    app: &App,
    arguments: &TenantDoctor,
    finding: &Finding,
    input: impl BufRead,
) -> Result<(Fate, Option<String>), CommandError> {
    if !finding.is_repairable() {
        return Ok((Fate::NotRepairable, None));
    }
    if arguments.dry_run {
        return Ok((Fate::WouldRepair, None));
    }
    let subject = finding.subject();
    let what = format!("This removes {subject} ({}).", finding.kind());
    if finding.destroys() && !confirm(&what, &subject, &arguments.yes, input)? {
        return Ok((Fate::NotConfirmed, None));
    }
    Ok(match app.tenancy.repair(&operator(app), finding).await {
        Ok(()) => (Fate::Repaired, None),
        Err(error) => (Fate::Failed, Some(CommandError::from(error).explained())),
    })
}

fn detail(finding: &Finding) -> Option<String> {
    match finding {
        Finding::OrphanDatabase(found) => {
            Some(format!("of the organization {}, which is not there", found.organization))
        }
        Finding::OrphanFiles(_) => Some("files of an organization that is not there".to_owned()),
        Finding::MissingDatabase { database, .. } => Some(format!("{database}: restore it from a backup")),
        Finding::StuckOperation { error, .. } => error.clone(),
        Finding::InterruptedMigration { slug, .. } => {
            Some(format!("closed to writes: vigie-worker tenant migrate --slug {slug}"))
        }
        Finding::Unattended { .. } | Finding::MembersOutOfStep { .. } => None,
        Finding::Unreadable { error, .. } => Some(error.clone()),
    }
}

fn view(finding: &Finding, fate: Fate, detail: &str) -> Value {
    json!({
        "finding": finding.kind(),
        "subject": finding.subject(),
        "destroys": finding.destroys(),
        "state": fate.name(),
        "detail": detail,
    })
}
