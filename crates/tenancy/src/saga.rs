//! Running operations: step by step forward, or back, under a lease.
//!
//! Every step looks at what is there, acts, and is recorded under the fence of the holder. So a process may die anywhere:
//! the next holder finds what was done, whether it was recorded or not. A holder who lost his lease finds out at his next
//! record, and changes nothing any more.

use crate::undoing::UNDOING;
use crate::{
    ConnectionSettings, OPERATION_LEASE, Operation, OperationState, OperationStep, Organization,
    OrganizationStatus, Outcome, RULE_ORGANIZATION_DATABASE, Tenancy, TenancyError,
};
use chrono::{DateTime, TimeDelta, Utc};
use futures_util::future::{Either, select};
use serde_json::json;
use std::error::Error;
use std::future::Future;
use std::pin::pin;
use std::time::Duration;
use vigie_kernel::{OperationId, StoreError};

/// Written as the request of what the product does by itself.
pub(crate) const REQUEST_ID: &str = "provisioning";
/// How often a holder gives a sign of life while a step acts: three times in a lease.
const SIGN_OF_LIFE: Duration = Duration::from_secs(5);
/// For how long trouble that may pass is tried again before the operation is left to the operator.
const GIVE_UP_AFTER: TimeDelta = TimeDelta::hours(24);
/// How often a transaction is tried again because somebody changed the organization meanwhile.
pub(crate) const TRIES: u32 = 4;
/// Why an organization whose creation was given up has failed.
const GIVEN_UP: &str = "its creation did not succeed within a day";
/// Why nobody gets a mail.
const NO_MAIL: &str = "this version sends no mail";
/// Where the schema version is kept between two steps.
const SCHEMA_VERSION: &str = "schema_version";

/// Who waits for an operation.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patience {
    /// Nobody: trouble that may pass is tried again later.
    Patient,
    /// A person who can ask again: the first trouble turns back, so that nothing is left in his way.
    Impatient,
}

/// Why a step did not come to its end.
pub(crate) enum Halt {
    /// It failed.
    Failed(StoreError),
    /// Another holder has the operation.
    Lost,
    /// The control database did not take what was to be recorded.
    Store(StoreError),
}

/// Whether the operation goes on at once.
#[derive(PartialEq, Eq)]
pub(crate) enum Flow {
    Goes,
    Stops,
}

impl Halt {
    /// Of a write that is bound to the fence.
    pub(crate) fn of_record(error: StoreError) -> Self {
        match error {
            StoreError::Stale => Self::Lost,
            error @ (StoreError::Conflict(_)
            | StoreError::TenantUnavailable(_)
            | StoreError::Unavailable(_)
            | StoreError::Broken(_)) => Self::Store(error),
        }
    }
}

/// Whether another attempt may go better: nothing is wrong with the organization itself.
pub(crate) const fn is_passing(error: &StoreError) -> bool {
    match error {
        StoreError::Unavailable(_) | StoreError::TenantUnavailable(_) | StoreError::Stale => true,
        StoreError::Conflict(_) | StoreError::Broken(_) => false,
    }
}

/// The error with its causes, each told once.
pub(crate) fn told(error: &StoreError) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let message = error.to_string();
        if !text.contains(&message) {
            text.push_str(": ");
            text.push_str(&message);
        }
        cause = error.source();
    }
    text
}

impl Tenancy {
    /// Runs an operation that this process holds until it ends, waits or is lost.
    pub(crate) async fn run_held(
        &self,
        mut operation: Operation,
        organization: Option<Organization>,
        patience: Patience,
    ) -> Result<Outcome, TenancyError> {
        let id = operation.id();
        let organization = match organization {
            Some(organization) => Some(organization),
            None => self.ports.store.read().await?.find(operation.organization()).await?,
        };
        let Some(mut organization) = organization else {
            return self.end_without_organization(operation).await;
        };
        loop {
            let flow = match operation.state() {
                OperationState::Running => self.go_forward(&mut operation, &mut organization, patience).await,
                OperationState::Undoing => self.go_back(&mut operation, &mut organization).await,
                OperationState::Succeeded | OperationState::Undone | OperationState::Failed => {
                    Ok(Flow::Stops)
                }
            };
            match flow {
                Ok(Flow::Goes) => {}
                Ok(Flow::Stops) => break,
                Err(Halt::Lost) => {
                    tracing::warn!(operation.id = %id, "another holder has the operation");
                    self.leave_nothing_to_a_gone_one(id, &organization).await;
                    return self.outcome(id).await;
                }
                Err(Halt::Failed(error) | Halt::Store(error)) => return Err(error.into()),
            }
        }
        self.forget_everywhere(organization.id());
        let gone = operation.state() == OperationState::Undone;
        Ok(Outcome { operation, organization: (!gone).then_some(organization) })
    }

