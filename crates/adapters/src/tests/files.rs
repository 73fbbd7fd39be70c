use crate::files::{
    BucketAccess, FileArea, FileHash, FileKey, FilesPlace, FilesProbe, ObjectFiles, StoredFile,
};
use futures_util::{StreamExt, TryStreamExt};
use object_store::ObjectStoreExt;
use object_store::memory::InMemory;
use object_store::path::Path as Key;
use proptest::prelude::*;
use rstest::rstest;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::{Arc, mpsc};
use std::task::{Context, Poll};
use tempfile::TempDir;
use tokio::io::{AsyncRead, ReadBuf};
use uuid::Uuid;
use vigie_imports::{ImportFiles, Source};
use vigie_kernel::{OrganizationId, StoreError};
use vigie_platform_monitoring::{HealthProbe, Impact};
use vigie_tenancy::FileSpaces;

fn organization(number: u128) -> OrganizationId {
    Uuid::from_u128(number).into()
}

const HASH: &str = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

fn key(of: u128) -> FileKey {
    FileKey::new(organization(of), FileArea::Imports, FileHash::parse(HASH).unwrap())
}

fn in_folder(folder: &Path) -> ObjectFiles {
    ObjectFiles::try_new(&FilesPlace::Folder(folder.to_owned()), &BucketAccess::default()).unwrap()
}

/// A place that each list of expectations holds for.
enum Place {
    Folder(TempDir),
    /// Object storage in memory: what is done with a bucket, without the requests.
    Elsewhere(Arc<InMemory>),
}

impl Place {
    fn folder() -> Self {
        Self::Folder(TempDir::new().unwrap())
    }

    fn elsewhere() -> Self {
        Self::Elsewhere(Arc::new(InMemory::new()))
    }

    fn files(&self) -> ObjectFiles {
        match self {
            Self::Folder(folder) => in_folder(&folder.path().join("files")),
            Self::Elsewhere(store) => ObjectFiles::elsewhere(store.clone(), Key::from("vigie/files")),
        }
    }
}

fn content(source: Option<Source>) -> Vec<u8> {
    match source.unwrap() {
        Source::File(path, _kept) => std::fs::read(path).unwrap(),
        Source::Bytes(bytes) => bytes.to_vec(),
    }
}

fn bytes(text: &str) -> Source {
    Source::Bytes(text.as_bytes().into())
}

#[rstest]
#[case::folder(Place::folder())]
#[case::elsewhere(Place::elsewhere())]
#[tokio::test]
async fn a_file_comes_back_and_goes(#[case] place: Place) {
    let (files, one) = (place.files(), organization(1));
    assert!(files.open(one, HASH).await.unwrap().is_none());
    files.put(one, HASH, &bytes("a;b")).await.unwrap();
    assert_eq!(content(files.open(one, HASH).await.unwrap()), b"a;b");
    files.put(one, HASH, &bytes("something else")).await.unwrap();
    assert_eq!(content(files.open(one, HASH).await.unwrap()), b"a;b");
    files.delete(one, HASH).await.unwrap();
    files.delete(one, HASH).await.unwrap();
    assert!(files.open(one, HASH).await.unwrap().is_none());
}

#[rstest]
#[case::folder(Place::folder())]
#[case::elsewhere(Place::elsewhere())]
#[tokio::test]
async fn a_large_file_is_copied_whole(#[case] place: Place) {
    let files = place.files();
    let folder = TempDir::new().unwrap();
    let upload = folder.path().join("upload");
    let large: Vec<u8> = (0..12_000_000_u32).map(|n| n.to_le_bytes()[usize::from(n % 3 == 0)]).collect();
    std::fs::write(&upload, &large).unwrap();
    files.put(organization(1), HASH, &Source::File(upload, None)).await.unwrap();
    let opened = files.open(organization(1), HASH).await.unwrap();
    assert!(content(opened) == large);
    let mut read = Vec::new();
    assert_eq!(files.read(&key(1), &mut read).await.unwrap(), Some(12_000_000));
    assert!(read == large);
}

#[rstest]
#[case::folder(Place::folder())]
#[case::elsewhere(Place::elsewhere())]
#[tokio::test]
async fn one_organization_sees_and_removes_nothing_of_another(#[case] place: Place) {
    let files = place.files();
    for (of, text) in [(1, "one"), (2, "other one")] {
        files.put(organization(of), HASH, &bytes(text)).await.unwrap();
    }
    assert!(files.open(organization(3), HASH).await.unwrap().is_none());
    let listed: Vec<StoredFile> = files.list(organization(1)).try_collect().await.unwrap();
    assert_eq!(listed, [StoredFile { key: key(1), bytes: 3 }]);
    assert_eq!(files.erase(organization(1)).await.unwrap(), 1);
    assert_eq!(files.erase(organization(1)).await.unwrap(), 0);
    assert!(files.list(organization(1)).next().await.is_none());
    assert_eq!(content(files.open(organization(2), HASH).await.unwrap()), b"other one");
}

