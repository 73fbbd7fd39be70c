//! Which nightly backups are kept, by plan.

use super::record::{BackupKind, BackupRecord, BackupStatus};
use crate::Plan;
use chrono::{DateTime, Datelike, TimeDelta, Utc};
use std::collections::BTreeSet;
use vigie_kernel::BackupId;

/// How many backups are kept: the newest of each of so many days, weeks and months. A day without a backup counts for nothing, so
/// an installation that was off for a month keeps as many as before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Retention {
    /// Days.
    pub daily: usize,
    /// ISO weeks.
    pub weekly: usize,
    /// Months.
    pub monthly: usize,
}

impl Retention {
    /// What a plan keeps.
    #[must_use]
    pub const fn of(plan: Plan) -> Self {
        match plan {
            Plan::Starter => Self { daily: 7, weekly: 0, monthly: 0 },
            Plan::Community => Self { daily: 14, weekly: 4, monthly: 0 },
            Plan::Professional => Self { daily: 30, weekly: 8, monthly: 6 },
            Plan::Enterprise => Self { daily: 35, weekly: 12, monthly: 12 },
        }
    }
}

/// Backups that failed are told for so long.
const FAILED_ARE_TOLD: TimeDelta = TimeDelta::days(30);

/// The nightly backups whose time is over, out of all backups of one organization. Backups that somebody asked for, the final one,
/// and the newest one that is good are never among them.
#[must_use]
pub fn expired(retention: Retention, backups: &[BackupRecord], now: DateTime<Utc>) -> Vec<BackupId> {
    let mut good: Vec<&BackupRecord> =
        backups.iter().filter(|backup| backup.status == BackupStatus::Done).collect();
    good.sort_by_key(|backup| std::cmp::Reverse((backup.created_at, backup.id)));
    let nightly = || good.iter().filter(|backup| backup.kind == BackupKind::Nightly);
    let mut kept: BTreeSet<BackupId> = good.first().map(|backup| backup.id).into_iter().collect();
    kept.extend(newest_of_each(nightly(), retention.daily, |at| (at.year(), at.ordinal())));
    kept.extend(newest_of_each(nightly(), retention.weekly, |at| {
        (at.iso_week().year(), at.iso_week().week())
    }));
    kept.extend(newest_of_each(nightly(), retention.monthly, |at| (at.year(), at.month())));
    let failed = backups
        .iter()
        .filter(|backup| backup.status == BackupStatus::Failed && now - backup.created_at > FAILED_ARE_TOLD);
    nightly().copied().chain(failed).map(|backup| backup.id).filter(|id| !kept.contains(id)).collect()
}

/// The newest backup of each of the last `count` spans that have one.
fn newest_of_each<'b>(
    newest_first: impl Iterator<Item = &'b &'b BackupRecord>,
    count: usize,
    span: impl Fn(DateTime<Utc>) -> (i32, u32),
) -> Vec<BackupId> {
    let mut seen = BTreeSet::new();
    let mut kept = Vec::new();
    for backup in newest_first {
        let span = span(backup.created_at);
        if seen.len() >= count && !seen.contains(&span) {
            break;
        }
        if seen.insert(span) {
            kept.push(backup.id);
        }
    }
    kept
}
