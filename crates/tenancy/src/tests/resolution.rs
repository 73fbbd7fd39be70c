use super::{World, operator, organization};
use crate::{
    ListOrganizations, OrganizationRef, OrganizationStatus, ResolutionCache, TenancyError, TenancyService,
    TenantHints, TenantName,
};
use async_trait::async_trait;
use chrono::TimeDelta;
use std::sync::{Arc, Mutex};
use vigie_kernel::{Clock, Invalidation, Invalidations, PageRequest, Recalled, Slug, Ticket};

fn header(text: &str) -> TenantHints {
    TenantHints { header: Some(text.to_owned()), ..TenantHints::default() }
}

fn host(text: &str) -> TenantHints {
    TenantHints { host: Some(text.to_owned()), ..TenantHints::default() }
}

#[tokio::test]
async fn an_organization_is_found_by_each_of_its_names() {
    let world = World::new();
    let paris = world.given("paris", OrganizationStatus::Active);
    world.store.verify_domain("kpi.example.org", paris);
    let query = TenantHints { query: Some("paris".to_owned()), ..TenantHints::default() };
    for hints in [host("paris.vigie.example:443"), host("KPI.example.org."), header("paris"), query] {
        let found = world.tenancy.resolve(&hints).await.unwrap().unwrap();
        assert_eq!((found.id, found.status), (paris, OrganizationStatus::Active), "{hints:?}");
    }
}

#[tokio::test]
async fn a_request_that_names_nobody_leaves_it_to_the_token() {
    let world = World::new();
    for text in ["127.0.0.1:8080", "vigie.example", "www.vigie.example"] {
        assert_eq!(world.tenancy.resolve(&host(text)).await.unwrap(), None);
    }
    assert_eq!(world.store.reads(), 0);
}

#[tokio::test]
async fn unknown_deleted_and_impossible_names_look_the_same() {
    let world = World::new();
    let gone = world.given("gone", OrganizationStatus::Deleted);
    world.store.verify_domain("gone.example.org", gone);
    for hints in [
        header("nobody"),
        header("gone"),
        header("not a slug"),
        header("admin"),
        header("x"),
        host("gone.vigie.example"),
        host("x.vigie.example"),
        host("gone.example.org"),
        host("other.example.org"),
    ] {
        assert!(matches!(world.tenancy.resolve(&hints).await, Err(TenancyError::TenantUnknown)), "{hints:?}");
    }
}

#[tokio::test]
async fn a_suspended_organization_is_still_named() {
    let world = World::new();
    world.given("paris", OrganizationStatus::Suspended);
    let found = world.tenancy.resolve(&header("paris")).await.unwrap().unwrap();
    assert_eq!(found.availability().reads.unwrap_err().code(), "tenant_suspended");
}

#[tokio::test]
async fn a_domain_and_a_slug_have_to_agree() {
    let world = World::new();
    let paris = world.given("paris", OrganizationStatus::Active);
    world.given("lyon", OrganizationStatus::Active);
    world.store.verify_domain("kpi.example.org", paris);
    let both = |slug: &str| TenantHints { header: Some(slug.to_owned()), ..host("kpi.example.org") };
    assert_eq!(world.tenancy.resolve(&both("paris")).await.unwrap().unwrap().id, paris);
    for other in ["lyon", "nobody", "no slug"] {
        assert!(
            matches!(world.tenancy.resolve(&both(other)).await, Err(TenancyError::TenantConflict)),
            "{other}"
        );
    }
}

#[tokio::test]
async fn an_organization_is_remembered_for_two_seconds() {
    let world = World::new();
    world.given("paris", OrganizationStatus::Active);
    for _ in 0..4 {
        world.tenancy.resolve(&header("paris")).await.unwrap();
        world.clock.advance(TimeDelta::milliseconds(499));
    }
    assert_eq!(world.store.reads(), 1);
    world.clock.advance(TimeDelta::milliseconds(4));
    world.tenancy.resolve(&header("paris")).await.unwrap();
    assert_eq!(world.store.reads(), 2);
}

/// Knows one organization for one more second; asked for anything else, it lets others go first and knows nothing.
struct Shared(Option<OrganizationRef>);

#[async_trait]
impl ResolutionCache for Shared {
    async fn recall(&self, _: &TenantName) -> Recalled<OrganizationRef> {
        if let Some(known) = &self.0 {
            return Recalled::Known { value: known.clone(), good_for: TimeDelta::seconds(1) };
        }
        tokio::task::yield_now().await;
        Recalled::Unknown(Ticket::void())
    }

    async fn remember(&self, _: &TenantName, _: &OrganizationRef, _: Ticket, _: TimeDelta) {}
}

/// Remembers what was announced.
#[derive(Default)]
struct News(Mutex<Vec<Invalidation>>);

