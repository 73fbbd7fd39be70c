//! The refresh tokens.

use super::work::for_update;
use crate::error::store_error;
use crate::sql::Sql;
use crate::stored::touched;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;
use vigie_auth::{RefreshToken, RefreshTokenRepository, RefreshTokenSnapshot, TokenHash};
use vigie_kernel::{SessionId, StoreError};

const SELECT: &str = "SELECT id, session_id, token_hash, generation, issued_at, expires_at, used_at, successor_sealed \
    FROM refresh_tokens";

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    session_id: Uuid,
    token_hash: Vec<u8>,
    generation: i32,
    issued_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    used_at: Option<DateTime<Utc>>,
    successor_sealed: Option<Vec<u8>>,
}

fn token(row: Row) -> Result<RefreshToken, StoreError> {
    let hash: [u8; 32] = row
        .token_hash
        .try_into()
        .map_err(|_| StoreError::broken(format!("refresh token {} has no hash of 32 bytes", row.id)))?;
    Ok(RefreshToken::restore(RefreshTokenSnapshot {
        id: row.id.into(),
        session_id: row.session_id.into(),
        token_hash: TokenHash::from_bytes(hash),
        generation: row.generation,
        issued_at: row.issued_at,
        expires_at: row.expires_at,
        used_at: row.used_at,
        successor_sealed: row.successor_sealed,
    }))
}

pub(super) struct SeaRefreshTokens<'a, C>(pub(super) &'a C);

#[async_trait]
impl<C: ConnectionTrait> RefreshTokenRepository for SeaRefreshTokens<'_, C> {
    async fn find_for_update(&mut self, hash: &TokenHash) -> Result<Option<RefreshToken>, StoreError> {
        let select = format!("{SELECT} WHERE token_hash = $1{}", for_update(self.0));
        let row: Option<Row> =
            Sql::new(self.0, select).bind(hash.as_bytes().to_vec()).one(self.0).await.map_err(store_error)?;
        row.map(token).transpose()
    }

    async fn of_generation(
        &mut self,
        session: SessionId,
        generation: i32,
    ) -> Result<Option<RefreshToken>, StoreError> {
        let row: Option<Row> =
            Sql::new(self.0, format!("{SELECT} WHERE session_id = $1 AND generation = $2"))
                .bind(session.as_uuid())
                .bind(generation)
                .one(self.0)
                .await
                .map_err(store_error)?;
        row.map(token).transpose()
    }

    async fn insert(&mut self, token: &RefreshToken) -> Result<(), StoreError> {
        let t = token.snapshot();
        Sql::new(
            self.0,
            "INSERT INTO refresh_tokens (id, session_id, token_hash, generation, issued_at, expires_at, used_at, \
             successor_sealed) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(t.id.as_uuid())
        .bind(t.session_id.as_uuid())
        .bind(t.token_hash.as_bytes().to_vec())
        .bind(t.generation)
        .bind(t.issued_at)
        .bind(t.expires_at)
        .bind(t.used_at)
        .bind(t.successor_sealed.clone())
        .execute(self.0)
        .await
        .map(|_| ())
        .map_err(store_error)
    }

    async fn update(&mut self, token: &RefreshToken) -> Result<(), StoreError> {
        let t = token.snapshot();
        let rows =
            Sql::new(self.0, "UPDATE refresh_tokens SET used_at = $2, successor_sealed = $3 WHERE id = $1")
                .bind(t.id.as_uuid())
                .bind(t.used_at)
                .bind(t.successor_sealed.clone())
                .execute(self.0)
                .await
                .map_err(store_error)?;
        touched(rows)
    }
}
