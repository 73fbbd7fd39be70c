//! `vigie-api`: serves the API, and with SQLite runs the jobs too.

use clap::Parser;
use std::io::IsTerminal;
use std::net::TcpListener;
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use tokio_util::sync::CancellationToken;
use tracing_subscriber::EnvFilter;
use vigie_api::{ServerSettings, Services, serve};
use vigie_composition::{App, Config, LogFormat};
use vigie_kernel::BoxError;

/// Time between telling that the server is not ready any more and closing the door, where others may send requests.
const DRAIN: Duration = Duration::from_secs(5);

/// The HTTP API of Vigie.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// The configuration file; `vigie.toml` in the working folder, if it is there, when absent.
    #[arg(long)]
    config: Option<PathBuf>,
}

#[tokio::main]
async fn main() -> ExitCode {
    match run(Arguments::parse()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let mut text = format!("vigie-api: {error}");
            let mut source = error.source();
            while let Some(cause) = source {
                // Some errors tell their cause themselves.
                let cause_text = cause.to_string();
                if !text.contains(&cause_text) {
                    text = format!("{text}: {cause_text}");
                }
                source = cause.source();
            }
            eprintln!("{text}");
            ExitCode::FAILURE
        }
    }
}

async fn run(arguments: Arguments) -> Result<(), BoxError> {
    let config = Config::load(arguments.config.as_deref())?;
    start_log(&config)?;
    // Another part of the process may have installed the same provider already.
    let _installed = rustls::crypto::aws_lc_rs::default_provider().install_default();
    if !config.limits.enabled {
        tracing::warn!("every throttle is switched off: this is for benchmarks and tests only");
    }
    let listener = TcpListener::bind(config.http.bind)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    let app = App::build(config).await?;
    app.recover().await?;
    if app.counts_alone() {
        tracing::warn!(
            "redis.url is not set: throttles are counted in this process alone, whatever others do"
        );
    }

    let drain = if address.ip().is_loopback() { Duration::ZERO } else { DRAIN };
    let settings = ServerSettings { drain, ..ServerSettings::from(&*app.config) };
    let stop = CancellationToken::new();
    let background = tokio::spawn({
        let (background, stop, runs_jobs) = (app.background().clone(), stop.clone(), app.runs_jobs());
        async move {
            if runs_jobs {
                background.run(stop).await;
            } else {
                Box::pin(background.relay_only(stop)).await;
            }
        }
    });
    let server = serve(Services::from(&app), settings, listener, asked_to_stop())?;
    tracing::info!(http.address = %address, jobs = app.runs_jobs(), "vigie-api serves on http://{address}");
    let outcome = server.await;
    stop.cancel();
    background.await?;
    app.settle().await;
    app.close().await;
    tracing::info!("stopped");
    Ok(outcome?)
}

fn start_log(config: &Config) -> Result<(), BoxError> {
    let filter = EnvFilter::try_new(&config.log.filter)
        .map_err(|error| format!("configuration: log.filter: {error}"))?;
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(std::io::stdout().is_terminal());
    match config.log.format {
        LogFormat::Text => lines.try_init(),
        LogFormat::Json => {
            lines.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init()
        }
    }
}

/// Ends with SIGTERM or Ctrl-C. Where no signal can be heard the process is stopped by force only.
async fn asked_to_stop() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
            (Ok(mut terminate), Ok(mut interrupt)) => {
                tokio::select! {
                    _ = terminate.recv() => {}
                    _ = interrupt.recv() => {}
                }
            }
            (Err(error), _) | (_, Err(error)) => {
                tracing::error!(%error, "signals cannot be heard");
                std::future::pending::<()>().await;
            }
        }
    }
    #[cfg(not(unix))]
    if let Err(error) = tokio::signal::ctrl_c().await {
        tracing::error!(%error, "signals cannot be heard");
        std::future::pending::<()>().await;
    }
}
