use crate::{KeyError, Signer};
use std::fs;
use tempfile::TempDir;

fn error(folder: &TempDir) -> KeyError {
    Signer::load(folder.path()).err().unwrap()
}

#[test]
fn a_key_is_made_once_and_read_from_then_on() {
    let folder = TempDir::new().unwrap();
    let keys = folder.path().join("keys");
    let signed = Signer::load(&keys).unwrap().sign("cursor", b"here");
    assert_eq!(Signer::load(&keys).unwrap().open("cursor", &signed).unwrap(), b"here");
    assert_eq!(fs::read_dir(&keys).unwrap().count(), 1);
}

#[test]
fn processes_that_start_at_once_agree_on_one_key() {
    let folder = TempDir::new().unwrap();
    let signed: Vec<String> = std::thread::scope(|scope| {
        let starts: Vec<_> = (0..8)
            .map(|_| scope.spawn(|| Signer::load(folder.path()).unwrap().sign("cursor", b"x")))
            .collect();
        starts.into_iter().map(|start| start.join().unwrap()).collect()
    });
    assert!(signed.iter().all(|text| *text == signed[0]));
}

#[cfg(unix)]
#[test]
fn only_the_owner_can_read_it() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    Signer::load(folder.path()).unwrap();
    let path = folder.path().join("signing.key");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).unwrap();
    assert!(matches!(error(&folder), KeyError::OpenToOthers { .. }));
}

#[cfg(unix)]
#[test]
fn what_is_no_key_starts_nothing() {
    use std::os::unix::fs::PermissionsExt;
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("signing.key");
    for text in ["", "change-me", "c2hvcnQ=", "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA="] {
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        assert!(matches!(error(&folder), KeyError::Unusable { .. }), "{text}");
    }
}
