//! Keys of access tokens that follow one another.

use super::tokens::World;
use crate::{KeyError, rotate_access_keys};
use chrono::TimeDelta;
use vigie_auth::AccessTokens;
use vigie_kernel::Clock;

fn kids(world: &World) -> Vec<String> {
    let keys = world.tokens.public_keys();
    keys["keys"].as_array().unwrap().iter().map(|key| key["kid"].as_str().unwrap().to_owned()).collect()
}

#[test]
fn a_new_key_is_known_a_day_before_it_signs_and_the_old_one_outlives_its_tokens() {
    let world = World::new();
    let first = kids(&world);
    let rotation = rotate_access_keys(world.folder.path(), world.clock.now()).unwrap();
    assert_eq!(rotation.signs_from, world.clock.now() + TimeDelta::hours(24));
    world.clock.advance(TimeDelta::minutes(1));
    assert_eq!(kids(&world), [first[0].clone(), rotation.kid.clone()]);
    assert_eq!(World::kid_of(&world.issue()), first[0]);

    world.clock.advance(TimeDelta::hours(24) - TimeDelta::seconds(90));
    let last_of_old = world.issue();
    assert_eq!(World::kid_of(&last_of_old), first[0]);
    world.clock.advance(TimeDelta::seconds(30));
    let first_of_new = world.issue();
    assert_eq!(World::kid_of(&first_of_new), rotation.kid);
    world.verify(&last_of_old).unwrap();
    world.verify(&first_of_new).unwrap();

    world.clock.advance(TimeDelta::seconds(961));
    assert_eq!(kids(&world), [rotation.kid]);
}

#[test]
fn a_second_new_key_waits_for_the_first_and_old_files_go_in_the_end() {
    let world = World::new();
    let rotate = || rotate_access_keys(world.folder.path(), world.clock.now());
    let first = rotate().unwrap();
    assert!(matches!(rotate(), Err(KeyError::Waiting { since }) if since == first.signs_from));
    world.clock.advance(TimeDelta::days(3));
    assert_eq!(rotate().unwrap().removed, 1);
    world.clock.advance(TimeDelta::minutes(2));
    assert_eq!(kids(&world).len(), 2);
    assert_eq!(World::kid_of(&world.issue()), first.kid, "the very first key is not made again");
}

#[test]
fn a_file_that_is_no_key_stops_nothing_that_runs_and_no_start_succeeds_with_it() {
    let world = World::new();
    let bad = world.folder.path().join("access-token-tomorrow.pem");
    std::fs::write(&bad, "no key").unwrap();
    world.clock.advance(TimeDelta::minutes(2));
    world.verify(&world.issue()).unwrap();
    assert!(rotate_access_keys(world.folder.path(), world.clock.now()).is_err());
}
