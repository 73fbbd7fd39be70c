//! `run`

use crate::{Answer, CommandError, scrape};
use tokio_util::sync::CancellationToken;
use vigie_composition::App;

/// Relays and runs jobs until SIGTERM or SIGINT; then gives back what it holds.
pub(super) async fn run(app: &App) -> Result<Answer, CommandError> {
    let stop = CancellationToken::new();
    // Before anything is claimed, so that no signal can end the process in between.
    let signals = Signals::listen()?;
    if app.runs_jobs() {
        tracing::warn!(
            "a vigie-api process with this configuration runs jobs as well; two workers do no harm, but one is enough: \
             stop this one, or set worker.embedded to false for the API"
        );
    }
    let (resumed, migrated) = app.recover().await?;
    tracing::info!(
        worker.concurrency = app.config.worker.concurrency,
        organizations.migrated = migrated.map_or(0, |run| run.counts.ok),
        organizations.finished = resumed.finished,
        organizations.discarded = resumed.discarded,
        "the worker runs"
    );
    let scraped = scrape::serve(app).await?;
    let waiting = tokio::spawn({
        let stop = stop.clone();
        async move {
            let signal = signals.wait().await;
            tracing::info!(signal, "the worker stops");
            stop.cancel();
        }
    });
    app.background().run(stop).await;
    waiting.abort();
    drop(scraped);
    app.close().await;
    tracing::info!("the worker has stopped");
    Ok(Answer::default())
}

#[cfg(unix)]
struct Signals {
    terminate: tokio::signal::unix::Signal,
    interrupt: tokio::signal::unix::Signal,
}

#[cfg(unix)]
impl Signals {
    fn listen() -> Result<Self, CommandError> {
        use tokio::signal::unix::{SignalKind, signal};
        Ok(Self {
            terminate: signal(SignalKind::terminate()).map_err(CommandError::Signals)?,
            interrupt: signal(SignalKind::interrupt()).map_err(CommandError::Signals)?,
        })
    }

    async fn wait(mut self) -> &'static str {
        tokio::select! {
            _ = self.terminate.recv() => "SIGTERM",
            _ = self.interrupt.recv() => "SIGINT",
        }
    }
}

#[cfg(not(unix))]
struct Signals;

#[cfg(not(unix))]
impl Signals {
    fn listen() -> Result<Self, CommandError> {
        Ok(Self)
    }

    async fn wait(self) -> &'static str {
        match tokio::signal::ctrl_c().await {
            Ok(()) => "interrupt",
            Err(error) => {
                tracing::error!(%error, "signals cannot be received");
                "error"
            }
        }
    }
}
