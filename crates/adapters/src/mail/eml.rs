//! Mails as files, for installations without a mail server.

use super::Sender;
use super::message::message;
use async_trait::async_trait;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use tempfile::NamedTempFile;
use vigie_kernel::Clock;
use vigie_notifications::mail::{MailError, Mailer, OutgoingMail, Sent};

/// Writes each mail as `<time>-<id>.eml` into a folder, where every mail program opens it. Only the owner of the process can read them:
/// they carry links that let people in. Nobody removes them.
pub struct EmlMailer {
    folder: PathBuf,
    sender: Sender,
    clock: Arc<dyn Clock>,
}

impl EmlMailer {
    /// A mailer for a folder, which is made with the first mail.
    #[must_use]
    pub fn new(folder: PathBuf, sender: Sender, clock: Arc<dyn Clock>) -> Self {
        Self { folder, sender, clock }
    }
}

#[async_trait]
impl Mailer for EmlMailer {
    async fn send(&self, mail: &OutgoingMail) -> Result<Sent, MailError> {
        let now = self.clock.now();
        let bytes = message(mail, &self.sender, now).map_err(MailError::Unsendable)?.formatted();
        let file = self.folder.join(format!("{}-{}.eml", now.format("%Y%m%dT%H%M%S%6fZ"), mail.id));
        let written = tokio::task::spawn_blocking(move || write(&file, &bytes).map(|()| file));
        let written = written.await.map_err(|error| MailError::Unsendable(error.into()))?;
        // A full disk may have room again: worth another attempt, as a server that is away.
        let file = written.map_err(|error| MailError::Unreachable(error.into()))?;
        Ok(Sent::Written { file })
    }
}

/// Written beside, then given its name: the file is there as a whole or not at all. A temporary file is its owner's alone from the start.
fn write(file: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let folder = file.parent().unwrap_or(Path::new("."));
    if !folder.exists() {
        make(folder)?;
    }
    let mut draft = NamedTempFile::with_prefix_in(".mail-", folder)?;
    draft.write_all(bytes)?;
    draft.as_file().sync_all()?;
    draft.persist(file)?;
    Ok(())
}

fn make(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder.create(folder)
}
