//! The invitations, and the offers to take over an organization.

use super::rows::{SUMMARY, SummaryRow, joined};
use super::work::for_update;
use crate::error::{UniqueRule, store_error, with_unique};
use crate::keyset::{instant_cursor, newest_first, page};
use crate::sql::Sql;
use crate::stored::{named, touched};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;
use vigie_auth::{
    Invitation, InvitationRepository, InvitationSnapshot, InvitationStatus, OrganizationSummary,
    OwnershipOffer, OwnershipRepository, RULE_INVITATION, TokenHash,
};
use vigie_kernel::{
    EmailAddress, InvitationId, OrganizationId, OwnershipOfferId, Page, PageRequest, Role, StoreError, UserId,
};

const UNIQUE: &[UniqueRule] = &[UniqueRule {
    constraint: "invitations_pending_key",
    columns: "invitations.organization_id, invitations.email_key",
    rule: RULE_INVITATION,
}];

const COLUMNS: &[&str] = &[
    "id",
    "organization_id",
    "email",
    "role",
    "full_name",
    "status",
    "invited_by",
    "sent_count",
    "created_at",
    "expires_at",
    "version",
];

#[derive(FromQueryResult)]
struct Row {
    id: Uuid,
    organization_id: Uuid,
    email: String,
    role: String,
    full_name: Option<String>,
    status: String,
    invited_by: Uuid,
    sent_count: i32,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    version: i64,
}

#[derive(FromQueryResult)]
struct OfferedRow {
    #[sea_orm(nested(prefix = "i_"))]
    invitation: Row,
    #[sea_orm(nested(prefix = "o_"))]
    organization: SummaryRow,
}

#[derive(FromQueryResult)]
struct OfferRow {
    id: Uuid,
    organization_id: Uuid,
    from_user_id: Uuid,
    to_user_id: Uuid,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

fn invitation(row: Row) -> Result<Invitation, StoreError> {
    Ok(Invitation::restore(InvitationSnapshot {
        id: row.id.into(),
        organization_id: row.organization_id.into(),
        email: EmailAddress::parse(&row.email).map_err(|error| StoreError::Broken(Box::new(error)))?,
        role: named("invitations.role", &row.role, Role::from_name)?,
        full_name: row.full_name,
        status: named("invitations.status", &row.status, InvitationStatus::from_name)?,
        invited_by: row.invited_by.into(),
        sent_count: row.sent_count,
        created_at: row.created_at,
        expires_at: row.expires_at,
        version: row.version,
    }))
}

fn offer(row: &OfferRow) -> OwnershipOffer {
    OwnershipOffer {
        id: row.id.into(),
        organization: row.organization_id.into(),
        from: row.from_user_id.into(),
        to: row.to_user_id.into(),
        created_at: row.created_at,
        expires_at: row.expires_at,
    }
}

/// The invitations of an organization that are pending, the newest first.
pub(super) async fn list<C: ConnectionTrait>(
    connection: &C,
    organization: OrganizationId,
    request: &PageRequest,
) -> Result<Page<Invitation>, StoreError> {
    let mut sql = Sql::new(
        connection,
        format!(
            "SELECT {} FROM invitations WHERE status = 'pending' AND organization_id = ",
            COLUMNS.join(", ")
        ),
    );
    sql.push_value(organization.as_uuid());
    newest_first(&mut sql, "", request)?;
    let rows: Vec<Row> = sql.all(connection).await.map_err(store_error)?;
    page(rows, request, invitation, |last| {
        instant_cursor(last.snapshot().created_at, last.snapshot().id.as_uuid())
    })
}

/// The invitation that a token is good for at that instant, with its organization.
pub(super) async fn by_token<C: ConnectionTrait>(
    connection: &C,
    hash: &TokenHash,
    now: DateTime<Utc>,
) -> Result<Option<(Invitation, OrganizationSummary)>, StoreError> {
    let select = format!(
        "SELECT {}, {} FROM invitations i JOIN organizations o ON o.id = i.organization_id \
         WHERE i.token_hash = $1 AND i.status = 'pending' AND i.expires_at > $2",
        joined("i", COLUMNS),
        joined("o", SUMMARY)
    );
    let row: Option<OfferedRow> = Sql::new(connection, select)
        .bind(hash.as_bytes().to_vec())
        .bind(now)
        .one(connection)
        .await
        .map_err(store_error)?;
    row.map(|row| Ok((invitation(row.invitation)?, row.organization.summary()?))).transpose()
}

pub(super) struct SeaInvitations<'a, C>(pub(super) &'a C);

