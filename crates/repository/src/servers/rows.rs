//! The rows of `db_servers`.

use super::address::{self, ServerSecrets};
use super::model::{ServerError, ServerState};
use crate::error::{UniqueRule, store_error};
use crate::sql::Sql;
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;
use vigie_auth::SecretText;
use vigie_kernel::{Rule, ServerId, StoreError};

/// No two servers have the same name.
pub(super) const RULE_NAME: Rule = Rule("db_server_name");

pub(super) const UNIQUE: &[UniqueRule] =
    &[UniqueRule { constraint: "db_servers_name_key", columns: "db_servers.name", rule: RULE_NAME }];

const SELECT: &str = "SELECT id, name, engine, address_kind, address, weight, max_databases, connection_budget, state, \
    databases, version FROM db_servers";

#[derive(Clone, Debug, FromQueryResult)]
pub(super) struct ServerRow {
    pub(super) id: Uuid,
    pub(super) name: String,
    pub(super) engine: String,
    pub(super) address_kind: String,
    /// The name of a variable, the path of a file, or the sealed address: nothing of it is secret by itself.
    pub(super) address: Option<String>,
    pub(super) weight: i32,
    pub(super) max_databases: Option<i32>,
    pub(super) connection_budget: Option<i32>,
    pub(super) state: String,
    pub(super) databases: i32,
    pub(super) version: i64,
}

impl ServerRow {
    /// The address; `None` where the configuration has it.
    pub(super) fn address(&self, secrets: &dyn ServerSecrets) -> Result<Option<SecretText>, ServerError> {
        address::resolve(self.id.into(), &self.address_kind, self.address.as_deref(), secrets)
    }

    /// Whether a further database may be placed on it.
    pub(super) fn accepts(&self) -> bool {
        self.state == ServerState::Accept.name() && self.max_databases.is_none_or(|max| self.databases < max)
    }
}

/// Every server. There are a handful of them.
pub(super) async fn all<C: ConnectionTrait>(connection: &C) -> Result<Vec<ServerRow>, StoreError> {
    Sql::new(connection, format!("{SELECT} ORDER BY name")).all(connection).await.map_err(store_error)
}

/// Every server, locked until the transaction ends where the engine locks rows: `lock` says how.
pub(super) async fn all_locked<C: ConnectionTrait>(
    connection: &C,
    lock: &str,
) -> Result<Vec<ServerRow>, StoreError> {
    let select = format!("{SELECT} ORDER BY name{lock}");
    Sql::new(connection, select).all(connection).await.map_err(store_error)
}

pub(super) async fn by_name<C: ConnectionTrait>(
    connection: &C,
    name: &str,
) -> Result<Option<ServerRow>, StoreError> {
    Sql::new(connection, format!("{SELECT} WHERE name = $1"))
        .bind(name)
        .one(connection)
        .await
        .map_err(store_error)
}

pub(super) async fn by_id<C: ConnectionTrait>(
    connection: &C,
    id: ServerId,
) -> Result<Option<ServerRow>, StoreError> {
    Sql::new(connection, format!("{SELECT} WHERE id = $1"))
        .bind(id.as_uuid())
        .one(connection)
        .await
        .map_err(store_error)
}
