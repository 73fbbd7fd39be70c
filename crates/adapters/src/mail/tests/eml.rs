use super::{branding, contents};
use crate::mail::{CompiledTemplates, EmlMailer, Sender};
use std::os::unix::fs::PermissionsExt;
use std::sync::Arc;
use vigie_kernel::testing::FixedClock;
use vigie_kernel::{EmailAddress, Locale};
use vigie_notifications::mail::{Mailer, OutgoingMail, Recipient, Sent, Templates};

#[tokio::test]
async fn a_mail_is_a_file_of_its_owner_alone() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(FixedClock::at_text("2026-11-20T09:30:00Z"));
    let mailer = EmlMailer::new(folder.path().join("data/mail"), Sender::of_host("localhost"), clock);
    let content = &contents("Marie")[0];
    let rendered = CompiledTemplates.render(content, Locale::Fr, &branding()).unwrap();
    let to = Recipient { address: EmailAddress::parse("marie@example.org").unwrap(), name: None };
    let id = uuid::Uuid::from_u128(7);
    let mail = OutgoingMail::new(id, content.kind(), to, &branding(), rendered);
    let Sent::Written { file } = mailer.send(&mail).await.unwrap() else { panic!("a file") };

    assert_eq!(file, folder.path().join(format!("data/mail/20261120T093000000000Z-{id}.eml")));
    assert_eq!(file.metadata().unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(file.parent().unwrap().metadata().unwrap().permissions().mode() & 0o777, 0o700);
    let text = std::fs::read_to_string(&file).unwrap();
    assert!(text.contains(&format!("Message-ID: <{id}@localhost>\r\n")), "{text}");
    assert!(text.contains("To: marie@example.org\r\n"), "{text}");
    assert_eq!(std::fs::read_dir(file.parent().unwrap()).unwrap().count(), 1, "no draft is left");
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_is_worth_another_attempt() {
    let folder = tempfile::tempdir().unwrap();
    let blocked = folder.path().join("file");
    std::fs::write(&blocked, b"").unwrap();
    let clock = Arc::new(FixedClock::at_text("2026-11-20T09:30:00Z"));
    let mailer = EmlMailer::new(blocked.join("mail"), Sender::of_host("localhost"), clock);
    let content = &contents("Marie")[1];
    let rendered = CompiledTemplates.render(content, Locale::En, &branding()).unwrap();
    let to = Recipient { address: EmailAddress::parse("marie@example.org").unwrap(), name: None };
    let mail = OutgoingMail::new(uuid::Uuid::from_u128(8), content.kind(), to, &branding(), rendered);
    assert_eq!(mailer.send(&mail).await.unwrap_err().name(), "unreachable");
}
