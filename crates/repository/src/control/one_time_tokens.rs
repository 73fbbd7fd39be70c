//! The tokens that are good for one use.

use super::rows::{USER, UserRow, joined};
use crate::error::store_error;
use crate::sql::Sql;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;
use vigie_auth::{ConsumedToken, OneTimeToken, OneTimeTokenRepository, TokenHash, TokenPurpose, User};
use vigie_kernel::{OrganizationId, StoreError, UserId};

#[derive(FromQueryResult)]
struct OwnerRow {
    #[sea_orm(nested(prefix = "u_"))]
    user: UserRow,
}

/// The account that a token is good for at that instant.
pub(super) async fn owner<C: ConnectionTrait>(
    connection: &C,
    hash: &TokenHash,
    purpose: TokenPurpose,
    now: DateTime<Utc>,
) -> Result<Option<User>, StoreError> {
    let select = format!(
        "SELECT {} FROM one_time_tokens t JOIN users u ON u.id = t.user_id WHERE t.token_hash = $1 AND t.purpose = $2 \
         AND t.used_at IS NULL AND t.superseded_at IS NULL AND t.expires_at > $3",
        joined("u", USER)
    );
    let row: Option<OwnerRow> = Sql::new(connection, select)
        .bind(hash.as_bytes().to_vec())
        .bind(purpose.name())
        .bind(now)
        .one(connection)
        .await
        .map_err(store_error)?;
    row.map(|row| row.user.user()).transpose()
}

pub(super) struct SeaOneTimeTokens<'a, C>(pub(super) &'a C);

#[async_trait]
impl<C: ConnectionTrait> OneTimeTokenRepository for SeaOneTimeTokens<'_, C> {
    async fn insert(&mut self, token: &OneTimeToken) -> Result<(), StoreError> {
        Sql::new(
            self.0,
            "INSERT INTO one_time_tokens (id, token_hash, purpose, user_id, organization_id, email_key, \
             created_at, expires_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(token.id.as_uuid())
        .bind(token.hash.as_bytes().to_vec())
        .bind(token.purpose.name())
        .bind(token.user.as_uuid())
        .bind(token.organization.map(OrganizationId::as_uuid))
        .bind(token.email_key.as_deref())
        .bind(token.created_at)
        .bind(token.expires_at)
        .execute(self.0)
        .await
        .map(|_| ())
        .map_err(store_error)
    }

    async fn consume(
        &mut self,
        hash: &TokenHash,
        purpose: TokenPurpose,
        now: DateTime<Utc>,
    ) -> Result<Option<ConsumedToken>, StoreError> {
        #[derive(FromQueryResult)]
        struct Used {
            user_id: Uuid,
            email_key: Option<String>,
        }
        let used: Option<Used> = Sql::new(
            self.0,
            "UPDATE one_time_tokens SET used_at = $3 WHERE token_hash = $1 AND purpose = $2 AND used_at IS NULL \
             AND superseded_at IS NULL AND expires_at > $3 RETURNING user_id, email_key",
        )
        .bind(hash.as_bytes().to_vec())
        .bind(purpose.name())
        .bind(now)
        .one(self.0)
        .await
        .map_err(store_error)?;
        Ok(used.map(|used| ConsumedToken { user: used.user_id.into(), email_key: used.email_key }))
    }

    async fn supersede(
        &mut self,
        user: UserId,
        purpose: TokenPurpose,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        Sql::new(
            self.0,
            "UPDATE one_time_tokens SET superseded_at = $3 WHERE user_id = $1 AND purpose = $2 AND used_at IS NULL \
             AND superseded_at IS NULL",
        )
        .bind(user.as_uuid())
        .bind(purpose.name())
        .bind(now)
        .execute(self.0)
        .await
        .map(|_| ())
        .map_err(store_error)
    }
}
