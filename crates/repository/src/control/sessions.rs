//! The sessions, and the one statement that tells whether a request goes through.

use super::rows::{MEMBERSHIP, MembershipRow, SUMMARY, SummaryRow, USER, UserRow, joined};
use super::work::for_update;
use crate::error::store_error;
use crate::sql::Sql;
use crate::stored::{named, touched};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult};
use std::sync::LazyLock;
use uuid::Uuid;
use vigie_auth::{
    LiveMembership, LiveSession, Session, SessionEnd, SessionEndReason, SessionRepository, SessionSnapshot,
};
use vigie_kernel::{OrganizationId, SessionId, StoreError, UserId};

const COLUMNS: &str = "id, user_id, organization_id, created_at, last_used_at, expires_at, revoked_at, revoked_reason, \
    user_agent, network";

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    user_id: Uuid,
    organization_id: Option<Uuid>,
    created_at: DateTime<Utc>,
    last_used_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
    revoked_reason: Option<String>,
    user_agent: Option<String>,
    network: Option<String>,
}

fn session(row: Row) -> Result<Session, StoreError> {
    let ended = match (row.revoked_at, row.revoked_reason) {
        (None, None) => None,
        (Some(at), Some(reason)) => Some(SessionEnd {
            at,
            reason: named("sessions.revoked_reason", &reason, SessionEndReason::from_name)?,
        }),
        (Some(_), None) | (None, Some(_)) => {
            return Err(StoreError::broken(format!("session {} has half an end", row.id)));
        }
    };
    Ok(Session::restore(SessionSnapshot {
        id: row.id.into(),
        user_id: row.user_id.into(),
        organization_id: row.organization_id.map(Into::into),
        created_at: row.created_at,
        last_used_at: row.last_used_at,
        expires_at: row.expires_at,
        ended,
        user_agent: row.user_agent,
        network: row.network,
    }))
}

static LIVE: LazyLock<String> = LazyLock::new(|| {
    format!(
        "SELECT s.id, s.expires_at, s.revoked_at, s.organization_id, {}, {}, {} FROM sessions s \
         JOIN users u ON u.id = s.user_id \
         LEFT JOIN memberships m ON m.user_id = s.user_id AND m.organization_id = s.organization_id \
         LEFT JOIN organizations o ON o.id = m.organization_id \
         WHERE s.id = $1",
        joined("u", USER),
        joined("m", MEMBERSHIP),
        joined("o", SUMMARY)
    )
});

#[derive(FromQueryResult)]
struct LiveRow {
    id: Uuid,
    expires_at: DateTime<Utc>,
    revoked_at: Option<DateTime<Utc>>,
    organization_id: Option<Uuid>,
    #[sea_orm(nested(prefix = "u_"))]
    user: UserRow,
    #[sea_orm(nested(prefix = "m_"))]
    membership: Option<MembershipRow>,
    #[sea_orm(nested(prefix = "o_"))]
    organization: Option<SummaryRow>,
}

fn live(row: LiveRow) -> Result<LiveSession, StoreError> {
    let member = match (row.membership, row.organization) {
        (Some(membership), Some(organization)) => {
            let membership = membership.membership()?;
            let m = membership.snapshot();
            Some(LiveMembership {
                organization: organization.summary()?,
                role: m.role,
                active: m.active,
                authorization_version: m.authorization_version,
            })
        }
        (None, None) => None,
        (Some(_), None) | (None, Some(_)) => {
            return Err(StoreError::broken(format!("session {} has a membership of nothing", row.id)));
        }
    };
    Ok(LiveSession {
        session: row.id.into(),
        expires_at: row.expires_at,
        ended: row.revoked_at.is_some(),
        user: row.user.user()?.summary(),
        organization: row.organization_id.map(Into::into),
        member,
    })
}

/// The session with everything that decides about a request, in one statement.
pub(super) async fn live_session<C: ConnectionTrait>(
    connection: &C,
    id: SessionId,
) -> Result<Option<LiveSession>, StoreError> {
    let row: Option<LiveRow> =
        Sql::new(connection, LIVE.as_str()).bind(id.as_uuid()).one(connection).await.map_err(store_error)?;
    row.map(live).transpose()
}

/// The sessions of a user that have not ended and expire after `now`, the longest unused first.
pub(super) async fn live_of_user<C: ConnectionTrait>(
    connection: &C,
    user: UserId,
    now: DateTime<Utc>,
) -> Result<Vec<Session>, StoreError> {
    let select = format!(
        "SELECT {COLUMNS} FROM sessions WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2 \
             ORDER BY last_used_at, id"
    );
    let rows: Vec<Row> = Sql::new(connection, select)
        .bind(user.as_uuid())
        .bind(now)
        .all(connection)
        .await
        .map_err(store_error)?;
    rows.into_iter().map(session).collect()
}

pub(super) struct SeaSessions<'a, C>(pub(super) &'a C);

#[async_trait]
impl<C: ConnectionTrait> SessionRepository for SeaSessions<'_, C> {
    async fn find_for_update(&mut self, id: SessionId) -> Result<Option<Session>, StoreError> {
        let select = format!("SELECT {COLUMNS} FROM sessions WHERE id = $1{}", for_update(self.0));
        let row: Option<Row> =
            Sql::new(self.0, select).bind(id.as_uuid()).one(self.0).await.map_err(store_error)?;
        row.map(session).transpose()
    }

    async fn live(&mut self, id: SessionId) -> Result<Option<LiveSession>, StoreError> {
        live_session(self.0, id).await
    }

    async fn live_of_user(&mut self, user: UserId, now: DateTime<Utc>) -> Result<Vec<Session>, StoreError> {
        live_of_user(self.0, user, now).await
    }

    async fn insert(&mut self, session: &Session) -> Result<(), StoreError> {
        let s = session.snapshot();
        Sql::new(
            self.0,
            "INSERT INTO sessions (id, user_id, organization_id, created_at, last_used_at, expires_at, revoked_at, \
             revoked_reason, user_agent, network) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(s.id.as_uuid())
        .bind(s.user_id.as_uuid())
        .bind(s.organization_id.map(OrganizationId::as_uuid))
        .bind(s.created_at)
        .bind(s.last_used_at)
        .bind(s.expires_at)
        .bind(s.ended.map(|end| end.at))
        .bind(s.ended.map(|end| end.reason.name()))
        .bind(s.user_agent.as_deref())
        .bind(s.network.as_deref())
        .execute(self.0)
        .await
        .map(|_| ())
        .map_err(store_error)
    }

    async fn update(&mut self, session: &Session) -> Result<(), StoreError> {
        let s = session.snapshot();
        let rows = Sql::new(
            self.0,
            "UPDATE sessions SET last_used_at = $2, expires_at = $3, revoked_at = $4, revoked_reason = $5, network = $6 \
             WHERE id = $1",
        )
        .bind(s.id.as_uuid())
        .bind(s.last_used_at)
        .bind(s.expires_at)
        .bind(s.ended.map(|end| end.at))
        .bind(s.ended.map(|end| end.reason.name()))
        .bind(s.network.as_deref())
        .execute(self.0)
        .await
        .map_err(store_error)?;
        touched(rows)
    }
}
