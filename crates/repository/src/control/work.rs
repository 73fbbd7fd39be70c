//! The unit of work on the control database: identity's slice and tenancy's on one transaction.

use super::invitations::{SeaInvitations, SeaOwnership};
use super::job_line::SeaJobLine;
use super::login_attempts::SeaLoginAttempts;
use super::memberships::SeaMemberships;
use super::one_time_tokens::SeaOneTimeTokens;
use super::operations::SeaOperations;
use super::organizations::SeaOrganizations;
use super::owners::SeaOwners;
use super::plans::SeaSubscriptions;
use super::refresh_tokens::SeaRefreshTokens;
use super::registrar::SeaRegistrar;
use super::sessions::SeaSessions;
use super::sign_ups::SeaSignUps;
use super::users::SeaUsers;
use crate::error::store_error;
use crate::server::is_postgres;
use crate::tenant::SeaAudit;
use async_trait::async_trait;
use sea_orm::{ConnectionTrait, DatabaseTransaction};
use vigie_auth::{
    IdentityWork, InvitationRepository, JobLine, LoginAttemptRepository, MembershipRepository,
    OneTimeTokenRepository, OrganizationRegistrar, OwnershipRepository, RefreshTokenRepository,
    SessionRepository, SignUpRepository, UserRepository,
};
use vigie_kernel::{AuditLog, StoreError, UnitOfWork};
use vigie_tenancy::{
    OperationRepository, OrganizationRepository, OrganizationWork, OwnerRepository, PlanWork,
    SubscriptionRepository,
};

/// The platform's audit trail.
pub(crate) const AUDIT: &str = "platform_audit";

/// One transaction on the control database. Dropped, it is rolled back.
pub(super) struct ControlWork {
    pub(super) txn: DatabaseTransaction,
}

#[async_trait]
impl UnitOfWork for ControlWork {
    async fn commit(self: Box<Self>) -> Result<(), StoreError> {
        self.txn.commit().await.map_err(store_error)
    }
}

impl IdentityWork for ControlWork {
    fn users(&mut self) -> Box<dyn UserRepository + '_> {
        Box::new(SeaUsers(&self.txn))
    }

    fn memberships(&mut self) -> Box<dyn MembershipRepository + '_> {
        Box::new(SeaMemberships(&self.txn))
    }

    fn sessions(&mut self) -> Box<dyn SessionRepository + '_> {
        Box::new(SeaSessions(&self.txn))
    }

    fn refresh_tokens(&mut self) -> Box<dyn RefreshTokenRepository + '_> {
        Box::new(SeaRefreshTokens(&self.txn))
    }

    fn login_attempts(&mut self) -> Box<dyn LoginAttemptRepository + '_> {
        Box::new(SeaLoginAttempts(&self.txn))
    }

    fn one_time_tokens(&mut self) -> Box<dyn OneTimeTokenRepository + '_> {
        Box::new(SeaOneTimeTokens(&self.txn))
    }

    fn invitations(&mut self) -> Box<dyn InvitationRepository + '_> {
        Box::new(SeaInvitations(&self.txn))
    }

    fn ownership(&mut self) -> Box<dyn OwnershipRepository + '_> {
        Box::new(SeaOwnership(&self.txn))
    }

    fn sign_ups(&mut self) -> Box<dyn SignUpRepository + '_> {
        Box::new(SeaSignUps(&self.txn))
    }

    fn organizations(&mut self) -> Box<dyn OrganizationRegistrar + '_> {
        Box::new(SeaRegistrar(&self.txn))
    }

    fn jobs(&mut self) -> Box<dyn JobLine + '_> {
        Box::new(SeaJobLine(&self.txn))
    }

    fn audit(&mut self) -> Box<dyn AuditLog + '_> {
        Box::new(SeaAudit(&self.txn, AUDIT))
    }
}

impl OrganizationWork for ControlWork {
    fn organizations(&mut self) -> Box<dyn OrganizationRepository + '_> {
        Box::new(SeaOrganizations(&self.txn))
    }

    fn operations(&mut self) -> Box<dyn OperationRepository + '_> {
        Box::new(SeaOperations(&self.txn))
    }

    fn owners(&mut self) -> Box<dyn OwnerRepository + '_> {
        Box::new(SeaOwners(&self.txn))
    }

    fn audit(&mut self) -> Box<dyn AuditLog + '_> {
        Box::new(SeaAudit(&self.txn, AUDIT))
    }
}

impl PlanWork for ControlWork {
    fn subscriptions(&mut self) -> Box<dyn SubscriptionRepository + '_> {
        Box::new(SeaSubscriptions(&self.txn))
    }

    fn audit(&mut self) -> Box<dyn AuditLog + '_> {
        Box::new(SeaAudit(&self.txn, AUDIT))
    }
}

/// What locks the rows that a query reads until the transaction ends. SQLite's immediate transaction is alone anyway.
pub(crate) fn for_update<C: ConnectionTrait>(connection: &C) -> &'static str {
    if is_postgres(connection) { " FOR UPDATE" } else { "" }
}
