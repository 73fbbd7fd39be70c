//! What operators do with servers.

use super::address::{CONFIGURED, ServerAddress, StoredAddress};
use super::model::{NewServer, ServerChange, ServerError, ServerRecord, ServerState};
use super::rows::{self, RULE_NAME, ServerRow, UNIQUE};
use super::{DEFAULT_SERVER, TenantServers};
use crate::error::with_unique;
use crate::server::TenantServer;
use crate::sql::Sql;
use crate::stored::{named, touched};
use crate::tenant::SeaAudit;
use crate::transaction;
use sea_orm::DatabaseTransaction;
use serde_json::json;
use vigie_auth::SecretText;
use vigie_kernel::{AuditEntry, AuditLog, OperatorContext, ServerId, StoreError};

/// Longest name of a server.
const NAME_MAX: usize = 40;
/// Largest weight.
const WEIGHT_MAX: u32 = 1000;
/// Fewest connections that are of use: every organization may have three of them.
pub const FEWEST_CONNECTIONS: u32 = 8;
const CONNECTIONS_MAX: u32 = 10_000;
const DATABASES_MAX: u32 = 1_000_000;

impl From<StoreError> for ServerError {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict(RULE_NAME) => Self::NameTaken,
            StoreError::Stale => Self::ChangedMeanwhile,
            other @ (StoreError::Conflict(_)
            | StoreError::TenantUnavailable(_)
            | StoreError::Unavailable(_)
            | StoreError::Broken(_)) => Self::Store(other),
        }
    }
}

impl TenantServers {
    /// Every server, by name.
    pub async fn list(&self) -> Result<Vec<ServerRecord>, ServerError> {
        rows::all(&self.control).await?.iter().map(|row| self.record(row)).collect()
    }

