//! Tests of the crate, by area.

mod creation;
mod database_names;
mod doctor;
mod faults;
mod hints;
mod operations;
mod resolution;
mod states;

use crate::{
    Begun, CreateOrganization, DatabaseName, FirstOwner, MemoryDatabases, MemoryOrganizations, MemoryOutside,
    NewOrganization, Organization, OrganizationSnapshot, OrganizationStatus, Outcome, Patience, Plan,
    Redacted, ResolutionRules, Tenancy, TenancyService,
};
use std::sync::Arc;
use uuid::Uuid;
use vigie_kernel::testing::{CountedIds, FixedClock};
use vigie_kernel::{Clock, EmailAddress, OperatorContext, OrganizationId, OrganizationSettings, Slug};

pub(crate) struct World {
    pub(crate) outside: MemoryOutside,
    pub(crate) store: MemoryOrganizations,
    pub(crate) databases: Arc<MemoryDatabases>,
    pub(crate) clock: Arc<FixedClock>,
    ids: Arc<CountedIds>,
    pub(crate) tenancy: Tenancy,
}

impl World {
    pub(crate) fn new() -> Self {
        let outside = MemoryOutside::default();
        let clock = Arc::new(FixedClock::at_text("2026-11-20T09:00:00Z"));
        let ids = Arc::new(CountedIds::default());
        let tenancy = process(&outside, &clock, &ids);
        let (store, databases) = (outside.store.clone(), outside.databases.clone());
        Self { outside, store, databases, clock, ids, tenancy }
    }

    /// Another process of the same installation.
    pub(crate) fn process(&self) -> Tenancy {
        process(&self.outside, &self.clock, &self.ids)
    }

    /// An organization in that state, put into the store.
    pub(crate) fn given(&self, slug: &str, status: OrganizationStatus) -> OrganizationId {
        let organization = organization(slug, self.clock.now());
        let snapshot = OrganizationSnapshot { status, ..organization.snapshot().clone() };
        self.store.put(Organization::restore(snapshot));
        organization.id()
    }

    pub(crate) async fn begin(&self, name: &str) -> Begun {
        self.tenancy.begin(&operator(), named(name, None)).await.unwrap()
    }

    pub(crate) async fn create(&self, name: &str) -> Outcome {
        let begun = self.begin(name).await;
        self.tenancy.run(begun, Patience::Patient).await.unwrap()
    }

    /// Nothing is left of anything, but the record of what was done.
    pub(crate) async fn assert_empty(&self) {
        assert_eq!(self.databases.names(), [""; 0]);
        assert_eq!(crate::FileSpaces::inventory(&*self.outside.files).await.unwrap(), []);
        assert_eq!(self.store.all(), []);
        assert_eq!(self.store.addresses(), [""; 0]);
    }
}

fn process(outside: &MemoryOutside, clock: &Arc<FixedClock>, ids: &Arc<CountedIds>) -> Tenancy {
    let rules = ResolutionRules::try_new("vigie.example", &["console.corp.example:8443"], true).unwrap();
    Tenancy::new(outside.ports(clock.clone(), ids.clone()), rules, "vigie_org_".to_owned())
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

/// What the operator asks for; the owner's address follows from the name.
pub(crate) fn named(name: &str, slug: Option<&str>) -> CreateOrganization {
    CreateOrganization {
        name: name.to_owned(),
        slug: slug.map(str::to_owned),
        domain: None,
        plan: Plan::Starter,
        settings: OrganizationSettings::default(),
        owner: FirstOwner::Named { email: address(name), full_name: None },
        idempotency_key: None,
    }
}

/// What somebody asks for who signs up.
pub(crate) fn signed_up(name: &str, email: &str) -> CreateOrganization {
    let owner = FirstOwner::SignedUp {
        email: EmailAddress::parse(email).unwrap(),
        full_name: "Jean Martin".to_owned(),
        password_hash: Redacted::new("hash"),
        locale: None,
    };
    CreateOrganization { owner, ..named(name, None) }
}

pub(crate) fn address(name: &str) -> String {
    let local: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
    format!("{}@example.org", local.to_ascii_lowercase())
}
