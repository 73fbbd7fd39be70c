//! The organization.

use crate::status::may_become;
use crate::{Availability, DatabaseName, OrganizationStatus, Plan, Switch, TenancyError};
use chrono::{DateTime, Utc};
use vigie_kernel::{OrganizationId, OrganizationSettings, Slug};

/// An organization as it is stored and shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganizationSnapshot {
    /// The organization's id.
    pub id: OrganizationId,
    /// Its short name in addresses.
    pub slug: Slug,
    /// The name that people see.
    pub name: String,
    /// Where it is in its life.
    pub status: OrganizationStatus,
    /// Why it has this status, where somebody gave a reason.
    pub status_reason: Option<String>,
    /// The name of its database: only read from here, never made from the slug again.
    pub database_name: DatabaseName,
    /// Its plan.
    pub plan: Plan,
    /// Its settings.
    pub settings: OrganizationSettings,
    /// The schema version of its database; `None` before the first migration.
    pub schema_version: Option<i32>,
    /// Starts at 1, one more at each change.
    pub version: i64,
    /// When it was reserved.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
}

/// Whether a command changed anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// It did; the version grew.
    Applied,
    /// It was so already.
    None,
}

/// What a new organization starts with.
#[derive(Clone, Debug)]
pub struct NewOrganization {
    /// Its id.
    pub id: OrganizationId,
    /// Its slug.
    pub slug: Slug,
    /// Its name, already checked.
    pub name: String,
    /// Its database's name.
    pub database_name: DatabaseName,
    /// Its plan.
    pub plan: Plan,
    /// Its settings.
    pub settings: OrganizationSettings,
}

/// An organization with its id and status: what a request that names one is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganizationRef {
    /// The organization's id.
    pub id: OrganizationId,
    /// Its slug.
    pub slug: Slug,
    /// Its status, at most two seconds old.
    pub status: OrganizationStatus,
}

impl OrganizationRef {
    /// What reads and writes get.
    #[must_use]
    pub fn availability(&self) -> Availability {
        self.status.into()
    }
}

/// An organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Organization(OrganizationSnapshot);

impl Organization {
    /// A new organization, to be provisioned.
    #[must_use]
    pub fn reserve(new: NewOrganization, now: DateTime<Utc>) -> Self {
        let NewOrganization { id, slug, name, database_name, plan, settings } = new;
        Self(OrganizationSnapshot {
            id,
            slug,
            name,
            status: OrganizationStatus::Provisioning,
            status_reason: None,
            database_name,
            plan,
            settings,
            schema_version: None,
            version: 1,
            created_at: now,
            updated_at: now,
        })
    }

    /// Brings a stored organization back.
    #[must_use]
    pub const fn restore(snapshot: OrganizationSnapshot) -> Self {
        Self(snapshot)
    }

    /// The organization as it is stored and shown.
    #[must_use]
    pub const fn snapshot(&self) -> &OrganizationSnapshot {
        &self.0
    }

    /// The organization's id.
    #[must_use]
    pub const fn id(&self) -> OrganizationId {
        self.0.id
    }

    /// Its status.
    #[must_use]
    pub const fn status(&self) -> OrganizationStatus {
        self.0.status
    }

    /// The name of its database.
    #[must_use]
    pub const fn database_name(&self) -> &DatabaseName {
        &self.0.database_name
    }

    /// What a request that names it is about.
    #[must_use]
    pub fn to_ref(&self) -> OrganizationRef {
        OrganizationRef { id: self.0.id, slug: self.0.slug.clone(), status: self.0.status }
    }

    /// What reads and writes get.
    #[must_use]
    pub fn availability(&self) -> Availability {
        self.0.status.into()
    }

    /// Takes another database name, as long as the database has not been migrated; told by a refusal of the transition
    /// otherwise.
    pub fn rename_database(&mut self, name: DatabaseName, now: DateTime<Utc>) -> Result<(), TenancyError> {
        if self.0.status != OrganizationStatus::Provisioning || self.0.schema_version.is_some() {
            return Err(TenancyError::Transition {
                from: self.0.status,
                to: OrganizationStatus::Provisioning,
            });
        }
        self.0.database_name = name;
        self.touch(now);
        Ok(())
    }

    /// Starts provisioning again after a failure.
    pub fn retry(&mut self, now: DateTime<Utc>) -> Result<Change, TenancyError> {
        self.become_status(OrganizationStatus::Provisioning, None, now)
    }

    /// Opens it for use, with the schema version that its database has.
    pub fn activate(&mut self, schema_version: i32, now: DateTime<Utc>) -> Result<Change, TenancyError> {
        let change = self.become_status(OrganizationStatus::Active, None, now)?;
        if change == Change::Applied {
            self.0.schema_version = Some(schema_version);
        }
        Ok(change)
    }

    /// Marks it as one whose creation failed or is being undone; only one that has never been active can be.
    pub fn fail(&mut self, reason: &str, now: DateTime<Utc>) -> Result<Change, TenancyError> {
        self.become_status(OrganizationStatus::Failed, Some(reason.to_owned()), now)
    }

    /// Changes the name and locks or opens it, as one change.
    pub fn change(
        &mut self,
        name: Option<String>,
        switch: Option<Switch>,
        now: DateTime<Utc>,
    ) -> Result<Change, TenancyError> {
        let before = self.0.version;
        match switch {
            Some(Switch::Suspend(reason)) => self.suspend(reason, now)?,
            Some(Switch::Resume(reason)) => self.resume(Some(reason), now)?,
            None => Change::None,
        };
        if let Some(name) = name.filter(|name| *name != self.0.name) {
            self.0.name = name;
            self.touch(now);
        }
        if self.0.version == before {
            return Ok(Change::None);
        }
        self.0.version = before + 1;
        Ok(Change::Applied)
    }

    /// Locks it, with a reason that its members see.
    pub fn suspend(&mut self, reason: String, now: DateTime<Utc>) -> Result<Change, TenancyError> {
        self.become_status(OrganizationStatus::Suspended, Some(reason), now)
    }

    /// Opens it again after it was suspended.
    pub fn resume(&mut self, reason: Option<String>, now: DateTime<Utc>) -> Result<Change, TenancyError> {
        match self.0.status {
            OrganizationStatus::Suspended | OrganizationStatus::Active => {
                self.become_status(OrganizationStatus::Active, reason, now)
            }
            from @ (OrganizationStatus::Provisioning
            | OrganizationStatus::Migrating
            | OrganizationStatus::ReadOnly
            | OrganizationStatus::Archived
            | OrganizationStatus::Failed
            | OrganizationStatus::Deleted) => {
                Err(TenancyError::Transition { from, to: OrganizationStatus::Active })
            }
        }
    }

    fn become_status(
        &mut self,
        to: OrganizationStatus,
        reason: Option<String>,
        now: DateTime<Utc>,
    ) -> Result<Change, TenancyError> {
        let from = self.0.status;
        if from == to {
            return Ok(Change::None);
        }
        if !may_become(from, to) {
            return Err(TenancyError::Transition { from, to });
        }
        self.0.status = to;
        self.0.status_reason = reason;
        self.touch(now);
        Ok(Change::Applied)
    }

    fn touch(&mut self, now: DateTime<Utc>) {
        self.0.updated_at = now;
        self.0.version += 1;
    }
}
