//! `tenant sample`, and how samples are shown

use super::operator;
use super::tenant::find;
use crate::{Answer, CommandError};
use serde_json::{Value, json};
use vigie_composition::App;
use vigie_platform_monitoring::{Gap, HealthRule, OrganizationSample, SampleNow};

/// How often a turn is asked for: others may be faster, but hardly so often.
const ATTEMPTS: u32 = 60;

/// Samples one organization now.
pub(super) async fn sample(app: &App, slug: &str) -> Result<Answer, CommandError> {
    let (id, operator) = (find(app, slug).await?, operator(app));
    for _ in 0..ATTEMPTS {
        match app.samples.sample_now(&operator, id).await? {
            SampleNow::Taken(sample) => {
                let mut json = view(&sample);
                json["slug"] = slug.into();
                return Ok(Answer::new(lines(&sample), json));
            }
            SampleNow::Wait(time) => tokio::time::sleep(time).await,
        }
    }
    Err(CommandError::NoTurn)
}

/// `warning: backup_overdue`
pub(super) fn health_text(sample: &OrganizationSample) -> String {
    match sample.rule {
        None => sample.health().name().to_owned(),
        Some(rule) => format!("{}: {}", rule.health().name(), rule.name()),
    }
}

/// A size for people: `8.1 MB`.
pub(super) fn bytes_text(bytes: u64) -> String {
    const UNITS: [(&str, u64); 4] =
        [("TB", 1_000_000_000_000), ("GB", 1_000_000_000), ("MB", 1_000_000), ("kB", 1_000)];
    match UNITS.into_iter().find(|(_, unit)| bytes >= *unit) {
        Some((name, unit)) => format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
        None => format!("{bytes} B"),
    }
}

/// What is known, one line each.
pub(super) fn lines(sample: &OrganizationSample) -> String {
    let measured = &sample.measured;
    let number = |number: Option<u64>| number.map(|number| number.to_string());
    let instant = |at: chrono::DateTime<chrono::Utc>| at.format("%Y-%m-%d %H:%M UTC").to_string();
    let lines = [
        ("health", Some(health_text(sample))),
        ("gap", sample.gap.map(|gap| gap.name().to_owned())),
        ("members", Some(sample.members.to_string())),
        ("users", Some(sample.users.to_string())),
        ("KPIs", number(measured.kpis)),
        ("size", measured.database_size_bytes.map(bytes_text)),
        ("files", measured.storage_bytes.map(bytes_text)),
        ("connected", number(measured.active_connections)),
        ("active", measured.last_activity.map(instant)),
        ("sampled", Some(instant(sample.sampled_at))),
    ];
    lines.into_iter().filter_map(|(name, value)| Some(format!("{name:<10} {}\n", value?))).collect()
}

/// The sample for programs.
pub(super) fn view(sample: &OrganizationSample) -> Value {
    let measured = &sample.measured;
    json!({
        "health": sample.health().name(),
        "health_rule": sample.rule.map(HealthRule::name),
        "sampled_at": sample.sampled_at,
        "gap": sample.gap.map(Gap::name),
        "members": sample.members,
        "users": sample.users,
        "kpis": measured.kpis,
        "database_size_bytes": measured.database_size_bytes,
        "active_connections": measured.active_connections,
        "storage_bytes": measured.storage_bytes,
        "last_activity": measured.last_activity,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_in_the_unit_that_fits() {
        for (bytes, text) in [
            (0, "0 B"),
            (999, "999 B"),
            (1_000, "1.0 kB"),
            (8_192_000, "8.1 MB"),
            (1_999_999_999, "1.9 GB"),
            (u64::MAX, "18446744.0 TB"),
        ] {
            assert_eq!(bytes_text(bytes), text);
        }
    }
}
