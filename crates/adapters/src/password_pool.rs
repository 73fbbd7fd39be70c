//! Password hashing: argon2id, a few at a time, with memory that is allocated once.

use crate::system::random;
use argon2::password_hash::phc::{Output, ParamsString, Salt};
use argon2::{ARGON2ID_IDENT, Algorithm, Argon2, Block, Params, PasswordHash as Phc, Version};
use async_trait::async_trait;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use thiserror::Error;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;
use tokio::time::timeout;
use vigie_auth::{HashError, PasswordHash, PasswordHasher, SecretText, Verdict};
use vigie_kernel::BoxError;

const SALT_BYTES: usize = 16;
const HASH_BYTES: usize = 32;
/// A stored hash that asks for more than this is never computed: a hostile row must not take the process down.
const CEILING: HashParameters = HashParameters { memory_kib: 131_072, iterations: 10, parallelism: 4 };
/// The version number of argon2 1.3 in a PHC text.
const VERSION: u32 = 0x13;

/// The cost of one hash.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HashParameters {
    /// Memory in KiB.
    pub memory_kib: u32,
    /// Passes over the memory.
    pub iterations: u32,
    /// Lanes.
    pub parallelism: u32,
}

impl Default for HashParameters {
    /// 19 MiB, 2 passes, 1 lane (OWASP Password Storage).
    fn default() -> Self {
        Self { memory_kib: 19_456, iterations: 2, parallelism: 1 }
    }
}

/// The parameters are weaker than what is allowed (ASVS 5.0, appendix C), or no parameters at all: the process must not
/// start with them.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("argon2id with {} KiB, {} passes and {} lanes is not allowed", .0.memory_kib, .0.iterations, .0.parallelism)]
pub struct WeakParameters(pub HashParameters);

impl HashParameters {
    /// Refuses parameters below the floor: 46 MiB with 1 pass, 19 MiB with 2, 12 MiB with 3 or more.
    pub const fn check(self) -> Result<Self, WeakParameters> {
        let floor = match self.iterations {
            0 => u32::MAX,
            1 => 47_104,
            2 => 19_456,
            _ => 12_288,
        };
        if self.memory_kib < floor || !self.within(CEILING) { Err(WeakParameters(self)) } else { Ok(self) }
    }

    const fn within(self, most: Self) -> bool {
        self.memory_kib <= most.memory_kib
            && self.iterations <= most.iterations
            && self.parallelism <= most.parallelism
            && self.parallelism > 0
    }

    const fn is_weaker_than(self, other: Self) -> bool {
        self.memory_kib < other.memory_kib || self.iterations < other.iterations
    }
}

/// How much hashing may go on at a time.
#[derive(Clone, Copy, Debug)]
pub struct PasswordPoolConfig {
    /// The cost of one hash.
    pub parameters: HashParameters,
    /// Processor cores of the machine; half of them may hash.
    pub cores: usize,
    /// Memory for hashing in MiB; each concurrent hash takes 19 of them at the usual cost.
    pub memory_budget_mib: usize,
    /// Requests that may wait for their turn.
    pub max_waiting: usize,
    /// For how long one may wait.
    pub max_wait: Duration,
}

impl PasswordPoolConfig {
    /// The usual limits on a machine with so many cores: at most 4 hashes at a time in 76 MiB, 64 waiting up to 2 s.
    #[must_use]
    pub fn for_cores(cores: usize) -> Self {
        Self {
            parameters: HashParameters::default(),
            cores,
            memory_budget_mib: 76,
            max_waiting: 64,
            max_wait: Duration::from_secs(2),
        }
    }

    /// Hashes at a time, 1..=8.
    #[must_use]
    pub fn permits(&self) -> usize {
        let mib_each = usize::try_from(self.parameters.memory_kib / 1024).unwrap_or(usize::MAX).max(1);
        (self.cores / 2).min(self.memory_budget_mib / mib_each).clamp(1, 8)
    }
}

/// Hashes passwords on threads that may block, never more at a time than the machine bears.
pub struct PasswordPool {
    permits: Arc<Semaphore>,
    waiting: AtomicUsize,
    config: PasswordPoolConfig,
    engine: Arc<Engine>,
    nobody: Arc<Stored>,
}

impl PasswordPool {
    /// A pool with these limits; refuses parameters below the floor.
    pub fn try_new(config: PasswordPoolConfig) -> Result<Self, WeakParameters> {
        let parameters = config.parameters.check()?;
        let weak = WeakParameters(parameters);
        let params = params_of(parameters).map_err(|_| weak)?;
        // The hash of nobody costs what a real one costs, and no password gives it.
        let nobody = Stored {
            params: params.clone(),
            parameters,
            salt: Salt::new(&[0x5a; SALT_BYTES]).map_err(|_| weak)?,
            hash: Output::new(&[0xa5; HASH_BYTES]).map_err(|_| weak)?,
        };
        Ok(Self {
            permits: Arc::new(Semaphore::new(config.permits())),
            waiting: AtomicUsize::new(0),
            config,
            engine: Arc::new(Engine { params, parameters, idle: Mutex::default() }),
            nobody: Arc::new(nobody),
        })
    }

    async fn permit(&self) -> Result<OwnedSemaphorePermit, HashError> {
        if let Ok(permit) = Arc::clone(&self.permits).try_acquire_owned() {
            return Ok(permit);
        }
        let _place = Place::take(&self.waiting, self.config.max_waiting).ok_or(HashError::Busy)?;
        match timeout(self.config.max_wait, Arc::clone(&self.permits).acquire_owned()).await {
            Ok(Ok(permit)) => Ok(permit),
            Ok(Err(closed)) => Err(HashError::Broken(Box::new(closed))),
            Err(_) => Err(HashError::Busy),
        }
    }

