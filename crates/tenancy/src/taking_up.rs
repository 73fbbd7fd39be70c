//! Taking up operations whose holder is gone, and organizations that nobody is about.

use crate::saga::REQUEST_ID;
use crate::{
    NewOperation, Operation, OperationKind, OperationState, OperationStep, Organization, OrganizationStatus,
    Patience, RULE_OPERATION_OPEN, ResumeReport, Tenancy, TenancyError,
};
use chrono::TimeDelta;
use serde_json::json;
use vigie_kernel::StoreError;

/// An organization that nobody works on is looked at after it has not moved for so long.
const UNATTENDED_AFTER: TimeDelta = TimeDelta::minutes(1);
/// Operations taken up in one turn.
const TURN: u16 = 100;

impl Tenancy {
    /// Takes up what waits, and what nobody is about.
    pub(crate) async fn run_unfinished(&self) -> Result<ResumeReport, TenancyError> {
        let now = self.ports.clock.now();
        let mut reads = self.ports.store.read().await?;
        let due = reads.due_operations(now, TURN).await?;
        let unattended = reads.unattended(now - UNATTENDED_AFTER).await?;
        drop(reads);
        let mut report = ResumeReport::default();
        for id in due {
            let taken =
                self.ports.store.take_operation(id, self.holder, self.ports.clock.now(), false).await?;
            if let Some(operation) = taken {
                self.run_for(&mut report, operation).await;
            }
        }
        for organization in unattended {
            if let Some(operation) = self.adopt(&organization).await? {
                self.run_for(&mut report, operation).await;
            }
        }
        Ok(report)
    }

    async fn run_for(&self, report: &mut ResumeReport, operation: Operation) {
        let id = operation.id();
        match self.run_held(operation, None, Patience::Patient).await {
            Ok(outcome) => match outcome.operation.state() {
                OperationState::Succeeded => report.finished += 1,
                OperationState::Undone => report.discarded += 1,
                OperationState::Running | OperationState::Undoing | OperationState::Failed => {
                    report.left += 1;
                }
            },
            Err(error) => {
                tracing::error!(operation.id = %id, %error, "an operation could not be taken up");
                report.left += 1;
            }
        }
    }

    /// An operation for an organization that has none: one of an earlier version, or one whose row was restored. `None` when
    /// another process came first.
    pub(crate) async fn adopt(&self, organization: &Organization) -> Result<Option<Operation>, TenancyError> {
        let now = self.ports.clock.now();
        let new = NewOperation {
            id: self.ports.ids.next(),
            kind: OperationKind::Provision,
            organization: organization.id(),
            slug: organization.snapshot().slug.clone(),
            data: json!({ "origin": "adopted" }),
            key: None,
            requested_by: None,
            request_id: REQUEST_ID.to_owned(),
        };
        let mut operation = Operation::begin(new, self.holder, now);
        operation.note_done(OperationStep::Reserve, None, now, now);
        if organization.status() == OrganizationStatus::Failed {
            operation.turn_back(now);
        }
        let mut work = self.ports.store.begin().await?;
        match work.operations().insert(&operation).await {
            Ok(()) => {}
            Err(StoreError::Conflict(RULE_OPERATION_OPEN)) => return Ok(None),
            Err(error) => return Err(error.into()),
        }
        work.commit().await?;
        Ok(Some(operation))
    }
}
