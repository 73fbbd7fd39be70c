//! Databases that are not the one that their organization works on: those of an exchange that is under way, and those that are kept.

use super::placement::choose;
use super::rows::{self, ServerRow};
use super::{ServerNode, TenantServers};
use crate::error::store_error;
use crate::sql::Sql;
use async_trait::async_trait;
use sea_orm::FromQueryResult;
use std::sync::Arc;
use uuid::Uuid;
use vigie_kernel::{OrganizationId, ServerId, StoreError};
use vigie_tenancy::Organization;
use vigie_tenancy::backup::{Engine, MoveServer, MoveServers};

#[derive(FromQueryResult)]
struct Place {
    database_name: String,
    server_id: Option<Uuid>,
}

#[derive(FromQueryResult)]
struct Moved {
    new_database: String,
    old_server_id: Option<Uuid>,
    new_server_id: Option<Uuid>,
}

impl TenantServers {
    /// The server of the database that is meant: the organization's own, or one that an exchange has made or left.
    pub(crate) async fn of_database(
        &self,
        organization: &Organization,
    ) -> Result<Arc<ServerNode>, StoreError> {
        let (id, name) = (organization.id(), organization.database_name().as_str());
        let place: Option<Place> =
            Sql::new(&self.control, "SELECT database_name, server_id FROM organizations WHERE id = $1")
                .bind(id.as_uuid())
                .one(&self.control)
                .await
                .map_err(store_error)?;
        let server = match place {
            Some(place) if place.database_name == name => place.server_id,
            Some(place) => self.server_in_moves(id, name).await?.or(place.server_id),
            None => None,
        };
        self.node(server.map(ServerId::from)).await
    }

    /// No two exchanges of an organization give different databases the same name.
    async fn server_in_moves(
        &self,
        organization: OrganizationId,
        name: &str,
    ) -> Result<Option<Uuid>, StoreError> {
        let moved: Option<Moved> = Sql::new(
            &self.control,
            "SELECT new_database, old_server_id, new_server_id FROM database_moves WHERE organization_id = $1 \
             AND (new_database = $2 OR old_database = $2) AND old_server_id IS NOT NULL \
             ORDER BY created_at DESC, id DESC LIMIT 1",
        )
        .bind(organization.as_uuid())
        .bind(name)
        .one(&self.control)
        .await
        .map_err(store_error)?;
        Ok(moved.and_then(
            |moved| {
                if moved.new_database == name { moved.new_server_id } else { moved.old_server_id }
            },
        ))
    }
}

#[async_trait]
impl MoveServers for TenantServers {
    async fn present(&self, organization: OrganizationId) -> Result<MoveServer, StoreError> {
        #[derive(FromQueryResult)]
        struct On {
            server_id: Option<Uuid>,
        }
        let on: Option<On> = Sql::new(&self.control, "SELECT server_id FROM organizations WHERE id = $1")
            .bind(organization.as_uuid())
            .one(&self.control)
            .await
            .map_err(store_error)?;
        let id = on.and_then(|on| on.server_id).ok_or_else(unplaced)?;
        let row = rows::by_id(&self.control, id.into()).await?.ok_or_else(unplaced)?;
        card(&row)
    }

    async fn find(&self, wanted: &str) -> Result<Option<MoveServer>, StoreError> {
        if let Some(row) = rows::by_name(&self.control, wanted).await? {
            return card(&row).map(Some);
        }
        let mut servers = rows::all(&self.control).await?;
        servers.retain(|row| row.engine == wanted);
        choose(&servers).map(card).transpose()
    }
}

fn unplaced() -> StoreError {
    StoreError::broken("the organization is on no server")
}

fn card(row: &ServerRow) -> Result<MoveServer, StoreError> {
    let engine = [Engine::Sqlite, Engine::Postgres].into_iter().find(|engine| engine.name() == row.engine);
    Ok(MoveServer {
        id: row.id.into(),
        name: row.name.clone(),
        engine: engine
            .ok_or_else(|| StoreError::broken("a database server has an engine that is unknown"))?,
        accepts: row.accepts(),
    })
}
