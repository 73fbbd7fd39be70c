//! The way to Redis: a pool whose every wait has an end, behind a breaker.

use super::breaker::Turn;
use super::{Breaker, Key, KeySpace};
use crate::Signer;
use deadpool_redis::redis::{
    self, AsyncConnectionConfig, FromRedisValue, Pipeline, RedisError, ScriptInvocation,
};
use deadpool_redis::{Manager, Pool, PoolError, Runtime};
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};
use thiserror::Error;
use tokio::runtime::Handle;
use vigie_kernel::OrganizationId;

/// Connections of one process.
const CONNECTIONS: usize = 16;
/// How long to wait for one of them.
const WAIT: Duration = Duration::from_millis(150);
/// How long opening one may take.
const CREATE: Duration = Duration::from_millis(400);
/// How long it may take to find out whether one still works.
const RECYCLE: Duration = Duration::from_millis(200);
/// How long an answer may take.
const ANSWER: Duration = Duration::from_millis(250);
/// How long all of that may take together.
const WHOLE: Duration = Duration::from_millis(600);
/// Names that one step of an erasure looks at.
const STEP: usize = 500;

/// The setting of Redis cannot be used. Says nothing of the address: it carries a password.
#[derive(Debug, Error)]
#[error(
    "this is no address of a Redis server: redis://[user:password@]host[:port][/database], rediss:// or unix://"
)]
pub struct RedisSetupError;

/// Redis does not answer, or the breaker knows that it would not.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("Redis does not answer")]
pub(crate) struct Away;

/// Redis, as processes of one installation share it. Opens no connection before it is needed.
pub struct Redis {
    pool: Pool,
    client: redis::Client,
    breaker: Breaker,
    keys: KeySpace,
    signer: Arc<Signer>,
    runtime: Handle,
}

/// Why there was no answer; for the log.
#[derive(Debug, Error)]
enum Trouble {
    #[error(transparent)]
    Pool(#[from] PoolError),
    #[error(transparent)]
    Redis(#[from] RedisError),
    #[error("no answer in time")]
    Late,
}

impl Redis {
    /// The Redis server at that address. Must be called on the runtime of the process.
    pub fn try_new(url: &str, signer: Arc<Signer>) -> Result<Self, RedisSetupError> {
        let client = redis::Client::open(url).map_err(|_| RedisSetupError)?;
        let waits = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CREATE))
            .set_response_timeout(Some(ANSWER));
        let manager = Manager::new_with_config(url, waits).map_err(|_| RedisSetupError)?;
        let pool = Pool::builder(manager)
            .max_size(CONNECTIONS)
            .wait_timeout(Some(WAIT))
            .create_timeout(Some(CREATE))
            .recycle_timeout(Some(RECYCLE))
            .runtime(Runtime::Tokio1)
            .build()
            .map_err(|_| RedisSetupError)?;
        let keys = KeySpace::of(&signer);
        Ok(Self { pool, client, breaker: Breaker::default(), keys, signer, runtime: Handle::current() })
    }

    /// How all names of this installation begin.
    #[must_use]
    pub fn namespace(&self) -> &str {
        self.keys.namespace()
    }

    /// Whether Redis answers now, asked past the breaker; the reason when it does not.
    pub async fn ping(&self) -> Result<(), String> {
        let mut ping = Pipeline::new();
        ping.cmd("PING").ignore();
        let outcome = in_time(Box::pin(self.run::<()>(&ping))).await;
        metrics::gauge!("redis_up").set(if outcome.is_ok() { 1.0 } else { 0.0 });
        self.judge(outcome).map_err(|trouble| trouble.to_string())
    }

    /// Removes everything that is kept of an organization; for its deletion. Answers how many names that were.
    pub async fn erase(&self, organization: OrganizationId) -> Result<u64, String> {
        let own = self.keys.organization(organization);
        let (mut cursor, mut removed) = (String::from("0"), 0);
        loop {
            let mut scan = Pipeline::new();
            scan.cmd("SCAN").arg(&cursor).arg("MATCH").arg(own.all()).arg("COUNT").arg(STEP);
            let found: Result<((String, Vec<String>),), Away> = self.query(&scan).await;
            let ((next, names),) = found.map_err(|away| away.to_string())?;
            let names: Result<Vec<Key>, _> = names.into_iter().map(|name| own.adopt(name)).collect();
            let names = names.map_err(|foreign| foreign.to_string())?;
            if !names.is_empty() {
                let mut unlink = Pipeline::new();
                unlink.cmd("UNLINK").arg(names.iter().map(Key::as_str).collect::<Vec<_>>());
                let (count,): (u64,) = self.query(&unlink).await.map_err(|away| away.to_string())?;
                removed += count;
            }
            if next == "0" {
                return Ok(removed);
            }
            cursor = next;
        }
    }

    pub(crate) const fn keys(&self) -> &KeySpace {
        &self.keys
    }

    pub(crate) fn signer(&self) -> &Signer {
        &self.signer
    }

    pub(crate) const fn runtime(&self) -> &Handle {
        &self.runtime
    }

    /// A connection of its own for subscriptions; the pool's never wait for messages.
    pub(crate) const fn client(&self) -> &redis::Client {
        &self.client
    }

    /// Asks, unless the breaker is open.
    pub(crate) async fn query<T: FromRedisValue>(&self, pipeline: &Pipeline) -> Result<T, Away> {
        // Opening a connection is rare and its future large.
        self.ask(Box::pin(self.run(pipeline))).await
    }

    /// Runs a script, unless the breaker is open. One that the server does not have any more is loaded again.
    pub(crate) async fn script<T: FromRedisValue>(&self, script: &ScriptInvocation<'_>) -> Result<T, Away> {
        let run = async {
            let mut connection = self.pool.get().await?;
            Ok(script.invoke_async(&mut connection).await?)
        };
        self.ask(Box::pin(run)).await
    }

    async fn run<T: FromRedisValue>(&self, pipeline: &Pipeline) -> Result<T, Trouble> {
        let mut connection = self.pool.get().await?;
        Ok(pipeline.query_async(&mut connection).await?)
    }

    async fn ask<T>(&self, asking: impl Future<Output = Result<T, Trouble>>) -> Result<T, Away> {
        if !self.breaker.admits(Instant::now()) {
            return Err(Away);
        }
        let outcome = in_time(asking).await;
        self.judge(outcome).map_err(|_| Away)
    }

    /// Notes what came of it: once in the log when Redis goes, and once when it is back.
    fn judge<T>(&self, outcome: Result<T, Trouble>) -> Result<T, Trouble> {
        let turn = match &outcome {
            Ok(_) => self.breaker.succeeded(),
            Err(_) => self.breaker.failed(Instant::now()),
        };
        if let Err(trouble) = &outcome {
            metrics::counter!("redis_failures_total").increment(1);
            tracing::debug!(error = %trouble, "Redis gave no answer");
        }
        match (turn, &outcome) {
            (Turn::Opened, Err(trouble)) => {
                tracing::warn!(error = %trouble, "Redis does not answer: going on without it");
            }
            (Turn::Closed, _) => {
                tracing::info!("Redis answers again");
            }
            (Turn::None | Turn::Opened, _) => {}
        }
        outcome
    }
}

async fn in_time<T>(asking: impl Future<Output = Result<T, Trouble>>) -> Result<T, Trouble> {
    tokio::time::timeout(WHOLE, asking).await.unwrap_or(Err(Trouble::Late))
}
