//! What others may react to. Announced in the transaction that ends the run, so nothing is told of an end that was rolled back.

use crate::ports::ImportWork;
use crate::run::ImportRun;
use chrono::{DateTime, NaiveDate, Utc};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use vigie_jobs::{Job, OutboxMessage, Retry};
use vigie_kernel::{IdSource, ImportRunId, KpiId, StoreError, TenantContext, UserId};

/// KPIs that the end of a run names at most: the event is one row, however large the file was.
const MOST_RED: u32 = 500;

/// A KPI that a run turned red.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RedKpi {
    /// The KPI.
    pub kpi: KpiId,
    /// First date of its newest period with a colour, which is red.
    pub period_start: NaiveDate,
}

/// An import run ended: one that a job applied, or a small one that turned KPIs red.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct ImportRunEnded {
    /// The run, which says how it ended.
    pub run: ImportRunId,
    /// Who ended it: who started it, or who cancelled it.
    pub by: UserId,
    /// When.
    pub at: DateTime<Utc>,
    /// Whether a job applied it, while whoever started it did something else.
    pub in_background: bool,
    /// The KPIs that were not red before the run and are now, the first 500 by id.
    pub turned_red: Vec<RedKpi>,
}

impl Job for ImportRunEnded {
    const NAME: &'static str = "imports.run-ended";
    const RETRY: Retry = Retry::doubling(Duration::from_secs(2));
}

/// Announces the end of a run. The end of a small one, whose starter has the answer already, only when it turned KPIs red.
pub(crate) async fn announce_end(
    work: &mut dyn ImportWork,
    tenant: &TenantContext,
    run: &ImportRun,
    in_background: bool,
    ids: &dyn IdSource,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    let turned_red = if run.snapshot().dry_run {
        Vec::new()
    } else {
        work.values().turned_red(run.id(), MOST_RED).await?
    };
    if !in_background && turned_red.is_empty() {
        return Ok(());
    }
    let event = ImportRunEnded { run: run.id(), by: tenant.actor(), at: now, in_background, turned_red };
    let message = OutboxMessage::announce(ids.next(), &event, now, tenant.request_id())?;
    work.outbox().add(&message).await
}