#[rstest]
#[case::folder(Place::folder())]
#[case::elsewhere(Place::elsewhere())]
#[tokio::test]
async fn what_is_listed_can_be_copied_to_another_place(#[case] place: Place) {
    let files = place.files();
    for number in 0..20 {
        let hash = format!("{number:064x}");
        files.put(organization(1), &hash, &bytes(&format!("content {number}"))).await.unwrap();
    }
    let folder = TempDir::new().unwrap();
    let copy = in_folder(folder.path());
    let mut listed = files.list(organization(1));
    while let Some(file) = listed.try_next().await.unwrap() {
        let mut content = Vec::new();
        assert_eq!(files.read(&file.key, &mut content).await.unwrap(), Some(file.bytes));
        assert_eq!(copy.write(&file.key, &mut &content[..]).await.unwrap(), file.bytes);
    }
    let last = copy.open(organization(1), &format!("{:064x}", 19)).await.unwrap();
    assert_eq!(content(last), b"content 19");
    assert_eq!(copy.list(organization(1)).count().await, 20);
}

/// Gives some bytes and then breaks.
struct Breaking(usize);

impl AsyncRead for Breaking {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        target: &mut ReadBuf<'_>,
    ) -> Poll<std::io::Result<()>> {
        if self.0 == 0 {
            return Poll::Ready(Err(std::io::Error::other("the client has gone")));
        }
        let given = self.0.min(target.remaining());
        target.put_slice(&vec![7; given]);
        self.0 -= given;
        Poll::Ready(Ok(()))
    }
}

#[rstest]
#[case::small(Place::folder(), 1_000)]
#[case::large(Place::folder(), 12_000_000)]
#[case::small_elsewhere(Place::elsewhere(), 1_000)]
#[case::large_elsewhere(Place::elsewhere(), 12_000_000)]
#[tokio::test]
async fn a_file_that_broke_off_is_no_file(#[case] place: Place, #[case] bytes: usize) {
    let files = place.files();
    let answer = files.write(&key(1), &mut Breaking(bytes)).await;
    assert!(matches!(answer, Err(StoreError::Unavailable(_))), "{answer:?}");
    assert!(files.open(organization(1), HASH).await.unwrap().is_none());
    assert!(files.list(organization(1)).next().await.is_none());
    files.put(organization(1), HASH, &Source::Bytes(vec![1; 10].into())).await.unwrap();
    assert_eq!(content(files.open(organization(1), HASH).await.unwrap()), [1; 10]);
}

#[tokio::test]
async fn a_folder_of_an_earlier_version_is_read() {
    let folder = TempDir::new().unwrap();
    let imports = folder.path().join(format!("org/{}/imports", organization(1)));
    std::fs::create_dir_all(&imports).unwrap();
    std::fs::write(imports.join(HASH), "of before").unwrap();
    let files = in_folder(folder.path());
    let Some(Source::File(path, _)) = files.open(organization(1), HASH).await.unwrap() else {
        panic!("it is read where it is");
    };
    assert_eq!(path, imports.join(HASH));
    assert_eq!(files.list(organization(1)).count().await, 1);
}

#[tokio::test]
async fn a_stranger_in_the_folder_is_told_and_erased() {
    let store = Arc::new(InMemory::new());
    let files = ObjectFiles::elsewhere(store.clone(), Key::default());
    let stranger = Key::from(format!("org/{}/imports/notes.txt", organization(1)));
    store.put(&stranger, "x".into()).await.unwrap();
    assert!(matches!(files.list(organization(1)).next().await, Some(Err(StoreError::Broken(_)))));
    assert_eq!(files.erase(organization(1)).await.unwrap(), 1);
}

#[tokio::test]
async fn what_is_no_hash_names_no_file() {
    let files = Place::elsewhere().files();
    let slashes = format!("../../{}", &HASH[6..]);
    for name in ["", "..", "a/b", &HASH[1..], &HASH.to_uppercase(), &slashes] {
        let answer = files.open(organization(1), name).await;
        assert!(matches!(answer, Err(StoreError::Broken(_))), "{name}");
    }
}

