//! The connections of one process to one server of organizations' databases.
//!
//! What is counted is connections, open ones, not pools: in use, idle and being closed together never exceed the server's budget
//! (`docs/adr/0013-connections-are-counted.md`). Who waits is served in turns of organizations. A server that does not answer is left
//! alone for a while.

mod breaker;
mod connection;
mod figures;
mod lease;
mod limits;
mod scheduler;
mod turns;

pub use figures::Usage;
pub(crate) use figures::{evicted, rejected, shown as show_figures};
pub(crate) use lease::Lease;
pub use limits::PoolLimits;

use self::breaker::{Admission, Breaker};
use self::connection::Connection;
use self::lease::Permit;
use self::scheduler::{Caps, Counts, Scheduler};
use self::turns::State;
use crate::error::{ServerSaid, server_said, store_error};
use crate::server::TenantServer;
use sea_orm::DbErr;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use vigie_kernel::{OrganizationId, StoreError};

/// Told when every connection is taken and none came back in time.
pub(crate) const CAPACITY: &str = "capacity";
/// Told while a server does not answer.
pub(crate) const SERVER_DOWN: &str = "server_down";

/// The connections to one server. Cloning shares them.
#[derive(Clone)]
pub(crate) struct ServerPool(Arc<Shared>);

struct Shared {
    /// The server's name, for the log and the figures.
    name: String,
    limits: PoolLimits,
    /// How long after its end a connection may still be seen on the server.
    settles: Duration,
    runtime: Handle,
    state: Mutex<State>,
    came_back: Notify,
}

/// The right to try a server that had not answered; dropped without a result, it lets the next one try.
struct Try<'a>(&'a ServerPool);

impl Drop for Try<'_> {
    fn drop(&mut self) {
        self.0.state().breaker.abandoned(Instant::now());
    }
}

impl ServerPool {
    /// The connections to a server, none so far. In a runtime, which must live as long as they do.
    pub(crate) fn new(name: &str, limits: PoolLimits, settles: Duration) -> Self {
        Self(Arc::new(Shared {
            name: name.to_owned(),
            limits,
            settles,
            runtime: Handle::current(),
            state: Mutex::new(State {
                scheduler: Scheduler::new(Caps::of(limits.connections, limits.each)),
                waiting: HashMap::new(),
                breaker: Breaker::default(),
                retired: HashMap::new(),
                doubtful: None,
            }),
            came_back: Notify::new(),
        }))
    }

    /// A connection to an organization's database, which is opened if none is idle. Waits at most until `deadline` for its turn.
    ///
    /// Errors: [`CAPACITY`], [`SERVER_DOWN`], and what opening answers.
    pub(crate) async fn lease(
        &self,
        organization: OrganizationId,
        server: &Arc<TenantServer>,
        database: &str,
        deadline: Instant,
    ) -> Result<Lease, StoreError> {
        let began = Instant::now();
        let mut attempt = self.admit()?;
        loop {
            let mut permit = self.permit(organization, deadline).await?;
            // The server may have gone while this one was waiting, with everybody before it in line.
            if attempt.is_none() {
                attempt = self.admit()?;
            }
            let Some(connection) = permit.connection.take() else {
                let permit = self.open(permit, server, database).await?;
                figures::acquired(began.elapsed());
                return Ok(Lease::new(permit));
            };
            let doubtful = attempt.is_some() || connection.is_idle_since(self.state().doubtful);
            match connection.serves(database, doubtful).await {
                Ok(()) => {
                    if attempt.is_some() {
                        self.answered();
                    }
                    permit.connection = Some(connection);
                    figures::acquired(began.elapsed());
                    return Ok(Lease::new(permit));
                }
                Err(error) => {
                    tracing::debug!(server = self.0.name, ?error, "an idle connection is gone");
                    permit.discard(connection);
                    drop(permit);
                    // The others of the organization hardly fare better, and the server may have been away.
                    self.retire(organization, "broken");
                    self.state().doubtful = Some(Instant::now());
                }
            }
        }
    }

    /// How long a request may wait for its turn.
    pub(crate) fn patience(&self) -> Duration {
        self.0.limits.patience
    }

    /// Changes how many connections there may be.
    pub(crate) fn resize(&self, connections: usize) {
        let caps = Caps::of(connections, self.0.limits.each);
        self.change(|state| state.scheduler.set_caps(caps));
    }

    /// Whether the organization has a connection in use or waits for one.
    pub(crate) fn is_used(&self, organization: OrganizationId) -> bool {
        self.state().scheduler.is_used(organization)
    }

