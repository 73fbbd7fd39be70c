//! The scheduler at work: lines in which tasks wait, connections that come back, places that become free.

use super::breaker::Breaker;
use super::connection::Connection;
use super::lease::Permit;
use super::scheduler::{Grant, Scheduler, Step, Ticket};
use super::{CAPACITY, ServerPool, figures};
use std::collections::HashMap;
use std::sync::{MutexGuard, PoisonError};
use std::time::Instant;
use tokio::sync::oneshot;
use vigie_kernel::{OrganizationId, StoreError};

pub(super) struct State {
    pub(super) scheduler: Scheduler<OrganizationId, Connection>,
    pub(super) waiting: HashMap<Ticket, Line>,
    pub(super) breaker: Breaker,
    /// Connections of these organizations that were opened before that epoch serve no more.
    pub(super) retired: HashMap<OrganizationId, u64>,
    /// When a connection was last found broken: those that have been idle since before are asked first.
    pub(super) doubtful: Option<Instant>,
}

/// Where a permit goes when its turn has come.
pub(super) struct Line {
    key: OrganizationId,
    granted: oneshot::Sender<Permit>,
}

/// Somebody in line; gets out of it when dropped.
struct Waiting<'a> {
    pool: &'a ServerPool,
    key: OrganizationId,
    ticket: Ticket,
    granted: oneshot::Receiver<Permit>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.pool.change(|state| {
            // A permit that was sent meanwhile is dropped with the receiver, and so comes back.
            if state.waiting.remove(&self.ticket).is_some() {
                state.scheduler.withdraw(self.key, self.ticket);
            }
        });
    }
}

impl ServerPool {
    /// A place among the connections, in turns of organizations.
    pub(super) async fn permit(&self, key: OrganizationId, deadline: Instant) -> Result<Permit, StoreError> {
        let (sender, granted) = oneshot::channel();
        let ticket = self.change(|state| {
            let ticket = state.scheduler.ask(key);
            state.waiting.insert(ticket, Line { key, granted: sender });
            ticket
        });
        let mut waiting = Waiting { pool: self, key, ticket, granted };
        // The sender goes only with the permit, or with this line.
        if let Ok(Ok(permit)) = tokio::time::timeout_at(deadline.into(), &mut waiting.granted).await {
            return Ok(permit);
        }
        figures::rejected(CAPACITY);
        Err(StoreError::TenantUnavailable(CAPACITY))
    }

    /// What a permit comes back with: a connection that may serve again, one that may not, or none.
    pub(super) fn take_back(
        &self,
        key: OrganizationId,
        connection: Option<Connection>,
        broken: Option<Connection>,
    ) {
        let mut gone = broken.map(|broken| (broken, "broken"));
        let closed = self.change(|state| {
            let retired = state.retired.get(&key).copied();
            let kept = match connection {
                Some(connection) if retired.is_some_and(|before| connection.epoch() < before) => {
                    gone = Some((connection, "retired"));
                    None
                }
                other => other,
            };
            let closed = kept.is_none();
            match kept {
                Some(mut connection) => {
                    connection.release();
                    state.scheduler.give_back(key, connection);
                }
                None => state.scheduler.give_up(key),
            }
            if retired.is_some() && !state.scheduler.is_used(key) {
                state.retired.remove(&key);
            }
            closed
        });
        match gone {
            Some((connection, cause)) => self.close(vec![connection], |_| cause),
            None if closed => self.settle(),
            None => {}
        }
        self.0.came_back.notify_waiters();
    }

    /// Closes connections. Their places are counted until they are gone for certain.
    pub(super) fn close(&self, connections: Vec<Connection>, cause: impl Fn(&Connection) -> &'static str) {
        for connection in connections {
            figures::evicted(cause(&connection));
            let this = self.clone();
            self.0.runtime.spawn(async move {
                connection.close().await;
                this.settled().await;
            });
        }
    }

    /// Frees the place of a connection that could not be opened.
    fn settle(&self) {
        let this = self.clone();
        self.0.runtime.spawn(async move { this.settled().await });
    }

    /// PostgreSQL does not tell when a session has really ended: its process reads our farewell a moment after we have sent it.
    async fn settled(&self) {
        tokio::time::sleep(self.0.settles).await;
        self.change(|state| state.scheduler.closed());
        self.0.came_back.notify_waiters();
    }

    /// Changes the state, then gives out what became possible by it.
    pub(super) fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let (changed, permits, evicted) = {
            let mut state = self.state();
            let changed = change(&mut state);
            let Step { granted, evicted } = state.scheduler.advance();
            let permits: Vec<_> = granted
                .into_iter()
                .filter_map(|(ticket, grant)| state.waiting.remove(&ticket).map(|line| (line, grant)))
                .collect();
            (changed, permits, evicted)
        };
        // Outside of the lock: a permit that nobody waits for any more comes back at once, and takes it again.
        for (line, grant) in permits {
            let connection = match grant {
                Grant::Reuse(connection) => Some(connection),
                Grant::Open => None,
            };
            let _nobody_waits = line.granted.send(Permit::new(self.clone(), line.key, connection));
        }
        self.close(evicted, |_| "room");
        changed
    }

    pub(super) fn state(&self) -> MutexGuard<'_, State> {
        self.0.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
