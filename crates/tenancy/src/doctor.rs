//! Finding what does not belong together, both ways, and repairing what can be repaired without losing data.

use crate::{
    ListOperations, ListOrganizations, MigrationRun, Operation, OperationState, Organization,
    OrganizationOrder, OrganizationStatus, Patience, Tenancy, TenancyError,
};
use chrono::TimeDelta;
use serde_json::json;
use std::collections::{HashMap, HashSet};
use vigie_kernel::{
    AuditEntry, MAX_LIMIT, OperationId, OperatorContext, OrganizationId, Page, PageRequest, Slug, StoreError,
};

/// An operation whose next attempt is overdue by so long has nobody who takes it up.
const STUCK_AFTER: TimeDelta = TimeDelta::minutes(5);

/// A database that bears our mark.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundDatabase {
    /// Its name, or the name of the folder that an interrupted creation left.
    pub name: String,
    /// The organization that its mark names.
    pub organization: OrganizationId,
    /// Whether it is what an interrupted creation left, and never was in use.
    pub is_draft: bool,
}

/// What does not belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Finding {
    /// A database that bears the mark of an organization that is not there. Repairing it drops the database.
    OrphanDatabase(FoundDatabase),
    /// Files of an organization that is not there. Repairing it removes the files.
    OrphanFiles(OrganizationId),
    /// An organization in service without a database that bears its mark: only a backup helps.
    MissingDatabase {
        /// The organization.
        organization: OrganizationId,
        /// Its slug.
        slug: Slug,
        /// The database that its row names.
        database: String,
    },
    /// An operation that was given up, or that nobody takes up. Repairing it tries it again.
    StuckOperation {
        /// The operation.
        operation: OperationId,
        /// The organization's slug.
        slug: Slug,
        /// Why its last attempt failed.
        error: Option<String>,
    },
    /// An organization that is neither made nor undone, with nobody at it. Repairing it does either.
    Unattended {
        /// The organization.
        organization: OrganizationId,
        /// Its slug.
        slug: Slug,
    },
    /// An organization that is closed to writes for a migration at which nobody is any more: migrating it opens it again.
    InterruptedMigration {
        /// The organization.
        organization: OrganizationId,
        /// Its slug.
        slug: Slug,
    },
    /// The members in the organization's database are not those of the control database. Repairing it writes them again.
    MembersOutOfStep {
        /// The organization.
        organization: OrganizationId,
        /// Its slug.
        slug: Slug,
    },
    /// An organization's database could not be looked at.
    Unreadable {
        /// The organization.
        organization: OrganizationId,
        /// Its slug.
        slug: Slug,
        /// What was said.
        error: String,
    },
}

impl Finding {
    /// The stable name of this kind of finding.
    #[must_use]
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::OrphanDatabase(_) => "orphan_database",
            Self::OrphanFiles(_) => "orphan_files",
            Self::MissingDatabase { .. } => "missing_database",
            Self::StuckOperation { .. } => "stuck_operation",
            Self::Unattended { .. } => "unattended_organization",
            Self::InterruptedMigration { .. } => "interrupted_migration",
            Self::MembersOutOfStep { .. } => "members_out_of_step",
            Self::Unreadable { .. } => "unreadable_database",
        }
    }

    /// What it is about, as the operator types it to confirm: a database, an organization's id or slug.
    #[must_use]
    pub fn subject(&self) -> String {
        match self {
            Self::OrphanDatabase(found) => found.name.clone(),
            Self::OrphanFiles(organization) => organization.to_string(),
            Self::MissingDatabase { slug, .. }
            | Self::StuckOperation { slug, .. }
            | Self::Unattended { slug, .. }
            | Self::InterruptedMigration { slug, .. }
            | Self::MembersOutOfStep { slug, .. }
            | Self::Unreadable { slug, .. } => slug.to_string(),
        }
    }

    /// Whether repairing it destroys something, so that the operator must confirm it.
    #[must_use]
    pub const fn destroys(&self) -> bool {
        match self {
            Self::OrphanDatabase(_) | Self::OrphanFiles(_) => true,
            Self::MissingDatabase { .. }
            | Self::StuckOperation { .. }
            | Self::Unattended { .. }
            | Self::InterruptedMigration { .. }
            | Self::MembersOutOfStep { .. }
            | Self::Unreadable { .. } => false,
        }
    }

    /// Whether it can be repaired.
    #[must_use]
    pub const fn is_repairable(&self) -> bool {
        match self {
            Self::MissingDatabase { .. } | Self::InterruptedMigration { .. } | Self::Unreadable { .. } => {
                false
            }
            Self::OrphanDatabase(_)
            | Self::OrphanFiles(_)
            | Self::StuckOperation { .. }
            | Self::Unattended { .. }
            | Self::MembersOutOfStep { .. } => true,
        }
    }
}

