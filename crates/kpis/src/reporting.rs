//! Reports over all dashboards: what stands where, and what is worst.

use crate::{
    Direction, Entry, Expectation, Policy, RollUp, RollUpInput, Status, StatusReason, Thresholds, display,
    is_stale, roll_up,
};
use chrono::NaiveDate;
use std::cmp::{Ordering, Reverse};
use std::collections::{BTreeMap, HashMap};
use vigie_kernel::{DashboardId, Dec, KpiId, Period, UserId, WorkingDays};

/// What a report knows of a dashboard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DashboardRow {
    /// The dashboard.
    pub id: DashboardId,
    /// Its title.
    pub title: String,
    /// The process above it.
    pub process_name: Option<String>,
    /// The member it belongs to.
    pub owner_id: UserId,
}

/// A KPI's latest value of a period that is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LatestValue {
    /// The period.
    pub period: Period,
    /// What was recorded.
    pub entry: Entry,
    /// Its colour.
    pub status: Option<Status>,
    /// Why.
    pub status_reason: StatusReason,
    /// Its score.
    pub score: Option<Dec>,
    /// The thresholds of the version that judged it; unset ones when none did.
    pub thresholds: Thresholds,
}

/// Actions of a KPI that are neither done nor cancelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ActionCounts {
    /// All of them.
    pub open: u32,
    /// Those whose due date has passed.
    pub late: u32,
}

/// What a report knows of a KPI that is not archived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KpiRow {
    /// The KPI.
    pub id: KpiId,
    /// Its dashboard.
    pub dashboard_id: DashboardId,
    /// Its code.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its unit.
    pub unit: String,
    /// Decimals of its display.
    pub display_decimals: u8,
    /// Its direction.
    pub direction: Direction,
    /// Its weight.
    pub weight: Dec,
    /// Whether it is critical.
    pub critical: bool,
    /// The member it belongs to.
    pub owner_id: UserId,
    /// Which periods should have a value.
    pub expectation: Expectation,
    /// Its latest value of a period that is over.
    pub latest: Option<LatestValue>,
    /// Its actions.
    pub actions: ActionCounts,
}

impl KpiRow {
    /// The colour of the latest period that is over.
    #[must_use]
    pub fn status(&self) -> Option<Status> {
        self.latest.as_ref().and_then(|latest| latest.status)
    }

    /// What the roll-ups need of it.
    #[must_use]
    pub fn standing(&self) -> KpiStanding {
        KpiStanding {
            dashboard_id: self.dashboard_id,
            direction: self.direction,
            weight: self.weight,
            critical: self.critical,
            expectation: self.expectation,
            latest: self.latest.as_ref().map(|latest| LatestStanding {
                period: latest.period,
                status: latest.status,
                status_reason: latest.status_reason,
                score: latest.score,
            }),
            actions: self.actions,
        }
    }
}

/// How a KPI's latest value of a period that is over was judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LatestStanding {
    /// The period.
    pub period: Period,
    /// Its colour.
    pub status: Option<Status>,
    /// Why.
    pub status_reason: StatusReason,
    /// Its score.
    pub score: Option<Dec>,
}

/// What the roll-ups need of a KPI that is not archived: no name and no number, for there may be thousands of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KpiStanding {
    /// Its dashboard.
    pub dashboard_id: DashboardId,
    /// Its direction.
    pub direction: Direction,
    /// Its weight.
    pub weight: Dec,
    /// Whether it is critical.
    pub critical: bool,
    /// Which periods should have a value.
    pub expectation: Expectation,
    /// Its latest value of a period that is over.
    pub latest: Option<LatestStanding>,
    /// Its actions.
    pub actions: ActionCounts,
}

impl KpiStanding {
    fn status(&self) -> Option<Status> {
        self.latest.and_then(|latest| latest.status)
    }

    fn is_stale(&self, working_days: WorkingDays, as_of: NaiveDate) -> bool {
        is_stale(self.latest.map(|latest| latest.period), &self.expectation, working_days, as_of)
    }

    fn is_red_without_action(&self) -> bool {
        self.status() == Some(Status::Red) && self.actions.open == 0
    }
}

/// Everything that a report is made of, read in a constant number of statements.
#[derive(Clone, Debug, Default)]
pub struct ReportRows<K> {
    /// Every dashboard.
    pub dashboards: Vec<DashboardRow>,
    /// Every KPI that is not archived.
    pub kpis: Vec<K>,
}

/// One part of the organization, or all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverviewSection {
    /// How many KPIs there are, neutral ones included.
    pub kpis: u32,
    /// Their roll-up, neutral ones left out.
    pub roll_up: RollUp,
    /// Their actions.
    pub actions: ActionCounts,
    /// How many are red without an open action.
    pub red_without_action: u32,
}

/// A process in the overview.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ProcessOverview {
    /// Its name; `None` gathers the dashboards that name no process.
    pub process_name: Option<String>,
    /// How many dashboards it has.
    pub dashboards: u32,
    /// How it stands.
    pub section: OverviewSection,
}

/// A dashboard in the overview.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DashboardOverview {
    /// The dashboard.
    pub dashboard: DashboardRow,
    /// How it stands.
    pub section: OverviewSection,
}

/// The whole organization, its processes by name and its dashboards by title.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Overview {
    /// Periods that ended before this date count.
    pub as_of: NaiveDate,
    /// All of it.
    pub organization: OverviewSection,
    /// By process; the one without a name comes last.
    pub processes: Vec<ProcessOverview>,
    /// By dashboard, also those without KPIs.
    pub dashboards: Vec<DashboardOverview>,
}