proptest! {
    #[test]
    fn every_name_is_four_plain_parts_below_the_organization(
        id in any::<u128>(), hash in "[0-9a-f]{64}", prefix in "([a-z0-9]{1,8}(/[a-z0-9]{1,8}){0,2})?",
    ) {
        let prefix = Key::from(prefix);
        let key = FileKey::new(organization(id), FileArea::Imports, FileHash::parse(&hash).unwrap());
        let path = key.path(&prefix);
        let own = format!("org/{}/imports/{hash}", organization(id));
        prop_assert!(path.as_ref().ends_with(&own));
        prop_assert_eq!(path.parts_count(), prefix.parts_count() + 4);
        prop_assert_eq!(FileKey::read(organization(id), &prefix, &path), Some(key));
        prop_assert_eq!(FileKey::read(organization(id ^ 1), &prefix, &path), None);
    }

    #[test]
    fn nothing_else_becomes_a_name(text in "(\\.\\.|/|%2[eEfF]|[0-9a-f]|\\\\|\\x00|é){0,80}") {
        let is_hash = text.len() == 64 && text.bytes().all(|byte| b"0123456789abcdef".contains(&byte));
        prop_assert_eq!(FileHash::parse(&text).is_some(), is_hash);
        let listed = Key::from(format!("org/{}/imports/{text}", organization(1)));
        prop_assert_eq!(FileKey::read(organization(1), &Key::default(), &listed).is_some(), is_hash);
    }
}

#[rstest]
#[case("file:///var/lib/vigie/files", FilesPlace::Folder(PathBuf::from("/var/lib/vigie/files")))]
#[case("s3://vigie", FilesPlace::Bucket { bucket: "vigie".to_owned(), prefix: String::new() })]
#[case("s3://vigie-files.eu/a/b_c/", FilesPlace::Bucket { bucket: "vigie-files.eu".to_owned(), prefix: "a/b_c".to_owned() })]
fn a_place_is_read(#[case] text: &str, #[case] place: FilesPlace) {
    assert_eq!(FilesPlace::parse(text).unwrap(), place);
}

#[rstest]
#[case("")]
#[case("/var/lib/vigie")]
#[case("file://host/folder")]
#[case("file://relative")]
#[case("file:///a?b")]
#[case("s3://")]
#[case("s3://me:hunter2@bucket")]
#[case("s3://Bucket")]
#[case("s3://bucket/../other")]
#[case("s3://bucket//a")]
#[case("s3://bucket/a?hunter2")]
#[case("gs://bucket")]
#[case("https://me:hunter2@host/bucket")]
fn what_is_no_place_is_refused_without_repeating_it(#[case] text: &str) {
    let error = FilesPlace::parse(text).unwrap_err().to_string();
    assert!(!error.contains("hunter2") && error.contains("s3://BUCKET"), "{error}");
}

/// The first line, the headers and the body of a request.
type Request = (String, Vec<String>, Vec<u8>);

/// A server that answers requests one after the other with these, and tells what it was asked. It is no S3: it shows what we ask.
fn server(answers: Vec<String>) -> (String, mpsc::Receiver<Request>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let (tell, told) = mpsc::channel();
    std::thread::spawn(move || {
        for answer in answers {
            let (connection, _) = listener.accept().unwrap();
            let mut reader = BufReader::new(&connection);
            let mut head = Vec::new();
            loop {
                let mut line = String::new();
                reader.read_line(&mut line).unwrap();
                if line.trim().is_empty() {
                    break;
                }
                head.push(line.trim().to_lowercase());
            }
            let length = head.iter().find_map(|line| line.strip_prefix("content-length: ")?.parse().ok());
            let mut body = vec![0; length.unwrap_or(0)];
            reader.read_exact(&mut body).unwrap();
            (&connection).write_all(answer.as_bytes()).unwrap();
            tell.send((head.remove(0), head, body)).unwrap();
        }
    });
    (address, told)
}

fn answer(status: &str, headers: &str, body: &str) -> String {
    format!(
        "HTTP/1.1 {status}\r\nConnection: close\r\nLast-Modified: Fri, 20 Nov 2026 09:00:00 GMT\r\nETag: \"e\"\r\n{headers}\
         Content-Length: {}\r\n\r\n{body}",
        body.len()
    )
}

