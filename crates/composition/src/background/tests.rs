//! What the background loop does with jobs of whatever kind.

use super::Background;
use crate::{App, Config};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;
use vigie_auth::{ClientInfo, SecretText, SignUp};
use vigie_jobs::{Handle, Job, JobError, JobRun, OutboxMessage, Retry};
use vigie_kernel::{OperatorContext, OrganizationId};
use vigie_repository::{JobFilter, JobStatus};
use vigie_tenancy::backup::{CloneOrganization, Unwatched};

/// A mail, as far as the loop is concerned.
#[derive(Serialize, Deserialize)]
struct Letter {}

impl Job for Letter {
    const NAME: &'static str = "test.send-letter";
    const RETRY: Retry = Retry::doubling(Duration::from_secs(1)).up_to(3);
    const OUTGOING: bool = true;
}

/// Something that stays inside.
#[derive(Serialize, Deserialize)]
struct Note {}

impl Job for Note {
    const NAME: &'static str = "test.write-note";
    const RETRY: Retry = Retry::doubling(Duration::from_secs(1)).up_to(3);
}

#[derive(Default)]
struct Counting {
    letters: AtomicUsize,
    notes: AtomicUsize,
}

#[async_trait]
impl Handle<Letter> for Counting {
    async fn handle(&self, _run: &JobRun, _job: Letter) -> Result<(), JobError> {
        self.letters.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

#[async_trait]
impl Handle<Note> for Counting {
    async fn handle(&self, _run: &JobRun, _job: Note) -> Result<(), JobError> {
        self.notes.fetch_add(1, Ordering::Relaxed);
        Ok(())
    }
}

impl Counting {
    fn counts(&self) -> (usize, usize) {
        (self.letters.load(Ordering::Relaxed), self.notes.load(Ordering::Relaxed))
    }
}

async fn announce<J: Job>(app: &App, organization: Option<OrganizationId>, job: &J) {
    let message = OutboxMessage::announce(app.ids.next_uuid().into(), job, app.clock.now(), "test").unwrap();
    app.queue.enqueue(organization, &message).await.unwrap();
}

async fn waiting(app: &App) -> usize {
    let page = vigie_kernel::PageRequest { limit: 10, after: None };
    app.queue.list(&JobFilter::status(JobStatus::Queued), &page).await.unwrap().items.len()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_sends_nothing_until_it_is_confirmed() {
    let folder = tempfile::tempdir().unwrap();
    let mut config = Config { data_dir: folder.path().join("data"), ..Config::default() };
    config.limits.enabled = false;
    let app = App::build(config).await.unwrap();
    let command = SignUp {
        organization_name: "Paris".to_owned(),
        organization_slug: Some("paris".to_owned()),
        full_name: "Ada".to_owned(),
        email: "ada@example.org".to_owned(),
        password: SecretText::new("trois-chaises-vertes"),
        locale: None,
    };
    app.auth.sign_up(command, &ClientInfo::default()).await.unwrap();
    let hints = vigie_tenancy::TenantHints { header: Some("paris".to_owned()), ..Default::default() };
    let source = app.tenancy.resolve(&hints).await.unwrap().unwrap().id;
    let operator = OperatorContext::new(None, "test".to_owned());
    let clone = CloneOrganization { from: source, slug: "copy".to_owned(), name: None, owner: None };
    let copy = app.backups.clone_organization(&operator, clone, &Unwatched).await.unwrap().organization.id();

    let counting = Arc::new(Counting::default());
    let background = app.background();
    let handlers =
        background.handlers.clone().with::<Letter>(counting.clone()).with::<Note>(counting.clone());
    let background = Background { handlers, ..background.clone() };
    for organization in [Some(source), Some(copy), None] {
        announce(&app, organization, &Letter {}).await;
        announce(&app, organization, &Note {}).await;
    }
    background.drain().await.unwrap();
    assert_eq!(counting.counts(), (2, 3), "the copy's letter waits, its note is written");
    assert_eq!(waiting(&app).await, 1, "it is neither lost nor dead");

    app.backups.confirm(&operator, copy).await.unwrap();
    announce(&app, Some(copy), &Letter {}).await;
    // What is known of an organization is believed for less than two seconds.
    tokio::time::sleep(Duration::from_secs(2)).await;
    background.drain().await.unwrap();
    assert_eq!(counting.counts(), (3, 3));
}
