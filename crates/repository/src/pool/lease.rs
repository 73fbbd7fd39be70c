//! The right to use one connection, given back when dropped.

use super::ServerPool;
use super::connection::Connection;
use sea_orm::DatabaseConnection;
use vigie_kernel::OrganizationId;

/// A place among a server's connections, with the connection once there is one.
pub(super) struct Permit {
    pool: ServerPool,
    key: OrganizationId,
    pub(super) connection: Option<Connection>,
    broken: Option<Connection>,
}

impl Permit {
    pub(super) const fn new(pool: ServerPool, key: OrganizationId, connection: Option<Connection>) -> Self {
        Self { pool, key, connection, broken: None }
    }

    /// Has a connection closed, not kept.
    pub(super) fn discard(&mut self, connection: Connection) {
        self.broken = Some(connection);
    }
}

impl Drop for Permit {
    fn drop(&mut self) {
        self.pool.take_back(self.key, self.connection.take(), self.broken.take());
    }
}

/// One connection to an organization's database, for as long as this lives. Declared after what uses it, it is dropped after that.
pub(crate) struct Lease {
    permit: Permit,
    handle: DatabaseConnection,
}

impl Lease {
    pub(super) fn new(permit: Permit) -> Self {
        let handle = permit.connection.as_ref().map_or_else(DatabaseConnection::default, Connection::handle);
        Self { permit, handle }
    }

    /// The connection. One statement or transaction at a time: a second one waits for the first.
    pub(crate) const fn connection(&self) -> &DatabaseConnection {
        &self.handle
    }

    /// Gives the connection back to be closed, not to serve again.
    pub(crate) fn discard(mut self) {
        if let Some(connection) = self.permit.connection.take() {
            self.permit.discard(connection);
        }
    }
}