#[tokio::test]
async fn a_bucket_is_asked_as_s3_is() {
    let list = format!(
        "<ListBucketResult><Contents><Key>v/org/{}/imports/{HASH}</Key><Size>3</Size><ETag>e</ETag>\
         <LastModified>2026-11-20T09:00:00Z</LastModified></Contents></ListBucketResult>",
        organization(1)
    );
    let (endpoint, told) = server(vec![
        "HTTP/1.1 404 Not Found\r\nConnection: close\r\nContent-Length: 0\r\n\r\n".to_owned(),
        answer("200 OK", "", ""),
        answer("200 OK", "", "a;b"),
        answer("200 OK", "", &list),
    ]);
    let access = BucketAccess {
        region: Some("eu-west-3".to_owned()),
        endpoint: Some(endpoint),
        access_key_id: Some("ID".to_owned()),
        secret_access_key: Some("hunter2".to_owned()),
    };
    let files = ObjectFiles::try_new(&FilesPlace::parse("s3://bucket/v").unwrap(), &access).unwrap();
    files.put(organization(1), HASH, &bytes("a;b")).await.unwrap();
    assert_eq!(content(files.open(organization(1), HASH).await.unwrap()), b"a;b");
    let listed: Vec<StoredFile> = files.list(organization(1)).try_collect().await.unwrap();
    assert_eq!(listed, [StoredFile { key: key(1), bytes: 3 }]);

    let path = format!("/bucket/v/org/{}/imports/{HASH}", organization(1));
    let folder = format!("v%2forg%2f{}%2f", organization(1));
    let asked: Vec<_> = told.iter().collect();
    let wanted = [("head", path.as_str()), ("put", &path), ("get", &path), ("get", "/bucket?")];
    for ((line, headers, _), (method, target)) in asked.iter().zip(wanted) {
        assert!(line.starts_with(&format!("{method} {target}")), "{line}");
        let signed = headers.iter().any(|header| {
            header.starts_with("authorization: aws4-hmac-sha256 credential=id/")
                && header.contains("/eu-west-3/s3/aws4_request")
        });
        assert!(signed && headers.iter().all(|header| !header.contains("hunter2")), "{headers:?}");
    }
    assert_eq!(asked[1].2, b"a;b");
    assert!(asked[3].0.contains("list-type=2") && asked[3].0.contains(&folder), "{}", asked[3].0);
}

#[rstest]
#[case::folder(Place::folder())]
#[case::elsewhere(Place::elsewhere())]
#[tokio::test]
async fn a_space_is_made_tried_found_and_removed_with_everything_in_it(#[case] place: Place) {
    let files = place.files();
    let (paris, lyon) = (organization(1), organization(2));
    assert_eq!(files.inventory().await.unwrap(), []);
    for organization in [paris, lyon, paris] {
        files.prepare(organization).await.unwrap();
        files.probe(organization).await.unwrap();
    }
    files.put(paris, HASH, &bytes("content")).await.unwrap();
    let mut found = files.inventory().await.unwrap();
    found.sort();
    assert_eq!(found, [paris, lyon]);
    // The mark of the space is no file of the organization.
    assert_eq!(files.list(paris).count().await, 1);
    assert_eq!(files.list(lyon).count().await, 0);

    for _ in 0..2 {
        files.remove(paris).await.unwrap();
        assert_eq!(files.inventory().await.unwrap(), [lyon]);
        assert!(files.list(paris).next().await.is_none());
    }
    if let Place::Folder(folder) = &place {
        assert!(!folder.path().join("files/org").join(paris.to_string()).exists());
    }
}

#[tokio::test]
async fn a_store_that_answers_is_healthy_and_one_that_is_gone_is_not() {
    let place = Place::elsewhere();
    FilesProbe::new(Arc::new(place.files())).check().await.unwrap();

    let folder = TempDir::new().unwrap();
    let files = folder.path().join("files");
    let probe = FilesProbe::new(Arc::new(in_folder(&files)));
    assert_eq!((probe.name(), probe.impact()), ("file_store", Impact::Degrading));
    probe.check().await.unwrap();
    std::fs::remove_dir(&files).unwrap();
    assert!(probe.check().await.is_err(), "the folder is gone");
    std::fs::write(&files, "in the way").unwrap();
    assert_eq!(probe.check().await, Err("it is no folder".to_owned()));
}

#[tokio::test]
async fn a_bucket_that_says_nothing_is_not_waited_for() {
    // It takes connections and never answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let access = BucketAccess {
        region: Some("eu-west-3".to_owned()),
        endpoint: Some(format!("http://{}", silent.local_addr().unwrap())),
        access_key_id: Some("id".to_owned()),
        secret_access_key: Some("key".to_owned()),
    };
    let place = FilesPlace::parse("s3://bucket/files").unwrap();
    let files = Arc::new(ObjectFiles::try_new(&place, &access).unwrap());
    let probe = FilesProbe::new(files).patient_for(std::time::Duration::from_millis(50));
    assert!(probe.check().await.unwrap_err().starts_with("no answer within"));
}
