//! Actions on KPIs and the table of what may become of them.

use crate::{ActionPlanError, ActionStatus, ChangeAction, CreateAction};
use chrono::{DateTime, NaiveDate, Utc};
use vigie_kernel::{ActionId, FieldError, FieldErrors, KpiId, UserId, optional_text, required_text};

/// Most characters of an action's title.
pub const TITLE_MAX: usize = 200;
const DESCRIPTION_MAX: usize = 4000;
const REASON_MAX: usize = 1000;
const FULL: u8 = 100;

/// An action as it is stored and shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionSnapshot {
    /// The action's id.
    pub id: ActionId,
    /// The KPI that it is about.
    pub kpi_id: KpiId,
    /// What is to be done, 1..=200 characters.
    pub title: String,
    /// More about it, at most 4,000 characters.
    pub description: Option<String>,
    /// The member who carries it.
    pub owner_id: Option<UserId>,
    /// The last day on which it is in time.
    pub due_date: Option<NaiveDate>,
    /// How far it is, 0..=100.
    pub progress: u8,
    /// Where it stands.
    pub status: ActionStatus,
    /// Why it has this status, where a reason was given.
    pub status_reason: Option<String>,
    /// When it was done; `None` unless the status is done.
    pub done_at: Option<DateTime<Utc>>,
    /// Who declared it done; `None` unless the status is done.
    pub done_by: Option<UserId>,
    /// Who created it.
    pub created_by: UserId,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was last changed; at first, when it was created.
    pub updated_at: DateTime<Utc>,
    /// Who changed it last; at first, who created it.
    pub updated_by: UserId,
    /// Starts at 1, one more at each change.
    pub version: i64,
}

/// What an action suggests to its owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionHint {
    /// The progress is 100 and nobody has declared it done.
    ReadyToClose,
}

impl ActionHint {
    /// The stable name, as in answers.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ReadyToClose => "READY_TO_CLOSE",
        }
    }
}

/// Which fields a change touched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// Names of the fields whose content differs now.
    pub fields: Vec<&'static str>,
}

impl Change {
    /// Whether nothing differs.
    #[must_use]
    pub const fn is_none(&self) -> bool {
        self.fields.is_empty()
    }

    /// Whether that field differs.
    #[must_use]
    pub fn touches(&self, field: &str) -> bool {
        self.fields.contains(&field)
    }
}

/// What the caller's command does not say about a new action.
#[derive(Clone, Copy, Debug)]
pub struct NewAction {
    /// The new action's id.
    pub id: ActionId,
    /// Who creates it.
    pub by: UserId,
    /// Now.
    pub at: DateTime<Utc>,
}

/// An action.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action(ActionSnapshot);

impl Action {
    /// Creates an action in any status, so that a history can be taken over. Every field error at once.
    pub fn create(command: &CreateAction, new: NewAction) -> Result<Self, ActionPlanError> {
        let mut errors = FieldErrors::new();
        let title = errors.keep(required_text("title", &command.title, TITLE_MAX));
        let description =
            errors.keep(optional_text("description", command.description.as_deref(), DESCRIPTION_MAX));
        let mut action = Self(ActionSnapshot {
            id: new.id,
            kpi_id: command.kpi_id,
            title: title.unwrap_or_default(),
            description: description.flatten(),
            owner_id: command.owner_id,
            due_date: command.due_date,
            progress: 0,
            status: ActionStatus::Open,
            status_reason: None,
            done_at: None,
            done_by: None,
            created_by: new.by,
            created_at: new.at,
            updated_at: new.at,
            updated_by: new.by,
            version: 1,
        });
        let asked = errors.keep(Asked::read(command.progress, command.status, command.reason.as_deref()));
        if let Some(asked) = asked {
            if let (Some(ActionStatus::Cancelled), Some(progress)) = (asked.status, asked.progress) {
                // A new action has no progress to keep: what is given is where the cancelled one stopped.
                action.0.progress = progress;
            }
            match action.steer(&asked, new.by, new.at) {
                Ok(()) => {}
                Err(ActionPlanError::Invalid(more)) => errors.extend(more),
                Err(other) => return Err(other),
            }
        }
        errors.into_result()?;
        Ok(action)
    }

