//! Tests of the crate, by area.

mod database_names;
mod hints;
mod provisioning;
mod resolution;
mod states;

use crate::{
    DatabaseName, MemoryDatabases, MemoryOrganizations, NewOrganization, Organization, OrganizationSnapshot,
    OrganizationStatus, Plan, ReserveOrganization, ResolutionRules, Tenancy,
};
use std::sync::Arc;
use uuid::Uuid;
use vigie_kernel::testing::{CountedIds, FixedClock};
use vigie_kernel::{Clock, OperatorContext, OrganizationId, OrganizationSettings, Slug};

pub(crate) struct World {
    pub(crate) store: MemoryOrganizations,
    pub(crate) databases: Arc<MemoryDatabases>,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) tenancy: Tenancy,
}

impl World {
    pub(crate) fn new() -> Self {
        let store = MemoryOrganizations::default();
        let databases = Arc::new(MemoryDatabases::default());
        let clock = Arc::new(FixedClock::at_text("2026-11-20T09:00:00Z"));
        let tenancy = Tenancy::new(
            Arc::new(store.clone()),
            databases.clone(),
            ResolutionRules::try_new("vigie.example", &["console.corp.example:8443"], true).unwrap(),
            "vigie_org_".to_owned(),
            clock.clone(),
            Arc::new(CountedIds::default()),
        );
        Self { store, databases, clock, tenancy }
    }

    /// An organization in that state, put into the store.
    pub(crate) fn given(&self, slug: &str, status: OrganizationStatus) -> OrganizationId {
        let organization = organization(slug, self.clock.now());
        let snapshot = OrganizationSnapshot { status, ..organization.snapshot().clone() };
        self.store.put(Organization::restore(snapshot));
        organization.id()
    }
}

/// A freshly reserved organization whose id follows from its slug.
pub(crate) fn organization(slug: &str, now: chrono::DateTime<chrono::Utc>) -> Organization {
    let bytes: u128 = slug.bytes().fold(0, |sum, byte| sum * 31 + u128::from(byte));
    let slug = Slug::parse(slug).unwrap();
    let new = NewOrganization {
        id: OrganizationId::from(Uuid::from_u128(bytes)),
        name: slug.to_string(),
        database_name: DatabaseName::for_slug("vigie_org_", &slug).unwrap(),
        slug,
        plan: Plan::Starter,
        settings: OrganizationSettings::default(),
    };
    Organization::reserve(new, now)
}

pub(crate) fn operator() -> OperatorContext {
    OperatorContext::new(None, "test-request".to_owned())
}

pub(crate) fn named(name: &str, slug: Option<&str>) -> ReserveOrganization {
    ReserveOrganization {
        name: name.to_owned(),
        slug: slug.map(str::to_owned),
        plan: Plan::Starter,
        settings: OrganizationSettings::default(),
    }
}
