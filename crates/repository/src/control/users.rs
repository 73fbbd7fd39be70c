//! The accounts.

use super::rows::{USER, UserRow};
use super::work::for_update;
use crate::error::{UniqueRule, store_error, with_unique};
use crate::sql::Sql;
use crate::stored::touched;
use async_trait::async_trait;
use sea_orm::ConnectionTrait;
use vigie_auth::{RULE_USER_EMAIL, User, UserRepository};
use vigie_kernel::{Locale, StoreError, UserId};

const UNIQUE: &[UniqueRule] =
    &[UniqueRule { constraint: "users_email_key", columns: "users.email_key", rule: RULE_USER_EMAIL }];

pub(super) struct SeaUsers<'a, C>(pub(super) &'a C);

/// The account with that canonical address.
pub(super) async fn by_email<C: ConnectionTrait>(
    connection: &C,
    email_key: &str,
) -> Result<Option<User>, StoreError> {
    let row: Option<UserRow> =
        Sql::new(connection, format!("SELECT {} FROM users WHERE email_key = $1", USER.join(", ")))
            .bind(email_key)
            .one(connection)
            .await
            .map_err(store_error)?;
    row.map(UserRow::user).transpose()
}

#[async_trait]
impl<C: ConnectionTrait> UserRepository for SeaUsers<'_, C> {
    async fn find_for_update(&mut self, id: UserId) -> Result<Option<User>, StoreError> {
        let select = format!("SELECT {} FROM users WHERE id = $1{}", USER.join(", "), for_update(self.0));
        let row: Option<UserRow> =
            Sql::new(self.0, select).bind(id.as_uuid()).one(self.0).await.map_err(store_error)?;
        row.map(UserRow::user).transpose()
    }

    async fn find_by_email(&mut self, email_key: &str) -> Result<Option<User>, StoreError> {
        by_email(self.0, email_key).await
    }

    async fn insert(&mut self, user: &User) -> Result<(), StoreError> {
        let u = user.snapshot();
        Sql::new(
            self.0,
            "INSERT INTO users (id, email, email_key, full_name, password_hash, is_active, is_platform_admin, \
             email_verified_at, locale, version, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        )
        .bind(u.id.as_uuid())
        .bind(u.email.as_str())
        .bind(u.email.key())
        .bind(u.full_name.as_str())
        .bind(u.password_hash.as_phc())
        .bind(u.is_active)
        .bind(u.is_platform_admin)
        .bind(u.email_verified_at)
        .bind(u.locale.map(Locale::code))
        .bind(u.version)
        .bind(u.created_at)
        .bind(u.updated_at)
        .execute(self.0)
        .await
        .map(|_| ())
        .map_err(|error| with_unique(UNIQUE, error))
    }

    async fn update(&mut self, user: &User) -> Result<(), StoreError> {
        let u = user.snapshot();
        let rows = Sql::new(
            self.0,
            "UPDATE users SET email = $2, email_key = $3, full_name = $4, password_hash = $5, is_active = $6, \
             is_platform_admin = $7, locale = $8, version = $9, updated_at = $10, email_verified_at = $11 \
             WHERE id = $1 AND version = $9 - 1",
        )
        .bind(u.id.as_uuid())
        .bind(u.email.as_str())
        .bind(u.email.key())
        .bind(u.full_name.as_str())
        .bind(u.password_hash.as_phc())
        .bind(u.is_active)
        .bind(u.is_platform_admin)
        .bind(u.locale.map(Locale::code))
        .bind(u.version)
        .bind(u.updated_at)
        .bind(u.email_verified_at)
        .execute(self.0)
        .await
        .map_err(|error| with_unique(UNIQUE, error))?;
        touched(rows)
    }
}
