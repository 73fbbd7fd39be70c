//! Reads of the control database, one statement each.

use super::rows::{MEMBERSHIP, PlaceRow, SUMMARY, USER, UserRow, joined};
use super::{
    invitations, login_attempts, member_list, one_time_tokens, operations, organizations, sessions, users,
};
use crate::error::store_error;
use crate::sql::Sql;
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use sea_orm::{DatabaseConnection, FromQueryResult};
use vigie_auth::{
    IdentityReads, Invitation, LiveSession, LoginAttempts, Member, MemberFilter, MemberOrganization,
    OrganizationSummary, Session, TokenHash, TokenPurpose, User,
};
use vigie_kernel::{OperationId, OrganizationId, Page, PageRequest, SessionId, Slug, StoreError, UserId};
use vigie_tenancy::{ListOperations, ListOrganizations, Operation, Organization, OrganizationReads};

pub(super) struct ControlReads(pub(super) DatabaseConnection);

#[derive(FromQueryResult)]
struct MemberRow {
    #[sea_orm(nested(prefix = "u_"))]
    user: UserRow,
    #[sea_orm(nested)]
    place: PlaceRow,
}

#[async_trait]
impl IdentityReads for ControlReads {
    async fn live_session(&mut self, id: SessionId) -> Result<Option<LiveSession>, StoreError> {
        sessions::live_session(&self.0, id).await
    }

    async fn live_sessions_of(
        &mut self,
        user: UserId,
        now: DateTime<Utc>,
    ) -> Result<Vec<Session>, StoreError> {
        sessions::live_of_user(&self.0, user, now).await
    }

    async fn user_by_email(&mut self, email_key: &str) -> Result<Option<User>, StoreError> {
        users::by_email(&self.0, email_key).await
    }

    async fn login_attempts(&mut self, key: &str) -> Result<Option<LoginAttempts>, StoreError> {
        login_attempts::counted(&self.0, key).await
    }

    async fn one_time_token(
        &mut self,
        hash: &TokenHash,
        purpose: TokenPurpose,
        now: DateTime<Utc>,
    ) -> Result<Option<User>, StoreError> {
        one_time_tokens::owner(&self.0, hash, purpose, now).await
    }

    async fn organizations_of(&mut self, user: UserId) -> Result<Vec<MemberOrganization>, StoreError> {
        let select = format!(
            "SELECT {}, {} FROM memberships m JOIN organizations o ON o.id = m.organization_id \
             WHERE m.user_id = $1 ORDER BY o.slug",
            joined("m", MEMBERSHIP),
            joined("o", SUMMARY)
        );
        let rows: Vec<PlaceRow> =
            Sql::new(&self.0, select).bind(user.as_uuid()).all(&self.0).await.map_err(store_error)?;
        rows.into_iter().map(PlaceRow::place).collect()
    }

    async fn membership(
        &mut self,
        user: UserId,
        organization: OrganizationId,
    ) -> Result<Option<(User, MemberOrganization)>, StoreError> {
        let select = format!(
            "SELECT {}, {}, {} FROM memberships m JOIN users u ON u.id = m.user_id \
             JOIN organizations o ON o.id = m.organization_id WHERE m.user_id = $1 AND m.organization_id = $2",
            joined("u", USER),
            joined("m", MEMBERSHIP),
            joined("o", SUMMARY)
        );
        let row: Option<MemberRow> = Sql::new(&self.0, select)
            .bind(user.as_uuid())
            .bind(organization.as_uuid())
            .one(&self.0)
            .await
            .map_err(store_error)?;
        row.map(|row| Ok((row.user.user()?, row.place.place()?))).transpose()
    }

    async fn members(
        &mut self,
        organization: OrganizationId,
        filter: &MemberFilter,
        page: &PageRequest,
    ) -> Result<Page<Member>, StoreError> {
        member_list::list(&self.0, organization, filter, page).await
    }

    async fn member(
        &mut self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<Option<Member>, StoreError> {
        member_list::find(&self.0, organization, user).await
    }

    async fn invitations(
        &mut self,
        organization: OrganizationId,
        page: &PageRequest,
    ) -> Result<Page<Invitation>, StoreError> {
        invitations::list(&self.0, organization, page).await
    }

    async fn invitation_by_token(
        &mut self,
        hash: &TokenHash,
        now: DateTime<Utc>,
    ) -> Result<Option<(Invitation, OrganizationSummary)>, StoreError> {
        invitations::by_token(&self.0, hash, now).await
    }
}

#[async_trait]
impl OrganizationReads for ControlReads {
    async fn find(&mut self, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
        organizations::by_id(&self.0, id).await
    }

    async fn find_by_slug(&mut self, slug: &Slug) -> Result<Option<Organization>, StoreError> {
        organizations::by_slug(&self.0, slug).await
    }

    async fn find_by_domain(&mut self, domain: &str) -> Result<Option<Organization>, StoreError> {
        organizations::by_domain(&self.0, domain).await
    }

    async fn list(
        &mut self,
        filter: &ListOrganizations,
        page: &PageRequest,
    ) -> Result<Page<Organization>, StoreError> {
        organizations::list(&self.0, filter, page).await
    }

    async fn domains(
        &mut self,
        organizations: &[OrganizationId],
    ) -> Result<Vec<(OrganizationId, String)>, StoreError> {
        organizations::domains(&self.0, organizations).await
    }

    async fn has_owner(&mut self, id: OrganizationId) -> Result<bool, StoreError> {
        organizations::has_owner(&self.0, id).await
    }

    async fn unattended(&mut self, unchanged_since: DateTime<Utc>) -> Result<Vec<Organization>, StoreError> {
        organizations::unattended(&self.0, unchanged_since).await
    }

    async fn operation(&mut self, id: OperationId) -> Result<Option<Operation>, StoreError> {
        operations::by_id(&self.0, id).await
    }

    async fn operation_by_key(&mut self, scope: &str, key: &str) -> Result<Option<Operation>, StoreError> {
        operations::by_key(&self.0, scope, key).await
    }

    async fn operations(
        &mut self,
        filter: &ListOperations,
        page: &PageRequest,
    ) -> Result<Page<Operation>, StoreError> {
        operations::list(&self.0, filter, page).await
    }

    async fn due_operations(
        &mut self,
        now: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<OperationId>, StoreError> {
        operations::due(&self.0, now, limit).await
    }
}
