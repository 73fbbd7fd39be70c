//! What tenancy needs from the control database, from the databases of the organizations and from the rest of the outside.

use crate::{
    ConnectionSettings, FoundDatabase, FreshToken, ListOperations, ListOrganizations, Operation,
    Organization, OwnerAccount, OwnerMembership, OwnerToken,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use std::time::Duration;
use uuid::Uuid;
use vigie_kernel::{
    AuditLog, BoxError, EmailAddress, OperationId, OrganizationId, Page, PageRequest, Rule, Slug, StoreError,
    UnitOfWork, UserId,
};

/// No two organizations have the same slug, deleted ones included.
pub const RULE_ORGANIZATION_SLUG: Rule = Rule("organization_slug");
/// No two organizations have the same database name; also told by [`TenantDatabases::create`] when a database of that
/// name exists and does not bear the organization's mark.
pub const RULE_ORGANIZATION_DATABASE: Rule = Rule("organization_database");
/// No two organizations have the same domain.
pub const RULE_ORGANIZATION_DOMAIN: Rule = Rule("organization_domain");
/// An account's address is unique.
pub const RULE_OWNER_EMAIL: Rule = Rule("user_email");
/// A caller's key names one operation.
pub const RULE_OPERATION_KEY: Rule = Rule("operation_key");
/// An organization has one operation under way.
pub const RULE_OPERATION_OPEN: Rule = Rule("operation_open");

/// The organizations and the operations on them, in the control database.
#[async_trait]
pub trait OrganizationStore: Send + Sync {
    /// Opens a transaction.
    async fn begin(&self) -> Result<Box<dyn OrganizationWork>, StoreError>;

    /// Opens a reader that needs no transaction.
    async fn read(&self) -> Result<Box<dyn OrganizationReads>, StoreError>;

    /// Gives the operation to a holder, with a higher fence, when nobody holds it and it has not ended; one that was given
    /// up only with `failed_too`. `None` otherwise. One statement.
    async fn take_operation(
        &self,
        id: OperationId,
        holder: Uuid,
        now: DateTime<Utc>,
        failed_too: bool,
    ) -> Result<Option<Operation>, StoreError>;

    /// Stores an operation, in one statement; [`StoreError::Stale`] when the stored fence is another one.
    async fn record(&self, operation: &Operation) -> Result<(), StoreError>;

    /// Prolongs the lease; [`StoreError::Stale`] when the stored fence is another one.
    async fn prolong(&self, operation: &Operation, until: DateTime<Utc>) -> Result<(), StoreError>;
}

/// A transaction on the organizations.
pub trait OrganizationWork: UnitOfWork {
    /// The organizations.
    fn organizations(&mut self) -> Box<dyn OrganizationRepository + '_>;
    /// The operations on them.
    fn operations(&mut self) -> Box<dyn OperationRepository + '_>;
    /// The accounts of first owners.
    fn owners(&mut self) -> Box<dyn OwnerRepository + '_>;
    /// The platform's own audit trail.
    fn audit(&mut self) -> Box<dyn AuditLog + '_>;
}

/// The organizations, inside a transaction.
#[async_trait]
pub trait OrganizationRepository: Send {
    /// The organization, or `None`.
    async fn find(&mut self, id: OrganizationId) -> Result<Option<Organization>, StoreError>;
    /// Adds an organization. Conflicts: [`RULE_ORGANIZATION_SLUG`], [`RULE_ORGANIZATION_DATABASE`].
    async fn insert(&mut self, organization: &Organization) -> Result<(), StoreError>;
    /// Gives an organization a domain that counts from now on. Conflict: [`RULE_ORGANIZATION_DOMAIN`].
    async fn add_domain(
        &mut self,
        organization: OrganizationId,
        domain: &str,
        verified_at: DateTime<Utc>,
    ) -> Result<(), StoreError>;
    /// Stores an organization over its previous version; [`StoreError::Stale`] when that is not the stored one.
    /// Conflicts: [`RULE_ORGANIZATION_DATABASE`].
    async fn update(&mut self, organization: &Organization) -> Result<(), StoreError>;
    /// Removes the row of an organization that has never been active, at its version ([`StoreError::Stale`] when that is
    /// not the stored one), with its memberships and with the accounts that have no other membership, no platform role
    /// and no session: those that its creation made.
    async fn remove(&mut self, organization: &Organization) -> Result<(), StoreError>;
}

/// The operations, inside a transaction.
#[async_trait]
pub trait OperationRepository: Send {
    /// Adds an operation. Conflicts: [`RULE_OPERATION_KEY`], [`RULE_OPERATION_OPEN`].
    async fn insert(&mut self, operation: &Operation) -> Result<(), StoreError>;
    /// Stores an operation; [`StoreError::Stale`] when the stored fence is another one.
    async fn save(&mut self, operation: &Operation) -> Result<(), StoreError>;
    /// Takes a key away from the operation that was asked for under it before that instant, so that it is free again.
    async fn forget_key(&mut self, scope: &str, key: &str, before: DateTime<Utc>) -> Result<(), StoreError>;
}

/// The accounts of first owners, inside a transaction. Written here so that an organization and its owner are reserved at
/// once; everything else about accounts is identity's.
#[async_trait]
pub trait OwnerRepository: Send {
    /// The account that has the address, or `None`.
    async fn find(&mut self, email: &EmailAddress) -> Result<Option<UserId>, StoreError>;
    /// Adds an account. Conflict: [`RULE_OWNER_EMAIL`].
    async fn add(&mut self, account: &OwnerAccount) -> Result<(), StoreError>;
    /// Makes an account the owner.
    async fn join(&mut self, membership: &OwnerMembership) -> Result<(), StoreError>;
    /// Stores a token to set the password with.
    async fn grant(&mut self, token: &OwnerToken) -> Result<(), StoreError>;
}

/// Reading without a transaction. Deleted organizations are found too: their status tells.
#[async_trait]
pub trait OrganizationReads: Send {
    /// The organization, or `None`.
    async fn find(&mut self, id: OrganizationId) -> Result<Option<Organization>, StoreError>;
    /// The organization with that slug, or `None`.
    async fn find_by_slug(&mut self, slug: &Slug) -> Result<Option<Organization>, StoreError>;
    /// The organization with that verified domain (lower case, punycode), or `None`.
    async fn find_by_domain(&mut self, domain: &str) -> Result<Option<Organization>, StoreError>;
    /// The organizations that fit the filter.
    async fn list(
        &mut self,
        filter: &ListOrganizations,
        page: &PageRequest,
    ) -> Result<Page<Organization>, StoreError>;
    /// The domains of these organizations, in one statement, in the order of their names.
    async fn domains(
        &mut self,
        organizations: &[OrganizationId],
    ) -> Result<Vec<(OrganizationId, String)>, StoreError>;
    /// Whether somebody owns the organization: an active membership as owner, of an account that may be used.
    async fn has_owner(&mut self, id: OrganizationId) -> Result<bool, StoreError>;
    /// The organizations in provisioning or failed that nobody has changed since that instant and that no operation is
    /// about, oldest first.
    async fn unattended(&mut self, unchanged_since: DateTime<Utc>) -> Result<Vec<Organization>, StoreError>;
    /// The operation, or `None`.
    async fn operation(&mut self, id: OperationId) -> Result<Option<Operation>, StoreError>;
    /// The operation that was asked for under that key, or `None`.
    async fn operation_by_key(&mut self, scope: &str, key: &str) -> Result<Option<Operation>, StoreError>;
    /// The operations that fit the filter, newest first.
    async fn operations(
        &mut self,
        filter: &ListOperations,
        page: &PageRequest,
    ) -> Result<Page<Operation>, StoreError>;
    /// Operations that wait for a holder, the longest untouched first, at most `limit`.
    async fn due_operations(
        &mut self,
        now: DateTime<Utc>,
        limit: u16,
    ) -> Result<Vec<OperationId>, StoreError>;
}

/// Makes and removes the databases of organizations. Every step looks at what is there, does what is missing and can be
/// repeated after it was interrupted anywhere.
#[async_trait]
pub trait TenantDatabases: Send + Sync {
    /// Makes the database under [`Organization::database_name`], marked as the organization's; nothing when it is there
    /// with that mark. Conflict [`RULE_ORGANIZATION_DATABASE`] when the name is in use without it.
    async fn create(&self, organization: &Organization) -> Result<(), StoreError>;
    /// Sets connection and time limits; `false` on an engine that has none for one database.
    async fn configure(
        &self,
        organization: &Organization,
        settings: &ConnectionSettings,
    ) -> Result<bool, StoreError>;
    /// Runs the pending migrations, writes the organization's identity into the database, and tells the schema version.
    async fn migrate(&self, organization: &Organization) -> Result<i32, StoreError>;
    /// Writes the first rows: the members that the control database knows, and the first line of the audit trail.
    async fn seed(&self, organization: &Organization) -> Result<(), StoreError>;
    /// Reads and writes once, and checks the identity.
    async fn probe(&self, organization: &Organization) -> Result<(), StoreError>;
    /// Drops the database if it is there and bears the organization's mark, and what an interrupted
    /// [`TenantDatabases::create`] left; leaves any other alone.
    async fn drop_database(&self, organization: &Organization) -> Result<(), StoreError>;
    /// The databases that bear a mark of this installation, or that an interrupted creation left, among those whose names
    /// begin with `prefix`.
    async fn inventory(&self, prefix: &str) -> Result<Vec<FoundDatabase>, StoreError>;
    /// Drops one that was found, if it still bears the same mark.
    async fn drop_found(&self, found: &FoundDatabase) -> Result<(), StoreError>;
    /// Whether the members that the database knows are those of the control database.
    async fn members_in_step(&self, organization: &Organization) -> Result<bool, StoreError>;
}

/// The spaces of organizations' files. Every operation can be repeated.
#[async_trait]
pub trait FileSpaces: Send + Sync {
    /// Makes the organization's space.
    async fn prepare(&self, organization: OrganizationId) -> Result<(), StoreError>;
    /// Stores a file in it, reads it back and removes it.
    async fn probe(&self, organization: OrganizationId) -> Result<(), StoreError>;
    /// Removes the space with everything in it. Absent is no error.
    async fn remove(&self, organization: OrganizationId) -> Result<(), StoreError>;
    /// The organizations that have a space.
    async fn inventory(&self) -> Result<Vec<OrganizationId>, StoreError>;
}

/// Gives tokens to set a first password with.
pub trait OwnerTokens: Send + Sync {
    /// A token that nobody has seen.
    fn fresh(&self) -> Result<FreshToken, BoxError>;
}

/// Lets time pass.
#[async_trait]
pub trait Timer: Send + Sync {
    /// Comes back after so long.
    async fn pause(&self, time: Duration);
}