#[derive(Default)]
struct Gathered {
    dashboards: u32,
    kpis: u32,
    inputs: Vec<RollUpInput>,
    actions: ActionCounts,
    red_without_action: u32,
}

impl Gathered {
    fn add(&mut self, kpi: &KpiStanding, input: Option<RollUpInput>) {
        self.kpis += 1;
        self.inputs.extend(input);
        self.actions.open += kpi.actions.open;
        self.actions.late += kpi.actions.late;
        if kpi.is_red_without_action() {
            self.red_without_action += 1;
        }
    }

    fn section(&self, policy: Policy) -> OverviewSection {
        OverviewSection {
            kpis: self.kpis,
            roll_up: roll_up(&self.inputs, policy),
            actions: self.actions,
            red_without_action: self.red_without_action,
        }
    }
}

fn input_of(kpi: &KpiStanding, working_days: WorkingDays, as_of: NaiveDate) -> Option<RollUpInput> {
    if kpi.direction == Direction::Neutral {
        return None;
    }
    let latest = kpi.latest;
    Some(RollUpInput {
        status: kpi.status(),
        reason: latest.map_or(StatusReason::NoData, |latest| latest.status_reason),
        score: latest.and_then(|latest| latest.score),
        weight: kpi.weight,
        critical: kpi.critical,
        stale: kpi.is_stale(working_days, as_of),
    })
}

/// Rolls the rows up by dashboard, by process and for the whole organization.
#[must_use]
pub fn overview(
    rows: &ReportRows<KpiStanding>,
    policy: Policy,
    working_days: WorkingDays,
    as_of: NaiveDate,
) -> Overview {
    let mut organization = Gathered::default();
    // The nameless process sorts last: `true` after `false`.
    let mut processes: BTreeMap<(bool, Option<&str>), Gathered> = BTreeMap::new();
    let mut dashboards: HashMap<DashboardId, Gathered> = HashMap::new();
    let mut process_of: HashMap<DashboardId, (bool, Option<&str>)> = HashMap::new();
    for dashboard in &rows.dashboards {
        let process = dashboard.process_name.as_deref();
        let key = (process.is_none(), process);
        process_of.insert(dashboard.id, key);
        processes.entry(key).or_default().dashboards += 1;
    }
    for kpi in &rows.kpis {
        let input = input_of(kpi, working_days, as_of);
        organization.add(kpi, input);
        dashboards.entry(kpi.dashboard_id).or_default().add(kpi, input);
        if let Some(key) = process_of.get(&kpi.dashboard_id) {
            processes.entry(*key).or_default().add(kpi, input);
        }
    }
    let mut listed: Vec<&DashboardRow> = rows.dashboards.iter().collect();
    listed.sort_by_key(|dashboard| (dashboard.title.as_str(), dashboard.id));
    Overview {
        as_of,
        organization: organization.section(policy),
        processes: processes
            .into_iter()
            .map(|((_, name), gathered)| ProcessOverview {
                process_name: name.map(str::to_owned),
                dashboards: gathered.dashboards,
                section: gathered.section(policy),
            })
            .collect(),
        dashboards: listed
            .into_iter()
            .map(|dashboard| DashboardOverview {
                dashboard: dashboard.clone(),
                section: dashboards.entry(dashboard.id).or_default().section(policy),
            })
            .collect(),
    }
}

/// A KPI that is red or orange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Risk {
    /// The KPI, with its latest value.
    pub kpi: KpiRow,
    /// Its dashboard.
    pub dashboard: DashboardRow,
    /// The text of its number.
    pub display: Option<String>,
    /// Whether a value is overdue.
    pub stale: bool,
    /// Whether it is red and nobody does anything about it.
    pub red_without_action: bool,
}

/// Red before orange, then the lower score, then the higher weight, then the code.
fn worse_first(a: &KpiRow, b: &KpiRow) -> Ordering {
    let rank = |kpi: &KpiRow| match kpi.status() {
        Some(Status::Red) => 0,
        Some(Status::Orange) => 1,
        Some(Status::Green) | None => 2,
    };
    let score = |kpi: &KpiRow| {
        let score = kpi.latest.as_ref().and_then(|latest| latest.score);
        (score.is_none(), score)
    };
    (rank(a), score(a), Reverse(a.weight), &a.code).cmp(&(rank(b), score(b), Reverse(b.weight), &b.code))
}

/// The worst KPIs, at most `limit`: red before orange, then the lower score, the higher weight, the code.
#[must_use]
pub fn top_risks(
    rows: ReportRows<KpiRow>,
    limit: usize,
    working_days: WorkingDays,
    as_of: NaiveDate,
) -> Vec<Risk> {
    let dashboards: HashMap<DashboardId, DashboardRow> =
        rows.dashboards.into_iter().map(|dashboard| (dashboard.id, dashboard)).collect();
    let mut bad: Vec<KpiRow> = rows
        .kpis
        .into_iter()
        .filter(|kpi| matches!(kpi.status(), Some(Status::Red | Status::Orange)))
        .collect();
    bad.sort_by(worse_first);
    bad.into_iter()
        .filter_map(|kpi| dashboards.get(&kpi.dashboard_id).cloned().map(|dashboard| (kpi, dashboard)))
        .take(limit)
        .map(|(kpi, dashboard)| Risk {
            display: kpi.latest.as_ref().and_then(|latest| {
                let number = latest.entry.number()?;
                Some(display(number, kpi.display_decimals, &latest.thresholds))
            }),
            stale: kpi.standing().is_stale(working_days, as_of),
            red_without_action: kpi.standing().is_red_without_action(),
            kpi,
            dashboard,
        })
        .collect()
}
