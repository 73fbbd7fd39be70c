//! The task that looks after a registry: closes what is idle, notices what other processes have changed, shows figures.

use super::entries::Opened;
use super::{Shared, is_open};
use crate::error::store_error;
use crate::pool::{evicted, show_figures};
use crate::servers::ServerNode;
use crate::sql::{Sql, push_in};
use sea_orm::FromQueryResult;
use std::collections::HashMap;
use std::sync::{Arc, Weak};
use std::time::Duration;
use tokio::time::MissedTickBehavior;
use uuid::Uuid;
use vigie_kernel::{OrganizationId, ServerId, StoreError};

/// How often it looks.
const EVERY: Duration = Duration::from_secs(2);
/// Organizations asked for in one statement.
const CHUNK: usize = 500;

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    database_name: String,
    status: String,
    server_id: Option<Uuid>,
}

/// Starts the task; it ends with the registry.
pub(super) fn start(shared: &Arc<Shared>) {
    let (weak, runtime) = (Arc::downgrade(shared), shared.runtime.clone());
    runtime.spawn(async move {
        let mut tick = tokio::time::interval(EVERY);
        tick.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tick.tick().await;
            let Some(shared) = Weak::upgrade(&weak) else { return };
            look_after(&shared).await;
        }
    });
}

async fn look_after(shared: &Shared) {
    shared.servers.tidy();
    let in_use = |id: OrganizationId, opened: &Opened| opened.node.pool.is_used(id);
    for (id, opened) in shared.entries.idle(shared.limits.idle, in_use) {
        opened.node.pool.retire(id, "idle");
        evicted("organization_idle");
    }
    // Without the control database what is open goes on as it is.
    if let Err(error) = notice_changes(shared).await {
        tracing::debug!(%error, "changes of organizations and servers could not be looked for");
    }
    show_figures(shared.entries.len(), &shared.servers.usage());
}

/// Forgets the organizations that are elsewhere by now: another process may have restored one, or moved it.
async fn notice_changes(shared: &Shared) -> Result<(), StoreError> {
    shared.servers.refresh().await?;
    let open = shared.entries.open();
    for chunk in open.chunks(CHUNK) {
        let mut sql = Sql::new(
            &shared.control,
            "SELECT id, database_name, status, server_id FROM organizations WHERE ",
        );
        push_in(&mut sql, "id", chunk.iter().map(|(id, _)| id.as_uuid()));
        let rows: Vec<Row> = sql.all(&shared.control).await.map_err(store_error)?;
        let rows: HashMap<Uuid, Row> = rows.into_iter().map(|row| (row.id, row)).collect();
        for (id, opened) in chunk {
            let row = rows.get(&id.as_uuid());
            if !stays(shared, opened, row).await
                && let Some(gone) = shared.entries.forget(*id)
            {
                gone.node.pool.retire(*id, "moved");
            }
        }
    }
    Ok(())
}

/// Whether the organization is still where it was opened.
async fn stays(shared: &Shared, opened: &Opened, row: Option<&Row>) -> bool {
    let Some(row) = row else { return false };
    let node: Option<Arc<ServerNode>> = shared.servers.node(row.server_id.map(ServerId::from)).await.ok();
    is_open(&row.status)
        && row.database_name == opened.database
        && node.is_some_and(|node| Arc::ptr_eq(&node, &opened.node))
}
