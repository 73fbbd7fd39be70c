//! What tenancy needs from the control database and from the databases of the organizations.

use crate::{ListOrganizations, Organization};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use vigie_kernel::{AuditLog, OrganizationId, Page, PageRequest, Rule, Slug, StoreError, UnitOfWork};

/// No two organizations have the same slug, deleted ones included.
pub const RULE_ORGANIZATION_SLUG: Rule = Rule("organization_slug");
/// No two organizations have the same database name; also told by [`TenantDatabases::create`] when a database of that
/// name exists and does not bear the organization's mark.
pub const RULE_ORGANIZATION_DATABASE: Rule = Rule("organization_database");

/// The organizations, in the control database.
#[async_trait]
pub trait OrganizationStore: Send + Sync {
    /// Opens a transaction.
    async fn begin(&self) -> Result<Box<dyn OrganizationWork>, StoreError>;

    /// Opens a reader that needs no transaction.
    async fn read(&self) -> Result<Box<dyn OrganizationReads>, StoreError>;
}

/// A transaction on the organizations.
pub trait OrganizationWork: UnitOfWork {
    /// The organizations.
    fn organizations(&mut self) -> Box<dyn OrganizationRepository + '_>;
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
    /// Stores an organization over its previous version; [`StoreError::Stale`] when that is not the stored one.
    /// Conflicts: [`RULE_ORGANIZATION_DATABASE`].
    async fn update(&mut self, organization: &Organization) -> Result<(), StoreError>;
    /// Removes the row of an organization that has never been active, at its version ([`StoreError::Stale`] when that is
    /// not the stored one), with its memberships and with the accounts that have no other membership, no platform role
    /// and no session: those that the same sign-up made.
    async fn remove(&mut self, organization: &Organization) -> Result<(), StoreError>;
}

/// Reading organizations without a transaction. Deleted ones are found too: their status tells.
#[async_trait]
pub trait OrganizationReads: Send {
    /// The organization, or `None`.
    async fn find(&mut self, id: OrganizationId) -> Result<Option<Organization>, StoreError>;
    /// The organization with that slug, or `None`.
    async fn find_by_slug(&mut self, slug: &Slug) -> Result<Option<Organization>, StoreError>;
    /// The organization with that verified domain (lower case, punycode), or `None`.
    async fn find_by_domain(&mut self, domain: &str) -> Result<Option<Organization>, StoreError>;
    /// The organizations, by slug.
    async fn list(
        &mut self,
        filter: &ListOrganizations,
        page: &PageRequest,
    ) -> Result<Page<Organization>, StoreError>;
    /// The organizations in provisioning or failed that nobody has changed since that instant, oldest first.
    async fn unfinished(&mut self, unchanged_since: DateTime<Utc>) -> Result<Vec<Organization>, StoreError>;
}

/// Makes and removes the databases of organizations. Every step looks at what is there, does what is missing and can be
/// repeated after it was interrupted anywhere.
#[async_trait]
pub trait TenantDatabases: Send + Sync {
    /// Makes the database under [`Organization::database_name`], marked as the organization's; nothing when it is there
    /// with that mark. Conflict [`RULE_ORGANIZATION_DATABASE`] when the name is in use without it.
    async fn create(&self, organization: &Organization) -> Result<(), StoreError>;
    /// Runs the pending migrations, writes the organization's identity into the database, and tells the schema version.
    async fn migrate(&self, organization: &Organization) -> Result<i32, StoreError>;
    /// Writes the first rows: the settings, and the members that the control database knows.
    async fn seed(&self, organization: &Organization) -> Result<(), StoreError>;
    /// Reads and writes once, and checks the identity.
    async fn probe(&self, organization: &Organization) -> Result<(), StoreError>;
    /// Drops the database if it is there and bears the organization's mark; leaves any other alone.
    async fn drop_database(&self, organization: &Organization) -> Result<(), StoreError>;
}
