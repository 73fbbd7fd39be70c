//! A long operation on an organization: persisted steps under a lease with a fence.

use crate::{OperationKind, OperationState, OperationStep, StepOutcome};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;
use uuid::Uuid;
use vigie_kernel::{OperationId, OrganizationId, Slug, UserId};

/// How long a holder keeps an operation without a sign of life.
pub const OPERATION_LEASE: TimeDelta = TimeDelta::seconds(15);
/// The first pause after a failed attempt; it doubles from attempt to attempt.
const FIRST_PAUSE: TimeDelta = TimeDelta::seconds(5);
/// The longest pause between two attempts.
const LONGEST_PAUSE: TimeDelta = TimeDelta::minutes(5);
/// Most characters of an error text that are kept.
const ERROR_MAX: usize = 1000;

/// What became of one step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepResult {
    /// The step.
    pub step: OperationStep,
    /// What became of it.
    pub outcome: StepOutcome,
    /// When the attempt that this is about began.
    pub started_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: DateTime<Utc>,
    /// Why it was skipped or failed.
    pub note: Option<String>,
}

/// The key under which a caller may ask for the same operation again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OperationKey {
    /// Whose key it is: the same key of another caller is another one.
    pub scope: String,
    /// The key as it was sent.
    pub key: String,
    /// The SHA-256 of what was asked for.
    pub request: [u8; 32],
}

/// An operation as it is stored and shown.
#[derive(Clone, Debug, PartialEq)]
pub struct OperationSnapshot {
    /// Its id.
    pub id: OperationId,
    /// What it does.
    pub kind: OperationKind,
    /// The organization; its row may be gone once the operation is undone.
    pub organization: OrganizationId,
    /// The organization's slug at the time.
    pub slug: Slug,
    /// Where it stands.
    pub state: OperationState,
    /// The step that is under way or next; `None` when it has ended.
    pub current: Option<OperationStep>,
    /// What became of the steps so far, in the order of the kind's steps.
    pub steps: Vec<StepResult>,
    /// The name of the server that was chosen.
    pub placement: Option<String>,
    /// What the steps need of each other beyond the organization's row, as an object; no personal data.
    pub data: Value,
    /// Whether undoing has begun: then there is no way forward any more.
    pub undo_begun: bool,
    /// Attempts in this direction, counted from 1.
    pub attempt: i32,
    /// No attempt before that instant.
    pub not_before: Option<DateTime<Utc>>,
    /// The process that works on it.
    pub holder: Option<Uuid>,
    /// Until when nobody else may take it.
    pub lease_until: Option<DateTime<Utc>>,
    /// Grows with every holder; a write under an older one changes nothing.
    pub fence: i64,
    /// Why the last attempt failed.
    pub error: Option<String>,
    /// The caller's key, if he gave one.
    pub key: Option<OperationKey>,
    /// The account that asked for it; `None` for the operator's tool and for a sign-up.
    pub requested_by: Option<UserId>,
    /// The request that asked for it.
    pub request_id: String,
    /// When it was asked for.
    pub created_at: DateTime<Utc>,
    /// When it was last written.
    pub updated_at: DateTime<Utc>,
    /// When it ended.
    pub finished_at: Option<DateTime<Utc>>,
}

/// What a new operation starts with.
#[derive(Clone, Debug)]
pub struct NewOperation {
    /// Its id.
    pub id: OperationId,
    /// What it does.
    pub kind: OperationKind,
    /// The organization.
    pub organization: OrganizationId,
    /// Its slug.
    pub slug: Slug,
    /// What the steps are given, as an object.
    pub data: Value,
    /// The caller's key.
    pub key: Option<OperationKey>,
    /// The account that asked for it.
    pub requested_by: Option<UserId>,
    /// The request that asked for it.
    pub request_id: String,
}

/// A long operation on an organization.
#[derive(Clone, Debug, PartialEq)]
pub struct Operation(OperationSnapshot);

