//! `tenant create`, `tenant operations`, `tenant retry`, `tenant undo`

use super::{confirm, operator};
use crate::answer::{Exit, table};
use crate::cli_operations::{TenantCreate, TenantOperations, TenantUndo};
use crate::{Answer, CommandError};
use serde_json::{Value, json};
use std::io::BufRead;
use vigie_composition::App;
use vigie_kernel::{OperationId, OrganizationSettings, PageRequest};
use vigie_tenancy::{
    CreateOrganization, FirstOwner, ListOperations, Operation, OperationState, OperationStep, Outcome,
    Patience, SetPassword,
};

/// Creates an organization with its database and its first owner.
pub(super) async fn create(app: &App, arguments: TenantCreate) -> Result<Answer, CommandError> {
    let command = CreateOrganization {
        name: arguments.name,
        slug: arguments.slug,
        domain: arguments.domain,
        plan: arguments.plan,
        settings: OrganizationSettings::default(),
        owner: FirstOwner::Named { email: arguments.admin_email, full_name: arguments.admin_full_name },
        idempotency_key: arguments.idempotency_key,
    };
    let begun = app.tenancy.begin(&operator(app), command).await?;
    let (given, replayed) = (begun.set_password.clone(), begun.replayed);
    let outcome = app.tenancy.run(begun, Patience::Patient).await?;
    let mut answer = told(&outcome, |state| match state {
        OperationState::Succeeded => Exit::Done,
        OperationState::Running => Exit::Partial,
        OperationState::Undoing | OperationState::Undone | OperationState::Failed => Exit::Failed,
    });
    // The token of an owner whose organization is gone is good for nothing.
    let given = given.filter(|_| outcome.organization.is_some());
    if let Some(SetPassword { token, expires_at }) = &given {
        let until = expires_at.format("%Y-%m-%d %H:%M UTC").to_string();
        answer.text.extend([
            "The owner has no password yet. Token to set it with POST /api/v1/auth/reset-password, good until ",
            &until,
            ", shown once:\n",
            token.expose(),
            "\n",
        ]);
    }
    let given = given.map(|given| json!({ "token": given.token.expose(), "expires_at": given.expires_at }));
    answer.json["set_password"] = given.unwrap_or(Value::Null);
    answer.json["replayed"] = replayed.into();
    Ok(answer)
}

/// The newest operations.
pub(super) async fn list(app: &App, wanted: &TenantOperations) -> Result<Answer, CommandError> {
    let organization = match &wanted.slug {
        Some(slug) => Some(super::tenant::find(app, slug).await?),
        None => None,
    };
    let filter = ListOperations { organization, state: wanted.state };
    let page = PageRequest { limit: wanted.limit, after: None };
    let found = app.tenancy.operations(&operator(app), &filter, &page).await?.items;
    let rows: Vec<[String; 7]> = found
        .iter()
        .map(|operation| {
            let it = operation.snapshot();
            [
                it.id.to_string(),
                it.kind.name().to_owned(),
                it.slug.to_string(),
                it.state.name().to_owned(),
                it.current.map(|step| step.name().to_owned()).unwrap_or_default(),
                it.created_at.format("%Y-%m-%d %H:%M:%S").to_string(),
                it.error.clone().unwrap_or_default(),
            ]
        })
        .collect();
    let headers = ["ID", "KIND", "SLUG", "STATE", "STEP", "CREATED", "ERROR"];
    let text = table(headers, &rows, "There is no such operation.");
    Ok(Answer::new(text, json!({ "operations": found.iter().map(view).collect::<Vec<_>>() })))
}

/// Tries an operation again now.
pub(super) async fn retry(app: &App, id: OperationId) -> Result<Answer, CommandError> {
    let outcome = app.tenancy.retry(&operator(app), id).await?;
    Ok(told(&outcome, |state| match state {
        OperationState::Succeeded | OperationState::Undone => Exit::Done,
        OperationState::Running | OperationState::Undoing => Exit::Partial,
        OperationState::Failed => Exit::Failed,
    }))
}

/// Undoes what an operation has done.
pub(super) async fn undo(
    app: &App,
    arguments: &TenantUndo,
    input: impl BufRead,
) -> Result<Answer, CommandError> {
    let operator = operator(app);
    let known = app.tenancy.operation(&operator, arguments.operation).await?.operation;
    let slug = known.snapshot().slug.to_string();
    let yes: Vec<String> = arguments.yes.iter().cloned().collect();
    let what =
        format!("This removes the organization {slug} with its database, its files and its memberships.");
    if !known.state().is_ended() && !confirm(&what, &slug, &yes, input)? {
        return Err(CommandError::NotConfirmed(slug));
    }
    let outcome = app.tenancy.undo(&operator, arguments.operation).await?;
    Ok(told(&outcome, |state| match state {
        OperationState::Undone => Exit::Done,
        OperationState::Undoing | OperationState::Running => Exit::Partial,
        OperationState::Succeeded | OperationState::Failed => Exit::Failed,
    }))
}

fn told(outcome: &Outcome, exit: impl FnOnce(OperationState) -> Exit) -> Answer {
    let it = outcome.operation.snapshot();
    let mut text = match it.state {
        OperationState::Succeeded => format!("The organization {} is active.\n", it.slug),
        OperationState::Running => {
            format!("The organization {} is not ready yet; the operation goes on.\n", it.slug)
        }
        OperationState::Undoing => {
            format!("The organization {} is being undone; the operation goes on.\n", it.slug)
        }
        OperationState::Undone => format!("Nothing is left of the organization {}.\n", it.slug),
        OperationState::Failed => {
            format!("The operation on {} waits for `tenant retry` or `tenant undo`.\n", it.slug)
        }
    };
    text.extend(["operation  ", &it.id.to_string(), "\n"]);
    if let Some(error) = &it.error {
        text.extend(["error      ", error, "\n"]);
    }
    let organization = outcome.organization.as_ref().map(super::tenant::view);
    let json = json!({ "operation": view(&outcome.operation), "organization": organization });
    Answer { exit: exit(it.state), ..Answer::new(text, json) }
}

fn view(operation: &Operation) -> Value {
    let it = operation.snapshot();
    let steps: Vec<Value> = it
        .steps
        .iter()
        .map(|result| {
            json!({
                "step": result.step.name(), "outcome": result.outcome.name(), "note": result.note,
                "started_at": result.started_at, "finished_at": result.finished_at,
            })
        })
        .collect();
    json!({
        "id": it.id,
        "kind": it.kind.name(),
        "organization_id": it.organization,
        "slug": it.slug.as_str(),
        "state": it.state.name(),
        "current_step": it.current.map(OperationStep::name),
        "steps": steps,
        "server": it.placement,
        "attempt": it.attempt,
        "next_attempt_at": it.not_before,
        "error": it.error,
        "created_at": it.created_at,
        "finished_at": it.finished_at,
    })
}
