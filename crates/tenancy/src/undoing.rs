//! The way back of an operation: what was made is removed, the rows last.

use crate::saga::{Flow, Halt, REQUEST_ID, TRIES, is_passing, told};
use crate::{Operation, OperationStep, Organization, Tenancy, TenancyError};
use chrono::{DateTime, Utc};
use vigie_kernel::{OperationId, StoreError};

/// Attempts at undoing what cannot be undone before it is left to the operator.
const UNDO_ATTEMPTS: i32 = 5;
/// Why an organization that is being undone has failed.
pub(crate) const UNDOING: &str = "its creation is being undone";

impl Tenancy {
    /// Stores that the organization has failed, together with its operation.
    pub(crate) async fn turn_back(
        &self,
        operation: &mut Operation,
        organization: &mut Organization,
    ) -> Result<(), TenancyError> {
        operation.turn_back(self.ports.clock.now());
        match self.fail_organization(operation, organization, UNDOING).await {
            Ok(()) => Ok(()),
            Err(Halt::Lost) => Err(TenancyError::OperationHeld),
            Err(Halt::Failed(error) | Halt::Store(error)) => Err(error.into()),
        }
    }

    pub(crate) async fn fail_organization(
        &self,
        operation: &Operation,
        organization: &mut Organization,
        reason: &str,
    ) -> Result<(), Halt> {
        for _ in 0..TRIES {
            let mut failed = organization.clone();
            failed
                .fail(reason, self.ports.clock.now())
                .map_err(|error| Halt::Store(StoreError::Broken(Box::new(error))))?;
            let changed = (failed != *organization).then_some(&failed);
            match self.save_together(operation, changed, "organization.failed").await {
                Ok(()) => {
                    *organization = failed;
                    return Ok(());
                }
                Err(Halt::Failed(StoreError::Stale)) => self.read_again(organization).await?,
                Err(error) => return Err(error),
            }
        }
        Err(Halt::Store(StoreError::Stale))
    }

    pub(crate) async fn go_back(
        &self,
        operation: &mut Operation,
        organization: &mut Organization,
    ) -> Result<Flow, Halt> {
        let Some(step) = operation.next_undo() else { return Ok(Flow::Stops) };
        let started = self.ports.clock.now();
        if step == OperationStep::Reserve {
            return self.remove_rows(operation, organization, started).await.map(|()| Flow::Goes);
        }
        match self.undo(step, operation, organization).await {
            Ok(()) => {
                operation.note_undone(step, started, self.ports.clock.now());
                self.ports.store.record(operation).await.map_err(Halt::of_record)?;
                Ok(Flow::Goes)
            }
            Err(Halt::Failed(error)) => {
                let now = self.ports.clock.now();
                operation.note_failure(step, &told(&error), started, now);
                let goes_on = is_passing(&error) || operation.snapshot().attempt < UNDO_ATTEMPTS;
                tracing::error!(operation.id = %operation.id(), step = %step, error = %told(&error), "the step cannot be undone now");
                if goes_on {
                    operation.pause(now);
                } else {
                    operation.give_up(now);
                }
                self.ports.store.record(operation).await.map_err(Halt::of_record)?;
                Ok(Flow::Stops)
            }
            Err(halt @ (Halt::Lost | Halt::Store(_))) => Err(halt),
        }
    }

    /// Removes what a step has made; what bears another mark is left alone.
    async fn undo(
        &self,
        step: OperationStep,
        operation: &Operation,
        organization: &Organization,
    ) -> Result<(), Halt> {
        match step {
            OperationStep::Files => self.kept(operation, self.ports.files.remove(organization.id())).await,
            OperationStep::CreateDatabase => {
                self.kept(operation, self.ports.databases.drop_database(organization)).await
            }
            OperationStep::Reserve
            | OperationStep::Place
            | OperationStep::ConfigureDatabase
            | OperationStep::Migrate
            | OperationStep::Seed
            | OperationStep::Owner
            | OperationStep::Probe
            | OperationStep::Activate
            | OperationStep::Mail => Ok(()),
        }
    }

    /// Removes the rows and ends the operation, in one transaction.
    async fn remove_rows(
        &self,
        operation: &mut Operation,
        organization: &mut Organization,
        started: DateTime<Utc>,
    ) -> Result<(), Halt> {
        for _ in 0..TRIES {
            let now = self.ports.clock.now();
            let mut ended = operation.clone();
            ended.note_undone(OperationStep::Reserve, started, now);
            ended.end_undone(now);
            let entry =
                self.audit("organization.discarded", organization, organization.status(), None, REQUEST_ID);
            let mut work = self.ports.store.begin().await.map_err(Halt::Store)?;
            work.operations().save(&ended).await.map_err(Halt::of_record)?;
            let removed = work.organizations().remove(organization).await;
            match removed {
                Ok(()) => {}
                Err(StoreError::Stale) => {
                    drop(work);
                    self.read_again(organization).await?;
                    continue;
                }
                Err(error) => return Err(Halt::Store(error)),
            }
            work.audit().record(&entry).await.map_err(Halt::Store)?;
            work.commit().await.map_err(Halt::of_record)?;
            *operation = ended;
            return Ok(());
        }
        Err(Halt::Store(StoreError::Stale))
    }

    /// A holder who lost the operation may have acted after its undoing was through with that step. What he made bears the
    /// mark of an organization that is gone or going: he removes it.
    pub(crate) async fn leave_nothing_to_a_gone_one(&self, id: OperationId, organization: &Organization) {
        let cleaned = async {
            let known = self.ports.store.read().await?.operation(id).await?;
            if known.is_some_and(|operation| !operation.snapshot().undo_begun) {
                return Ok(());
            }
            self.ports.files.remove(organization.id()).await?;
            self.ports.databases.drop_database(organization).await
        };
        let cleaned: Result<(), StoreError> = cleaned.await;
        if let Err(error) = cleaned {
            tracing::error!(organization.id = %organization.id(), %error, "something of an undone organization may be left: run tenant doctor");
        }
    }
}
