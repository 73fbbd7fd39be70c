//! Where things are, out of the configuration: the folders, the control database, the servers of the organizations' databases.

use crate::config::Config;
use crate::error::StartError;
use crate::secrets::InstallationSecrets;
use secrecy::ExposeSecret;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use url::Url;
use vigie_adapters::Signer;
use vigie_kernel::{Clock, IdSource};
use vigie_repository::{ControlStore, PoolLimits, ServerParts, TenantServer, TenantServers};

/// The servers of the organizations' databases; none is asked yet.
pub(crate) fn tenant_servers(
    config: &Config,
    control: &ControlStore,
    signer: &Arc<Signer>,
    clock: &Arc<dyn Clock>,
    ids: &Arc<dyn IdSource>,
) -> Result<TenantServers, StartError> {
    Ok(TenantServers::new(ServerParts {
        control: control.connection().clone(),
        default: tenant_server(config)?,
        secrets: Arc::new(InstallationSecrets(Arc::clone(signer))),
        limits: pool_limits(config),
        clock: Arc::clone(clock),
        ids: Arc::clone(ids),
    }))
}

fn pool_limits(config: &Config) -> PoolLimits {
    let database = &config.database;
    PoolLimits {
        connections: database.connections,
        each: database.organization_connections,
        patience: Duration::from_millis(database.wait_ms),
        ..PoolLimits::default()
    }
}

/// Whether the control database is a SQLite file.
pub(crate) fn is_sqlite(config: &Config) -> bool {
    config.database.url.as_ref().is_none_or(|url| url.expose_secret().starts_with("sqlite:"))
}

/// Opens the control database; a SQLite file is made if it is not there.
pub(crate) async fn open_control(config: &Config) -> Result<ControlStore, StartError> {
    let Some(url) = &config.database.url else {
        return Ok(ControlStore::connect_sqlite(&config.data_dir.join("control.sqlite3")).await?);
    };
    let url = url.expose_secret();
    if let Some(file) = sqlite_path(url) {
        if let Some(folder) = Path::new(file).parent().filter(|folder| !folder.as_os_str().is_empty()) {
            private_folder(folder)?;
        }
        return Ok(ControlStore::connect_sqlite(Path::new(file)).await?);
    }
    postgres_url("database.url", url)?;
    Ok(ControlStore::connect_postgres(url).await?)
}

fn tenant_server(config: &Config) -> Result<TenantServer, StartError> {
    let url =
        config.database.tenant_url.as_ref().or(config.database.url.as_ref()).map(ExposeSecret::expose_secret);
    match url {
        None => Ok(TenantServer::sqlite(config.data_dir.join("tenants"))),
        Some(url) if url.starts_with("sqlite:") => {
            let folder = match (&config.database.tenant_url, sqlite_path(url)) {
                (Some(_), Some(folder)) => folder.into(),
                (Some(_) | None, Some(_) | None) => config.data_dir.join("tenants"),
            };
            Ok(TenantServer::sqlite(folder))
        }
        Some(url) => Ok(TenantServer::postgres(postgres_url("database.tenant_url", url)?)),
    }
}

fn sqlite_path(url: &str) -> Option<&str> {
    url.strip_prefix("sqlite://")
        .or_else(|| url.strip_prefix("sqlite:"))
        .map(|path| path.split_once('?').map_or(path, |(path, _)| path))
}

fn postgres_url(key: &str, text: &str) -> Result<Url, StartError> {
    // The URL carries a password: the message must not repeat it.
    let url = Url::parse(text).map_err(|error| StartError::Setting(format!("{key} is no URL: {error}")))?;
    match url.scheme() {
        "postgres" | "postgresql" => Ok(url),
        other => Err(StartError::Setting(format!(
            "{key}: the engine {other} is not supported; use sqlite or postgres"
        ))),
    }
}

/// The folder of keys, which is made if it is not there.
pub(crate) fn keys_folder(config: &Config) -> Result<PathBuf, StartError> {
    let folder = config.data_dir.join("keys");
    private_folder(&folder)?;
    Ok(folder)
}

/// Makes a folder that only its owner can look into.
pub(crate) fn private_folder(folder: &Path) -> Result<(), StartError> {
    let io =
        |source| StartError::Io { what: format!("the folder {} cannot be made", folder.display()), source };
    if folder.exists() {
        return Ok(());
    }
    std::fs::create_dir_all(folder).map_err(io)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(folder, std::fs::Permissions::from_mode(0o700)).map_err(io)?;
    }
    Ok(())
}
