//! The organizations, as tenancy sees them.

use super::rows::{settings, settings_value, slug};
use super::work::for_update;
use crate::error::{UniqueRule, store_error, with_unique};
use crate::keyset::{by_text, page};
use crate::sql::{Sql, push_in};
use crate::stored::{named, touched};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;
use vigie_kernel::{Cursor, OrganizationId, Page, PageRequest, Slug, StoreError};
use vigie_tenancy::{
    DatabaseName, ListOrganizations, Organization, OrganizationRepository, OrganizationSnapshot,
    OrganizationStatus, Plan, RULE_ORGANIZATION_DATABASE, RULE_ORGANIZATION_SLUG,
};

pub(super) const UNIQUE: &[UniqueRule] = &[
    UniqueRule {
        constraint: "organizations_slug_key",
        columns: "organizations.slug",
        rule: RULE_ORGANIZATION_SLUG,
    },
    UniqueRule {
        constraint: "organizations_database_key",
        columns: "organizations.database_name",
        rule: RULE_ORGANIZATION_DATABASE,
    },
];

const SELECT: &str = "SELECT o.id, o.slug, o.name, o.status, o.status_reason, o.database_name, o.plan, o.settings, \
    o.schema_version, o.version, o.created_at, o.updated_at FROM organizations o";

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    slug: String,
    name: String,
    status: String,
    status_reason: Option<String>,
    database_name: String,
    plan: String,
    settings: serde_json::Value,
    schema_version: Option<i32>,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
}

fn organization(row: Row) -> Result<Organization, StoreError> {
    Ok(Organization::restore(OrganizationSnapshot {
        id: row.id.into(),
        slug: slug(&row.slug)?,
        name: row.name,
        status: named("organizations.status", &row.status, OrganizationStatus::from_name)?,
        status_reason: row.status_reason,
        database_name: DatabaseName::parse(&row.database_name)
            .map_err(|error| StoreError::Broken(Box::new(error)))?,
        plan: named("organizations.plan", &row.plan, Plan::from_name)?,
        settings: settings(row.settings)?,
        schema_version: row.schema_version,
        version: row.version,
        created_at: row.created_at,
        updated_at: row.updated_at,
    }))
}

async fn first<C: ConnectionTrait>(connection: &C, sql: Sql) -> Result<Option<Organization>, StoreError> {
    let row: Option<Row> = sql.one(connection).await.map_err(store_error)?;
    row.map(organization).transpose()
}

async fn every<C: ConnectionTrait>(connection: &C, sql: Sql) -> Result<Vec<Organization>, StoreError> {
    let rows: Vec<Row> = sql.all(connection).await.map_err(store_error)?;
    rows.into_iter().map(organization).collect()
}

pub(super) async fn by_id<C: ConnectionTrait>(
    connection: &C,
    id: OrganizationId,
) -> Result<Option<Organization>, StoreError> {
    let sql = Sql::new(connection, format!("{SELECT} WHERE o.id = $1")).bind(id.as_uuid());
    first(connection, sql).await
}

pub(super) async fn by_slug<C: ConnectionTrait>(
    connection: &C,
    slug: &Slug,
) -> Result<Option<Organization>, StoreError> {
    let sql = Sql::new(connection, format!("{SELECT} WHERE o.slug = $1")).bind(slug.as_str());
    first(connection, sql).await
}

pub(super) async fn by_domain<C: ConnectionTrait>(
    connection: &C,
    domain: &str,
) -> Result<Option<Organization>, StoreError> {
    let select = format!(
        "{SELECT} JOIN organization_domains d ON d.organization_id = o.id \
         WHERE d.domain = $1 AND d.verified_at IS NOT NULL"
    );
    first(connection, Sql::new(connection, select).bind(domain)).await
}

pub(super) async fn list<C: ConnectionTrait>(
    connection: &C,
    filter: &ListOrganizations,
    request: &PageRequest,
) -> Result<Page<Organization>, StoreError> {
    let mut sql = Sql::new(connection, format!("{SELECT} WHERE o.status "));
    match filter.status {
        Some(status) => sql.push("= ").push_value(status.name()),
        None => sql.push("<> ").push_value(OrganizationStatus::Deleted.name()),
    };
    by_text(&mut sql, "o.slug", "o.id", request);
    let rows: Vec<Row> = sql.all(connection).await.map_err(store_error)?;
    page(rows, request, organization, |last| Cursor {
        key: last.snapshot().slug.as_str().to_owned(),
        id: last.id().as_uuid(),
    })
}

