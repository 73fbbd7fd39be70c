//! An archive is hostile until every byte of it was checked.

use super::TarArchives;
use super::checking::{CheckError, check};
use super::key::{BackupKey, hex};
use super::layout::{BLOCK, END, header, pad};
use crate::{BucketAccess, FilesPlace, ObjectFiles};
use flate2::Compression;
use flate2::write::GzEncoder;
use proptest::prelude::*;
use sha2::{Digest, Sha256};
use std::io::Write;
use std::sync::Arc;
use tempfile::TempDir;
use uuid::Uuid;
use vigie_kernel::{OrganizationId, OrganizationSettings};
use vigie_tenancy::backup::{
    ArchiveFile, ArchiveRefusal, Archives, BackupError, Column, ColumnType, Engine, FORMAT, MANIFEST,
    Manifest, MemberEntry, OrganizationCard, OrganizationFiles, Pieces, SIGNATURE, SchemaMark, TableEntry,
    VerifiedArchive, table_member,
};

const ROWS: &[u8] = b"[\"a\"]\n[\"b\"]\n";
const FILE: &[u8] = b"kpi;p\xc3\xa9riode\n";

fn key(folder: &TempDir) -> BackupKey {
    BackupKey::load(folder.path()).unwrap()
}

/// An archive as a hostile hand would make it: nothing here refuses anything.
struct Forged {
    manifest: Manifest,
    /// What really lies in the file: a header and the content.
    members: Vec<(tar::Header, Vec<u8>)>,
}

fn gzip(raw: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::default());
    packed.write_all(raw).unwrap();
    packed.finish().unwrap()
}

fn entry(path: &str, content: &[u8], raw_size: usize, gzip: bool) -> MemberEntry {
    MemberEntry {
        path: path.to_owned(),
        size: u64::try_from(content.len()).unwrap(),
        raw_size: u64::try_from(raw_size).unwrap(),
        sha256: hex(&Sha256::digest(content)),
        gzip,
    }
}

impl Forged {
    fn honest() -> Self {
        Self::of(ROWS)
    }

    fn of(rows: &[u8]) -> Self {
        let packed = gzip(rows);
        let table = table_member("kpis", true);
        let members = vec![
            entry(&table, &packed, rows.len(), true),
            entry("files/imports/abc", FILE, FILE.len(), false),
        ];
        let manifest = Manifest {
            format: FORMAT,
            product: "vigie test".to_owned(),
            backup: Uuid::from_u128(1).into(),
            taken_at: "2026-11-20T08:00:00Z".parse().unwrap(),
            engine: Engine::Sqlite,
            schema: SchemaMark { version: 1, fingerprint: "ab".to_owned() },
            organization: OrganizationCard {
                id: Uuid::from_u128(2).into(),
                slug: "paris".to_owned(),
                name: "Paris".to_owned(),
                plan: "starter".to_owned(),
                settings: OrganizationSettings::default(),
            },
            tables: vec![TableEntry {
                name: "kpis".to_owned(),
                columns: vec![Column { name: "c".to_owned(), kind: ColumnType::Text }],
                rows: 2,
                digest: "0".repeat(32),
                member: table,
            }],
            members,
        };
        let contents = [packed, FILE.to_vec()];
        let members = manifest
            .members
            .iter()
            .zip(contents)
            .map(|(member, content)| (header(&member.path, member.size).unwrap(), content))
            .collect();
        Self { manifest, members }
    }

    fn signed(&self, key: &BackupKey) -> Vec<u8> {
        let manifest = self.manifest.to_bytes().unwrap();
        let signature = key.sign(&manifest).unwrap();
        let mut archive = Vec::new();
        for (path, content) in [(MANIFEST, &manifest), (SIGNATURE, &signature)] {
            let size = u64::try_from(content.len()).unwrap();
            append(&mut archive, &header(path, size).unwrap(), content);
        }
        for (header, content) in &self.members {
            append(&mut archive, header, content);
        }
        archive.extend_from_slice(&END);
        archive
    }
}

fn append(archive: &mut Vec<u8>, header: &tar::Header, content: &[u8]) {
    archive.extend_from_slice(header.as_bytes());
    archive.extend_from_slice(content);
    pad(archive, u64::try_from(content.len()).unwrap()).unwrap();
}