    /// Brings a stored action back.
    #[must_use]
    pub const fn restore(snapshot: ActionSnapshot) -> Self {
        Self(snapshot)
    }

    /// The action as it is stored and shown.
    #[must_use]
    pub const fn snapshot(&self) -> &ActionSnapshot {
        &self.0
    }

    /// Whether it is overdue on that day: still expected, and due on an earlier day. Due today is not late.
    #[must_use]
    pub fn late(&self, today: NaiveDate) -> bool {
        self.0.status.is_live() && self.0.due_date.is_some_and(|due| due < today)
    }

    /// What the action suggests, if anything.
    #[must_use]
    pub fn hint(&self) -> Option<ActionHint> {
        (self.0.status.is_live() && self.0.progress == FULL).then_some(ActionHint::ReadyToClose)
    }

    /// Whether the member created it or carries it.
    #[must_use]
    pub fn belongs_to(&self, member: UserId) -> bool {
        self.0.created_by == member || self.0.owner_id == Some(member)
    }

    /// Changes the action, all of the command or nothing; a command that changes nothing leaves the version alone.
    /// Every field error at once; [`ActionPlanError::Transition`] for a move that the table does not have.
    pub fn change(
        &mut self,
        command: &ChangeAction,
        by: UserId,
        now: DateTime<Utc>,
    ) -> Result<Change, ActionPlanError> {
        let mut next = self.clone();
        let mut errors = FieldErrors::new();
        if let Some(title) = &command.title
            && let Some(title) = errors.keep(required_text("title", title, TITLE_MAX))
        {
            next.0.title = title;
        }
        if let Some(description) = &command.description
            && let Some(description) =
                errors.keep(optional_text("description", description.as_deref(), DESCRIPTION_MAX))
        {
            next.0.description = description;
        }
        if let Some(owner_id) = command.owner_id {
            next.0.owner_id = owner_id;
        }
        if let Some(due_date) = command.due_date {
            next.0.due_date = due_date;
        }
        let asked = errors.keep(Asked::read(command.progress, command.status, command.reason.as_deref()));
        if let Some(asked) = asked {
            match next.steer(&asked, by, now) {
                Ok(()) => {}
                Err(ActionPlanError::Invalid(more)) => errors.extend(more),
                Err(other) => return Err(other),
            }
        }
        errors.into_result()?;
        let change = self.difference(&next.0);
        if !change.is_none() {
            next.0.updated_at = now;
            next.0.updated_by = by;
            next.0.version += 1;
            *self = next;
        }
        Ok(change)
    }

