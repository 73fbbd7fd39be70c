//! Rows of the control database and what they stand for.

use crate::stored::named;
use chrono::{DateTime, Utc};
use sea_orm::FromQueryResult;
use uuid::Uuid;
use vigie_auth::{
    MemberOrganization, Membership, MembershipSnapshot, OrganizationStatus, OrganizationSummary,
    PasswordHash, User, UserSnapshot,
};
use vigie_kernel::{EmailAddress, Locale, OrganizationSettings, Role, Slug, StoreError};

/// The columns of [`UserRow`].
pub(super) const USER: &[&str] = &[
    "id",
    "email",
    "full_name",
    "password_hash",
    "is_active",
    "is_platform_admin",
    "email_verified_at",
    "locale",
    "version",
    "created_at",
    "updated_at",
];

/// The columns of [`MembershipRow`].
pub(super) const MEMBERSHIP: &[&str] = &[
    "id",
    "user_id",
    "organization_id",
    "role",
    "is_active",
    "authorization_version",
    "last_login_at",
    "version",
    "created_at",
];

/// The columns of [`SummaryRow`].
pub(super) const SUMMARY: &[&str] = &["id", "slug", "name", "status", "status_reason", "settings"];

/// `u.id AS u_id, ..`: the columns of a joined table, told apart by its alias.
pub(super) fn joined(alias: &str, columns: &[&str]) -> String {
    let parts: Vec<String> =
        columns.iter().map(|column| format!("{alias}.{column} AS {alias}_{column}")).collect();
    parts.join(", ")
}

#[derive(FromQueryResult)]
pub(super) struct UserRow {
    id: Uuid,
    email: String,
    full_name: String,
    password_hash: String,
    is_active: bool,
    is_platform_admin: bool,
    email_verified_at: Option<DateTime<Utc>>,
    locale: Option<String>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

impl UserRow {
    pub(super) fn user(self) -> Result<User, StoreError> {
        let locale = self.locale.map(|tag| named("users.locale", &tag, Locale::from_tag)).transpose()?;
        Ok(User::restore(UserSnapshot {
            id: self.id.into(),
            email: EmailAddress::parse(&self.email).map_err(|error| StoreError::Broken(Box::new(error)))?,
            full_name: self.full_name,
            password_hash: PasswordHash::from_phc(self.password_hash),
            is_active: self.is_active,
            is_platform_admin: self.is_platform_admin,
            email_verified_at: self.email_verified_at,
            locale,
            created_at: self.created_at,
            updated_at: self.updated_at,
            version: self.version,
        }))
    }
}

#[derive(FromQueryResult)]
pub(super) struct MembershipRow {
    id: Uuid,
    user_id: Uuid,
    organization_id: Uuid,
    role: String,
    is_active: bool,
    authorization_version: i64,
    last_login_at: Option<DateTime<Utc>>,
    version: i64,
    created_at: DateTime<Utc>,
}

impl MembershipRow {
    pub(super) fn membership(self) -> Result<Membership, StoreError> {
        Ok(Membership::restore(MembershipSnapshot {
            id: self.id.into(),
            user_id: self.user_id.into(),
            organization_id: self.organization_id.into(),
            role: named("memberships.role", &self.role, Role::from_name)?,
            active: self.is_active,
            authorization_version: self.authorization_version,
            last_login_at: self.last_login_at,
            created_at: self.created_at,
            version: self.version,
        }))
    }
}

/// An organization as identity sees it.
#[derive(FromQueryResult)]
pub(super) struct SummaryRow {
    id: Uuid,
    slug: String,
    name: String,
    status: String,
    status_reason: Option<String>,
    settings: serde_json::Value,
}

impl SummaryRow {
    pub(super) fn summary(self) -> Result<OrganizationSummary, StoreError> {
        Ok(OrganizationSummary {
            id: self.id.into(),
            slug: slug(&self.slug)?,
            name: self.name,
            status: named("organizations.status", &self.status, OrganizationStatus::from_name)?,
            status_reason: self.status_reason,
            settings: settings(self.settings)?,
        })
    }
}

/// A membership with its organization.
#[derive(FromQueryResult)]
pub(super) struct PlaceRow {
    #[sea_orm(nested(prefix = "m_"))]
    membership: MembershipRow,
    #[sea_orm(nested(prefix = "o_"))]
    organization: SummaryRow,
}

impl PlaceRow {
    pub(super) fn place(self) -> Result<MemberOrganization, StoreError> {
        Ok(MemberOrganization {
            membership: self.membership.membership()?,
            organization: self.organization.summary()?,
        })
    }
}

/// A slug that was stored.
pub(super) fn slug(text: &str) -> Result<Slug, StoreError> {
    Slug::parse(text).map_err(|error| StoreError::Broken(Box::new(error)))
}

/// Settings that were stored; what a later version of ours added takes its default.
pub(super) fn settings(value: serde_json::Value) -> Result<OrganizationSettings, StoreError> {
    serde_json::from_value(value).map_err(|error| StoreError::Broken(Box::new(error)))
}

/// Settings as they are stored.
pub(super) fn settings_value(settings: &OrganizationSettings) -> Result<serde_json::Value, StoreError> {
    serde_json::to_value(settings).map_err(|error| StoreError::Broken(Box::new(error)))
}