/// What the control database says, read page by page.
struct Known {
    organizations: HashMap<OrganizationId, Organization>,
    open: Vec<Operation>,
}

impl Tenancy {
    pub(crate) async fn do_examine(&self) -> Result<Vec<Finding>, TenancyError> {
        let prefix = &self.database_prefix;
        let databases = self.ports.databases.inventory(prefix).await?;
        let spaces = self.ports.files.inventory().await?;
        let known = self.known().await?;
        let mut findings = Vec::new();

        let is_gone = |id: OrganizationId| {
            known.organizations.get(&id).is_none_or(|found| found.status() == OrganizationStatus::Deleted)
        };
        let lost: Vec<_> = databases.iter().filter(|found| is_gone(found.organization)).collect();
        if !lost.is_empty() {
            // An undoing that was under way has dropped its own since.
            let now = self.ports.databases.inventory(prefix).await?;
            findings.extend(
                lost.into_iter().filter(|found| now.contains(found)).cloned().map(Finding::OrphanDatabase),
            );
        }
        let lost: Vec<_> = spaces.into_iter().filter(|id| is_gone(*id)).collect();
        if !lost.is_empty() {
            let now: HashSet<_> = self.ports.files.inventory().await?.into_iter().collect();
            findings.extend(lost.into_iter().filter(|id| now.contains(id)).map(Finding::OrphanFiles));
        }

        let marked: HashSet<_> = databases
            .iter()
            .filter(|found| !found.is_draft)
            .map(|found| (found.organization, found.name.as_str()))
            .collect();
        let mut organizations: Vec<_> = known.organizations.values().collect();
        organizations.sort_by(|a, b| a.snapshot().slug.cmp(&b.snapshot().slug));
        for organization in organizations {
            let there = marked.contains(&(organization.id(), organization.database_name().as_str()));
            findings.extend(self.examine_one(organization, there, &known.open).await?);
        }
        findings.extend(self.stuck(&known.open));
        Ok(findings)
    }

    async fn examine_one(
        &self,
        organization: &Organization,
        has_database: bool,
        open: &[Operation],
    ) -> Result<Option<Finding>, TenancyError> {
        let (id, slug) = (organization.id(), organization.snapshot().slug.clone());
        match organization.status() {
            OrganizationStatus::Deleted => Ok(None),
            OrganizationStatus::Provisioning | OrganizationStatus::Failed => {
                let attended = open.iter().any(|operation| operation.organization() == id);
                // It may have begun, or ended, since the operations were read.
                let unattended = !attended
                    && self
                        .ports
                        .store
                        .read()
                        .await?
                        .unattended(self.ports.clock.now())
                        .await?
                        .iter()
                        .any(|found| found.id() == id);
                Ok(unattended.then_some(Finding::Unattended { organization: id, slug }))
            }
            OrganizationStatus::Active
            | OrganizationStatus::Migrating
            | OrganizationStatus::ReadOnly
            | OrganizationStatus::Suspended
            | OrganizationStatus::Archived
                if !has_database =>
            {
                let database = organization.database_name().to_string();
                Ok(Some(Finding::MissingDatabase { organization: id, slug, database }))
            }
            OrganizationStatus::Migrating
                if organization.snapshot().updated_at
                    < MigrationRun::silent_since(self.ports.clock.now()) =>
            {
                Ok(Some(Finding::InterruptedMigration { organization: id, slug }))
            }
            OrganizationStatus::Active
            | OrganizationStatus::Migrating
            | OrganizationStatus::ReadOnly
            | OrganizationStatus::Suspended
            | OrganizationStatus::Archived => {
                Ok(match self.ports.databases.members_in_step(organization).await {
                    Ok(true) => None,
                    Ok(false) => Some(Finding::MembersOutOfStep { organization: id, slug }),
                    Err(error) => {
                        Some(Finding::Unreadable { organization: id, slug, error: error.to_string() })
                    }
                })
            }
        }
    }

