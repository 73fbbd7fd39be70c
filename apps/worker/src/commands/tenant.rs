//! `tenant`

use super::{operator, sample};
use crate::answer::table;
use crate::cli::TenantSwitch;
use crate::{Answer, CommandError};
use serde_json::{Value, json};
use std::collections::HashMap;
use vigie_composition::App;
use vigie_kernel::{MAX_LIMIT, OrganizationId, PageRequest};
use vigie_tenancy::{ListOrganizations, Organization, TenancyError, TenantHints};

/// Every organization.
pub(super) async fn list(app: &App) -> Result<Answer, CommandError> {
    let operator = operator(app);
    let mut page = PageRequest { limit: MAX_LIMIT, after: None };
    let mut organizations = Vec::new();
    let mut samples = HashMap::new();
    loop {
        let found = app.tenancy.list(&operator, &ListOrganizations::default(), &page).await?;
        let ids: Vec<OrganizationId> = found.items.iter().map(Organization::id).collect();
        let taken = app.samples.samples(&operator, &ids).await?;
        samples.extend(taken.into_iter().map(|sample| (sample.organization, sample)));
        organizations.extend(found.items);
        page.after = found.next;
        if page.after.is_none() {
            break;
        }
    }
    let rows: Vec<[String; 7]> = organizations
        .iter()
        .map(|organization| {
            let it = organization.snapshot();
            let sample = samples.get(&it.id);
            [
                it.slug.to_string(),
                it.name.clone(),
                it.status.name().to_owned(),
                it.plan.name().to_owned(),
                sample.map(sample::health_text).unwrap_or_default(),
                sample
                    .and_then(|one| one.measured.database_size_bytes)
                    .map(sample::bytes_text)
                    .unwrap_or_default(),
                it.created_at.format("%Y-%m-%d").to_string(),
            ]
        })
        .collect();
    let headers = ["SLUG", "NAME", "STATUS", "PLAN", "HEALTH", "SIZE", "CREATED"];
    let text = table(headers, &rows, "There is no organization.");
    let views = organizations.iter().map(|organization| {
        let mut shown = view(organization);
        shown["sample"] = samples.get(&organization.id()).map_or(Value::Null, sample::view);
        shown
    });
    Ok(Answer::new(text, json!({ "organizations": views.collect::<Vec<_>>() })))
}

/// One organization.
pub(super) async fn show(app: &App, slug: &str) -> Result<Answer, CommandError> {
    let id = find(app, slug).await?;
    let mut answer = shown(&app.tenancy.get(id).await?);
    let last = app.backups.last_good(id).await?;
    if let Some(at) = last.as_ref().map(|backup| backup.created_at.format("%Y-%m-%d %H:%M UTC")) {
        answer.text.extend(["backed up  ", &at.to_string(), "\n"]);
    }
    let sample = app.samples.samples(&operator(app), &[id]).await?.pop();
    if let Some(sample) = &sample {
        answer.text.push_str(&sample::lines(sample));
    }
    answer.json["sample"] = sample.as_ref().map_or(Value::Null, sample::view);
    answer.json["last_backup"] = last.as_ref().map_or(Value::Null, super::backup::view);
    Ok(answer)
}

/// Locks an organization.
pub(super) async fn suspend(app: &App, switch: &TenantSwitch) -> Result<Answer, CommandError> {
    let id = find(app, &switch.slug).await?;
    Ok(shown(&app.tenancy.suspend(&operator(app), id, &switch.reason).await?))
}

/// Opens an organization again.
pub(super) async fn resume(app: &App, switch: &TenantSwitch) -> Result<Answer, CommandError> {
    let id = find(app, &switch.slug).await?;
    Ok(shown(&app.tenancy.resume(&operator(app), id, &switch.reason).await?))
}

/// The organization with that slug.
pub(super) async fn find(app: &App, slug: &str) -> Result<OrganizationId, CommandError> {
    match lookup(app, slug).await? {
        Some(id) => Ok(id),
        None => Err(CommandError::NoSuchTenant(slug.to_owned())),
    }
}

/// The organization with that slug, if there is one.
pub(crate) async fn lookup(app: &App, slug: &str) -> Result<Option<OrganizationId>, CommandError> {
    let hints = TenantHints { header: Some(slug.to_owned()), ..TenantHints::default() };
    match app.tenancy.resolve(&hints).await {
        Ok(found) => Ok(found.map(|organization| organization.id)),
        Err(TenancyError::TenantUnknown) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn shown(organization: &Organization) -> Answer {
    let it = organization.snapshot();
    let outgoing = if it.settings.outgoing_paused { "paused until tenant confirm" } else { "" };
    let schema = it.schema_version.map_or_else(|| "none".to_owned(), |version| version.to_string());
    let lines = [
        ("id", it.id.to_string()),
        ("slug", it.slug.to_string()),
        ("name", it.name.clone()),
        ("status", it.status.name().to_owned()),
        ("reason", it.status_reason.clone().unwrap_or_default()),
        ("plan", it.plan.name().to_owned()),
        ("database", it.database_name.as_str().to_owned()),
        ("schema", schema),
        ("time zone", it.settings.time_zone.name().to_owned()),
        ("language", it.settings.locale.code().to_owned()),
        ("outgoing", outgoing.to_owned()),
        ("created", it.created_at.format("%Y-%m-%d %H:%M UTC").to_string()),
        ("changed", it.updated_at.format("%Y-%m-%d %H:%M UTC").to_string()),
    ];
    let lines: Vec<String> = lines
        .iter()
        .filter(|(_, value)| !value.is_empty())
        .map(|(name, value)| format!("{name:<10} {value}"))
        .collect();
    Answer::new(lines.join("\n"), view(organization))
}

pub(super) fn view(organization: &Organization) -> Value {
    let it = organization.snapshot();
    json!({
        "id": it.id,
        "slug": it.slug.as_str(),
        "name": it.name,
        "status": it.status.name(),
        "status_reason": it.status_reason,
        "plan": it.plan.name(),
        "database_name": it.database_name.as_str(),
        "schema_version": it.schema_version,
        "time_zone": it.settings.time_zone.name(),
        "locale": it.settings.locale.code(),
        "outgoing_paused": it.settings.outgoing_paused,
        "created_at": it.created_at,
        "updated_at": it.updated_at,
    })
}
