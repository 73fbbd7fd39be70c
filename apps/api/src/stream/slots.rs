//! How many streams are open.

use crate::problem::{ApiError, Code};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use vigie_kernel::UserId;

/// The gauge of open streams.
const OPEN: &str = "http_streams_open";

/// Counts open streams, and refuses those that are too many.
#[derive(Debug)]
pub(crate) struct Slots {
    per_user: usize,
    per_process: usize,
    /// Seconds after which a stream whose client went away is certainly noticed.
    retry_after: u64,
    open: Mutex<Open>,
}

#[derive(Debug, Default)]
struct Open {
    all: usize,
    by_user: HashMap<UserId, usize>,
}

/// The right to one stream; given back when dropped.
#[derive(Debug)]
pub(crate) struct Slot {
    slots: Arc<Slots>,
    user: UserId,
}

impl Slots {
    pub(crate) fn new(per_user: usize, per_process: usize, retry_after: u64) -> Self {
        metrics::describe_gauge!(OPEN, "Streams of events that are open.");
        Self { per_user, per_process, retry_after, open: Mutex::default() }
    }

    /// Takes one for a user: 429 when he has as many as he may, 503 when the process has.
    pub(crate) fn take(self: &Arc<Self>, user: UserId) -> Result<Slot, ApiError> {
        let mut open = self.open.lock().unwrap_or_else(PoisonError::into_inner);
        let own = open.by_user.get(&user).copied().unwrap_or(0);
        if own >= self.per_user {
            return Err(ApiError::new(Code::TooManyStreams).retry_after(self.retry_after));
        }
        if open.all >= self.per_process {
            return Err(ApiError::new(Code::StreamsFull).retry_after(self.retry_after));
        }
        open.all += 1;
        open.by_user.insert(user, own + 1);
        metrics::gauge!(OPEN).increment(1.0);
        Ok(Slot { slots: Arc::clone(self), user })
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        let mut open = self.slots.open.lock().unwrap_or_else(PoisonError::into_inner);
        open.all = open.all.saturating_sub(1);
        match open.by_user.get_mut(&self.user) {
            Some(own) if *own > 1 => *own -= 1,
            Some(_) | None => {
                open.by_user.remove(&self.user);
            }
        }
        metrics::gauge!(OPEN).decrement(1.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn user(number: u128) -> UserId {
        UserId::from(Uuid::from_u128(number))
    }

    #[test]
    fn a_user_and_the_process_have_so_many_and_get_them_back() {
        let slots = Arc::new(Slots::new(2, 3, 15));
        let refused = |number| slots.take(user(number)).unwrap_err().code();
        let held = [slots.take(user(1)).unwrap(), slots.take(user(1)).unwrap(), slots.take(user(2)).unwrap()];
        assert_eq!(refused(1), Code::TooManyStreams);
        assert_eq!(refused(3), Code::StreamsFull);
        let [first, second, third] = held;
        drop(first);
        let again = slots.take(user(1)).unwrap();
        assert_eq!(refused(1), Code::TooManyStreams);
        drop((second, third, again));
        assert!(slots.open.lock().unwrap().by_user.is_empty(), "nobody is remembered who has none");
        assert_eq!(slots.open.lock().unwrap().all, 0);
    }
}