#[async_trait]
impl<C: ConnectionTrait> InvitationRepository for SeaInvitations<'_, C> {
    async fn find_for_update(&mut self, id: InvitationId) -> Result<Option<Invitation>, StoreError> {
        let select =
            format!("SELECT {} FROM invitations WHERE id = $1{}", COLUMNS.join(", "), for_update(self.0));
        let row: Option<Row> =
            Sql::new(self.0, select).bind(id.as_uuid()).one(self.0).await.map_err(store_error)?;
        row.map(invitation).transpose()
    }

    async fn insert(&mut self, invitation: &Invitation) -> Result<(), StoreError> {
        let i = invitation.snapshot();
        Sql::new(
            self.0,
            "INSERT INTO invitations (id, organization_id, email, email_key, role, full_name, status, invited_by, \
             sent_count, created_at, expires_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)",
        )
        .bind(i.id.as_uuid())
        .bind(i.organization_id.as_uuid())
        .bind(i.email.as_str())
        .bind(i.email.key())
        .bind(i.role.name())
        .bind(i.full_name.as_deref())
        .bind(i.status.name())
        .bind(i.invited_by.as_uuid())
        .bind(i.sent_count)
        .bind(i.created_at)
        .bind(i.expires_at)
        .bind(i.version)
        .execute(self.0)
        .await
        .map(|_| ())
        .map_err(|error| with_unique(UNIQUE, error))
    }

    async fn update(&mut self, invitation: &Invitation) -> Result<(), StoreError> {
        let i = invitation.snapshot();
        let rows = Sql::new(
            self.0,
            "UPDATE invitations SET status = $2, sent_count = $3, expires_at = $4, version = $5 \
             WHERE id = $1 AND version = $5 - 1",
        )
        .bind(i.id.as_uuid())
        .bind(i.status.name())
        .bind(i.sent_count)
        .bind(i.expires_at)
        .bind(i.version)
        .execute(self.0)
        .await
        .map_err(store_error)?;
        touched(rows)
    }

    async fn expire(&mut self, organization: OrganizationId, now: DateTime<Utc>) -> Result<(), StoreError> {
        Sql::new(
            self.0,
            "UPDATE invitations SET status = 'expired', version = version + 1 \
             WHERE organization_id = $1 AND status = 'pending' AND expires_at <= $2",
        )
        .bind(organization.as_uuid())
        .bind(now)
        .execute(self.0)
        .await
        .map(|_| ())
        .map_err(store_error)
    }

    async fn set_token(&mut self, id: InvitationId, hash: &TokenHash) -> Result<(), StoreError> {
        let rows =
            Sql::new(self.0, "UPDATE invitations SET token_hash = $2 WHERE id = $1 AND status = 'pending'")
                .bind(id.as_uuid())
                .bind(hash.as_bytes().to_vec())
                .execute(self.0)
                .await
                .map_err(store_error)?;
        touched(rows)
    }

    async fn consume(
        &mut self,
        hash: &TokenHash,
        now: DateTime<Utc>,
    ) -> Result<Option<Invitation>, StoreError> {
        let update = format!(
            "UPDATE invitations SET status = 'accepted', version = version + 1 WHERE token_hash = $1 \
             AND status = 'pending' AND expires_at > $2 RETURNING {}",
            COLUMNS.join(", ")
        );
        let row: Option<Row> = Sql::new(self.0, update)
            .bind(hash.as_bytes().to_vec())
            .bind(now)
            .one(self.0)
            .await
            .map_err(store_error)?;
        row.map(invitation).transpose()
    }
}

pub(super) struct SeaOwnership<'a, C>(pub(super) &'a C);

#[async_trait]
impl<C: ConnectionTrait> OwnershipRepository for SeaOwnership<'_, C> {
    async fn insert(&mut self, offer: &OwnershipOffer) -> Result<(), StoreError> {
        Sql::new(
            self.0,
            "INSERT INTO ownership_offers (id, organization_id, from_user_id, to_user_id, created_at, expires_at) \
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(offer.id.as_uuid())
        .bind(offer.organization.as_uuid())
        .bind(offer.from.as_uuid())
        .bind(offer.to.as_uuid())
        .bind(offer.created_at)
        .bind(offer.expires_at)
        .execute(self.0)
        .await
        .map(|_| ())
        .map_err(store_error)
    }

    async fn find(&mut self, id: OwnershipOfferId) -> Result<Option<OwnershipOffer>, StoreError> {
        let row: Option<OfferRow> = Sql::new(
            self.0,
            "SELECT id, organization_id, from_user_id, to_user_id, created_at, expires_at FROM ownership_offers \
             WHERE id = $1",
        )
        .bind(id.as_uuid())
        .one(self.0)
        .await
        .map_err(store_error)?;
        Ok(row.as_ref().map(offer))
    }

    async fn take(
        &mut self,
        organization: OrganizationId,
        to: UserId,
        now: DateTime<Utc>,
    ) -> Result<Option<OwnershipOffer>, StoreError> {
        let row: Option<OfferRow> = Sql::new(
            self.0,
            "DELETE FROM ownership_offers WHERE organization_id = $1 AND to_user_id = $2 AND expires_at > $3 \
             RETURNING id, organization_id, from_user_id, to_user_id, created_at, expires_at",
        )
        .bind(organization.as_uuid())
        .bind(to.as_uuid())
        .bind(now)
        .one(self.0)
        .await
        .map_err(store_error)?;
        Ok(row.as_ref().map(offer))
    }

    async fn withdraw(
        &mut self,
        organization: OrganizationId,
        about: Option<UserId>,
    ) -> Result<(), StoreError> {
        let mut sql = Sql::new(self.0, "DELETE FROM ownership_offers WHERE organization_id = ");
        sql.push_value(organization.as_uuid());
        if let Some(user) = about {
            sql.push(" AND (from_user_id = ").push_value(user.as_uuid());
            sql.push(" OR to_user_id = ").push_value(user.as_uuid());
            sql.push(")");
        }
        sql.execute(self.0).await.map(|_| ()).map_err(store_error)
    }
}
