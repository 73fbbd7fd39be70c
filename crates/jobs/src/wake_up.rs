//! Telling other processes that there is something to do.

/// Told after jobs became due, so that workers of other processes need not wait for their next look at the queue.
///
/// Called after the commit, once for each batch. Must return at once, and may fail in silence: a lost call costs the second until an idle
/// worker looks again, never a job. The other end calls `JobQueue::wake` of its own process.
pub trait WakeUp: Send + Sync {
    /// Jobs were added, or may run now.
    fn enqueued(&self);
}
