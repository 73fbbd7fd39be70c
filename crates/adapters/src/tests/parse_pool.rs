use crate::BlockingParsePool;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::runtime::Handle;
use tokio::sync::{mpsc, oneshot};
use vigie_imports::ParsePool;

#[tokio::test]
async fn a_job_that_panics_takes_nothing_down_and_gives_its_place_back() {
    let pool = BlockingParsePool::new(Handle::current(), 1);
    pool.spawn(Box::new(|| panic!("a broken file")));
    let (done, answer) = oneshot::channel();
    pool.spawn(Box::new(move || done.send(7).unwrap()));
    assert_eq!(answer.await, Ok(7));
}

#[tokio::test]
async fn no_more_jobs_run_at_a_time_than_there_are_places() {
    let pool = BlockingParsePool::new(Handle::current(), 2);
    let running = Arc::new(AtomicUsize::new(0));
    let (done, mut answers) = mpsc::unbounded_channel();
    for _ in 0..20 {
        let (running, done) = (Arc::clone(&running), done.clone());
        pool.spawn(Box::new(move || {
            let at_a_time = running.fetch_add(1, Ordering::SeqCst) + 1;
            std::thread::yield_now();
            running.fetch_sub(1, Ordering::SeqCst);
            done.send(at_a_time).unwrap();
        }));
    }
    for _ in 0..20 {
        assert!(answers.recv().await.unwrap() <= 2);
    }
}
