//! The jobs that a process knows.

use async_trait::async_trait;
use std::collections::HashMap;
use std::marker::PhantomData;
use std::sync::Arc;
use vigie_jobs::{Abandoned, Handle, Job, JobError, JobRun, Retry};

/// The jobs that this process knows, by name.
#[derive(Clone, Default)]
pub struct Handlers(HashMap<&'static str, Arc<dyn AnyHandler>>);

impl Handlers {
    /// Adds the handler of one kind of job.
    #[must_use]
    pub fn with<J: Job + Sync>(mut self, handler: Arc<dyn Handle<J>>) -> Self {
        self.0.insert(J::NAME, Arc::new(Typed { handler, job: PhantomData }));
        self
    }

    /// The handler of that kind, and the kind's name.
    pub(super) fn get(&self, name: &str) -> Option<(&'static str, Arc<dyn AnyHandler>)> {
        self.0.get_key_value(name).map(|(name, handler)| (*name, Arc::clone(handler)))
    }
}

#[async_trait]
pub(super) trait AnyHandler: Send + Sync {
    fn retry(&self) -> Retry;
    fn is_outgoing(&self) -> bool;
    async fn handle(&self, run: &JobRun, payload: serde_json::Value) -> Result<(), JobError>;
    async fn abandoned(
        &self,
        run: &JobRun,
        payload: serde_json::Value,
        how: Abandoned,
    ) -> Result<(), JobError>;
}

struct Typed<J> {
    handler: Arc<dyn Handle<J>>,
    job: PhantomData<fn(J)>,
}

#[async_trait]
impl<J: Job + Sync> AnyHandler for Typed<J> {
    fn retry(&self) -> Retry {
        J::RETRY
    }

    fn is_outgoing(&self) -> bool {
        J::OUTGOING
    }

    async fn handle(&self, run: &JobRun, payload: serde_json::Value) -> Result<(), JobError> {
        let job = serde_json::from_value(payload).map_err(JobError::fail)?;
        self.handler.handle(run, job).await
    }

    async fn abandoned(
        &self,
        run: &JobRun,
        payload: serde_json::Value,
        how: Abandoned,
    ) -> Result<(), JobError> {
        let job = serde_json::from_value(payload).map_err(JobError::fail)?;
        self.handler.abandoned(run, job, how).await
    }
}