    /// Moves status and progress along the table.
    fn steer(&mut self, asked: &Asked, by: UserId, now: DateTime<Utc>) -> Result<(), ActionPlanError> {
        let from = self.0.status;
        let to = asked.status.unwrap_or(from);
        match (from, to) {
            (ActionStatus::Open, ActionStatus::Open)
            | (ActionStatus::Open | ActionStatus::InProgress, ActionStatus::InProgress) => {
                self.0.progress = asked.progress.unwrap_or(self.0.progress);
                let begun = (1..FULL).contains(&self.0.progress);
                self.0.status = if begun { ActionStatus::InProgress } else { to };
                if from != self.0.status || asked.reason.is_some() {
                    self.0.status_reason.clone_from(&asked.reason);
                }
            }
            (ActionStatus::Open | ActionStatus::InProgress, ActionStatus::Done) => {
                asked.progress_must_be(|progress| progress == FULL)?;
                self.0.progress = FULL;
                self.0.status = to;
                self.0.status_reason.clone_from(&asked.reason);
                self.0.done_at = Some(now);
                self.0.done_by = Some(by);
            }
            (ActionStatus::Open | ActionStatus::InProgress, ActionStatus::Cancelled) => {
                let kept = self.0.progress;
                self.0.status_reason = Some(asked.reasoned(|progress| progress == kept)?);
                self.0.status = to;
            }
            (ActionStatus::Done | ActionStatus::Cancelled, ActionStatus::InProgress) => {
                self.0.status_reason = Some(asked.reasoned(|progress| progress < FULL)?);
                self.0.progress = asked.progress.unwrap_or(self.0.progress).min(FULL - 1);
                self.0.status = to;
                self.0.done_at = None;
                self.0.done_by = None;
            }
            (ActionStatus::Done, ActionStatus::Done) | (ActionStatus::Cancelled, ActionStatus::Cancelled) => {
                let kept = self.0.progress;
                asked.progress_must_be(|progress| progress == kept)?;
                if asked.reason.is_some() {
                    self.0.status_reason.clone_from(&asked.reason);
                }
            }
            (ActionStatus::InProgress | ActionStatus::Done | ActionStatus::Cancelled, ActionStatus::Open)
            | (ActionStatus::Done, ActionStatus::Cancelled)
            | (ActionStatus::Cancelled, ActionStatus::Done) => {
                return Err(ActionPlanError::Transition { from, to });
            }
        }
        Ok(())
    }

    fn difference(&self, next: &ActionSnapshot) -> Change {
        let old = &self.0;
        let pairs = [
            ("title", old.title != next.title),
            ("description", old.description != next.description),
            ("owner_id", old.owner_id != next.owner_id),
            ("due_date", old.due_date != next.due_date),
            ("progress", old.progress != next.progress),
            ("status", old.status != next.status),
            ("status_reason", old.status_reason != next.status_reason),
        ];
        Change { fields: pairs.into_iter().filter(|(_, differs)| *differs).map(|(field, _)| field).collect() }
    }
}

/// What a command says about progress and status, checked.
struct Asked {
    progress: Option<u8>,
    status: Option<ActionStatus>,
    reason: Option<String>,
}

impl Asked {
    fn read(
        progress: Option<i64>,
        status: Option<ActionStatus>,
        reason: Option<&str>,
    ) -> Result<Self, FieldErrors> {
        let mut errors = FieldErrors::new();
        let progress = progress.and_then(|given| {
            let read = u8::try_from(given).ok().filter(|progress| *progress <= FULL);
            errors.keep(read.ok_or_else(|| {
                FieldError::new("progress", "out_of_range")
                    .with("min", 0)
                    .with("max", FULL)
                    .with("actual", given)
            }))
        });
        let reason = errors.keep(optional_text("reason", reason, REASON_MAX)).flatten();
        if reason.is_some() && status.is_none() {
            // A reason explains a status; alone it would be lost without a word.
            errors.push(FieldError::new("reason", "status_required"));
        }
        errors.into_result()?;
        Ok(Self { progress, status, reason })
    }

    fn progress_must_be(&self, fits: impl FnOnce(u8) -> bool) -> Result<(), FieldErrors> {
        match self.progress {
            Some(progress) if !fits(progress) => {
                Err(FieldError::new("progress", "action_progress_mismatch").with("actual", progress).into())
            }
            Some(_) | None => Ok(()),
        }
    }

    /// The reason of a move that needs one; tells every error at once.
    fn reasoned(&self, fits: impl FnOnce(u8) -> bool) -> Result<String, FieldErrors> {
        let mut errors = FieldErrors::new();
        errors.keep(self.progress_must_be(fits));
        let reason = self.reason.clone().ok_or_else(|| FieldError::new("reason", "required"));
        let reason = errors.keep(reason);
        errors.into_result()?;
        Ok(reason.unwrap_or_default())
    }
}