/// A header that `tar` itself would refuse to write.
fn raw_header(path: &str, size: u64, kind: tar::EntryType) -> tar::Header {
    let mut header = header("x", size).unwrap();
    header.set_entry_type(kind);
    let name = &mut header.as_old_mut().name;
    name.fill(0);
    name[..path.len()].copy_from_slice(path.as_bytes());
    header.set_cksum();
    header
}

fn refusal(archive: &[u8], key: &BackupKey) -> ArchiveRefusal {
    match check(archive, key, None) {
        Err(CheckError::Refused(refusal)) => refusal,
        other => panic!("{other:?}"),
    }
}

#[test]
fn an_honest_archive_is_accepted() {
    let folder = TempDir::new().unwrap();
    let key = key(&folder);
    let checked = check(Forged::honest().signed(&key).as_slice(), &key, None).unwrap();
    assert_eq!(checked.manifest, Forged::honest().manifest);
    assert_eq!(checked.offsets.len(), 2);
}

#[test]
fn each_trick_is_refused_with_its_own_reason() {
    let folder = TempDir::new().unwrap();
    let key = key(&folder);
    let member = |path: &str, kind| {
        let mut forged = Forged::honest();
        forged.members.push((raw_header(path, 0, kind), Vec::new()));
        refusal(&forged.signed(&key), &key)
    };
    for (path, kind) in [
        ("../../etc/cron.d/x", tar::EntryType::Regular),
        ("/etc/passwd", tar::EntryType::Regular),
        ("files/link", tar::EntryType::Symlink),
        ("files/link", tar::EntryType::Link),
        ("files/folder", tar::EntryType::Directory),
        ("files/device", tar::EntryType::Char),
        ("files/pax", tar::EntryType::XHeader),
        ("files/long", tar::EntryType::GNULongName),
        ("files/unlisted", tar::EntryType::Regular),
    ] {
        let refused = member(path, kind);
        assert!(
            matches!(&refused, ArchiveRefusal::Member { member, .. } if member == path),
            "{path}: {refused:?}"
        );
    }

    // A member that the manifest lists by such a name.
    let mut escaping = Forged::honest();
    "files/../../x".clone_into(&mut escaping.manifest.members[1].path);
    assert!(matches!(refusal(&escaping.signed(&key), &key), ArchiveRefusal::Member { .. }));

    // In another order, or changed for something else of the same length.
    let mut swapped = Forged::honest();
    swapped.members.swap(0, 1);
    assert!(matches!(refusal(&swapped.signed(&key), &key), ArchiveRefusal::Member { .. }));
    let mut other = Forged::honest();
    other.members[1].1[0] ^= 1;
    let damaged = ArchiveRefusal::Damaged { member: "files/imports/abc".to_owned() };
    assert_eq!(refusal(&other.signed(&key), &key), damaged);

    let mut more = Forged::honest().signed(&key);
    more.extend_from_slice(&[1; BLOCK]);
    assert!(matches!(refusal(&more, &key), ArchiveRefusal::Member { .. }));

    assert!(matches!(refusal(b"PK\x03\x04 no archive", &key), ArchiveRefusal::NotAnArchive(_)));
    assert!(matches!(refusal(&[7; 4096], &key), ArchiveRefusal::NotAnArchive(_)));
    assert!(matches!(refusal(b"", &key), ArchiveRefusal::NotAnArchive(_)));
}

#[test]
fn a_bomb_is_refused_whether_it_tells_its_size_or_not() {
    let folder = TempDir::new().unwrap();
    let key = key(&folder);
    let zeros = vec![b' '; 64 * 1024 * 1024];
    let honest = Forged::of(&zeros);
    let told = &honest.manifest.members[0];
    assert!(told.raw_size / told.size > 900, "{} to {}", told.raw_size, told.size);
    let bomb = ArchiveRefusal::TooDense { member: told.path.clone() };
    assert_eq!(refusal(&honest.signed(&key), &key), bomb);

    let mut lying = Forged::of(&zeros);
    lying.manifest.members[0].raw_size = 1000;
    assert_eq!(refusal(&lying.signed(&key), &key), bomb);
}