impl Operation {
    /// A new operation that its maker holds.
    #[must_use]
    pub fn begin(new: NewOperation, holder: Uuid, now: DateTime<Utc>) -> Self {
        let NewOperation { id, kind, organization, slug, data, key, requested_by, request_id } = new;
        Self(OperationSnapshot {
            id,
            kind,
            organization,
            slug,
            state: OperationState::Running,
            current: kind.steps().first().copied(),
            steps: Vec::new(),
            placement: None,
            data,
            undo_begun: false,
            attempt: 1,
            not_before: None,
            holder: Some(holder),
            lease_until: Some(now + OPERATION_LEASE),
            fence: 1,
            error: None,
            key,
            requested_by,
            request_id,
            created_at: now,
            updated_at: now,
            finished_at: None,
        })
    }

    /// Brings a stored operation back.
    #[must_use]
    pub const fn restore(snapshot: OperationSnapshot) -> Self {
        Self(snapshot)
    }

    /// The operation as it is stored and shown.
    #[must_use]
    pub const fn snapshot(&self) -> &OperationSnapshot {
        &self.0
    }

    /// Its id.
    #[must_use]
    pub const fn id(&self) -> OperationId {
        self.0.id
    }

    /// The organization.
    #[must_use]
    pub const fn organization(&self) -> OrganizationId {
        self.0.organization
    }

    /// Where it stands.
    #[must_use]
    pub const fn state(&self) -> OperationState {
        self.0.state
    }

    /// Why the last attempt failed.
    #[must_use]
    pub fn error(&self) -> Option<&str> {
        self.0.error.as_deref()
    }

    /// What became of a step.
    #[must_use]
    pub fn result(&self, step: OperationStep) -> Option<&StepResult> {
        self.0.steps.iter().find(|result| result.step == step)
    }

    /// Whether somebody holds it at that instant.
    #[must_use]
    pub fn is_held(&self, now: DateTime<Utc>) -> bool {
        self.0.lease_until.is_some_and(|until| until > now)
    }

    /// Whether it waits for a holder at that instant.
    #[must_use]
    pub fn is_due(&self, now: DateTime<Utc>) -> bool {
        let goes_on = matches!(self.0.state, OperationState::Running | OperationState::Undoing);
        goes_on && !self.is_held(now) && self.0.not_before.is_none_or(|at| at <= now)
    }

    /// The same operation in the hands of another holder, with a higher fence.
    #[must_use]
    pub fn taken_by(mut self, holder: Uuid, now: DateTime<Utc>) -> Self {
        self.0.holder = Some(holder);
        self.0.lease_until = Some(now + OPERATION_LEASE);
        self.0.fence += 1;
        self.0.attempt += 1;
        self.0.not_before = None;
        self.0.updated_at = now;
        self
    }

    /// The next step forward; `None` when every one is done.
    pub(crate) fn next_step(&self) -> Option<OperationStep> {
        self.0.kind.steps().iter().copied().find(|step| !self.is_done(*step))
    }

    /// The next step to undo; `None` when nothing is left.
    pub(crate) fn next_undo(&self) -> Option<OperationStep> {
        let undone = |step: OperationStep| {
            self.result(step).is_some_and(|result| result.outcome == StepOutcome::Undone)
        };
        self.0.kind.undone_in_order().iter().copied().find(|step| !undone(*step))
    }

    fn is_done(&self, step: OperationStep) -> bool {
        self.result(step)
            .is_some_and(|result| matches!(result.outcome, StepOutcome::Done | StepOutcome::Skipped))
    }

    /// Notes that a step is done, or skipped for the reason given.
    pub(crate) fn note_done(
        &mut self,
        step: OperationStep,
        skipped: Option<String>,
        started_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) {
        let outcome = if skipped.is_some() { StepOutcome::Skipped } else { StepOutcome::Done };
        self.put(StepResult { step, outcome, started_at, finished_at: now, note: skipped });
        self.0.current = self.next_step();
        self.0.error = None;
        self.prolong(now);
    }

