//! Who is told what of something that happened. Pure functions: what they need to know is given.

use crate::{
    ActionSubject, CommentSubject, CommentTarget, Content, ImportResult, ImportSubject, KpiSubject, RedKpi,
};
use chrono::NaiveDate;
use std::collections::{BTreeMap, BTreeSet};
use vigie_kernel::{Period, UserId};

/// Names that a notification about several KPIs carries.
const NAMES_SHOWN: usize = 3;

/// Something to tell, and to whom.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Draft {
    /// What of the event it tells: together with the event it is the notification's key.
    pub(crate) part: String,
    pub(crate) content: Content,
    pub(crate) recipients: BTreeSet<UserId>,
}

impl Draft {
    fn new(part: impl Into<String>, content: Content, recipients: impl IntoIterator<Item = UserId>) -> Self {
        Self { part: part.into(), content, recipients: recipients.into_iter().collect() }
    }

    /// The same without a recipient who knows already.
    fn but(mut self, member: UserId) -> Self {
        self.recipients.remove(&member);
        self
    }
}

/// The owner, as long as he still carries it.
pub(crate) fn of_given_action(action: &ActionSubject, to: UserId, by: UserId) -> Draft {
    let content = Content::ActionGiven { action_id: action.id, title: action.title.clone() };
    Draft::new("given", content, action.owner.filter(|owner| *owner == to)).but(by)
}

/// The owners of the KPI and of its dashboard.
pub(crate) fn of_red_kpi(kpi: &KpiSubject, period_start: NaiveDate, by: UserId) -> Draft {
    let content = Content::KpiTurnedRed {
        kpi_id: kpi.id,
        name: kpi.name.clone(),
        period: Period::containing(period_start, kpi.frequency).key(),
        import: None,
    };
    Draft::new("red", content, [kpi.owner, kpi.dashboard_owner]).but(by)
}

/// The owner of the KPI, or whoever carries or created the action.
pub(crate) fn of_comment(comment: &CommentSubject, by: UserId) -> Draft {
    let comment_id = comment.id;
    let (content, concerned) = match &comment.target {
        CommentTarget::Kpi(kpi) => {
            let content = Content::KpiCommented { comment_id, kpi_id: kpi.id, name: kpi.name.clone() };
            (content, vec![kpi.owner])
        }
        CommentTarget::Action(action) => {
            let title = action.title.clone();
            let content = Content::ActionCommented { comment_id, action_id: action.id, title };
            (content, action.owner.into_iter().chain([action.created_by]).collect())
        }
    };
    Draft::new("comment", content, concerned).but(by)
}

/// Whoever started it, unless he had the answer at once or stopped it himself.
pub(crate) fn of_ended_import(import: &ImportSubject, in_background: bool, by: UserId) -> Option<Draft> {
    let result = import.result.filter(|_| in_background)?;
    if result == ImportResult::Cancelled && by == import.started_by {
        return None;
    }
    let content = Content::ImportEnded {
        import: import.file.clone(),
        dry_run: import.dry_run,
        result,
        taken: import.taken,
        rejected: import.rejected,
    };
    Some(Draft::new("ended", content, [import.started_by]))
}

/// Each owner of a KPI or of its dashboard, once for all of his: also the one who imported, for nobody reads every row of a file.
pub(crate) fn of_red_import(import: &ImportSubject, red: &[RedKpi], kpis: &[KpiSubject]) -> Vec<Draft> {
    let periods: BTreeMap<_, _> = red.iter().map(|red| (red.kpi, red.period_start)).collect();
    let mut concerned: BTreeMap<UserId, Vec<(&KpiSubject, NaiveDate)>> = BTreeMap::new();
    for kpi in kpis {
        let Some(period_start) = periods.get(&kpi.id) else { continue };
        for owner in BTreeSet::from([kpi.owner, kpi.dashboard_owner]) {
            concerned.entry(owner).or_default().push((kpi, *period_start));
        }
    }
    let drafts = concerned.into_iter().map(|(owner, kpis)| {
        let content = match kpis.as_slice() {
            [(kpi, period_start)] => Content::KpiTurnedRed {
                kpi_id: kpi.id,
                name: kpi.name.clone(),
                period: Period::containing(*period_start, kpi.frequency).key(),
                import: Some(import.file.clone()),
            },
            several => Content::KpisTurnedRed {
                import: import.file.clone(),
                count: several.len(),
                names: several.iter().take(NAMES_SHOWN).map(|(kpi, _)| kpi.name.clone()).collect(),
            },
        };
        Draft::new(format!("red/{owner}"), content, [owner])
    });
    drafts.collect()
}