#[test]
fn only_this_installation_or_one_that_is_named_may_sign() {
    let (here, there) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let (ours, theirs) = (key(&here), key(&there));
    let archive = Forged::honest().signed(&theirs);
    let fingerprint = theirs.fingerprint();
    assert_eq!(refusal(&archive, &ours), ArchiveRefusal::ForeignKey { fingerprint: fingerprint.clone() });
    assert!(check(archive.as_slice(), &ours, Some(&fingerprint)).is_ok());
    assert!(check(archive.as_slice(), &ours, Some(&ours.fingerprint())).is_err());

    // The manifest of one archive with the signature of another.
    let mut changed = Forged::honest();
    changed.manifest.organization.name = "Elsewhere".to_owned();
    let text = changed.manifest.to_bytes().unwrap();
    let signature = ours.sign(&Forged::honest().manifest.to_bytes().unwrap()).unwrap();
    assert_eq!(ours.check(&text, &signature, None), Err(ArchiveRefusal::SignatureInvalid));
    // The key stays the same from start to start.
    assert_eq!(key(&here).fingerprint(), ours.fingerprint());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    #[test]
    fn one_byte_flipped_anywhere_is_found(place in any::<proptest::sample::Index>(), bit in 0_u8..8) {
        let folder = TempDir::new().unwrap();
        let key = key(&folder);
        let mut archive = Forged::honest().signed(&key);
        let at = place.index(archive.len());
        archive[at] ^= 1 << bit;
        prop_assert!(matches!(check(archive.as_slice(), &key, None), Err(CheckError::Refused(_))), "byte {}", at);
    }

    #[test]
    fn one_that_was_cut_anywhere_is_found(place in any::<proptest::sample::Index>()) {
        let folder = TempDir::new().unwrap();
        let key = key(&folder);
        let archive = Forged::honest().signed(&key);
        let at = place.index(archive.len());
        let told = check(&archive[..at], &key, None);
        let right = matches!(
            told,
            Err(CheckError::Refused(ArchiveRefusal::Truncated(_) | ArchiveRefusal::NotAnArchive(_)))
        );
        prop_assert!(right, "cut at {}: {:?}", at, told);
    }
}

async fn read_all(archive: &dyn VerifiedArchive, member: &str) -> Vec<u8> {
    let mut pieces = archive.open(member).await.unwrap();
    let mut all = Vec::new();
    while let Some(piece) = pieces.next().await.unwrap() {
        all.extend(piece);
    }
    all
}

/// Writes an archive with the real writer.
async fn written(archives: &TarArchives, folder: &TempDir) -> ArchiveFile {
    let mut manifest = Forged::honest().manifest;
    let mut writer = archives.create(folder.path(), "a.vigie.tar").await.unwrap();
    writer.begin("tables/gone.ndjson.gz", true).await.unwrap();
    writer.write(vec![b'x'; 100_000]).await.unwrap();
    writer.end().await.unwrap();
    writer.undo().await.unwrap();
    writer.begin(&table_member("kpis", true), true).await.unwrap();
    for piece in ROWS.chunks(5) {
        writer.write(piece.to_vec()).await.unwrap();
    }
    let table = writer.end().await.unwrap();
    writer.begin("files/imports/abc", false).await.unwrap();
    writer.write(FILE.to_vec()).await.unwrap();
    let file = writer.end().await.unwrap();
    manifest.members = vec![table, file];
    writer.finish(manifest.to_bytes().unwrap()).await.unwrap()
}

#[tokio::test]
async fn what_is_written_is_read_again() {
    let folder = TempDir::new().unwrap();
    let archives = TarArchives::new(Arc::new(key(&folder)), folder.path().to_owned());
    let file = written(&archives, &folder).await;
    let bytes = std::fs::read(&file.path).unwrap();
    assert_eq!(file.size, u64::try_from(bytes.len()).unwrap());
    assert_eq!(file.sha256, hex(&Sha256::digest(&bytes)));
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        assert_eq!(std::fs::metadata(&file.path).unwrap().permissions().mode() & 0o777, 0o600);
    }
    let archive = archives.verify(&file.path, None).await.unwrap();
    assert_eq!(read_all(archive.as_ref(), "tables/kpis.ndjson.gz").await, ROWS);
    assert_eq!(read_all(archive.as_ref(), "files/imports/abc").await, FILE);
    // Any tar program can look into it.
    let listed = std::process::Command::new("tar").arg("-tf").arg(&file.path).output().unwrap();
    let names = String::from_utf8(listed.stdout).unwrap();
    assert_eq!(names, "manifest.json\nmanifest.sig\ntables/kpis.ndjson.gz\nfiles/imports/abc\n");
    // Only the archive and the key are left in the folder: no spool, nothing half.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 2);
    assert!(archives.free_bytes().await.unwrap() > 0);
}

