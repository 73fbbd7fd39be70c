use crate::{SystemClock, SystemIds, SystemSecrets};
use std::collections::BTreeSet;
use vigie_auth::Secrets;
use vigie_kernel::{Clock, IdSource, to_microseconds};

#[test]
fn the_clock_is_cut_to_microseconds() {
    let now = SystemClock.now();
    assert_eq!(to_microseconds(now), now);
}

#[test]
fn ids_are_ordered_and_never_given_twice() {
    let ids: Vec<_> = (0..10_000).map(|_| SystemIds.next_uuid()).collect();
    assert!(ids.is_sorted());
    assert_eq!(ids.iter().collect::<BTreeSet<_>>().len(), ids.len());
    assert_eq!(ids[0].get_version_num(), 7);
}

#[test]
fn secrets_differ() {
    let secrets: BTreeSet<_> = (0..100).map(|_| SystemSecrets.random().unwrap()).collect();
    assert_eq!(secrets.len(), 100);
}
