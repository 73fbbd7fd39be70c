//! The configured server as a row, and what organizations are counted on which server.

use super::address::CONFIGURED;
use super::{DEFAULT_SERVER, TenantServers};
use crate::control::for_update;
use crate::error::store_error;
use crate::sql::Sql;
use crate::{servers::rows, transaction};
use vigie_kernel::StoreError;

impl TenantServers {
    /// Makes the configured server the row `default`, at the first start with organizations of before on it, and counts the databases of
    /// every server anew. For start-up. Its address stays in the configuration.
    pub async fn adopt(&self) -> Result<(), StoreError> {
        let now = self.clock.now();
        let engine = self.default.server.engine();
        let txn = transaction::begin(&self.control).await?;
        let made = Sql::new(
            &txn,
            "INSERT INTO db_servers (id, name, engine, address_kind, weight, state, databases, version, created_at, \
             updated_at) VALUES ($1, $2, $3, $4, 100, 'accept', 0, 1, $5, $5) ON CONFLICT (name) DO NOTHING",
        )
        .bind(self.ids.next_uuid())
        .bind(DEFAULT_SERVER)
        .bind(engine)
        .bind(CONFIGURED)
        .bind(now)
        .execute(&txn)
        .await
        .map_err(store_error)?;
        if made > 0 {
            Sql::new(
                &txn,
                "UPDATE organizations SET server_id = (SELECT id FROM db_servers WHERE name = $1) \
                 WHERE server_id IS NULL AND status <> 'deleted'",
            )
            .bind(DEFAULT_SERVER)
            .execute(&txn)
            .await
            .map_err(store_error)?;
        }
        // Locked first: a placement that is under way is waited for, and the count sees it.
        let servers = rows::all_locked(&txn, for_update(&txn)).await?;
        Sql::new(&txn, "UPDATE db_servers SET engine = $2, updated_at = $3 WHERE name = $1 AND engine <> $2")
            .bind(DEFAULT_SERVER)
            .bind(engine)
            .bind(now)
            .execute(&txn)
            .await
            .map_err(store_error)?;
        for server in &servers {
            Sql::new(
                &txn,
                "UPDATE db_servers SET databases = \
                 (SELECT COUNT(*) FROM organizations WHERE server_id = $1 AND status <> 'deleted') WHERE id = $1",
            )
            .bind(server.id)
            .execute(&txn)
            .await
            .map_err(store_error)?;
        }
        txn.commit().await.map_err(store_error)?;
        self.refresh().await
    }
}
