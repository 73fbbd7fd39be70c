//! Finding and listing organizations.

use crate::common::Engine;
use crate::on_both_engines;
use chrono::TimeDelta;
use vigie_kernel::{Clock, PageRequest, Slug};
use vigie_tenancy::{ListOrganizations, OrganizationReads, OrganizationStatus, OrganizationStore};

async fn reads(engine: &Engine) -> Box<dyn OrganizationReads> {
    OrganizationStore::read(&engine.control).await.unwrap()
}

async fn slugs(engine: &Engine, filter: &ListOrganizations, limit: u16) -> Vec<Vec<String>> {
    let mut pages = Vec::new();
    let mut request = PageRequest { limit, after: None };
    loop {
        let page = reads(engine).await.list(filter, &request).await.unwrap();
        pages.push(page.items.iter().map(|item| item.snapshot().slug.to_string()).collect());
        match page.next {
            Some(next) => request.after = Some(next),
            None => return pages,
        }
    }
}

on_both_engines!(the_list_is_by_slug_and_comes_in_pages, async |engine: Engine| {
    for slug in ["nantes", "paris", "brest", "lyon", "lille"] {
        engine.reserved(slug).await;
    }
    engine.control_sql("UPDATE organizations SET status = 'deleted' WHERE slug = 'lyon'").await;
    engine.control_sql("UPDATE organizations SET status = 'active' WHERE slug = 'paris'").await;

    let all = ListOrganizations::default();
    let pages = slugs(&engine, &all, 2).await;
    assert_eq!(pages, [vec!["brest", "lille"], vec!["nantes", "paris"]]);
    assert_eq!(slugs(&engine, &all, 3).await, [vec!["brest", "lille", "nantes"], vec!["paris"]]);
    let active =
        ListOrganizations { status: Some(OrganizationStatus::Active), ..ListOrganizations::default() };
    assert_eq!(slugs(&engine, &active, 10).await, [vec!["paris"]]);
    let deleted =
        ListOrganizations { status: Some(OrganizationStatus::Deleted), ..ListOrganizations::default() };
    assert_eq!(slugs(&engine, &deleted, 10).await, [vec!["lyon"]]);
});

on_both_engines!(an_organization_is_found_by_id_slug_and_verified_domain, async |engine: Engine| {
    let paris = engine.reserved("paris").await;
    engine
        .control_sql(
            "INSERT INTO organization_domains (domain, organization_id, verified_at) \
             SELECT 'vigie.paris.example', id, updated_at FROM organizations WHERE slug = 'paris'",
        )
        .await;
    engine
        .control_sql(
            "INSERT INTO organization_domains (domain, organization_id) \
             SELECT 'unverified.example', id FROM organizations WHERE slug = 'paris'",
        )
        .await;
    let mut reads = reads(&engine).await;

    assert_eq!(reads.find(paris.id()).await.unwrap().as_ref(), Some(&paris));
    assert_eq!(reads.find_by_slug(&Slug::parse("paris").unwrap()).await.unwrap().as_ref(), Some(&paris));
    assert_eq!(reads.find_by_domain("vigie.paris.example").await.unwrap().as_ref(), Some(&paris));
    assert_eq!(reads.find_by_domain("unverified.example").await.unwrap(), None);
    assert_eq!(reads.find_by_slug(&Slug::parse("lyon").unwrap()).await.unwrap(), None);
    assert_eq!(reads.find(engine.ids.next()).await.unwrap(), None);
});

on_both_engines!(what_nobody_is_about_is_unattended, async |engine: Engine| {
    let oldest = engine.reserved("paris").await;
    engine.clock.advance(TimeDelta::seconds(30));
    let mut failed = engine.reserved("lyon").await;
    failed.fail("why", engine.clock.now()).unwrap();
    engine.save(&failed).await;
    engine.clock.advance(TimeDelta::seconds(30));
    engine.reserved("too-young").await;
    engine.reserved("active").await;
    engine.control_sql("UPDATE organizations SET status = 'active' WHERE slug = 'active'").await;

    let before = engine.clock.now() - TimeDelta::seconds(10);
    let unfinished = reads(&engine).await.unattended(before).await.unwrap();

    assert_eq!(unfinished, [oldest, failed]);
});

on_both_engines!(the_control_database_answers, async |engine: Engine| {
    engine.control.ping().await.unwrap();
    // Migrating again finds nothing to do.
    engine.control.migrate().await.unwrap();
});