#[tokio::test]
async fn an_archive_that_is_given_up_leaves_nothing() {
    let folder = TempDir::new().unwrap();
    let archives = TarArchives::new(Arc::new(key(&folder)), folder.path().to_owned());
    let mut writer = archives.create(folder.path(), "a.vigie.tar").await.unwrap();
    writer.begin("files/a", false).await.unwrap();
    writer.write(vec![1; 1000]).await.unwrap();
    drop(writer);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[tokio::test]
async fn an_archive_that_changes_after_it_was_checked_is_not_used() {
    let folder = TempDir::new().unwrap();
    let archives = TarArchives::new(Arc::new(key(&folder)), folder.path().to_owned());
    let file = written(&archives, &folder).await;
    let archive = archives.verify(&file.path, None).await.unwrap();
    let mut bytes = std::fs::read(&file.path).unwrap();
    let at = bytes.windows(FILE.len()).position(|window| window == FILE).unwrap();
    bytes[at] ^= 1;
    std::fs::write(&file.path, bytes).unwrap();
    let mut pieces = archive.open("files/imports/abc").await.unwrap();
    let mut refused = None;
    while refused.is_none() {
        match pieces.next().await {
            Ok(Some(_)) => {}
            Ok(None) => break,
            Err(error) => refused = Some(error),
        }
    }
    assert!(matches!(refused, Some(BackupError::Refused(ArchiveRefusal::Damaged { .. }))), "{refused:?}");
}

struct Once(Option<Vec<u8>>);

#[async_trait::async_trait]
impl Pieces for Once {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, BackupError> {
        Ok(self.0.take())
    }
}

#[tokio::test]
async fn files_of_one_organization_are_never_those_of_another() {
    let folder = TempDir::new().unwrap();
    let files = ObjectFiles::try_new(&FilesPlace::Folder(folder.path().to_owned()), &BucketAccess::default())
        .unwrap();
    let (paris, lyon): (OrganizationId, OrganizationId) =
        (Uuid::from_u128(1).into(), Uuid::from_u128(2).into());
    let content = || Box::new(Once(Some(FILE.to_vec())));
    OrganizationFiles::put(&files, paris, "imports/abc", content()).await.unwrap();
    OrganizationFiles::put(&files, lyon, "imports/def", content()).await.unwrap();
    for bad in ["../org/x", "/etc/passwd", "imports/../../x", "", ".hidden"] {
        assert!(OrganizationFiles::put(&files, paris, bad, content()).await.is_err(), "{bad}");
        assert!(OrganizationFiles::open(&files, paris, bad).await.is_err(), "{bad}");
    }
    let listed = OrganizationFiles::list(&files, paris).await.unwrap();
    assert_eq!(listed.iter().map(|file| file.name.as_str()).collect::<Vec<_>>(), ["imports/abc"]);
    assert!(OrganizationFiles::open(&files, paris, "imports/def").await.unwrap().is_none());
    // What the installation puts there for itself is nobody's content, and goes with the rest.
    std::fs::write(folder.path().join(format!("org/{paris}/.space")), "").unwrap();
    assert_eq!(OrganizationFiles::list(&files, paris).await.unwrap().len(), 1);
    assert_eq!(files.remove_all(paris).await.unwrap(), 2);
    assert!(!folder.path().join(format!("org/{paris}/.space")).exists());
    assert_eq!(OrganizationFiles::list(&files, paris).await.unwrap(), []);
    assert_eq!(OrganizationFiles::list(&files, lyon).await.unwrap().len(), 1);
}
