//! Where uploaded files are kept.

use crate::client::Upload;
use crate::member::text;
use crate::place::Place;
use crate::server::Server;
use serde_json::json;
use std::path::{Path, PathBuf};

on_both_engines!(files_are_kept_where_the_configuration_says);

/// Every file below a folder.
fn files_below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.flat_map(|path| if path.is_dir() { files_below(&path) } else { vec![path] }).collect()
}

async fn files_are_kept_where_the_configuration_says(place: Place) {
    let folder = place.folder().join("elsewhere");
    let url = format!("file://{}", folder.display());
    let server = Server::start_with(&place, &[("VIGIE__FILES__URL", &url)]).await;
    let claire = server.sign_up("lorient").await;
    let dashboard = claire.dashboard("Quais", None).await;
    let kpi = json!({ "name": "Quai", "code": "Q", "frequency": "MONTHLY", "direction": "UP_IS_BETTER" });
    claire.kpi(&dashboard, kpi).await;
    let file = "code;periode;valeur\nQ;2026-02;2\nQ;2026-03;beaucoup\n";
    let report = claire.import_file(Upload::new("../../quais.csv", file.as_bytes())).await;
    let rejected = claire.get(&format!("/imports/jobs/{}/rejected.csv", text(&report["id"]))).await;
    rejected.status_is(200);

    let organization = claire.get("/user/organizations/me").await.expect(200);
    let own = folder.join("org").join(text(&organization["id"]));
    let kept = files_below(&folder);
    // Beside the files there is only the mark that the space was made with the organization.
    let (marks, files): (Vec<_>, Vec<_>) = kept.iter().partition(|file| **file == own.join(".space"));
    assert_eq!(marks.len(), 1, "{kept:?}");
    let imports = own.join("imports");
    assert!(!files.is_empty() && files.iter().all(|file| file.parent() == Some(&imports)), "{kept:?}");
    assert!(files.iter().any(|kept| std::fs::read(kept).unwrap() == file.as_bytes()), "{kept:?}");
    assert!(files_below(&place.data_folder().join("files")).is_empty());
}
