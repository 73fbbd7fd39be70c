//! Failed logins in a row.

use crate::error::store_error;
use crate::sql::Sql;
use crate::stored::narrow;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult};
use vigie_auth::{LoginAttemptRepository, LoginAttempts};
use vigie_kernel::StoreError;

#[derive(FromQueryResult)]
struct Row {
    failures: i32,
    last_failed_at: DateTime<Utc>,
}

/// The failed logins counted under that key.
pub(super) async fn counted<C: ConnectionTrait>(
    connection: &C,
    key: &str,
) -> Result<Option<LoginAttempts>, StoreError> {
    let row: Option<Row> =
        Sql::new(connection, "SELECT failures, last_failed_at FROM login_attempts WHERE pseudonym = $1")
            .bind(key)
            .one(connection)
            .await
            .map_err(store_error)?;
    row.map(|row| {
        let failures = narrow("login_attempts.failures", row.failures)?;
        Ok(LoginAttempts { failures, last_failed_at: row.last_failed_at })
    })
    .transpose()
}

pub(super) struct SeaLoginAttempts<'a, C>(pub(super) &'a C);

#[async_trait]
impl<C: ConnectionTrait> LoginAttemptRepository for SeaLoginAttempts<'_, C> {
    async fn count_failure(&mut self, key: &str, at: DateTime<Utc>) -> Result<(), StoreError> {
        Sql::new(
            self.0,
            "INSERT INTO login_attempts (pseudonym, failures, last_failed_at) VALUES ($1, 1, $2) \
             ON CONFLICT (pseudonym) DO UPDATE SET failures = login_attempts.failures + 1, \
             last_failed_at = excluded.last_failed_at",
        )
        .bind(key)
        .bind(at)
        .execute(self.0)
        .await
        .map(|_| ())
        .map_err(store_error)
    }

    async fn clear(&mut self, key: &str) -> Result<(), StoreError> {
        Sql::new(self.0, "DELETE FROM login_attempts WHERE pseudonym = $1")
            .bind(key)
            .execute(self.0)
            .await
            .map(|_| ())
            .map_err(store_error)
    }
}
