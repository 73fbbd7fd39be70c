//! The server's services and settings, out of the application and its configuration.

use crate::server::ServerSettings;
use crate::services::Services;
use crate::stream::StreamSettings;
use std::sync::Arc;
use vigie_composition::{App, Config};

impl From<&App> for Services {
    fn from(app: &App) -> Self {
        Self {
            auth: Arc::clone(&app.auth),
            members: Arc::clone(&app.members),
            tenancy: Arc::clone(&app.tenancy),
            plans: Arc::clone(&app.plans),
            fleet: Arc::clone(&app.fleet),
            backups: Arc::clone(&app.backups),
            samples: Arc::clone(&app.samples),
            kpis: Arc::clone(&app.kpis),
            reporting: Arc::clone(&app.reporting),
            actions: Arc::clone(&app.actions),
            imports: Arc::clone(&app.imports),
            repeats: Arc::clone(&app.repeats),
            notifications: Arc::clone(&app.notifications),
            health: Arc::clone(&app.health),
            queue: Arc::clone(&app.queue),
            cursors: Arc::clone(&app.signer),
            limiter: Arc::clone(&app.limiter),
            clock: Arc::clone(&app.clock),
            ids: Arc::clone(&app.ids),
        }
    }
}

impl From<&Config> for ServerSettings {
    fn from(config: &Config) -> Self {
        let limits = &config.limits;
        Self {
            workers: config.http.threads,
            metrics_token: config.metrics.token.clone(),
            trusted_proxies: config.http.trusted_proxies.clone(),
            upload_bytes: limits.import_bytes,
            allowed_origins: config.http.allowed_origins.clone(),
            require_if_match: config.http.require_if_match,
            streams: StreamSettings {
                per_user: limits.streams_per_user,
                per_process: limits.streams,
                ..StreamSettings::default()
            },
            ..Self::default()
        }
    }
}
