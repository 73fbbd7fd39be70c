//! Sign-ups that wait for a proof of their address.

use super::rows::slug;
use super::work::for_update;
use crate::error::store_error;
use crate::sql::Sql;
use crate::stored::{named, touched};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;
use vigie_auth::{PasswordHash, PendingSignUp, SignUpRepository, TokenHash};
use vigie_kernel::{EmailAddress, Locale, SignUpId, Slug, StoreError};

const COLUMNS: &str = "id, email, full_name, organization_name, slug, password_hash, locale, created_at";

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    email: String,
    full_name: String,
    organization_name: String,
    slug: Option<String>,
    password_hash: String,
    locale: Option<String>,
    created_at: DateTime<Utc>,
}

#[derive(FromQueryResult)]
struct IdRow {
    id: Uuid,
}

fn sign_up(row: Row) -> Result<PendingSignUp, StoreError> {
    let locale =
        row.locale.map(|tag| named("pending_sign_ups.locale", &tag, Locale::from_tag)).transpose()?;
    Ok(PendingSignUp {
        id: row.id.into(),
        email: EmailAddress::parse(&row.email).map_err(|error| StoreError::Broken(Box::new(error)))?,
        full_name: row.full_name,
        organization_name: row.organization_name,
        slug: row.slug.as_deref().map(slug).transpose()?,
        password_hash: PasswordHash::from_phc(row.password_hash),
        locale,
        created_at: row.created_at,
    })
}

pub(super) struct SeaSignUps<'a, C>(pub(super) &'a C);

#[async_trait]
impl<C: ConnectionTrait> SignUpRepository for SeaSignUps<'_, C> {
    async fn insert(&mut self, sign_up: &PendingSignUp) -> Result<(), StoreError> {
        Sql::new(
            self.0,
            "INSERT INTO pending_sign_ups (id, email, email_key, full_name, organization_name, slug, password_hash, \
             locale, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
        )
        .bind(sign_up.id.as_uuid())
        .bind(sign_up.email.as_str())
        .bind(sign_up.email.key())
        .bind(sign_up.full_name.as_str())
        .bind(sign_up.organization_name.as_str())
        .bind(sign_up.slug.as_ref().map(Slug::as_str))
        .bind(sign_up.password_hash.as_phc())
        .bind(sign_up.locale.map(Locale::code))
        .bind(sign_up.created_at)
        .execute(self.0)
        .await
        .map(|_| ())
        .map_err(store_error)
    }

    async fn find_for_update(&mut self, id: SignUpId) -> Result<Option<PendingSignUp>, StoreError> {
        let select = format!(
            "SELECT {COLUMNS} FROM pending_sign_ups WHERE id = $1 AND used_at IS NULL{}",
            for_update(self.0)
        );
        let row: Option<Row> =
            Sql::new(self.0, select).bind(id.as_uuid()).one(self.0).await.map_err(store_error)?;
        row.map(sign_up).transpose()
    }

    async fn latest_of(
        &mut self,
        email_key: &str,
        after: DateTime<Utc>,
    ) -> Result<Option<SignUpId>, StoreError> {
        let row: Option<IdRow> = Sql::new(
            self.0,
            "SELECT id FROM pending_sign_ups WHERE email_key = $1 AND created_at > $2 AND used_at IS NULL \
             ORDER BY created_at DESC, id DESC LIMIT 1",
        )
        .bind(email_key)
        .bind(after)
        .one(self.0)
        .await
        .map_err(store_error)?;
        Ok(row.map(|row| row.id.into()))
    }

    async fn set_token(
        &mut self,
        id: SignUpId,
        hash: &TokenHash,
        expires_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let rows = Sql::new(
            self.0,
            "UPDATE pending_sign_ups SET token_hash = $2, expires_at = $3 WHERE id = $1 AND used_at IS NULL",
        )
        .bind(id.as_uuid())
        .bind(hash.as_bytes().to_vec())
        .bind(expires_at)
        .execute(self.0)
        .await
        .map_err(store_error)?;
        touched(rows)
    }

    async fn consume(
        &mut self,
        hash: &TokenHash,
        now: DateTime<Utc>,
    ) -> Result<Option<PendingSignUp>, StoreError> {
        let update = format!(
            "UPDATE pending_sign_ups SET used_at = $2 WHERE token_hash = $1 AND used_at IS NULL AND expires_at > $2 \
             RETURNING {COLUMNS}"
        );
        let row: Option<Row> = Sql::new(self.0, update)
            .bind(hash.as_bytes().to_vec())
            .bind(now)
            .one(self.0)
            .await
            .map_err(store_error)?;
        row.map(sign_up).transpose()
    }

    async fn give_back(&mut self, id: SignUpId) -> Result<(), StoreError> {
        Sql::new(self.0, "UPDATE pending_sign_ups SET used_at = NULL WHERE id = $1")
            .bind(id.as_uuid())
            .execute(self.0)
            .await
            .map(|_| ())
            .map_err(store_error)
    }

    async fn remove(&mut self, id: SignUpId) -> Result<(), StoreError> {
        Sql::new(self.0, "DELETE FROM pending_sign_ups WHERE id = $1")
            .bind(id.as_uuid())
            .execute(self.0)
            .await
            .map(|_| ())
            .map_err(store_error)
    }
}