pub(super) async fn unfinished<C: ConnectionTrait>(
    connection: &C,
    unchanged_since: DateTime<Utc>,
) -> Result<Vec<Organization>, StoreError> {
    let select = format!(
        "{SELECT} WHERE o.status IN ('provisioning', 'failed') AND o.updated_at <= $1 ORDER BY o.updated_at, o.id"
    );
    every(connection, Sql::new(connection, select).bind(unchanged_since)).await
}

/// Organizations with a database in service, or that may come back into service at once, at another schema version.
pub(super) async fn behind<C: ConnectionTrait>(
    connection: &C,
    schema_version: i32,
) -> Result<Vec<Organization>, StoreError> {
    let select = format!(
        "{SELECT} WHERE o.status IN ('active', 'read_only', 'migrating', 'suspended') \
         AND (o.schema_version IS NULL OR o.schema_version <> $1) ORDER BY o.slug"
    );
    every(connection, Sql::new(connection, select).bind(schema_version)).await
}

pub(super) struct SeaOrganizations<'a, C>(pub(super) &'a C);

#[async_trait]
impl<C: ConnectionTrait> OrganizationRepository for SeaOrganizations<'_, C> {
    async fn find(&mut self, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
        by_id(self.0, id).await
    }

    async fn insert(&mut self, organization: &Organization) -> Result<(), StoreError> {
        let o = organization.snapshot();
        Sql::new(
            self.0,
            "INSERT INTO organizations (id, slug, name, status, status_reason, database_name, plan, settings, \
             schema_version, version, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        )
        .bind(o.id.as_uuid())
        .bind(o.slug.as_str())
        .bind(o.name.as_str())
        .bind(o.status.name())
        .bind(o.status_reason.as_deref())
        .bind(o.database_name.as_str())
        .bind(o.plan.name())
        .bind(settings_value(&o.settings)?)
        .bind(o.schema_version)
        .bind(o.version)
        .bind(o.created_at)
        .bind(o.updated_at)
        .execute(self.0)
        .await
        .map(|_| ())
        .map_err(|error| with_unique(UNIQUE, error))
    }

    async fn update(&mut self, organization: &Organization) -> Result<(), StoreError> {
        let o = organization.snapshot();
        let rows = Sql::new(
            self.0,
            "UPDATE organizations SET name = $2, status = $3, status_reason = $4, database_name = $5, plan = $6, \
             settings = $7, schema_version = $8, version = $9, updated_at = $10 WHERE id = $1 AND version = $9 - 1",
        )
        .bind(o.id.as_uuid())
        .bind(o.name.as_str())
        .bind(o.status.name())
        .bind(o.status_reason.as_deref())
        .bind(o.database_name.as_str())
        .bind(o.plan.name())
        .bind(settings_value(&o.settings)?)
        .bind(o.schema_version)
        .bind(o.version)
        .bind(o.updated_at)
        .execute(self.0)
        .await
        .map_err(|error| with_unique(UNIQUE, error))?;
        touched(rows)
    }

    async fn remove(&mut self, organization: &Organization) -> Result<(), StoreError> {
        #[derive(FromQueryResult)]
        struct Member {
            id: Uuid,
        }
        // Locked first: whoever gives one of them another membership meanwhile is waited for, and the deletion sees it.
        let select = format!(
            "SELECT id FROM users WHERE id IN (SELECT user_id FROM memberships WHERE organization_id = $1) \
             ORDER BY id{}",
            for_update(self.0)
        );
        let members: Vec<Member> = Sql::new(self.0, select)
            .bind(organization.id().as_uuid())
            .all(self.0)
            .await
            .map_err(store_error)?;
        let removed = Sql::new(
            self.0,
            "DELETE FROM organizations WHERE id = $1 AND version = $2 AND status IN ('provisioning', 'failed')",
        )
        .bind(organization.id().as_uuid())
        .bind(organization.snapshot().version)
        .execute(self.0)
        .await
        .map_err(store_error)?;
        touched(removed)?;
        if members.is_empty() {
            return Ok(());
        }
        let mut orphans = Sql::new(self.0, "DELETE FROM users WHERE is_platform_admin = ");
        orphans.push_value(false).push(
            " AND NOT EXISTS (SELECT 1 FROM memberships m WHERE m.user_id = users.id) \
             AND NOT EXISTS (SELECT 1 FROM sessions s WHERE s.user_id = users.id) AND created_at >= ",
        );
        // An older account was not made for this organization, even when all its sessions are forgotten.
        orphans.push_value(organization.snapshot().created_at).push(" AND ");
        push_in(&mut orphans, "id", members.into_iter().map(|member| member.id));
        orphans.execute(self.0).await.map(|_| ()).map_err(store_error)
    }
}
