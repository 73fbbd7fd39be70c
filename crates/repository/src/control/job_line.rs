//! Jobs that are added in the transaction of a change in the control database.

use crate::queue::insert_in;
use async_trait::async_trait;
use sea_orm::ConnectionTrait;
use vigie_auth::JobLine;
use vigie_jobs::OutboxMessage;
use vigie_kernel::{OrganizationId, StoreError};

/// Idle workers look at the queue every second: nobody is called, for the transaction may not be committed.
pub(super) struct SeaJobLine<'a, C>(pub(super) &'a C);

#[async_trait]
impl<C: ConnectionTrait> JobLine for SeaJobLine<'_, C> {
    async fn add(
        &mut self,
        organization: Option<OrganizationId>,
        message: &OutboxMessage,
    ) -> Result<(), StoreError> {
        insert_in(self.0, organization, std::slice::from_ref(message), message.run_at).await.map(|_| ())
    }
}
