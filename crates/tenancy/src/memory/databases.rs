//! Organizations' databases and files in memory.

use super::{Faults, lock};
use crate::{
    ConnectionSettings, FileSpaces, FoundDatabase, Organization, RULE_ORGANIZATION_DATABASE, TenantDatabases,
};
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use vigie_kernel::{OrganizationId, StoreError};

/// An error that an effect is to answer with.
type Failure = Box<dyn Fn() -> StoreError + Send + Sync>;

#[derive(Default)]
struct Databases {
    found: Vec<FoundDatabase>,
    members_out_of_step: BTreeSet<OrganizationId>,
    calls: Vec<&'static str>,
    failures: BTreeMap<&'static str, Failure>,
}

/// [`TenantDatabases`] in memory, which can be told to fail. Effects are called `create`, `configure`, `migrate`, `seed`,
/// `probe` and `drop`.
pub struct MemoryDatabases {
    state: Mutex<Databases>,
    faults: Faults,
}

impl MemoryDatabases {
    /// The schema version that every migration arrives at.
    pub const SCHEMA_VERSION: i32 = 7;

    /// No databases.
    #[must_use]
    pub fn new(faults: Faults) -> Self {
        Self { state: Mutex::default(), faults }
    }

    /// Lets an effect fail every time with that error, until [`MemoryDatabases::heal`].
    pub fn fail_at(&self, effect: &'static str, error: impl Fn() -> StoreError + Send + Sync + 'static) {
        lock(&self.state).failures.insert(effect, Box::new(error));
    }

    /// Lets every effect work again.
    pub fn heal(&self) {
        lock(&self.state).failures.clear();
    }

    /// Puts a database there that bears the mark of that organization.
    pub fn occupy(&self, name: &str, organization: OrganizationId) {
        let found = FoundDatabase { name: name.to_owned(), organization, is_draft: false };
        lock(&self.state).found.push(found);
    }

    /// Lets the members of a database be other ones than the control database's.
    pub fn lose_step(&self, organization: OrganizationId) {
        lock(&self.state).members_out_of_step.insert(organization);
    }

    /// The names of the databases that exist, drafts included.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        let mut names: Vec<_> = lock(&self.state).found.iter().map(|found| found.name.clone()).collect();
        names.sort();
        names
    }

    /// The effects that were asked for so far.
    #[must_use]
    pub fn calls(&self) -> Vec<&'static str> {
        lock(&self.state).calls.clone()
    }

    /// Gives a draft its name.
    fn finish(&self, draft: &FoundDatabase, name: &str) {
        let mut state = lock(&self.state);
        state.found.retain(|found| found != draft);
        // Another holder may have been quicker.
        if state.found.iter().all(|found| found.name != name) {
            state.found.push(FoundDatabase { name: name.to_owned(), is_draft: false, ..draft.clone() });
        }
    }

    /// Passes the points before and after an effect, unless it is to fail.
    async fn effect<T>(
        &self,
        name: &'static str,
        act: impl FnOnce(&mut Databases) -> Result<T, StoreError> + Send,
    ) -> Result<T, StoreError>
    where
        T: Send,
    {
        self.faults.point(&format!("before {name}")).await;
        let acted = {
            let mut state = lock(&self.state);
            state.calls.push(name);
            match state.failures.get(name) {
                Some(failure) => Err(failure()),
                None => act(&mut state),
            }
        };
        self.faults.point(&format!("after {name}")).await;
        acted
    }
}

impl Databases {
    fn has(&self, organization: &Organization) -> Result<(), StoreError> {
        let name = organization.database_name().as_str();
        let own = |found: &FoundDatabase| {
            found.name == name && found.organization == organization.id() && !found.is_draft
        };
        if self.found.iter().any(own) { Ok(()) } else { Err(StoreError::broken("there is no such database")) }
    }
}

#[async_trait]
impl TenantDatabases for MemoryDatabases {
    async fn create(&self, organization: &Organization) -> Result<(), StoreError> {
        let name = organization.database_name().as_str();
        let draft =
            FoundDatabase { name: format!("{name}.draft"), organization: organization.id(), is_draft: true };
        let there = self
            .effect("create", |state| match state.found.iter().find(|found| found.name == name) {
                Some(found) if found.organization == organization.id() => Ok(true),
                Some(_) => Err(StoreError::Conflict(RULE_ORGANIZATION_DATABASE)),
                None => {
                    state.found.retain(|found| *found != draft);
                    state.found.push(draft.clone());
                    Ok(false)
                }
            })
            .await?;
        if there {
            return Ok(());
        }
        self.faults.point("in the middle of create").await;
        self.finish(&draft, name);
        self.faults.point("at the end of create").await;
        Ok(())
    }

    async fn configure(
        &self,
        organization: &Organization,
        _settings: &ConnectionSettings,
    ) -> Result<bool, StoreError> {
        self.effect("configure", |state| state.has(organization).map(|()| true)).await
    }

    async fn migrate(&self, organization: &Organization) -> Result<i32, StoreError> {
        self.effect("migrate", |state| state.has(organization).map(|()| Self::SCHEMA_VERSION)).await
    }

    async fn seed(&self, organization: &Organization) -> Result<(), StoreError> {
        self.effect("seed", |state| {
            state.members_out_of_step.remove(&organization.id());
            state.has(organization)
        })
        .await
    }

    async fn probe(&self, organization: &Organization) -> Result<(), StoreError> {
        self.effect("probe", |state| state.has(organization)).await
    }

    async fn drop_database(&self, organization: &Organization) -> Result<(), StoreError> {
        self.effect("drop", |state| {
            state.found.retain(|found| found.organization != organization.id());
            Ok(())
        })
        .await
    }

    async fn inventory(&self, prefix: &str) -> Result<Vec<FoundDatabase>, StoreError> {
        Ok(lock(&self.state).found.iter().filter(|found| found.name.starts_with(prefix)).cloned().collect())
    }

    async fn drop_found(&self, found: &FoundDatabase) -> Result<(), StoreError> {
        lock(&self.state).found.retain(|known| known != found);
        Ok(())
    }

    async fn members_in_step(&self, organization: &Organization) -> Result<bool, StoreError> {
        Ok(!lock(&self.state).members_out_of_step.contains(&organization.id()))
    }
}

/// [`FileSpaces`] in memory.
pub struct MemoryFiles {
    spaces: Mutex<BTreeSet<OrganizationId>>,
    faults: Faults,
}

impl MemoryFiles {
    /// No files.
    #[must_use]
    pub fn new(faults: Faults) -> Self {
        Self { spaces: Mutex::default(), faults }
    }
}

#[async_trait]
impl FileSpaces for MemoryFiles {
    async fn prepare(&self, organization: OrganizationId) -> Result<(), StoreError> {
        self.faults.point("before files").await;
        lock(&self.spaces).insert(organization);
        self.faults.point("after files").await;
        Ok(())
    }

    async fn probe(&self, organization: OrganizationId) -> Result<(), StoreError> {
        if lock(&self.spaces).contains(&organization) { Ok(()) } else { Err(StoreError::broken("no space")) }
    }

    async fn remove(&self, organization: OrganizationId) -> Result<(), StoreError> {
        self.faults.point("before removing files").await;
        lock(&self.spaces).remove(&organization);
        self.faults.point("after removing files").await;
        Ok(())
    }

    async fn inventory(&self) -> Result<Vec<OrganizationId>, StoreError> {
        Ok(lock(&self.spaces).iter().copied().collect())
    }
}
