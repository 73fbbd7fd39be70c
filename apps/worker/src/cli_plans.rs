//! The arguments of the commands on plans, limits and modules.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use clap::{ArgGroup, Args, Subcommand};
use vigie_kernel::{Module, PlanLimit};
use vigie_tenancy::Plan;

/// Commands on plans.
#[derive(Debug, Subcommand)]
pub enum PlansCommand {
    /// Lists the plans with what each costs, allows and includes
    List,
}

/// Puts an organization on a plan.
#[derive(Debug, Args)]
pub struct TenantPlan {
    /// Slug of the organization
    #[arg(long)]
    pub slug: String,
    /// starter, community, professional or enterprise
    #[arg(long, value_parser = plan)]
    pub plan: Plan,
}

/// Makes an exception from a limit of the plan, or takes it back.
#[derive(Debug, Args)]
pub struct TenantLimit {
    /// Slug of the organization
    #[arg(long)]
    pub slug: String,
    /// `members`, `storage_bytes`, `kpis`, `import_values` or `notifications_per_day`
    #[arg(long, value_parser = limit)]
    pub limit: PlanLimit,
    /// The number; `none` for no limit, `plan` to take the exception back
    #[arg(long, value_parser = value)]
    pub value: LimitValue,
    /// Through this day (UTC), as 2026-12-31, or until an instant, as 2026-12-31T18:00:00Z; for good when absent
    #[arg(long, value_name = "DATE", value_parser = until)]
    pub until: Option<DateTime<Utc>>,
}

/// What is to count as a limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LimitValue {
    /// A number.
    Number(u64),
    /// No limit.
    Unlimited,
    /// What the plan says.
    AsPlan,
}

/// Switches a module of an organization.
#[derive(Debug, Args)]
#[command(group(ArgGroup::new("state").required(true).args(["on", "off", "as_plan"])))]
pub struct TenantModule {
    /// Slug of the organization
    #[arg(long)]
    pub slug: String,
    /// `dashboards`, `kpis`, `action_plans`, `imports`, `notifications` or `reporting`
    #[arg(long, value_parser = module)]
    pub module: Module,
    /// Switches it on
    #[arg(long)]
    pub on: bool,
    /// Switches it off: its routes answer 404, its jobs wait, its data stay
    #[arg(long)]
    pub off: bool,
    /// Lets the plan decide
    #[arg(long)]
    pub as_plan: bool,
}

impl TenantModule {
    /// On, off, or as the plan says.
    #[must_use]
    pub const fn enabled(&self) -> Option<bool> {
        if self.as_plan { None } else { Some(self.on) }
    }
}

fn plan(text: &str) -> Result<Plan, String> {
    Plan::from_name(text).ok_or_else(|| format!("one of {}", Plan::ALL.map(Plan::name).join(", ")))
}

fn limit(text: &str) -> Result<PlanLimit, String> {
    PlanLimit::from_name(text)
        .ok_or_else(|| format!("one of {}", PlanLimit::ALL.map(PlanLimit::name).join(", ")))
}

fn module(text: &str) -> Result<Module, String> {
    Module::from_name(text).ok_or_else(|| format!("one of {}", Module::ALL.map(Module::name).join(", ")))
}

fn value(text: &str) -> Result<LimitValue, String> {
    match text {
        "none" => Ok(LimitValue::Unlimited),
        "plan" => Ok(LimitValue::AsPlan),
        number => number.parse().map(LimitValue::Number).map_err(|_| "a number, none or plan".to_owned()),
    }
}

/// The end of a day, or an instant.
fn until(text: &str) -> Result<DateTime<Utc>, String> {
    if let Ok(day) = text.parse::<NaiveDate>() {
        let next = day.succ_opt().ok_or_else(|| "a date such as 2026-12-31".to_owned())?;
        return Ok(next.and_time(NaiveTime::MIN).and_utc());
    }
    DateTime::parse_from_rfc3339(text)
        .map(|instant| instant.to_utc())
        .map_err(|_| "a date such as 2026-12-31, or an instant such as 2026-12-31T18:00:00Z".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_counts_to_its_end() {
        assert_eq!(until("2026-12-31").unwrap().to_rfc3339(), "2027-01-01T00:00:00+00:00");
        assert_eq!(until("2026-12-31T18:00:00+01:00").unwrap().to_rfc3339(), "2026-12-31T17:00:00+00:00");
        assert!(until("soon").is_err());
    }

    #[test]
    fn a_limit_is_a_number_or_one_of_two_words() {
        assert_eq!(value("12"), Ok(LimitValue::Number(12)));
        assert_eq!((value("none"), value("plan")), (Ok(LimitValue::Unlimited), Ok(LimitValue::AsPlan)));
        assert!(value("-1").is_err());
    }
}
