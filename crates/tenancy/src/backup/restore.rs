//! A new organization out of an archive or out of another organization.

use super::commands::{BackupWatch, CloneOrganization, RestoreAsNew, Restored};
use super::error::BackupError;
use super::loading::{Pulse, Target, check_tables};
use super::ports::{Settling, VerifiedArchive};
use super::refusal::ArchiveRefusal;
use super::service::{Backups, changed, refuse_without_database};
use crate::{
    DatabaseName, NewOrganization, Organization, OrganizationStatus, Plan, RULE_ORGANIZATION_DATABASE,
    TenancyError,
};
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use vigie_kernel::{
    EmailAddress, FieldError, FieldErrors, OperatorContext, OrganizationId, Slug, StoreError, required_text,
};

/// The reason of the status of an organization that a restore is making. It is `failed` until it is whole, so that nothing takes it
/// up as an interrupted sign-up.
pub(crate) const RESTORING: &str = "restoring";
/// Most characters of an organization's name.
const NAME_MAX: usize = 120;
/// How many names are tried for a database before something must be wrong.
const NAMES_TRIED: u32 = 50;
/// How often an organization in the making says that somebody works on it.
const BEAT: TimeDelta = TimeDelta::seconds(30);
/// What a row takes on a disk beside its text: indexes, and the write-ahead log.
const SPACE_FACTOR: u64 = 3;

/// Touches the row of an organization that is being restored.
struct RowPulse<'a> {
    backups: &'a Backups,
    organization: Organization,
    last: DateTime<Utc>,
}

#[async_trait]
impl Pulse for RowPulse<'_> {
    async fn beat(&mut self) -> Result<(), BackupError> {
        let now = self.backups.now();
        if now - self.last < BEAT {
            return Ok(());
        }
        let touched = changed(&self.organization, now, |_| {});
        let mut work = self.backups.ports.store.begin().await?;
        work.organizations().update(&touched).await?;
        work.commit().await?;
        (self.organization, self.last) = (touched, now);
        Ok(())
    }
}

/// What a new organization is called, checked.
struct Wanted {
    slug: Slug,
    name: Option<String>,
    owner: Option<EmailAddress>,
}

impl Backups {
    pub(crate) async fn run_restore_as_new(
        &self,
        operator: &OperatorContext,
        command: RestoreAsNew,
        watch: &dyn BackupWatch,
    ) -> Result<Restored, BackupError> {
        let wanted =
            self.check_wanted(&command.slug, command.name.as_deref(), command.owner.as_deref()).await?;
        watch.step("checking the archive", 0, None);
        let archive = self.ports.archives.verify(&command.archive, command.foreign_key.as_deref()).await?;
        self.check_fit(archive.as_ref()).await?;
        self.make(operator, &wanted, archive.as_ref(), "organization.restored", watch).await
    }

    pub(crate) async fn run_clone(
        &self,
        operator: &OperatorContext,
        command: CloneOrganization,
        watch: &dyn BackupWatch,
    ) -> Result<Restored, BackupError> {
        let source = self.organization(command.from).await?;
        refuse_without_database(&source)?;
        let wanted =
            self.check_wanted(&command.slug, command.name.as_deref(), command.owner.as_deref()).await?;
        let folder = self.folder.join(".clones");
        let (file, _) = self.write_archive(&source, self.ports.ids.next(), &folder, watch).await?;
        let made = async {
            let archive = self.ports.archives.verify(&file.path, None).await?;
            self.check_fit(archive.as_ref()).await?;
            self.make(operator, &wanted, archive.as_ref(), "organization.cloned", watch).await
        };
        let made = made.await;
        self.ports.archives.remove(&file.path).await?;
        made
    }

    async fn check_wanted(
        &self,
        slug: &str,
        name: Option<&str>,
        owner: Option<&str>,
    ) -> Result<Wanted, BackupError> {
        let mut errors = FieldErrors::new();
        let slug = errors.keep(Slug::parse(slug).map_err(|error| FieldError::new("slug", error.code())));
        let name = match name {
            Some(name) => errors.keep(required_text("name", name, NAME_MAX)).map(Some),
            None => Some(None),
        };
        let owner = match owner {
            Some(text) => {
                let read = EmailAddress::parse(text);
                errors.keep(read.map_err(|_| FieldError::new("owner", "email_invalid"))).map(Some)
            }
            None => Some(None),
        };
        let (Some(slug), Some(name), Some(owner)) = (slug, name, owner) else { return Err(errors.into()) };
        if self.ports.store.read().await?.find_by_slug(&slug).await?.is_some() {
            return Err(BackupError::SlugTaken);
        }
        if let Some(owner) = &owner
            && !self.ports.people.has_account(owner).await?
        {
            return Err(BackupError::NoAccount);
        }
        Ok(Wanted { slug, name, owner })
    }

    /// Whether this version can load the archive, and has the room for it.
    pub(crate) async fn check_fit(&self, archive: &dyn VerifiedArchive) -> Result<(), BackupError> {
        let manifest = archive.manifest();
        self.ports.data.loadable(&manifest.schema)?;
        check_tables(manifest, &self.ports.data.tables(manifest.schema.version)?)?;
        let needed = manifest.raw_bytes().saturating_mul(SPACE_FACTOR);
        let free = self.ports.archives.free_bytes().await?;
        if free < needed {
            return Err(ArchiveRefusal::NoSpace { needed, free }.into());
        }
        Ok(())
    }