    /// Notes the server that was chosen.
    pub(crate) fn note_placement(&mut self, server: String) {
        self.0.placement = Some(server);
    }

    /// Keeps something for a later step.
    pub(crate) fn note_data(&mut self, name: &str, value: Value) {
        if let Value::Object(data) = &mut self.0.data {
            data.insert(name.to_owned(), value);
        }
    }

    /// What an earlier step kept.
    pub(crate) fn data(&self, name: &str) -> Option<&Value> {
        self.0.data.get(name)
    }

    /// Notes that what a step had done is undone.
    pub(crate) fn note_undone(&mut self, step: OperationStep, started_at: DateTime<Utc>, now: DateTime<Utc>) {
        self.put(StepResult { step, outcome: StepOutcome::Undone, started_at, finished_at: now, note: None });
        self.0.current = self.next_undo();
        self.prolong(now);
    }

    /// Notes a failed attempt at a step.
    pub(crate) fn note_failure(
        &mut self,
        step: OperationStep,
        error: &str,
        started_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) {
        let error: String = error.chars().take(ERROR_MAX).collect();
        let note = Some(error.clone());
        self.put(StepResult { step, outcome: StepOutcome::Failed, started_at, finished_at: now, note });
        self.0.error = Some(format!("{step}: {error}"));
        self.0.updated_at = now;
    }

    /// Ends it well.
    pub(crate) fn succeed(&mut self, now: DateTime<Utc>) {
        self.end(OperationState::Succeeded, now);
        self.0.error = None;
    }

    /// Turns back: from here on there is no way forward.
    pub(crate) fn turn_back(&mut self, now: DateTime<Utc>) {
        self.0.state = OperationState::Undoing;
        self.0.undo_begun = true;
        self.0.attempt = 1;
        self.0.current = self.next_undo();
        self.prolong(now);
    }

    /// Ends it with nothing left.
    pub(crate) fn end_undone(&mut self, now: DateTime<Utc>) {
        self.end(OperationState::Undone, now);
    }

    /// Leaves it to the operator.
    pub(crate) fn give_up(&mut self, now: DateTime<Utc>) {
        self.0.state = OperationState::Failed;
        self.let_go(now);
    }

    /// Takes up one that was given up, in the direction that it had.
    pub(crate) fn reopen(&mut self, now: DateTime<Utc>) {
        if self.0.state == OperationState::Failed {
            self.0.state = if self.0.undo_begun { OperationState::Undoing } else { OperationState::Running };
            self.0.attempt = 1;
            self.0.updated_at = now;
        }
    }

    /// Lets it go until its next attempt, which comes later and later.
    pub(crate) fn pause(&mut self, now: DateTime<Utc>) {
        self.let_go(now);
        let doublings = u32::try_from(self.0.attempt - 1).unwrap_or_default().min(10);
        let pause = FIRST_PAUSE * 2_i32.saturating_pow(doublings);
        self.0.not_before = Some(now + pause.min(LONGEST_PAUSE));
    }

    fn let_go(&mut self, now: DateTime<Utc>) {
        self.0.holder = None;
        self.0.lease_until = None;
        self.0.updated_at = now;
    }

    fn end(&mut self, state: OperationState, now: DateTime<Utc>) {
        self.0.state = state;
        self.0.current = None;
        self.0.not_before = None;
        self.0.finished_at = Some(now);
        self.let_go(now);
    }

    fn prolong(&mut self, now: DateTime<Utc>) {
        self.0.updated_at = now;
        self.0.lease_until = Some(now + OPERATION_LEASE);
    }

    fn put(&mut self, result: StepResult) {
        let order = self.0.kind.steps();
        let place = |step: OperationStep| order.iter().position(|known| *known == step);
        self.0.steps.retain(|known| known.step != result.step);
        self.0.steps.push(result);
        self.0.steps.sort_by_key(|known| place(known.step));
    }
}