    /// Adds a server. With `check` it must answer, and let databases be created.
    pub async fn add(
        &self,
        operator: &OperatorContext,
        new: NewServer,
        check: bool,
    ) -> Result<ServerRecord, ServerError> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if new.name.is_empty() || new.name.len() > NAME_MAX || !new.name.bytes().all(fits) {
            let wanted = format!("1 to {NAME_MAX} lower-case letters, digits and hyphens");
            return Err(ServerError::Invalid { field: "name", wanted });
        }
        bounds("weight", Some(new.weight), 1, WEIGHT_MAX)?;
        bounds("max_databases", new.max_databases, 1, DATABASES_MAX)?;
        bounds("connection_budget", new.connection_budget, FEWEST_CONNECTIONS, CONNECTIONS_MAX)?;
        if matches!(new.address, ServerAddress::Configured) || new.name == DEFAULT_SERVER {
            return Err(ServerError::Configured);
        }
        let id: ServerId = self.ids.next();
        let stored = new.address.stored(id, self.secrets.as_ref())?;
        let server = self.usable(id, &stored, check, None).await?;
        let now = self.clock.now();
        let txn = transaction::begin(&self.control).await?;
        Sql::new(
            &txn,
            "INSERT INTO db_servers (id, name, engine, address_kind, address, weight, max_databases, \
             connection_budget, state, databases, version, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, 1, $10, $10)",
        )
        .bind(id.as_uuid())
        .bind(new.name.as_str())
        .bind(server.engine())
        .bind(stored.kind)
        .bind(stored.text)
        .bind(narrow(new.weight))
        .bind(new.max_databases.map(narrow))
        .bind(new.connection_budget.map(narrow))
        .bind(new.state.name())
        .bind(now)
        .execute(&txn)
        .await
        .map_err(|error| with_unique(UNIQUE, error))?;
        self.record_deed(&txn, operator, id, "server.added", &new.name, &["name"]).await?;
        self.end(txn, &new.name).await
    }

    /// Changes a server. With `check` a new address must answer, and let databases be created.
    pub async fn set(
        &self,
        operator: &OperatorContext,
        name: &str,
        change: ServerChange,
        check: bool,
    ) -> Result<ServerRecord, ServerError> {
        let row = rows::by_name(&self.control, name).await?.ok_or(ServerError::NotFound)?;
        bounds("weight", change.weight, 1, WEIGHT_MAX)?;
        bounds("max_databases", change.max_databases.flatten(), 1, DATABASES_MAX)?;
        let budget = change.connection_budget.flatten();
        bounds("connection_budget", budget, FEWEST_CONNECTIONS, CONNECTIONS_MAX)?;
        let mut engine = row.engine.clone();
        let mut stored: Option<StoredAddress> = None;
        if let Some(address) = &change.address {
            if row.address_kind == CONFIGURED || matches!(address, ServerAddress::Configured) {
                return Err(ServerError::Configured);
            }
            let new = address.stored(row.id.into(), self.secrets.as_ref())?;
            let server = self.usable(row.id.into(), &new, check, Some(name)).await?;
            if row.databases > 0 && server.engine() != engine {
                return Err(ServerError::OtherEngine(engine));
            }
            server.engine().clone_into(&mut engine);
            stored = Some(new);
        }
        let address_kind =
            stored.as_ref().map_or_else(|| row.address_kind.clone(), |new| new.kind.to_owned());
        let address = stored.as_ref().map_or_else(|| row.address.clone(), |new| new.text.clone());
        let txn = transaction::begin(&self.control).await?;
        let rows = Sql::new(
            &txn,
            "UPDATE db_servers SET engine = $3, address_kind = $4, address = $5, weight = $6, max_databases = $7, \
             connection_budget = $8, state = $9, version = version + 1, updated_at = $10 \
             WHERE id = $1 AND version = $2",
        )
        .bind(row.id)
        .bind(row.version)
        .bind(engine)
        .bind(address_kind)
        .bind(address)
        .bind(change.weight.map_or(row.weight, narrow))
        .bind(change.max_databases.map_or(row.max_databases, |new| new.map(narrow)))
        .bind(change.connection_budget.map_or(row.connection_budget, |new| new.map(narrow)))
        .bind(change.state.map_or_else(|| row.state.clone(), |state| state.name().to_owned()))
        .bind(self.clock.now())
        .execute(&txn)
        .await
        .map_err(crate::error::store_error)?;
        touched(rows)?;
        self.record_deed(&txn, operator, row.id.into(), "server.changed", name, &change.fields()).await?;
        self.end(txn, name).await
    }

    async fn end(&self, txn: DatabaseTransaction, name: &str) -> Result<ServerRecord, ServerError> {
        txn.commit().await.map_err(crate::error::store_error)?;
        self.refresh().await?;
        let row = rows::by_name(&self.control, name).await?.ok_or(ServerError::NotFound)?;
        self.record(&row)
    }

    /// The server of an address that is about to be stored.
    async fn usable(
        &self,
        id: ServerId,
        stored: &StoredAddress,
        check: bool,
        own: Option<&str>,
    ) -> Result<TenantServer, ServerError> {
        let resolved =
            super::address::resolve(id, stored.kind, stored.text.as_deref(), self.secrets.as_ref())?;
        let address = resolved.unwrap_or_else(|| SecretText::new(""));
        let server = TenantServer::at(address.expose())?;
        let same = |other: &ServerRecord| {
            own != Some(other.name.as_str()) && other.location.as_deref() == Some(&server.location())
        };
        if let Some(other) = self.list().await?.into_iter().find(same) {
            return Err(ServerError::SameServer(other.name));
        }
        if check {
            server.check().await?;
        }
        Ok(server)
    }

    fn record(&self, row: &ServerRow) -> Result<ServerRecord, ServerError> {
        let location = match row.address(self.secrets.as_ref()) {
            Ok(None) => Some(self.default.server.location()),
            Ok(Some(address)) => TenantServer::at(address.expose()).ok().map(|server| server.location()),
            Err(_) => None,
        };
        let text = row.address.as_deref().unwrap_or_default();
        Ok(ServerRecord {
            id: row.id.into(),
            name: row.name.clone(),
            engine: row.engine.clone(),
            address: match row.address_kind.as_str() {
                CONFIGURED => "configuration".to_owned(),
                kind @ (super::address::VARIABLE | super::address::FILE) => format!("{kind}:{text}"),
                kind => kind.to_owned(),
            },
            location,
            weight: row.weight,
            max_databases: row.max_databases,
            connection_budget: row.connection_budget,
            state: named("db_servers.state", &row.state, ServerState::from_name)?,
            databases: row.databases,
        })
    }

    async fn record_deed(
        &self,
        txn: &DatabaseTransaction,
        operator: &OperatorContext,
        id: ServerId,
        action: &'static str,
        name: &str,
        fields: &[&'static str],
    ) -> Result<(), StoreError> {
        let entry = AuditEntry {
            id: self.ids.next(),
            at: self.clock.now(),
            actor: operator.actor(),
            action,
            subject_kind: "db_server",
            subject_id: id.as_uuid(),
            request_id: operator.request_id().to_owned(),
            details: json!({ "name": name, "fields": fields }),
        };
        SeaAudit(txn, crate::control::AUDIT).record(&entry).await
    }
}

impl ServerChange {
    /// The names of what changes.
    fn fields(&self) -> Vec<&'static str> {
        [
            ("address", self.address.is_some()),
            ("weight", self.weight.is_some()),
            ("max_databases", self.max_databases.is_some()),
            ("connection_budget", self.connection_budget.is_some()),
            ("state", self.state.is_some()),
        ]
        .into_iter()
        .filter_map(|(name, changes)| changes.then_some(name))
        .collect()
    }
}

fn bounds(field: &'static str, value: Option<u32>, least: u32, most: u32) -> Result<(), ServerError> {
    if value.is_none_or(|value| (least..=most).contains(&value)) {
        return Ok(());
    }
    Err(ServerError::Invalid { field, wanted: format!("from {least} to {most}") })
}

/// Values are bounded well below.
fn narrow(value: u32) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
