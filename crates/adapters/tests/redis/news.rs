use crate::{Installation, organization};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;
use vigie_adapters::News;
use vigie_jobs::WakeUp;
use vigie_kernel::{Invalidation, Invalidations, UserId};

/// What came to a process: a change, or a call (`None`).
type Heard = mpsc::UnboundedReceiver<Option<Invalidation>>;

/// A process that listens.
fn process(installation: &Installation, stop: &CancellationToken) -> (Arc<News>, Heard) {
    let news = Arc::new(News::through(installation.process()));
    let (tell, heard) = mpsc::unbounded_channel();
    let calls = tell.clone();
    news.on_change(move |what| tell.send(Some(what)).unwrap());
    news.on_call(move || calls.send(None).unwrap());
    tokio::spawn({
        let (news, stop) = (Arc::clone(&news), stop.clone());
        async move { news.listen(&stop).await }
    });
    (news, heard)
}

async fn next(heard: &mut Heard) -> Option<Invalidation> {
    tokio::time::timeout(Duration::from_secs(30), heard.recv()).await.unwrap().unwrap()
}

#[tokio::test]
async fn one_process_tells_and_the_others_hear() {
    let installation = Installation::new();
    let stop = CancellationToken::new();
    let (one, mut own) = process(&installation, &stop);
    let (other, mut heard) = process(&installation, &stop);
    let (strange, mut nothing) = process(&Installation::new(), &stop);
    let paris = Invalidation::Organization(organization(1));
    // Until the line is open nobody hears; what is told then is made up for by short lifetimes.
    while heard.try_recv().is_err() {
        one.announce(paris);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    one.settle().await;
    let user = Invalidation::User(UserId::from(Uuid::from_u128(3)));
    one.announce(user);
    while next(&mut heard).await != Some(user) {}
    while next(&mut own).await != Some(user) {}
    one.enqueued();
    assert_eq!(next(&mut heard).await, None);

    // A process hears what itself announced from itself, once, and no call of its own.
    other.announce(paris);
    assert_eq!(next(&mut heard).await, Some(paris));
    assert_eq!(next(&mut own).await, Some(paris));
    other.settle().await;
    assert!(heard.try_recv().is_err() && own.try_recv().is_err() && nothing.try_recv().is_err());
    drop(strange);
    stop.cancel();
}

#[tokio::test]
async fn a_process_that_is_alone_hears_itself_at_once() {
    let news = News::in_process();
    let (tell, mut heard) = mpsc::unbounded_channel();
    news.on_change(move |what| tell.send(what).unwrap());
    news.announce(Invalidation::Organization(organization(1)));
    news.enqueued();
    news.settle().await;
    assert_eq!(heard.try_recv(), Ok(Invalidation::Organization(organization(1))));
    let stop = CancellationToken::new();
    stop.cancel();
    news.listen(&stop).await;
}