    /// Closes the organization's idle connections, and those in use when they come back.
    pub(crate) fn retire(&self, organization: OrganizationId, cause: &'static str) {
        let gone = self.change(|state| {
            if state.scheduler.is_used(organization) {
                state.retired.insert(organization, connection::next_epoch());
            }
            state.scheduler.expire(|key, _| key == organization)
        });
        self.close(gone, |_| cause);
    }

    /// Closes the organization's connections and waits, not longer than `longest`, until none is in use any more. Whether none is.
    pub(crate) async fn drain(&self, organization: OrganizationId, longest: Duration) -> bool {
        self.retire(organization, "drained");
        self.until(longest, || !self.is_used(organization)).await
    }

    /// Closes everything that is idle now, and waits, not longer than `longest`, for what is in use or closing. Whether nothing is open any
    /// more.
    pub(crate) async fn shut(&self, longest: Duration) -> bool {
        self.until(longest, || {
            let gone = self.change(|state| state.scheduler.expire(|_, _| true));
            self.close(gone, |_| "shutdown");
            self.counts() == Counts::default()
        })
        .await
    }

    /// Closes what has been idle or open for too long.
    pub(crate) fn tidy(&self) {
        let (now, idle) = (Instant::now(), self.0.limits.idle);
        let gone = self
            .change(|state| state.scheduler.expire(|_, connection| connection.expired(now, idle).is_some()));
        self.close(gone, |connection| connection.expired(now, idle).unwrap_or("idle"));
    }

    /// What is open now, and whether the server answers.
    pub(crate) fn usage(&self) -> Usage {
        let state = self.state();
        let Counts { in_use, idle, closing, waiting } = state.scheduler.counts();
        Usage { server: self.0.name.clone(), in_use, idle, closing, waiting, up: !state.breaker.is_open() }
    }

    fn counts(&self) -> Counts {
        self.state().scheduler.counts()
    }

    /// Waits until something holds, which is looked at whenever a connection came back or was closed.
    async fn until(&self, longest: Duration, holds: impl Fn() -> bool) -> bool {
        let deadline = tokio::time::Instant::now() + longest;
        loop {
            let mut came_back = std::pin::pin!(self.0.came_back.notified());
            came_back.as_mut().enable();
            if holds() {
                return true;
            }
            if tokio::time::timeout_at(deadline, came_back).await.is_err() {
                return holds();
            }
        }
    }

    /// Asks the breaker. `Some` for the one that tries a server that had not answered.
    fn admit(&self) -> Result<Option<Try<'_>>, StoreError> {
        match self.state().breaker.admit(Instant::now()) {
            Admission::Pass => Ok(None),
            Admission::Try => Ok(Some(Try(self))),
            Admission::Refuse => {
                rejected(SERVER_DOWN);
                Err(StoreError::TenantUnavailable(SERVER_DOWN))
            }
        }
    }

    /// Opens a connection for a permit. In a task of its own: a caller that goes away meanwhile leaves the connection to the next one.
    async fn open(
        &self,
        mut permit: Permit,
        server: &Arc<TenantServer>,
        database: &str,
    ) -> Result<Permit, StoreError> {
        let (this, server, database) = (self.clone(), Arc::clone(server), database.to_owned());
        let opening = self.0.runtime.spawn(async move {
            let epoch = connection::begin_epoch();
            match server.open(&database).await {
                Ok(handle) => {
                    this.answered();
                    let lifetime = this.0.limits.lifetime;
                    permit.connection = Some(Connection::new(handle, database, epoch, lifetime));
                    figures::opened();
                    Ok(permit)
                }
                Err(error) => {
                    drop(permit);
                    Err(this.failed(error))
                }
            }
        });
        opening.await.map_err(|error| StoreError::Unavailable(Box::new(error)))?
    }

    fn answered(&self) {
        let mut state = self.state();
        if state.breaker.is_open() {
            tracing::info!(server = self.0.name, "the database server answers again");
        }
        state.breaker.succeeded();
    }

    /// What a failure to connect means: an answer of the server is about the one database, anything else about the server.
    fn failed(&self, error: DbErr) -> StoreError {
        match server_said(&error) {
            Some(ServerSaid::NotThisDatabase) => {
                self.answered();
                return store_error(error);
            }
            Some(ServerSaid::Full) => {
                self.answered();
                tracing::error!(server = self.0.name, %error, "the database server has no connection left for us");
                rejected(CAPACITY);
                return StoreError::TenantUnavailable(CAPACITY);
            }
            None => {}
        }
        figures::failed();
        if self.state().breaker.failed(Instant::now()) {
            tracing::error!(
                server = self.0.name,
                %error,
                "the database server does not answer: its organizations get 503 until it does"
            );
        } else {
            tracing::warn!(server = self.0.name, %error, "a connection to the database server failed");
        }
        StoreError::TenantUnavailable(SERVER_DOWN)
    }
}

#[cfg(test)]
mod tests;
