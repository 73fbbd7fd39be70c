//! Starting on what is there, and refusing to start on what is wrong.

use crate::place::Place;
use crate::server::{Server, refused_start};
use serde_json::json;
use std::fs;
use std::os::unix::fs::PermissionsExt;

on_both_engines!(
    a_second_start_serves_the_same_data,
    a_wrong_setting_is_refused_in_one_clear_line,
    a_key_that_others_can_read_is_refused,
);

async fn a_second_start_serves_the_same_data(place: Place) {
    let server = Server::start(&place).await;
    let claire = server.sign_up("caen").await;
    let dashboard = claire.dashboard("Gardé", None).await;
    let kpi = json!({ "name": "Gold", "frequency": "MONTHLY", "direction": "UP_IS_BETTER" });
    let kpi = claire.kpi(&dashboard, kpi).await;
    claire.put(&format!("/kpis/{kpi}/values/2026-01"), json!({ "value": "4228.10" })).await.expect(201);
    server.stop().await;

    let server = Server::start(&place).await;
    let claire = claire.at(&server);
    assert_eq!(claire.values(&kpi).await, [("2026-01".to_owned(), "4228.1".to_owned())]);
    server.sign_up("cherbourg").await;
    let login = json!({ "email": claire.email, "password": crate::member::PASSWORD });
    server.anonymous().post("/auth/login", login).await.expect(200);
}

/// What is wrong with what a refused start said; it must be one line for the operator, with these words.
fn wrong_with(said: &str, words: &[&str]) -> Option<String> {
    let lines: Vec<&str> = said.lines().filter(|line| line.starts_with("vigie-api: ")).collect();
    let [line] = lines[..] else { return Some(format!("{} lines: {said}", lines.len())) };
    let missing: Vec<&&str> = words.iter().filter(|word| !line.contains(**word)).collect();
    (!missing.is_empty() || said.contains("panicked")).then(|| format!("{missing:?} not in: {said}"))
}

async fn a_wrong_setting_is_refused_in_one_clear_line(place: Place) {
    let settings: &[(&str, &str, &[&str])] = &[
        ("VIGIE__HTTP__COLOUR", "red", &["colour"]),
        ("VIGIE__COLOUR", "red", &["colour"]),
        ("VIGIE__HTTP__BIND", "everywhere", &["http.bind"]),
        ("VIGIE__WORKER__CONCURRENCY", "0", &["worker.concurrency"]),
        ("VIGIE__WORKER__EMBEDDED", "perhaps", &["perhaps"]),
        ("VIGIE__AUTH__SIGNUP", "sometimes", &["sometimes"]),
        ("VIGIE__AUTH__SIGNUP", "verified", &["auth.signup", "public_url"]),
        ("VIGIE__REDIS__URL", "http://:hunter2@localhost", &["redis.url", "rediss://"]),
        ("VIGIE__FILES__URL", "ftp://me:hunter2@localhost/files", &["files.url", "s3://BUCKET"]),
        ("VIGIE__FILES__URL", "file:///proc/nowhere", &["the file store", "/proc/nowhere"]),
        ("VIGIE__MAIL__URL", "smtp://me:hunter2@localhost", &["mail.from", "mail.url needs it"]),
        ("VIGIE__MAIL__URL", "imap://me:hunter2@localhost", &["mail.url", "smtps://"]),
        ("VIGIE__MAIL__FROM", "nobody", &["mail.from", "Vigie <no-reply@kpi.example.org>"]),
        ("VIGIE__PUBLIC_URL", "http://kpi.example.org", &["public_url", "https"]),
        ("VIGIE__DATABASE__URL", "mysql://me:hunter2@localhost/vigie", &["database.url", "mysql"]),
        ("VIGIE__DATABASE__URL", "postgres://me:hunter2@127.0.0.1:1/vigie", &["database"]),
        ("VIGIE__METRICS__TOKEN_FILE", "/nowhere/token", &["/nowhere/token"]),
        ("VIGIE__LOG__FILTER", "vigie=loud=er", &["log.filter"]),
        ("VIGIE__DATABASE__TENANT_PREFIX", "Bad-Prefix", &["tenant_prefix"]),
    ];
    let mut wrong = Vec::new();
    for (name, value, words) in settings {
        let (status, said) = refused_start(&place, &[(name, value)]).await;
        assert!(matches!(status.code(), Some(1..=127)), "{name}={value}: {status}\n{said}");
        assert!(!said.contains("hunter2"), "a password is in the log: {said}");
        wrong.extend(wrong_with(&said, words).map(|wrong| format!("{name}={value}: {wrong}")));
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    Server::start(&place).await.stop().await;
}

async fn a_key_that_others_can_read_is_refused(place: Place) {
    Server::start(&place).await.stop().await;
    let mut keys = 0;
    for entry in fs::read_dir(place.data_folder().join("keys")).unwrap() {
        let key = entry.unwrap().path();
        assert_eq!(fs::metadata(&key).unwrap().permissions().mode() & 0o777, 0o600, "{}", key.display());
        fs::set_permissions(&key, fs::Permissions::from_mode(0o644)).unwrap();
        let (status, said) = refused_start(&place, &[]).await;
        assert_eq!(status.code(), Some(1), "{said}");
        assert_eq!(wrong_with(&said, &[key.to_str().unwrap(), "chmod 600"]), None);
        fs::set_permissions(&key, fs::Permissions::from_mode(0o600)).unwrap();
        let content = fs::read(&key).unwrap();
        fs::write(&key, "changeme").unwrap();
        let (status, said) = refused_start(&place, &[]).await;
        assert_eq!(status.code(), Some(1), "{said}");
        assert_eq!(wrong_with(&said, &[key.to_str().unwrap()]), None);
        fs::write(&key, content).unwrap();
        keys += 1;
    }
    assert!(keys >= 1);
    Server::start(&place).await.stop().await;
}
