//! `plans`, and `tenant plan`, `tenant limit`, `tenant module`

use super::operator;
use super::tenant::find;
use crate::answer::table;
use crate::cli_plans::{LimitValue, TenantLimit, TenantModule, TenantPlan};
use crate::{Answer, CommandError};
use serde_json::{Value, json};
use vigie_composition::App;
use vigie_kernel::{Module, PlanLimit};
use vigie_tenancy::{ChangePlan, LimitSetting, PlanTerms, SetLimit, SetModule, Subscription};

/// The plans.
pub(super) async fn list(app: &App) -> Result<Answer, CommandError> {
    let plans = app.plans.plans().await?;
    let rows: Vec<[String; 8]> = plans.iter().map(row).collect();
    let headers =
        ["PLAN", "EUR/MONTH", "MEMBERS", "STORAGE", "KPIS", "IMPORT VALUES", "NOTIFICATIONS/DAY", "MODULES"];
    let text = table(headers, &rows, "There is no plan.");
    Ok(Answer::new(text, json!({ "plans": plans.iter().map(plan_view).collect::<Vec<_>>() })))
}

/// Puts an organization on a plan.
pub(super) async fn change_plan(app: &App, wanted: &TenantPlan) -> Result<Answer, CommandError> {
    let organization = find(app, &wanted.slug).await?;
    let command = ChangePlan { organization, plan: wanted.plan, expected_version: None };
    let subscription = app.plans.change_plan(&operator(app), command).await?;
    Ok(shown(app, &wanted.slug, &subscription))
}

/// Makes an exception from a limit, or takes it back.
pub(super) async fn set_limit(app: &App, wanted: &TenantLimit) -> Result<Answer, CommandError> {
    let organization = find(app, &wanted.slug).await?;
    let other = |value| LimitSetting::Other { value, expires_at: wanted.until };
    let to = match wanted.value {
        LimitValue::Number(number) => other(Some(number)),
        LimitValue::Unlimited => other(None),
        LimitValue::AsPlan => LimitSetting::AsPlan,
    };
    let command = SetLimit { organization, limit: wanted.limit, to };
    let subscription = app.plans.set_limit(&operator(app), command).await?;
    Ok(shown(app, &wanted.slug, &subscription))
}

/// Switches a module.
pub(super) async fn set_module(app: &App, wanted: &TenantModule) -> Result<Answer, CommandError> {
    let organization = find(app, &wanted.slug).await?;
    let command =
        SetModule { organization, module: wanted.module, enabled: Some(wanted.enabled()), config: None };
    let subscription = app.plans.set_module(&operator(app), command).await?;
    Ok(shown(app, &wanted.slug, &subscription))
}

fn text_of(max: Option<u64>) -> String {
    max.map_or_else(|| "none".to_owned(), |max| max.to_string())
}

fn row(terms: &PlanTerms) -> [String; 8] {
    let price = terms
        .price_cents
        .map_or_else(|| "on quotation".to_owned(), |cents| format!("{}.{:02}", cents / 100, cents % 100));
    let modules: Vec<&str> = terms.modules.iter().map(Module::name).collect();
    let of = |limit| text_of(terms.limits.get(limit));
    [
        terms.plan.name().to_owned(),
        price,
        of(PlanLimit::Members),
        of(PlanLimit::StorageBytes),
        of(PlanLimit::Kpis),
        of(PlanLimit::ImportValues),
        of(PlanLimit::NotificationsPerDay),
        modules.join(" "),
    ]
}

fn plan_view(terms: &PlanTerms) -> Value {
    let limits: serde_json::Map<String, Value> = PlanLimit::ALL
        .into_iter()
        .map(|limit| (limit.name().to_owned(), json!(terms.limits.get(limit))))
        .collect();
    json!({
        "plan": terms.plan.name(),
        "price_cents_per_month": terms.price_cents,
        "limits": limits,
        "modules": terms.modules.iter().map(Module::name).collect::<Vec<_>>(),
    })
}

/// What an organization has now, after the change.
fn shown(app: &App, slug: &str, subscription: &Subscription) -> Answer {
    let now = app.clock.now();
    let mut lines = vec![format!("{:<24} {}", "plan", subscription.terms.plan.name())];
    let mut limits = Vec::new();
    for limit in PlanLimit::ALL {
        let max = subscription.limit(limit, now);
        let exception = subscription.exception(limit).filter(|exception| exception.counts_at(now));
        let expires_at = exception.and_then(|exception| exception.expires_at);
        let note = match (exception, expires_at) {
            (None, _) => String::new(),
            (Some(_), None) => " (exception)".to_owned(),
            (Some(_), Some(until)) => format!(" (exception until {})", until.format("%Y-%m-%d %H:%M UTC")),
        };
        lines.push(format!("{:<24} {}{note}", limit.name(), text_of(max)));
        limits.push(json!({
            "key": limit.name(), "limit": max, "exception": exception.is_some(), "expires_at": expires_at,
        }));
    }
    let modules: Vec<_> = Module::ALL.into_iter().map(|module| subscription.module(module)).collect();
    for state in &modules {
        let on = if state.enabled { "on" } else { "off" };
        let note = if state.switched.is_some() { " (switched)" } else { "" };
        lines.push(format!("{:<24} {on}{note}", format!("module {}", state.module)));
    }
    let modules: Vec<Value> = modules
        .into_iter()
        .map(|state| {
            json!({
                "key": state.module.name(), "enabled": state.enabled, "in_plan": state.in_plan,
                "switched": state.switched, "config": state.config,
            })
        })
        .collect();
    let json = json!({
        "organization_id": subscription.organization,
        "slug": slug,
        "plan": subscription.terms.plan.name(),
        "limits": limits,
        "modules": modules,
    });
    Answer::new(lines.join("\n"), json)
}