    async fn go_forward(
        &self,
        operation: &mut Operation,
        organization: &mut Organization,
        patience: Patience,
    ) -> Result<Flow, Halt> {
        let Some(step) = operation.next_step() else { return Ok(Flow::Stops) };
        let started = self.ports.clock.now();
        let acted = if step == OperationStep::Activate {
            return self.activate(operation, organization, started).await.map(|()| Flow::Goes);
        } else {
            self.act(step, operation, organization).await
        };
        match acted {
            Ok(skipped) => {
                operation.note_done(step, skipped, started, self.ports.clock.now());
                self.ports.store.record(operation).await.map_err(Halt::of_record)?;
                Ok(Flow::Goes)
            }
            Err(Halt::Failed(error)) => {
                self.in_trouble(step, &error, started, operation, organization, patience).await
            }
            Err(halt @ (Halt::Lost | Halt::Store(_))) => Err(halt),
        }
    }

    /// Does what a step does; answers why there was nothing to do, if there was nothing.
    async fn act(
        &self,
        step: OperationStep,
        operation: &mut Operation,
        organization: &mut Organization,
    ) -> Result<Option<String>, Halt> {
        let databases = &self.ports.databases;
        match step {
            // Written with the operation itself, and by the transaction that opens the organization.
            OperationStep::Reserve | OperationStep::Activate => Ok(None),
            OperationStep::Place => {
                let placing = self.ports.placement.place(organization.id());
                let server = self.kept(operation, placing).await?;
                operation.note_placement(server.name);
                Ok(None)
            }
            OperationStep::CreateDatabase => {
                self.create_database(operation, organization).await.map(|()| None)
            }
            OperationStep::ConfigureDatabase => {
                let settings = ConnectionSettings::of(organization.snapshot().plan);
                let set = self.kept(operation, databases.configure(organization, &settings)).await?;
                Ok((!set).then(|| "the engine has no limits for one database".to_owned()))
            }
            OperationStep::Migrate => {
                let version = self.kept(operation, databases.migrate(organization)).await?;
                operation.note_data(SCHEMA_VERSION, json!(version));
                Ok(None)
            }
            OperationStep::Seed => self.kept(operation, databases.seed(organization)).await.map(|()| None),
            OperationStep::Files => {
                let preparing = self.ports.files.prepare(organization.id());
                self.kept(operation, preparing).await.map(|()| None)
            }
            OperationStep::Owner => {
                let mut reads = self.ports.store.read().await.map_err(Halt::Failed)?;
                let owned = reads.has_owner(organization.id()).await.map_err(Halt::Failed)?;
                if owned {
                    Ok(None)
                } else {
                    Err(Halt::Failed(StoreError::broken("nobody owns the organization")))
                }
            }
            OperationStep::Probe => {
                self.kept(operation, databases.probe(organization)).await?;
                self.kept(operation, self.ports.files.probe(organization.id())).await.map(|()| None)
            }
            OperationStep::Mail => Ok(Some(NO_MAIL.to_owned())),
        }
    }

    /// Awaits what a step does, with signs of life; stops it when the lease is lost.
    pub(crate) async fn kept<T>(
        &self,
        operation: &Operation,
        acting: impl Future<Output = Result<T, StoreError>> + Send,
    ) -> Result<T, Halt> {
        let mut acting = pin!(acting);
        loop {
            let pause = self.ports.timer.pause(SIGN_OF_LIFE);
            match select(acting.as_mut(), pause).await {
                Either::Left((acted, _)) => return acted.map_err(Halt::Failed),
                Either::Right(((), _)) => {
                    let until = self.ports.clock.now() + OPERATION_LEASE;
                    match self.ports.store.prolong(operation, until).await {
                        Ok(()) => {}
                        Err(StoreError::Stale) => return Err(Halt::Lost),
                        // It may still be ours when the database answers again; the fence decides.
                        Err(error) => {
                            tracing::warn!(operation.id = %operation.id(), %error, "the lease could not be prolonged");
                        }
                    }
                }
            }
        }
    }

    /// Makes the database, under the next name when the one in the row is somebody else's.
    async fn create_database(
        &self,
        operation: &Operation,
        organization: &mut Organization,
    ) -> Result<(), Halt> {
        let first = organization.database_name().clone();
        for taken in 1..=crate::service::NAMES_TRIED {
            match self.kept(operation, self.ports.databases.create(organization)).await {
                Err(Halt::Failed(StoreError::Conflict(RULE_ORGANIZATION_DATABASE))) => {}
                other => return other,
            }
            let mut renamed = organization.clone();
            renamed
                .rename_database(first.after(taken), self.ports.clock.now())
                .map_err(|error| Halt::Failed(StoreError::Broken(Box::new(error))))?;
            match self.save_together(operation, Some(&renamed), "organization.database-renamed").await {
                Ok(()) => *organization = renamed,
                // The next name is reserved by another organization: ask for the one after it.
                Err(Halt::Store(StoreError::Conflict(RULE_ORGANIZATION_DATABASE))) => {}
                Err(error) => return Err(error),
            }
        }
        Err(Halt::Failed(StoreError::Conflict(RULE_ORGANIZATION_DATABASE)))
    }