    /// The new organization, or nothing at all.
    async fn make(
        &self,
        operator: &OperatorContext,
        wanted: &Wanted,
        archive: &dyn VerifiedArchive,
        action: &'static str,
        watch: &dyn BackupWatch,
    ) -> Result<Restored, BackupError> {
        let reserved = self.reserve(wanted, archive).await?;
        let id = reserved.id();
        let mut pulse = RowPulse { backups: self, organization: reserved, last: self.now() };
        let made = self.fill_new(operator, &mut pulse, archive, action, watch).await;
        let restored = match made {
            Ok(restored) => restored,
            Err(error) => {
                if let Err(left) = self.undo_restore(id).await {
                    tracing::error!(organization.id = %id, error = %left, "what a failed restore has made could not be removed; it is tried again");
                }
                return Err(error);
            }
        };
        self.ports.tenancy.invalidate(id);
        if let Some(owner) = &wanted.owner {
            self.ports.people.make_owner(wanted.slug.as_str(), owner, operator.request_id()).await?;
        }
        Ok(restored)
    }

    async fn reserve(
        &self,
        wanted: &Wanted,
        archive: &dyn VerifiedArchive,
    ) -> Result<Organization, BackupError> {
        let card = &archive.manifest().organization;
        let name = wanted.name.clone().map_or_else(|| required_text("name", &card.name, NAME_MAX), Ok)?;
        let first = DatabaseName::for_slug(&self.database_prefix, &wanted.slug)
            .map_err(|error| BackupError::Tenancy(TenancyError::Prefix(error)))?;
        let id: OrganizationId = self.ports.ids.next();
        let mut database_name = first.clone();
        for taken in 1..=NAMES_TRIED {
            let new = NewOrganization {
                id,
                slug: wanted.slug.clone(),
                name: name.clone(),
                database_name: database_name.clone(),
                plan: Plan::from_name(&card.plan).unwrap_or_default(),
                settings: card.settings,
            };
            let mut snapshot = Organization::reserve(new, self.now()).snapshot().clone();
            snapshot.status = OrganizationStatus::Failed;
            snapshot.status_reason = Some(RESTORING.to_owned());
            snapshot.settings.outgoing_paused = true;
            let organization = Organization::restore(snapshot);
            let mut work = self.ports.store.begin().await?;
            let inserted = work.organizations().insert(&organization).await;
            match inserted {
                Ok(()) => {
                    work.commit().await?;
                    return Ok(organization);
                }
                Err(StoreError::Conflict(RULE_ORGANIZATION_DATABASE)) => database_name = first.after(taken),
                Err(error) => return Err(TenancyError::from(error).into()),
            }
        }
        Err(StoreError::Conflict(RULE_ORGANIZATION_DATABASE).into())
    }

    async fn fill_new(
        &self,
        operator: &OperatorContext,
        pulse: &mut RowPulse<'_>,
        archive: &dyn VerifiedArchive,
        action: &'static str,
        watch: &dyn BackupWatch,
    ) -> Result<Restored, BackupError> {
        let reserved = pulse.organization.clone();
        let target = Target {
            organization: &reserved,
            databases: self.ports.databases.as_ref(),
            data: self.ports.data.as_ref(),
            settling: Settling::Copied,
        };
        let version = target.build(archive, watch, pulse).await?;
        let files = self.load_files(&reserved, archive, watch, pulse).await?;
        let manifest = archive.manifest();
        let mut organization = pulse.organization.clone();
        let details = json!({
            "slug": organization.snapshot().slug,
            "backup": manifest.backup,
            "from": manifest.organization.id,
        });
        let mut work = self.ports.store.begin().await?;
        organization.retry(self.now())?;
        work.organizations().update(&organization).await?;
        organization.activate(version, self.now())?;
        work.organizations().update(&organization).await?;
        work.audit().record(&self.audit(operator, action, organization.id(), details)).await?;
        work.commit().await?;
        Ok(Restored {
            organization,
            rows: manifest.rows(),
            tables: manifest.tables.len(),
            files,
            schema_version: manifest.schema.version,
        })
    }

    /// Removes what a restore that failed or was killed has made.
    pub(crate) async fn undo_restore(&self, id: OrganizationId) -> Result<(), BackupError> {
        let found = self.ports.store.read().await?.find(id).await?;
        let is_in_the_making = |organization: &Organization| {
            organization.status() == OrganizationStatus::Failed
                && organization.snapshot().status_reason.as_deref() == Some(RESTORING)
        };
        let Some(organization) = found.filter(is_in_the_making) else { return Ok(()) };
        // Whoever works on it still, slowly, cannot activate it any more: what is dropped is never in service.
        let organization = changed(&organization, self.now(), |_| {});
        let mut work = self.ports.store.begin().await?;
        let taken = work.organizations().update(&organization).await;
        match taken {
            Ok(()) => work.commit().await?,
            Err(StoreError::Stale) => return Ok(()),
            Err(error) => return Err(error.into()),
        }
        self.ports.files.remove_all(id).await?;
        self.ports.databases.drop_database(&organization).await?;
        let mut work = self.ports.store.begin().await?;
        work.organizations().remove(&organization).await?;
        work.commit().await?;
        self.ports.tenancy.invalidate(id);
        Ok(())
    }
}
