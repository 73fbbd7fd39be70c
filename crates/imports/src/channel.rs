//! A small bounded channel from a thread that reads a file to the task that writes its values.
//!
//! The sender blocks when the receiver is behind, so that memory does not grow with the file; the receiver waits
//! without a thread. It needs no runtime.

use std::collections::VecDeque;
use std::future::poll_fn;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::task::{Poll, Waker};

struct Shared<T> {
    state: Mutex<State<T>>,
    room: Condvar,
    capacity: usize,
}

struct State<T> {
    queue: VecDeque<T>,
    waker: Option<Waker>,
    sender_gone: bool,
    receiver_gone: bool,
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The end that a thread fills.
pub(crate) struct Sender<T>(Arc<Shared<T>>);

/// The end that a task empties.
pub(crate) struct Receiver<T>(Arc<Shared<T>>);

/// A channel that holds at most `capacity` messages, at least one.
pub(crate) fn channel<T>(capacity: usize) -> (Sender<T>, Receiver<T>) {
    let state = State { queue: VecDeque::new(), waker: None, sender_gone: false, receiver_gone: false };
    let shared =
        Arc::new(Shared { state: Mutex::new(state), room: Condvar::new(), capacity: capacity.max(1) });
    (Sender(Arc::clone(&shared)), Receiver(shared))
}

impl<T> Sender<T> {
    /// Sends, waiting for room; `false` when nobody listens any more.
    pub(crate) fn send(&self, message: T) -> bool {
        let mut state = self.0.lock();
        while state.queue.len() >= self.0.capacity && !state.receiver_gone {
            state = self.0.room.wait(state).unwrap_or_else(PoisonError::into_inner);
        }
        if state.receiver_gone {
            return false;
        }
        state.queue.push_back(message);
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
        true
    }
}

impl<T> Receiver<T> {
    /// The next message; `None` when the sender is gone and all is received.
    pub(crate) async fn recv(&mut self) -> Option<T> {
        poll_fn(|context| {
            let mut state = self.0.lock();
            if let Some(message) = state.queue.pop_front() {
                self.0.room.notify_one();
                return Poll::Ready(Some(message));
            }
            if state.sender_gone {
                return Poll::Ready(None);
            }
            state.waker = Some(context.waker().clone());
            Poll::Pending
        })
        .await
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.sender_gone = true;
        if let Some(waker) = state.waker.take() {
            waker.wake();
        }
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.0.lock().receiver_gone = true;
        self.0.room.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn messages_arrive_in_order_and_then_the_end() {
        let (sender, mut receiver) = channel(2);
        let thread = std::thread::spawn(move || (0..100).filter(|n| sender.send(*n)).count());
        let mut got = Vec::new();
        while let Some(n) = receiver.recv().await {
            got.push(n);
        }
        assert_eq!(got, (0..100).collect::<Vec<_>>());
        assert_eq!(thread.join().unwrap(), 100);
    }

    #[tokio::test]
    async fn a_sender_stops_when_nobody_listens() {
        let (sender, mut receiver) = channel(1);
        let thread = std::thread::spawn(move || (0..1_000_000).take_while(|n| sender.send(*n)).count());
        assert_eq!(receiver.recv().await, Some(0));
        drop(receiver);
        assert!(thread.join().unwrap() < 1_000_000);
    }
}
