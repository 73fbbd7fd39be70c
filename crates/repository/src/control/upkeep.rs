//! Forgetting what nobody needs any more: short statements, each on its own, along an index.

use super::ControlStore;
use crate::error::store_error;
use crate::server::is_postgres;
use crate::sql::{Sql, push_in};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;
use vigie_auth::{ForgottenSessions, IdentityUpkeep};
use vigie_kernel::StoreError;

#[derive(FromQueryResult)]
struct Dead {
    id: Uuid,
}

#[async_trait]
impl IdentityUpkeep for ControlStore {
    async fn forget_sessions(
        &self,
        ended_before: DateTime<Utc>,
        limit: u32,
    ) -> Result<ForgottenSessions, StoreError> {
        let control = self.connection();
        let dead: Vec<Dead> = Sql::new(
            control,
            "SELECT id FROM (SELECT id FROM sessions WHERE revoked_at < $1 ORDER BY revoked_at LIMIT $2) AS ended \
             UNION \
             SELECT id FROM (SELECT id FROM sessions WHERE expires_at < $1 ORDER BY expires_at LIMIT $2) AS expired",
        )
        .bind(ended_before)
        .bind(i64::from(limit))
        .all(control)
        .await
        .map_err(store_error)?;
        if dead.is_empty() {
            return Ok(ForgottenSessions::default());
        }
        let ids = || dead.iter().map(|session| session.id);

        let mut tokens =
            Sql::new(control, "DELETE FROM refresh_tokens WHERE id IN (SELECT id FROM refresh_tokens WHERE ");
        push_in(&mut tokens, "session_id", ids());
        tokens.push(" LIMIT ").push_value(i64::from(limit)).push(skip_locked(control)).push(")");
        let refresh_tokens = tokens.execute(control).await.map_err(store_error)?;

        // Deleting a session deletes its tokens, which may be thousands: it waits until the statement above has taken them.
        let mut sessions =
            Sql::new(control, "DELETE FROM sessions WHERE id IN (SELECT id FROM sessions WHERE ");
        push_in(&mut sessions, "id", ids());
        sessions
            .push(skip_locked(control))
            .push(") AND NOT EXISTS (SELECT 1 FROM refresh_tokens t WHERE t.session_id = sessions.id)");
        let sessions = sessions.execute(control).await.map_err(store_error)?;
        Ok(ForgottenSessions { sessions, refresh_tokens })
    }

    async fn forget_tokens(&self, before: DateTime<Utc>, limit: u32) -> Result<u64, StoreError> {
        let control = self.connection();
        let mut gone = 0;
        for (table, column, which) in [
            ("one_time_tokens", "expires_at", ""),
            ("pending_sign_ups", "created_at", ""),
            ("invitations", "expires_at", " AND status <> 'pending'"),
        ] {
            let delete = format!(
                "DELETE FROM {table} WHERE id IN (SELECT id FROM {table} WHERE {column} < $1{which} ORDER BY {column} \
                 LIMIT $2{})",
                skip_locked(control)
            );
            let rows = Sql::new(control, delete).bind(before).bind(i64::from(limit)).execute(control).await;
            gone += rows.map_err(store_error)?;
        }
        Ok(gone)
    }

    async fn forget_login_attempts(
        &self,
        failed_before: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, StoreError> {
        let control = self.connection();
        // Asked twice: somebody may fail again between the two.
        let delete = format!(
            "DELETE FROM login_attempts WHERE last_failed_at < $1 AND pseudonym IN \
             (SELECT pseudonym FROM login_attempts WHERE last_failed_at < $1 ORDER BY last_failed_at LIMIT $2{})",
            skip_locked(control)
        );
        Sql::new(control, delete)
            .bind(failed_before)
            .bind(i64::from(limit))
            .execute(control)
            .await
            .map_err(store_error)
    }
}

/// Leaves rows to another process that is at them: two that delete in another order would wait for each other.
fn skip_locked<C: ConnectionTrait>(connection: &C) -> &'static str {
    if is_postgres(connection) { " FOR UPDATE SKIP LOCKED" } else { "" }
}
