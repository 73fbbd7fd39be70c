//! The members of an organization, as those see them who look after members.

use crate::error::store_error;
use crate::keyset::{instant_cursor, newest_first, page};
use crate::sql::Sql;
use crate::stored::named;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;
use vigie_auth::{Member, MemberFilter};
use vigie_kernel::{Cursor, EmailAddress, OrganizationId, Page, PageRequest, Role, StoreError, UserId};

const SELECT: &str = "SELECT m.id, m.user_id, m.organization_id, u.email, u.full_name, m.role, m.is_active, \
    u.is_active AS account_active, u.email_verified_at, m.last_login_at, m.created_at, m.version \
    FROM memberships m JOIN users u ON u.id = m.user_id";

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    user_id: Uuid,
    organization_id: Uuid,
    email: String,
    full_name: String,
    role: String,
    is_active: bool,
    account_active: bool,
    email_verified_at: Option<DateTime<Utc>>,
    last_login_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
    version: i64,
}

/// A member with the id of his membership, which orders the list.
fn listed(row: Row) -> Result<(Uuid, Member), StoreError> {
    let member = Member {
        user: row.user_id.into(),
        organization: row.organization_id.into(),
        email: EmailAddress::parse(&row.email).map_err(|error| StoreError::Broken(Box::new(error)))?,
        full_name: row.full_name,
        role: named("memberships.role", &row.role, Role::from_name)?,
        active: row.is_active && row.account_active,
        email_verified_at: row.email_verified_at,
        last_login_at: row.last_login_at,
        joined_at: row.created_at,
        version: row.version,
    };
    Ok((row.id, member))
}

/// A page of members, the newest first.
pub(super) async fn list<C: ConnectionTrait>(
    connection: &C,
    organization: OrganizationId,
    filter: &MemberFilter,
    request: &PageRequest,
) -> Result<Page<Member>, StoreError> {
    let mut sql = Sql::new(connection, format!("{SELECT} WHERE m.organization_id = "));
    sql.push_value(organization.as_uuid());
    if let Some(role) = filter.role {
        sql.push(" AND m.role = ").push_value(role.name());
    }
    match filter.active {
        Some(true) => {
            sql.push(" AND m.is_active AND u.is_active");
        }
        Some(false) => {
            sql.push(" AND NOT (m.is_active AND u.is_active)");
        }
        None => {}
    }
    if let Some(text) = &filter.search {
        let pattern = format!("%{}%", escaped(&text.to_lowercase()));
        sql.push(" AND (u.email_key LIKE ").push_value(pattern.as_str());
        sql.push(" ESCAPE '\\' OR LOWER(u.full_name) LIKE ").push_value(pattern);
        sql.push(" ESCAPE '\\')");
    }
    newest_first(&mut sql, "m.", request)?;
    let rows: Vec<Row> = sql.all(connection).await.map_err(store_error)?;
    let found: Page<(Uuid, Member)> =
        page(rows, request, listed, |(id, member)| -> Cursor { instant_cursor(member.joined_at, *id) })?;
    Ok(found.map(|(_, member)| member))
}

/// One member.
pub(super) async fn find<C: ConnectionTrait>(
    connection: &C,
    organization: OrganizationId,
    user: UserId,
) -> Result<Option<Member>, StoreError> {
    let row: Option<Row> =
        Sql::new(connection, format!("{SELECT} WHERE m.user_id = $1 AND m.organization_id = $2"))
            .bind(user.as_uuid())
            .bind(organization.as_uuid())
            .one(connection)
            .await
            .map_err(store_error)?;
    row.map(|row| listed(row).map(|(_, member)| member)).transpose()
}

/// A text in which nothing stands for anything else in `LIKE .. ESCAPE '\'`.
fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('%', "\\%").replace('_', "\\_")
}