    /// Opens the organization and ends the operation, in one transaction.
    async fn activate(
        &self,
        operation: &mut Operation,
        organization: &mut Organization,
        started: DateTime<Utc>,
    ) -> Result<(), Halt> {
        let version = operation.data(SCHEMA_VERSION).and_then(serde_json::Value::as_i64);
        let version = version.and_then(|version| i32::try_from(version).ok()).ok_or_else(|| {
            Halt::Store(StoreError::broken("the operation does not know the schema version"))
        })?;
        for _ in 0..TRIES {
            let now = self.ports.clock.now();
            let mut open = organization.clone();
            open.activate(version, now).map_err(|error| Halt::Store(StoreError::Broken(Box::new(error))))?;
            let mut ended = operation.clone();
            ended.note_done(OperationStep::Activate, None, started, now);
            ended.note_done(OperationStep::Mail, Some(NO_MAIL.to_owned()), now, now);
            ended.succeed(now);
            match self.save_together(&ended, Some(&open), "organization.activated").await {
                Ok(()) => {
                    (*operation, *organization) = (ended, open);
                    return Ok(());
                }
                Err(Halt::Failed(StoreError::Stale)) => self.read_again(organization).await?,
                Err(error) => return Err(error),
            }
        }
        Err(Halt::Store(StoreError::Stale))
    }

    /// Decides what follows from a failed attempt: a later one, the way back, or the operator.
    async fn in_trouble(
        &self,
        step: OperationStep,
        error: &StoreError,
        started: DateTime<Utc>,
        operation: &mut Operation,
        organization: &mut Organization,
        patience: Patience,
    ) -> Result<Flow, Halt> {
        let now = self.ports.clock.now();
        operation.note_failure(step, &told(error), started, now);
        let waits = is_passing(error) && patience == Patience::Patient;
        if waits && now - operation.snapshot().created_at < GIVE_UP_AFTER {
            tracing::warn!(operation.id = %operation.id(), step = %step, %error, "the attempt failed; there will be another");
            operation.pause(now);
            self.ports.store.record(operation).await.map_err(Halt::of_record)?;
            return Ok(Flow::Stops);
        }
        tracing::error!(operation.id = %operation.id(), step = %step, error = %told(error), "the operation cannot go on");
        if waits {
            operation.give_up(now);
            self.fail_organization(operation, organization, GIVEN_UP).await?;
            return Ok(Flow::Stops);
        }
        operation.turn_back(now);
        self.fail_organization(operation, organization, UNDOING).await?;
        Ok(Flow::Goes)
    }

    /// Stores an operation and, if it changed, its organization, in one transaction. [`Halt::Lost`] when the fence is
    /// another one; [`Halt::Failed`] with [`StoreError::Stale`] when somebody changed the organization meanwhile.
    pub(crate) async fn save_together(
        &self,
        operation: &Operation,
        organization: Option<&Organization>,
        action: &'static str,
    ) -> Result<(), Halt> {
        let mut work = self.ports.store.begin().await.map_err(Halt::Store)?;
        work.operations().save(operation).await.map_err(Halt::of_record)?;
        if let Some(organization) = organization {
            match work.organizations().update(organization).await {
                Ok(()) => {}
                Err(error @ StoreError::Stale) => return Err(Halt::Failed(error)),
                Err(error) => return Err(Halt::Store(error)),
            }
            let entry = self.audit(
                action,
                organization,
                OrganizationStatus::Provisioning,
                operation.snapshot().requested_by,
                REQUEST_ID,
            );
            work.audit().record(&entry).await.map_err(Halt::Store)?;
        }
        work.commit().await.map_err(Halt::of_record)
    }

    pub(crate) async fn read_again(&self, organization: &mut Organization) -> Result<(), Halt> {
        let mut reads = self.ports.store.read().await.map_err(Halt::Store)?;
        let found = reads.find(organization.id()).await.map_err(Halt::Store)?;
        *organization = found.ok_or(Halt::Lost)?;
        Ok(())
    }

    /// An operation whose organization has no row has nothing to do.
    async fn end_without_organization(&self, mut operation: Operation) -> Result<Outcome, TenancyError> {
        if !operation.state().is_ended() {
            operation.end_undone(self.ports.clock.now());
            self.ports.store.record(&operation).await?;
        }
        Ok(Outcome { operation, organization: None })
    }

    /// The operation as it is now.
    pub(crate) async fn outcome(&self, id: OperationId) -> Result<Outcome, TenancyError> {
        let mut reads = self.ports.store.read().await?;
        let operation = reads.operation(id).await?.ok_or(TenancyError::OperationNotFound)?;
        let organization = reads.find(operation.organization()).await?;
        Ok(Outcome { operation, organization })
    }
}
