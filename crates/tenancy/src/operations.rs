//! What the operator does with operations.

use crate::{Operation, OperationState, Outcome, Patience, Tenancy, TenancyError};
use serde_json::json;
use vigie_kernel::{AuditEntry, OperationId, OperatorContext};

impl Tenancy {
    /// Tries an operation again now, in the direction that it has.
    pub(crate) async fn do_retry(
        &self,
        operator: &OperatorContext,
        id: OperationId,
    ) -> Result<Outcome, TenancyError> {
        let mut operation = self.take(id).await?;
        self.reopen(operator, &mut operation, "operation.retried").await?;
        self.run_held(operation, None, Patience::Patient).await
    }

    /// Turns an operation back, and undoes what it has done.
    pub(crate) async fn do_undo(
        &self,
        operator: &OperatorContext,
        id: OperationId,
    ) -> Result<Outcome, TenancyError> {
        let mut operation = self.take(id).await?;
        self.reopen(operator, &mut operation, "operation.undone").await?;
        if operation.state() == OperationState::Running {
            let found = self.ports.store.read().await?.find(operation.organization()).await?;
            if let Some(mut organization) = found {
                self.turn_back(&mut operation, &mut organization).await?;
            }
        }
        self.run_held(operation, None, Patience::Patient).await
    }

    /// Takes an operation that has not ended and that nobody works on.
    async fn take(&self, id: OperationId) -> Result<Operation, TenancyError> {
        let now = self.ports.clock.now();
        if let Some(operation) = self.ports.store.take_operation(id, self.holder, now, true).await? {
            return Ok(operation);
        }
        let known = self.ports.store.read().await?.operation(id).await?;
        let known = known.ok_or(TenancyError::OperationNotFound)?;
        if known.state().is_ended() {
            Err(TenancyError::OperationEnded(known.state()))
        } else {
            Err(TenancyError::OperationHeld)
        }
    }

    /// Takes one up that was given up, its organization with it, and notes who wanted it.
    async fn reopen(
        &self,
        operator: &OperatorContext,
        operation: &mut Operation,
        action: &'static str,
    ) -> Result<(), TenancyError> {
        let now = self.ports.clock.now();
        let was_given_up = operation.state() == OperationState::Failed;
        operation.reopen(now);
        let entry = AuditEntry {
            id: self.ports.ids.next(),
            at: now,
            actor: operator.actor(),
            action,
            subject_kind: "operation",
            subject_id: operation.id().as_uuid(),
            request_id: operator.request_id().to_owned(),
            details: json!({ "slug": operation.snapshot().slug, "kind": operation.snapshot().kind.name() }),
        };
        let mut work = self.ports.store.begin().await?;
        work.operations().save(operation).await?;
        if was_given_up && operation.state() == OperationState::Running {
            let found = work.organizations().find(operation.organization()).await?;
            if let Some(mut organization) = found {
                organization.retry(now)?;
                work.organizations().update(&organization).await?;
            }
        }
        work.audit().record(&entry).await?;
        Ok(work.commit().await?)
    }
}