    /// Runs a hash. The permit goes with it: a client who leaves does not end the work, so he must not free its place.
    async fn run<T: Send + 'static>(
        &self,
        job: impl FnOnce(&Engine) -> Result<T, BoxError> + Send + 'static,
    ) -> Result<T, HashError> {
        let permit = self.permit().await?;
        let engine = Arc::clone(&self.engine);
        let done = spawn_blocking(move || {
            let answer = job(&engine);
            drop(permit);
            answer
        });
        done.await.map_err(|error| HashError::Broken(Box::new(error)))?.map_err(HashError::Broken)
    }
}

#[async_trait]
impl PasswordHasher for PasswordPool {
    async fn hash(&self, password: &SecretText) -> Result<PasswordHash, HashError> {
        let password = password.clone();
        self.run(move |engine| {
            let salt = random::<SALT_BYTES>()?;
            let hash = engine.compute(password.expose(), &salt, &engine.params)?;
            engine.text_of(&salt, &hash)
        })
        .await
    }

    async fn verify(&self, password: &SecretText, hash: Option<&PasswordHash>) -> Result<Verdict, HashError> {
        let password = password.clone();
        let nobody = Arc::clone(&self.nobody);
        let stored = hash.cloned();
        self.run(move |engine| {
            let known = stored.as_ref().map(read_stored);
            if let Some(Some(stored)) = known {
                return engine.verdict(password.expose(), &stored);
            }
            // The same work, so that the time tells nothing.
            engine.verdict(password.expose(), &nobody)?;
            Ok(if known.is_some() { Verdict::Unusable } else { Verdict::Mismatch })
        })
        .await
    }
}

/// A place in the queue, given back when dropped: also when the one who waits goes away.
struct Place<'a>(&'a AtomicUsize);

impl<'a> Place<'a> {
    fn take(waiting: &'a AtomicUsize, most: usize) -> Option<Self> {
        let before = waiting.fetch_add(1, Ordering::Relaxed);
        let place = Self(waiting);
        (before < most).then_some(place)
    }
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What hashing needs on its thread.
struct Engine {
    params: Params,
    parameters: HashParameters,
    /// Buffers that nobody uses now; never more than there are permits.
    idle: Mutex<Vec<Vec<Block>>>,
}

/// A stored hash that may be computed.
struct Stored {
    params: Params,
    parameters: HashParameters,
    salt: Salt,
    hash: Output,
}

impl Engine {
    fn compute(&self, password: &str, salt: &[u8], params: &Params) -> Result<[u8; HASH_BYTES], BoxError> {
        let usual = params.block_count() == self.params.block_count();
        let kept = if usual { self.idle().pop() } else { None };
        let mut blocks = kept.unwrap_or_else(|| vec![Block::new(); params.block_count()]);
        let mut hash = [0; HASH_BYTES];
        let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params.clone());
        let done =
            argon.hash_password_into_with_memory(password.as_bytes(), salt, &mut hash, blocks.as_mut_slice());
        if usual {
            self.idle().push(blocks);
        }
        done.map_err(|error| error.to_string())?;
        Ok(hash)
    }

    fn idle(&self) -> std::sync::MutexGuard<'_, Vec<Vec<Block>>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn verdict(&self, password: &str, stored: &Stored) -> Result<Verdict, BoxError> {
        let hash = self.compute(password, &stored.salt, &stored.params)?;
        let right = aws_lc_rs::constant_time::verify_slices_are_equal(&hash, stored.hash.as_bytes()).is_ok();
        Ok(if right {
            Verdict::Match { needs_rehash: stored.parameters.is_weaker_than(self.parameters) }
        } else {
            Verdict::Mismatch
        })
    }

    fn text_of(&self, salt: &[u8], hash: &[u8]) -> Result<PasswordHash, BoxError> {
        let phc = Phc {
            algorithm: ARGON2ID_IDENT,
            version: Some(VERSION),
            params: ParamsString::try_from(&self.params).map_err(|error| error.to_string())?,
            salt: Some(Salt::new(salt).map_err(|error| error.to_string())?),
            hash: Some(Output::new(hash).map_err(|error| error.to_string())?),
        };
        Ok(PasswordHash::from_phc(phc.to_string()))
    }
}

fn params_of(parameters: HashParameters) -> Result<Params, argon2::Error> {
    Params::new(parameters.memory_kib, parameters.iterations, parameters.parallelism, Some(HASH_BYTES))
}

/// Reads a stored hash; `None` when it is of another kind or asks for more than is ever computed.
fn read_stored(stored: &PasswordHash) -> Option<Stored> {
    let phc = Phc::new(stored.as_phc()).ok()?;
    let params = Params::try_from(&phc).ok()?;
    let parameters = HashParameters {
        memory_kib: params.m_cost(),
        iterations: params.t_cost(),
        parallelism: params.p_cost(),
    };
    let usual = phc.algorithm == ARGON2ID_IDENT
        && phc.version == Some(VERSION)
        && params.keyid().is_empty()
        && params.data().is_empty()
        && parameters.within(CEILING);
    let (salt, hash) = (phc.salt?, phc.hash?);
    (usual && hash.len() == HASH_BYTES).then_some(Stored { params, parameters, salt, hash })
}
