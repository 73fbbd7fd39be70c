use super::{ANA, BOB, World, tenant};
use crate::{INBOX_DAYS, InboxQuery, MarkAllRead, NotificationError, NotificationService};
use chrono::TimeDelta;
use vigie_kernel::testing::member;
use vigie_kernel::{Clock, PageRequest, Permission, PermissionDenied, PermissionSet, Role};

#[tokio::test]
async fn an_entry_is_read_once() {
    let world = World::new();
    world.comments_of_eve(1..4).await;
    let newest = world.entries(BOB, None).await.remove(0);
    assert!(newest.is_unread());
    let at = world.clock.now();
    let read = world.service.mark_read(&tenant(BOB), newest.id()).await.unwrap();
    assert_eq!((read.snapshot().read_at, world.unread(BOB).await), (Some(at), 2));
    world.clock.advance(TimeDelta::hours(1));
    let again = world.service.mark_read(&tenant(BOB), newest.id()).await.unwrap();
    assert_eq!((again, world.unread(BOB).await), (read.clone(), 2));
    assert_eq!(world.entries(BOB, Some(false)).await, [read]);
    assert_eq!(world.entries(BOB, Some(true)).await.len(), 2);
}

#[tokio::test]
async fn everything_is_read_up_to_what_the_reader_saw() {
    let world = World::new();
    world.comments_of_eve(1..3).await;
    let seen = world.entries(BOB, None).await[0].snapshot().received_at;
    world.clock.advance(TimeDelta::seconds(1));
    world.comments_of_eve(3..4).await;
    let marked = world.service.mark_all_read(&tenant(BOB), MarkAllRead { before: Some(seen) }).await.unwrap();
    assert_eq!((marked.marked, marked.unread), (2, 1));
    let marked = world.service.mark_all_read(&tenant(BOB), MarkAllRead::default()).await.unwrap();
    assert_eq!((marked.marked, marked.unread), (1, 0));
    let marked = world.service.mark_all_read(&tenant(BOB), MarkAllRead::default()).await.unwrap();
    assert_eq!((marked.marked, marked.unread), (0, 0));
}

#[tokio::test]
async fn another_members_entry_is_absent() {
    let world = World::new();
    world.comments_of_eve(1..2).await;
    let entry = world.entries(BOB, None).await.remove(0);
    let stolen = world.service.mark_read(&tenant(ANA), entry.id()).await;
    assert!(matches!(stolen, Err(NotificationError::NotFound)));
    assert!(world.entries(BOB, Some(true)).await.contains(&entry));
    assert_eq!(world.unread(BOB).await, 1);
}

#[tokio::test]
async fn a_list_comes_page_by_page_the_newest_first() {
    let world = World::new();
    world.comments_of_eve(1..6).await;
    let mut seen = Vec::new();
    let mut page = PageRequest { limit: 2, after: None };
    loop {
        let query = InboxQuery { unread: Some(true), page: page.clone() };
        let found = world.service.inbox(&tenant(BOB), query).await.unwrap();
        seen.extend(found.items);
        let Some(next) = found.next else { break };
        page.after = Some(next);
    }
    assert_eq!(seen, world.entries(BOB, None).await);
    assert_eq!(seen.len(), 5);
}

#[tokio::test]
async fn what_is_too_old_is_forgotten_when_something_new_is_told() {
    let world = World::new();
    world.comments_of_eve(1..3).await;
    world.clock.advance(TimeDelta::days(i64::from(INBOX_DAYS)));
    world.comments_of_eve(3..4).await;
    assert_eq!(world.entries(BOB, None).await.len(), 3, "ninety days are not over");
    world.clock.advance(TimeDelta::seconds(1));
    world.comments_of_eve(4..5).await;
    assert_eq!(world.entries(BOB, None).await.len(), 2);
    assert_eq!(world.unread(BOB).await, 2, "what is forgotten is not counted any more");
}

#[tokio::test]
async fn the_inbox_needs_its_permission() {
    let world = World::new();
    let nobody =
        member(tenant(BOB).organization(), tenant(BOB).actor(), Role::User, PermissionSet::default());
    let refused = world.service.unread(&nobody).await;
    let missing = PermissionDenied(Permission::InboxRead);
    assert!(matches!(refused, Err(NotificationError::Denied(denied)) if denied == missing));
}
