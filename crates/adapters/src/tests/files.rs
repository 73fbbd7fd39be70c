use crate::LocalFiles;
use std::path::PathBuf;
use tempfile::TempDir;
use uuid::Uuid;
use vigie_imports::{ImportFiles, Source};
use vigie_kernel::{OrganizationId, StoreError};

fn organization(number: u128) -> OrganizationId {
    Uuid::from_u128(number).into()
}

fn path(source: Option<Source>) -> PathBuf {
    match source {
        Some(Source::File(path, _)) => path,
        other => panic!("not a file: {other:?}"),
    }
}

const HASH: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

#[tokio::test]
async fn a_file_comes_back_and_goes() {
    let folder = TempDir::new().unwrap();
    let files = LocalFiles::try_new(&folder.path().join("files")).unwrap();
    let one = organization(1);
    files.put(one, HASH, &Source::Bytes(b"a;b".to_vec().into())).await.unwrap();
    let stored = path(files.open(one, HASH).await.unwrap());
    assert_eq!(std::fs::read(&stored).unwrap(), b"a;b");
    assert!(stored.ends_with(format!("org/{one}/imports/{HASH}")));
    files.put(one, HASH, &Source::Bytes(b"something else".to_vec().into())).await.unwrap();
    assert_eq!(std::fs::read(&stored).unwrap(), b"a;b");
    files.delete(one, HASH).await.unwrap();
    files.delete(one, HASH).await.unwrap();
    assert!(files.open(one, HASH).await.unwrap().is_none());
}

#[tokio::test]
async fn a_large_file_is_copied_whole() {
    let folder = TempDir::new().unwrap();
    let files = LocalFiles::try_new(folder.path()).unwrap();
    let upload = folder.path().join("upload");
    let content: Vec<u8> = (0..12_000_000_u32).map(|n| n.to_le_bytes()[usize::from(n % 3 == 0)]).collect();
    std::fs::write(&upload, &content).unwrap();
    files.put(organization(1), HASH, &Source::File(upload, None)).await.unwrap();
    let stored = path(files.open(organization(1), HASH).await.unwrap());
    assert!(std::fs::read(stored).unwrap() == content);
}

#[tokio::test]
async fn one_organization_sees_nothing_of_another() {
    let folder = TempDir::new().unwrap();
    let files = LocalFiles::try_new(folder.path()).unwrap();
    files.put(organization(1), HASH, &Source::Bytes(b"x".to_vec().into())).await.unwrap();
    assert!(files.open(organization(2), HASH).await.unwrap().is_none());
}

#[tokio::test]
async fn what_is_no_hash_names_no_file() {
    let folder = TempDir::new().unwrap();
    let files = LocalFiles::try_new(folder.path()).unwrap();
    let slashes = format!("../../{}", &HASH[6..]);
    for name in ["", "..", "a/b", &HASH[1..], &HASH.to_uppercase(), &slashes] {
        let answer = files.open(organization(1), name).await;
        assert!(matches!(answer, Err(StoreError::Broken(_))), "{name}");
    }
}
