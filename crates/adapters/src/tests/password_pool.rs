use crate::{HashParameters, PasswordPool, PasswordPoolConfig};
use futures_util::FutureExt;
use futures_util::future::join_all;
use rstest::rstest;
use std::time::Duration;
use vigie_auth::{HashError, PasswordHash, PasswordHasher, SecretText, Verdict};

fn pool() -> PasswordPool {
    PasswordPool::try_new(PasswordPoolConfig::for_cores(2)).unwrap()
}

fn secret(text: &str) -> SecretText {
    SecretText::new(text)
}

const RIGHT: Verdict = Verdict::Match { needs_rehash: false };

#[tokio::test]
async fn only_the_same_password_matches() {
    let pool = pool();
    let hash = pool.hash(&secret("correct horse battery")).await.unwrap();
    assert!(hash.as_phc().starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{}", hash.as_phc());
    assert_eq!(pool.verify(&secret("correct horse battery"), Some(&hash)).await.unwrap(), RIGHT);
    assert_eq!(pool.verify(&secret("correct horse batterz"), Some(&hash)).await.unwrap(), Verdict::Mismatch);
    assert_eq!(pool.verify(&secret("correct horse battery"), None).await.unwrap(), Verdict::Mismatch);
    let again = pool.hash(&secret("correct horse battery")).await.unwrap();
    assert_ne!(again, hash);
}

#[tokio::test]
async fn hashes_of_other_makers_are_read() {
    // Made by the reference implementation: argon2 "password" "somesalt", m=65536, t=2, p=1.
    let phc = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
    let stored = PasswordHash::from_phc(phc.to_owned());
    let pool = pool();
    assert_eq!(pool.verify(&secret("password"), Some(&stored)).await.unwrap(), RIGHT);
    assert_eq!(pool.verify(&secret("passw0rd"), Some(&stored)).await.unwrap(), Verdict::Mismatch);
}

#[tokio::test]
async fn a_weaker_hash_matches_and_asks_for_a_new_one() {
    let weak = HashParameters { memory_kib: 12_288, iterations: 3, parallelism: 1 };
    let old =
        PasswordPool::try_new(PasswordPoolConfig { parameters: weak, ..PasswordPoolConfig::for_cores(2) });
    let hash = old.unwrap().hash(&secret("correct horse battery")).await.unwrap();
    let verdict = pool().verify(&secret("correct horse battery"), Some(&hash)).await.unwrap();
    assert_eq!(verdict, Verdict::Match { needs_rehash: true });
}

#[rstest]
#[case::too_much_memory(
    "$argon2id$v=19$m=4194304,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
)]
#[case::too_many_passes(
    "$argon2id$v=19$m=19456,t=11,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
)]
#[case::too_many_lanes(
    "$argon2id$v=19$m=19456,t=2,p=5$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc"
)]
#[case::short("$argon2id$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5Q")]
#[case::argon2i("$argon2i$v=19$m=19456,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")]
#[case::old_version("$argon2id$v=16$m=19456,t=2,p=1$c29tZXNhbHQ$CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc")]
#[case::bcrypt("$2b$12$KIXQ4S9L6o1pM1yJ9vR4UeXzZlQ0eJ0k1m2n3o4p5q6r7s8t9u0vW")]
#[case::plain("password")]
#[case::empty("")]
#[tokio::test]
async fn a_hostile_or_foreign_row_is_never_computed(#[case] phc: &str) {
    let stored = PasswordHash::from_phc(phc.to_owned());
    let verdict = pool().verify(&secret("password"), Some(&stored)).await.unwrap();
    assert_eq!(verdict, Verdict::Unusable);
}

#[tokio::test]
async fn too_many_at_once_are_turned_away_and_the_others_served() {
    let config = PasswordPoolConfig {
        max_waiting: 3,
        max_wait: Duration::from_mins(1),
        ..PasswordPoolConfig::for_cores(2)
    };
    assert_eq!(config.permits(), 1);
    let pool = PasswordPool::try_new(config).unwrap();
    let password = secret("correct horse battery");
    let answers = join_all((0..10).map(|_| pool.hash(&password))).await;
    let busy = answers.iter().filter(|answer| matches!(answer, Err(HashError::Busy))).count();
    assert_eq!((answers.iter().filter(|answer| answer.is_ok()).count(), busy), (4, 6));
    pool.hash(&password).await.unwrap();
}

#[tokio::test]
async fn who_waits_too_long_is_turned_away() {
    let config = PasswordPoolConfig { max_wait: Duration::ZERO, ..PasswordPoolConfig::for_cores(2) };
    let pool = PasswordPool::try_new(config).unwrap();
    let password = secret("correct horse battery");
    let answers = join_all((0..3).map(|_| pool.hash(&password))).await;
    assert!(answers[0].is_ok());
    assert!(answers[1..].iter().all(|answer| matches!(answer, Err(HashError::Busy))));
}

#[tokio::test]
async fn who_goes_away_while_waiting_leaves_his_place() {
    let config = PasswordPoolConfig {
        max_waiting: 1,
        max_wait: Duration::from_mins(1),
        ..PasswordPoolConfig::for_cores(2)
    };
    let pool = PasswordPool::try_new(config).unwrap();
    let password = secret("correct horse battery");
    let mut first = pool.hash(&password);
    assert!((&mut first).now_or_never().is_none());
    for _ in 0..5 {
        let mut gone = pool.hash(&password);
        assert!((&mut gone).now_or_never().is_none());
        drop(gone);
    }
    let (first, second) = tokio::join!(first, pool.hash(&password));
    assert!(first.is_ok() && second.is_ok());
}

#[rstest]
#[case(47_104, 1, true)]
#[case(47_103, 1, false)]
#[case(19_456, 2, true)]
#[case(19_455, 2, false)]
#[case(12_288, 3, true)]
#[case(12_287, 3, false)]
#[case(12_288, 10, true)]
#[case(12_288, 11, false)]
#[case(131_073, 3, false)]
#[case(1_000_000, 0, false)]
fn parameters_keep_to_the_floor(#[case] memory_kib: u32, #[case] iterations: u32, #[case] allowed: bool) {
    let parameters = HashParameters { memory_kib, iterations, parallelism: 1 };
    assert_eq!(parameters.check().is_ok(), allowed);
}

#[rstest]
#[case(1, 76, 1)]
#[case(2, 76, 1)]
#[case(4, 76, 2)]
#[case(8, 76, 4)]
#[case(64, 76, 4)]
#[case(64, 1000, 8)]
#[case(64, 0, 1)]
fn permits_follow_cores_and_memory(#[case] cores: usize, #[case] budget: usize, #[case] permits: usize) {
    let config = PasswordPoolConfig { memory_budget_mib: budget, ..PasswordPoolConfig::for_cores(cores) };
    assert_eq!(config.permits(), permits);
}
