//! `mail test` through a mail server and without one.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails here")]

use clap::Parser;
use std::os::unix::fs::PermissionsExt;
use vigie_composition::{App, Config, MailConfig};
use vigie_test_support::{Fault, ReceivedMail, SinkTls, SmtpSink, Stage};
use vigie_worker::{Answer, Cli, CommandError, execute};

/// What is done to good settings.
type Change = fn(&mut Config);

async fn run(config: Config, to: &str) -> Result<Answer, CommandError> {
    let cli = Cli::try_parse_from(["vigie-worker", "mail", "test", "--locale", "fr", "--to", to]).unwrap();
    execute(cli.command, config, &b""[..]).await
}

fn config(folder: &tempfile::TempDir) -> Config {
    Config { data_dir: folder.path().join("data"), ..Config::default() }
}

/// Settings for a sink, whose certificate is in the folder.
fn through(sink: &SmtpSink, folder: &tempfile::TempDir) -> Config {
    let ca_file = folder.path().join("ca.pem");
    std::fs::write(&ca_file, sink.authority()).unwrap();
    let mail = MailConfig {
        url: Some(sink.url().into()),
        from: Some("Vigie <no-reply@kpi.example.org>".to_owned()),
        ca_file: Some(ca_file),
    };
    Config { mail, public_url: Some("https://kpi.example.org".parse().unwrap()), ..config(folder) }
}

#[tokio::test]
async fn without_a_server_the_mail_is_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let answer = run(config(&folder), "marie@example.org").await.unwrap();
    let file = std::path::PathBuf::from(answer.json["file"].as_str().unwrap());
    assert_eq!((answer.exit.code(), &answer.json["outcome"]), (0, &"written".into()));
    assert!(answer.text.contains(file.to_str().unwrap()), "{}", answer.text);
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert!(file.starts_with(folder.path().join("data/mail")), "{}", file.display());
    let mail = ReceivedMail::read(&file);
    assert_eq!(mail.header("From").unwrap(), "Vigie <vigie@localhost>");
    assert_eq!(mail.subject(), "Essai d’envoi");
    assert_eq!(mail.link(), "http://localhost:8080/");
}

#[tokio::test]
async fn a_server_answers() {
    let folder = tempfile::tempdir().unwrap();
    let sink = SmtpSink::with(SinkTls::StartTls, Some(("vigie", "s3cret"))).await;
    let answer = run(through(&sink, &folder), "marie@example.org").await.unwrap();
    assert_eq!((answer.exit.code(), answer.text.as_str()), (0, "The mail server has it: 250 2.0.0 kept\n"));
    assert_eq!(answer.json["reply"]["status"], 250);
    let [mail] = sink.mails().try_into().unwrap();
    assert_eq!((mail.recipients[0].as_str(), mail.encrypted), ("marie@example.org", true));
    assert_eq!(mail.link(), "https://kpi.example.org/");

    sink.fail(Fault::Answer(Stage::Recipient, "550 5.1.1 <marie@example.org>: no such user"));
    let answer = run(through(&sink, &folder), "marie@example.org").await.unwrap();
    assert_eq!((answer.exit.code(), &answer.json["outcome"]), (1, &"bounced".into()));
    assert!(answer.text.contains("550 5.1.1 <marie@example.org>: no such user"), "{}", answer.text);

    // Without the certificate of the server.
    let mut config = through(&sink, &folder);
    config.mail.ca_file = None;
    let answer = run(config, "marie@example.org").await.unwrap();
    assert_eq!((answer.exit.code(), &answer.json["outcome"]), (1, &"unreachable".into()));
    assert_eq!(sink.mails().len(), 1);
}

#[tokio::test]
async fn what_is_no_address_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let error = run(config(&folder), "marie@localhost").await.unwrap_err();
    assert_eq!(error.exit_code(), 2);
    assert!(!folder.path().join("data/mail").exists());
}

#[tokio::test]
async fn settings_that_make_no_sense_keep_it_from_starting() {
    let folder = tempfile::tempdir().unwrap();
    let sink = SmtpSink::start().await;
    let good = || through(&sink, &folder);
    let changes: [(&str, Change); 8] = [
        ("mail.from", |config| config.mail.from = None),
        ("mail.from", |config| config.mail.from = Some("Vigie".to_owned())),
        ("mail.url", |config| config.mail.url = Some("smtp://u:hunter2@mx.example.org?tls=none".into())),
        ("mail.url", |config| config.mail.url = Some("imap://u:hunter2@mx.example.org".into())),
        ("mail.ca_file", |config| config.mail.ca_file = Some("/nowhere/ca.pem".into())),
        ("mail.ca_file", |config| config.mail.url = None),
        ("public_url", |config| config.public_url = None),
        ("public_url", |config| config.public_url = Some("http://kpi.example.org".parse().unwrap())),
    ];
    for (key, change) in changes {
        let mut config = good();
        change(&mut config);
        let error = App::build(config).await.err().unwrap().to_string();
        assert!(error.contains(key) && !error.contains("hunter2"), "{key}: {error}");
    }
    App::build(good()).await.unwrap();
}
