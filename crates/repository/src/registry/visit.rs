//! Looking at an organization's database in passing.

use super::{BACKGROUND_PATIENCE, Patience, Registry};
use crate::pool::Lease;
use sea_orm::DatabaseConnection;
use std::time::Instant;
use vigie_kernel::{OrganizationId, StoreError};

/// A connection for a look in passing.
pub(crate) struct Visit {
    lease: Lease,
    /// Whether the organization was open anyway.
    open: bool,
}

impl Visit {
    /// The connection. One statement or transaction at a time.
    pub(crate) const fn connection(&self) -> &DatabaseConnection {
        self.lease.connection()
    }

    /// Ends the look: a connection that was opened for it is closed.
    pub(crate) fn end(self) {
        if !self.open {
            self.lease.discard();
        }
    }
}

impl Registry {
    /// A connection for a look in passing, which is no use of the organization: one that is not open is not kept open by it and pushes no
    /// other one out, and one that is open is closed as early as without it.
    pub(crate) async fn visit(&self, organization: OrganizationId) -> Result<Visit, StoreError> {
        if let Some(opened) = self.0.entries.peek(organization) {
            opened.node.ready()?;
            let pool = &opened.node.pool;
            let deadline = Instant::now() + BACKGROUND_PATIENCE;
            let lease = pool.lease(organization, &opened.node.server, &opened.database, deadline).await?;
            if !opened.is_forgotten() {
                return Ok(Visit { lease, open: true });
            }
            lease.discard();
        }
        let (_, lease) = self.reach(organization, Patience::Background).await?;
        Ok(Visit { lease, open: false })
    }
}