impl Invalidations for News {
    fn announce(&self, what: Invalidation) {
        self.0.lock().unwrap().push(what);
    }
}

fn world_with(shared: Shared) -> (World, Arc<News>) {
    let news = Arc::new(News::default());
    let world = World::new();
    let tenancy = world.tenancy.sharing(Arc::new(shared), news.clone());
    (World { tenancy, ..world }, news)
}

#[tokio::test]
async fn those_who_ask_at_once_ask_the_database_once() {
    let (world, _) = world_with(Shared(None));
    world.given("paris", OrganizationStatus::Active);
    let asking = (0..20).map(|_| async { world.tenancy.resolve(&header("paris")).await.unwrap() });
    let answers = futures_util::future::join_all(asking).await;
    assert!(answers.iter().all(Option::is_some));
    assert_eq!(world.store.reads(), 1);
}

#[tokio::test]
async fn what_another_process_found_out_is_believed_no_longer_than_it_is_good() {
    let known = organization("paris", World::new().clock.now()).to_ref();
    let (world, _) = world_with(Shared(Some(known.clone())));
    assert_eq!(world.tenancy.resolve(&header("paris")).await.unwrap(), Some(known));
    assert_eq!(world.store.reads(), 0);
    let name = TenantName::Slug(Slug::parse("paris").unwrap());
    let at = |later: i64| world.clock.now() + TimeDelta::milliseconds(later);
    assert!(world.tenancy.local.recall(&name, at(999)).is_ok());
    assert!(world.tenancy.local.recall(&name, at(1000)).is_err());
}

#[tokio::test]
async fn the_other_processes_are_told_and_this_one_forgets_what_it_is_told() {
    let (world, news) = world_with(Shared(None));
    let paris = world.given("paris", OrganizationStatus::Active);
    world.tenancy.suspend(&operator(), paris, "unpaid").await.unwrap();
    assert_eq!(*news.0.lock().unwrap(), [Invalidation::Organization(paris)]);

    world.tenancy.resolve(&header("paris")).await.unwrap();
    let before = world.store.reads();
    world.tenancy.forget(Invalidation::Organization(paris));
    world.tenancy.resolve(&header("paris")).await.unwrap();
    assert_eq!(world.store.reads(), before + 1);
    assert_eq!(news.0.lock().unwrap().len(), 1, "who is told does not tell it again");
}

#[tokio::test]
async fn nobody_is_remembered_for_two_seconds() {
    let world = World::new();
    for _ in 0..3 {
        world.tenancy.resolve(&header("paris")).await.unwrap_err();
    }
    assert_eq!(world.store.reads(), 1);
    let paris = world.given("paris", OrganizationStatus::Active);
    world.clock.advance(TimeDelta::seconds(2));
    assert_eq!(world.tenancy.resolve(&header("paris")).await.unwrap().unwrap().id, paris);
}

#[tokio::test]
async fn a_change_is_seen_at_once() {
    let world = World::new();
    let paris = world.given("paris", OrganizationStatus::Active);
    world.tenancy.resolve(&header("paris")).await.unwrap();
    world.tenancy.suspend(&operator(), paris, "unpaid").await.unwrap();
    let found = world.tenancy.resolve(&header("paris")).await.unwrap().unwrap();
    assert_eq!(found.status, OrganizationStatus::Suspended);

    world.tenancy.resolve(&host("kpi.example.org")).await.unwrap_err();
    world.store.verify_domain("kpi.example.org", paris);
    world.tenancy.invalidate(paris);
    assert_eq!(world.tenancy.resolve(&host("kpi.example.org")).await.unwrap().unwrap().id, paris);
}

#[tokio::test]
async fn the_list_pages_by_slug_and_hides_the_deleted() {
    let world = World::new();
    for slug in ["nice", "lyon", "paris"] {
        world.given(slug, OrganizationStatus::Active);
    }
    world.given("gone", OrganizationStatus::Deleted);
    let filter = ListOrganizations::default();
    let slugs = |page: &vigie_kernel::Page<crate::Organization>| -> Vec<String> {
        page.items.iter().map(|item| item.snapshot().slug.to_string()).collect()
    };
    let first =
        world.tenancy.list(&operator(), &filter, &PageRequest { limit: 2, after: None }).await.unwrap();
    assert_eq!(slugs(&first), ["lyon", "nice"]);
    let rest = PageRequest { limit: 2, after: first.next };
    let last = world.tenancy.list(&operator(), &filter, &rest).await.unwrap();
    assert_eq!((slugs(&last), last.next), (vec!["paris".to_owned()], None));
    let deleted =
        ListOrganizations { status: Some(OrganizationStatus::Deleted), ..ListOrganizations::default() };
    let found = world.tenancy.list(&operator(), &deleted, &PageRequest::default()).await.unwrap();
    assert_eq!(slugs(&found), ["gone"]);
}