    fn stuck(&self, open: &[Operation]) -> Vec<Finding> {
        let overdue = self.ports.clock.now() - STUCK_AFTER;
        let is_stuck = |operation: &&Operation| {
            let waited = operation.snapshot().updated_at <= overdue && operation.is_due(overdue);
            operation.state() == OperationState::Failed || waited
        };
        open.iter()
            .filter(is_stuck)
            .map(|operation| Finding::StuckOperation {
                operation: operation.id(),
                slug: operation.snapshot().slug.clone(),
                error: operation.error().map(str::to_owned),
            })
            .collect()
    }

    async fn known(&self) -> Result<Known, TenancyError> {
        let mut reads = self.ports.store.read().await?;
        let mut organizations = HashMap::new();
        for status in [None, Some(OrganizationStatus::Deleted)] {
            let filter =
                ListOrganizations { status, order: OrganizationOrder::Slug, ..ListOrganizations::default() };
            let mut page = first_page();
            loop {
                let found: Page<Organization> = reads.list(&filter, &page).await?;
                organizations.extend(found.items.into_iter().map(|one| (one.id(), one)));
                page.after = found.next;
                if page.after.is_none() {
                    break;
                }
            }
        }
        let mut open = Vec::new();
        for state in [OperationState::Running, OperationState::Undoing, OperationState::Failed] {
            let filter = ListOperations { state: Some(state), organization: None };
            let mut page = first_page();
            loop {
                let found = reads.operations(&filter, &page).await?;
                open.extend(found.items);
                page.after = found.next;
                if page.after.is_none() {
                    break;
                }
            }
        }
        Ok(Known { organizations, open })
    }

    pub(crate) async fn do_repair(
        &self,
        operator: &OperatorContext,
        finding: &Finding,
    ) -> Result<(), TenancyError> {
        match finding {
            Finding::OrphanDatabase(found) => {
                // Looked at again: nothing that belongs to somebody is dropped.
                self.refuse_owned(found.organization).await?;
                self.ports.databases.drop_found(found).await?;
            }
            Finding::OrphanFiles(organization) => {
                self.refuse_owned(*organization).await?;
                self.ports.files.remove(*organization).await?;
            }
            Finding::StuckOperation { operation, .. } => {
                self.do_retry(operator, *operation).await?;
            }
            Finding::Unattended { organization, .. } => {
                let organization = self.load(*organization).await?;
                if let Some(operation) = self.adopt(&organization).await? {
                    self.run_held(operation, None, Patience::Patient).await?;
                }
            }
            Finding::MembersOutOfStep { organization, .. } => {
                self.ports.databases.seed(&self.load(*organization).await?).await?;
            }
            Finding::MissingDatabase { .. } => {
                return Err(TenancyError::NotRepairable("the database has to be restored from a backup"));
            }
            Finding::InterruptedMigration { .. } => {
                return Err(TenancyError::NotRepairable(
                    "the organization has to be migrated: vigie-worker tenant migrate --slug",
                ));
            }
            Finding::Unreadable { .. } => {
                return Err(TenancyError::NotRepairable("the database does not answer"));
            }
        }
        self.note_repair(operator, finding).await
    }

    async fn refuse_owned(&self, id: OrganizationId) -> Result<(), TenancyError> {
        let known = self.ports.store.read().await?.find(id).await?;
        if known.is_some_and(|found| found.status() != OrganizationStatus::Deleted) {
            return Err(TenancyError::NotRepairable("the organization is there after all"));
        }
        Ok(())
    }

    async fn note_repair(&self, operator: &OperatorContext, finding: &Finding) -> Result<(), TenancyError> {
        let subject = match finding {
            Finding::OrphanDatabase(found) => found.organization,
            Finding::OrphanFiles(organization)
            | Finding::MissingDatabase { organization, .. }
            | Finding::Unattended { organization, .. }
            | Finding::InterruptedMigration { organization, .. }
            | Finding::MembersOutOfStep { organization, .. }
            | Finding::Unreadable { organization, .. } => *organization,
            // The operation has an audit line of its own.
            Finding::StuckOperation { .. } => return Ok(()),
        };
        let entry = AuditEntry {
            id: self.ports.ids.next(),
            at: self.ports.clock.now(),
            actor: operator.actor(),
            action: "organization.repaired",
            subject_kind: "organization",
            subject_id: subject.as_uuid(),
            request_id: operator.request_id().to_owned(),
            details: json!({ "finding": finding.kind(), "subject": finding.subject() }),
        };
        let mut work = self.ports.store.begin().await?;
        work.audit().record(&entry).await?;
        work.commit().await.map_err(|error: StoreError| error.into())
    }
}

const fn first_page() -> PageRequest {
    PageRequest { limit: MAX_LIMIT, after: None }
}
