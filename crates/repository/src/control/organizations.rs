//! The organizations, as tenancy sees them.

use super::rows::{settings, settings_value, slug};
use super::samples;
use super::work::for_update;
use crate::error::{UniqueRule, store_error, with_unique};
use crate::keyset::{by_text, instant_cursor, newest_first, page};
use crate::servers::release_in;
use crate::sql::{Sql, push_in};
use crate::stored::{named, touched};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;
use vigie_kernel::{Cursor, OrganizationId, Page, PageRequest, Role, Slug, StoreError};
use vigie_tenancy::{
    DatabaseName, ListOrganizations, Organization, OrganizationOrder, OrganizationRepository,
    OrganizationSnapshot, OrganizationStatus, Plan, RULE_ORGANIZATION_DATABASE, RULE_ORGANIZATION_DOMAIN,
    RULE_ORGANIZATION_SLUG,
};

const UNIQUE: &[UniqueRule] = &[
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
    UniqueRule {
        constraint: "organization_domains_pkey",
        columns: "organization_domains.domain",
        rule: RULE_ORGANIZATION_DOMAIN,
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
    if let Some(plan) = filter.plan {
        sql.push(" AND o.plan = ").push_value(plan.name());
    }
    if let Some(text) = &filter.search {
        let pattern = format!("%{}%", escaped(&text.to_lowercase()));
        sql.push(" AND (o.slug LIKE ")
            .push_value(pattern.as_str())
            .push(" ESCAPE '\\' OR LOWER(o.name) LIKE ");
        sql.push_value(pattern).push(" ESCAPE '\\')");
    }
    if let Some(wanted) = &filter.health {
        samples::with_health(&mut sql, "o.", wanted);
    }
    match filter.order {
        OrganizationOrder::Slug => by_text(&mut sql, "o.slug", "o.id", request),
        OrganizationOrder::Newest => newest_first(&mut sql, "o.", request)?,
    }
    let rows: Vec<Row> = sql.all(connection).await.map_err(store_error)?;
    page(rows, request, organization, |last| match filter.order {
        OrganizationOrder::Slug => {
            Cursor { key: last.snapshot().slug.as_str().to_owned(), id: last.id().as_uuid() }
        }
        OrganizationOrder::Newest => instant_cursor(last.snapshot().created_at, last.id().as_uuid()),
    })
}

/// A text in which nothing stands for anything else in `LIKE .. ESCAPE '\'`.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}

/// The domains of these organizations.
pub(super) async fn domains<C: ConnectionTrait>(
    connection: &C,
    organizations: &[OrganizationId],
) -> Result<Vec<(OrganizationId, String)>, StoreError> {
    #[derive(FromQueryResult)]
    struct Domain {
        organization_id: Uuid,
        domain: String,
    }
    if organizations.is_empty() {
        return Ok(Vec::new());
    }
    let mut sql = Sql::new(
        connection,
        "SELECT organization_id, domain FROM organization_domains WHERE verified_at IS NOT NULL AND ",
    );
    push_in(&mut sql, "organization_id", organizations.iter().map(|id| id.as_uuid()));
    sql.push(" ORDER BY domain");
    let rows: Vec<Domain> = sql.all(connection).await.map_err(store_error)?;
    Ok(rows.into_iter().map(|row| (row.organization_id.into(), row.domain)).collect())
}

/// Whether an account that may be used owns the organization.
pub(super) async fn has_owner<C: ConnectionTrait>(
    connection: &C,
    id: OrganizationId,
) -> Result<bool, StoreError> {
    Sql::new(
        connection,
        "SELECT 1 FROM memberships m JOIN users u ON u.id = m.user_id \
         WHERE m.organization_id = $1 AND m.role = $2 AND m.is_active AND u.is_active LIMIT 1",
    )
    .bind(id.as_uuid())
    .bind(Role::Owner.name())
    .exists(connection)
    .await
    .map_err(store_error)
}

/// Organizations that are neither made nor undone, and that no operation is about.
pub(super) async fn unattended<C: ConnectionTrait>(
    connection: &C,
    unchanged_since: DateTime<Utc>,
) -> Result<Vec<Organization>, StoreError> {
    let select = format!(
        "{SELECT} WHERE o.status IN ('provisioning', 'failed') AND o.updated_at <= $1 \
         AND (o.status_reason IS NULL OR o.status_reason <> 'restoring') AND NOT EXISTS \
         (SELECT 1 FROM operations p WHERE p.organization_id = o.id AND p.state IN ('running', 'undoing', 'failed')) \
         ORDER BY o.updated_at, o.id LIMIT 100"
    );
    every(connection, Sql::new(connection, select).bind(unchanged_since)).await
}

/// Organizations with a database in service, or that may come back into service at once, at an older schema version or closed to writes for
/// a run of migrations. A database that is newer than this binary is not this binary's to touch.
pub(super) async fn behind<C: ConnectionTrait>(
    connection: &C,
    schema_version: i32,
) -> Result<Vec<Organization>, StoreError> {
    let select = format!(
        "{SELECT} WHERE o.status IN ('active', 'read_only', 'migrating', 'suspended') \
         AND (o.schema_version IS NULL OR o.schema_version < $1 OR o.migrating_for IS NOT NULL) ORDER BY o.slug"
    );
    every(connection, Sql::new(connection, select).bind(schema_version)).await
}

/// Organizations that a restore was making and that nobody has touched since.
pub(super) async fn restoring<C: ConnectionTrait>(
    connection: &C,
    unchanged_since: DateTime<Utc>,
) -> Result<Vec<Organization>, StoreError> {
    let select = format!(
        "{SELECT} WHERE o.status = 'failed' AND o.updated_at < $1 AND o.status_reason = 'restoring' ORDER BY o.id"
    );
    every(connection, Sql::new(connection, select).bind(unchanged_since)).await
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

    async fn add_domain(
        &mut self,
        organization: OrganizationId,
        domain: &str,
        verified_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        Sql::new(
            self.0,
            "INSERT INTO organization_domains (domain, organization_id, verified_at) VALUES ($1, $2, $3)",
        )
        .bind(domain)
        .bind(organization.as_uuid())
        .bind(verified_at)
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
        #[derive(FromQueryResult)]
        struct Removed {
            server_id: Option<Uuid>,
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
        let removed: Option<Removed> = Sql::new(
            self.0,
            "DELETE FROM organizations WHERE id = $1 AND version = $2 AND status IN ('provisioning', 'failed') \
             RETURNING server_id",
        )
        .bind(organization.id().as_uuid())
        .bind(organization.snapshot().version)
        .one(self.0)
        .await
        .map_err(store_error)?;
        if let Some(server) = removed.ok_or(StoreError::Stale)?.server_id {
            release_in(self.0, server).await?;
        }
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
