//! Requests with an `Idempotency-Key`: the answer is kept in the transaction of the effect (`docs/adr/0010`).

mod answers;
mod scope;
mod under_way;

pub(super) use scope::{Lent, ongoing};

use super::TenantStore;
use async_trait::async_trait;
use scope::Scope;
use std::sync::Arc;
use under_way::UnderWay;
use vigie_kernel::{Clock, Effect, KeyedRequest, Repeat, RequestRepeats, StoreError, TenantContext};

/// Does requests once, on the databases of the organizations.
pub struct TenantRepeats {
    store: TenantStore,
    clock: Arc<dyn Clock>,
    under_way: UnderWay,
}

impl TenantRepeats {
    /// Requests whose effects go through this store.
    #[must_use]
    pub fn new(store: TenantStore, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, under_way: UnderWay::default() }
    }
}

#[async_trait]
impl RequestRepeats for TenantRepeats {
    async fn once(
        &self,
        tenant: &TenantContext,
        request: &KeyedRequest,
        effect: Effect<'_>,
    ) -> Result<Repeat, StoreError> {
        // Held to the end, so that who has the turn after a commit reads the answer.
        let Some(_turn) = self.under_way.enter(tenant, &request.key) else {
            return Ok(Repeat::InProgress);
        };
        let now = self.clock.now();
        let reads = self.store.reads(tenant).await?;
        let known = answers::find(&reads.pool, tenant.actor(), request, now).await?;
        drop(reads);
        if let Some(known) = known {
            return Ok(known);
        }
        let scope = Arc::new(Scope::new(self.store.clone(), tenant, request.clone(), now));
        let answer = Arc::clone(&scope).run(effect).await;
        scope.finish(answer).await
    }
}
