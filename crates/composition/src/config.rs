//! The configuration: `vigie.toml`, then the environment.

use crate::{Network, StartError};
use secrecy::SecretString;
use serde::Deserialize;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use url::Url;
use vigie_repository::FEWEST_CONNECTIONS;
use vigie_tenancy::DatabaseName;

/// Everything that an operator may set. With nothing set the product runs on `./data`: SQLite, in-process worker, keys made at the
/// first start. Unknown keys are refused.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// How the product is reached over HTTP.
    pub http: HttpConfig,
    /// The address that links in answers and mails begin with.
    pub public_url: Option<Url>,
    /// The folder of databases, files and keys.
    pub data_dir: PathBuf,
    /// The databases.
    pub database: DatabaseConfig,
    /// Redis, which several processes share; without it each remembers and counts by itself.
    pub redis: UrlConfig,
    /// Outgoing mail.
    pub mail: MailConfig,
    /// File storage.
    pub files: FilesConfig,
    /// Accounts.
    pub auth: AuthConfig,
    /// Throttles and sizes.
    pub limits: LimitsConfig,
    /// Who becomes a platform administrator at sign-up.
    pub platform_admin_email: Option<String>,
    /// The worker.
    pub worker: WorkerConfig,
    /// Backups.
    pub backup: BackupConfig,
    /// The Prometheus endpoint.
    pub metrics: MetricsConfig,
    /// The log.
    pub log: LogConfig,
}

/// How the product is reached over HTTP.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct HttpConfig {
    /// Where to listen.
    pub bind: SocketAddr,
    /// Under this domain one label names the organization: `paris.localhost`.
    pub base_domain: String,
    /// Addresses and networks of proxies whose `X-Forwarded-For` counts.
    pub trusted_proxies: Vec<Network>,
    /// Origins of browsers whose pages may call the API, such as `https://steer.example.org`; none by default.
    pub allowed_origins: Vec<String>,
    /// Whether every change of something with a version must say by `If-Match` which one it is about.
    pub require_if_match: bool,
    /// Threads that serve requests; as many as there are cores when absent.
    pub threads: Option<usize>,
}

/// The databases.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DatabaseConfig {
    /// The control database; `sqlite://<data>/control.sqlite3` when absent.
    pub url: Option<SecretString>,
    /// The server of the organizations' databases; the control database's when absent.
    pub tenant_url: Option<SecretString>,
    /// How the names of the organizations' databases begin.
    pub tenant_prefix: String,
    /// Connections of this process to each server of organizations' databases, idle ones included; a server may have its own number.
    pub connections: usize,
    /// Connections of one organization; always less than half of a server's.
    pub organization_connections: usize,
    /// Milliseconds that a request waits for a connection before it is told to come back.
    pub wait_ms: u64,
    /// Organizations that are kept open.
    pub open_organizations: usize,
    /// Whether a process that starts brings the organizations' databases to its schema.
    pub migrate_at_start: bool,
}

/// The address of something outside.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct UrlConfig {
    /// The address.
    pub url: Option<SecretString>,
}

/// File storage. A bucket is reached with what the `AWS_*` variables say, unless it is said here.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct FilesConfig {
    /// `file:///FOLDER` or `s3://BUCKET[/PREFIX]`; the folder `files` of the data folder when absent.
    pub url: Option<SecretString>,
    /// The region of the bucket.
    pub region: Option<String>,
    /// The address of a server that speaks as S3 does.
    pub endpoint: Option<Url>,
    /// The id of the key.
    pub access_key_id: Option<String>,
    /// The key.
    pub secret_access_key: Option<SecretString>,
}

/// Outgoing mail. Without a server mails are files in the folder `mail` of the data folder.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MailConfig {
    /// The server: `smtp://USER:PASSWORD@HOST:PORT` with STARTTLS, `smtps://` with TLS from the first byte.
    pub url: Option<SecretString>,
    /// The sender, `Vigie <no-reply@kpi.example.org>`; needed with a server.
    pub from: Option<String>,
    /// Certificates in PEM that are trusted beside those of the system.
    pub ca_file: Option<PathBuf>,
}

/// Who may sign up.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum SignupMode {
    /// Anybody, at once.
    Open,
    /// Anybody who proves the address.
    Verified,
    /// Nobody.
    Closed,
}

/// Accounts.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AuthConfig {
    /// Who may sign up.
    pub signup: SignupMode,
}

/// Throttles and sizes.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Switches every throttle. Off only for benchmarks and tests; a start with it off says so.
    pub enabled: bool,
    /// Logins in a minute from one address.
    pub login_per_minute: u32,
    /// Sign-ups in an hour from one address.
    pub signup_per_hour: u32,
    /// Sign-ups in a day with one e-mail address.
    pub email_signup_per_day: u32,
    /// Mails to set a new password asked for in an hour from one address.
    pub forgot_per_hour: u32,
    /// Mails to set a new password to one e-mail address at once; afterwards one an hour.
    pub email_forgot_burst: u32,
    /// Further mails in a day that prove one e-mail address, of which there is at most one in a minute.
    pub email_resend_per_day: u32,
    /// Mailed tokens that are tried in a minute from one address.
    pub token_per_minute: u32,
    /// What needs the password once more, in a minute from one address.
    pub sensitive_per_minute: u32,
    /// What needs the password once more, in a quarter of an hour by one user.
    pub user_sensitive_per_quarter: u32,
    /// Refreshes in a minute from one address.
    pub refresh_per_minute: u32,
    /// Refreshes in a minute of one session.
    pub session_refresh_per_minute: u32,
    /// Requests in a minute by one member.
    pub requests_per_minute: u32,
    /// Requests without a token in a minute from one address.
    pub anonymous_per_minute: u32,
    /// Largest file of an import, in bytes.
    pub import_bytes: u64,
    /// Streams of events that one user may have open.
    pub streams_per_user: usize,
    /// Streams of events that a process may have open.
    pub streams: usize,
}

/// The worker.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WorkerConfig {
    /// Whether the API process runs jobs itself; by default it does with SQLite.
    pub embedded: Option<bool>,
    /// Jobs under way at once in one process. One of them, when there are two or more, is never in the bulk lane.
    pub concurrency: usize,
    /// Further jobs under way at once, of the security lane alone.
    pub security: usize,
    /// Jobs of one organization in the bulk lane under way at once, over all processes.
    pub bulk_per_organization: u16,
}

/// Backups.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BackupConfig {
    /// Where archives go; `<data_dir>/backups` when absent.
    pub folder: Option<PathBuf>,
}

/// The Prometheus endpoint.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct MetricsConfig {
    /// Where `vigie-worker run` answers `GET /metrics`; nowhere when absent. `vigie-api` answers at its own address.
    pub bind: Option<SocketAddr>,
    /// The token that a scraper shows; without one `/metrics` answers on a loopback address only.
    pub token: Option<SecretString>,
}

/// The form of log lines.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "snake_case")]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// The log.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LogConfig {
    /// The form of a line.
    pub format: LogFormat,
    /// What is logged, as in `info,vigie_repository=debug`.
    pub filter: String,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            http: HttpConfig::default(),
            public_url: None,
            data_dir: PathBuf::from("data"),
            database: DatabaseConfig::default(),
            redis: UrlConfig::default(),
            mail: MailConfig::default(),
            files: FilesConfig::default(),
            auth: AuthConfig::default(),
            limits: LimitsConfig::default(),
            platform_admin_email: None,
            worker: WorkerConfig::default(),
            backup: BackupConfig::default(),
            metrics: MetricsConfig::default(),
            log: LogConfig::default(),
        }
    }
}

impl Default for HttpConfig {
    fn default() -> Self {
        Self {
            bind: SocketAddr::from(([127, 0, 0, 1], 8080)),
            base_domain: "localhost".to_owned(),
            trusted_proxies: Vec::new(),
            allowed_origins: Vec::new(),
            require_if_match: false,
            threads: None,
        }
    }
}

impl Default for DatabaseConfig {
    fn default() -> Self {
        Self {
            url: None,
            tenant_url: None,
            tenant_prefix: "vigie_org_".to_owned(),
            connections: 60,
            organization_connections: 4,
            wait_ms: 750,
            open_organizations: 1_000,
            migrate_at_start: true,
        }
    }
}

impl Default for AuthConfig {
    fn default() -> Self {
        Self { signup: SignupMode::Open }
    }
}

impl Default for LimitsConfig {
    /// After OWASP ASVS 5 (6.3.1) and what installations of this kind use.
    fn default() -> Self {
        Self {
            enabled: true,
            login_per_minute: 10,
            signup_per_hour: 5,
            email_signup_per_day: 3,
            forgot_per_hour: 5,
            email_forgot_burst: 3,
            email_resend_per_day: 5,
            token_per_minute: 20,
            sensitive_per_minute: 10,
            user_sensitive_per_quarter: 5,
            refresh_per_minute: 60,
            session_refresh_per_minute: 30,
            requests_per_minute: 1200,
            anonymous_per_minute: 60,
            import_bytes: 64 * 1024 * 1024,
            streams_per_user: 5,
            streams: 200,
        }
    }
}

impl Default for WorkerConfig {
    fn default() -> Self {
        Self { embedded: None, concurrency: 3, security: 1, bulk_per_organization: 2 }
    }
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            format: LogFormat::Text,
            filter: "info,sea_orm_migration=warn,sqlx=warn,actix_server=warn".to_owned(),
        }
    }
}

impl Config {
    /// Reads the file, if there is one, then the environment: `VIGIE__SECTION__KEY`, or `VIGIE__SECTION__KEY_FILE` with the path
    /// of a file that holds the value. A file that is named must be there; `vigie.toml` in the working folder need not.
    pub fn load(file: Option<&Path>) -> Result<Self, StartError> {
        let mut builder = config::Config::builder();
        builder = match file {
            Some(file) => builder.add_source(config::File::from(file).format(config::FileFormat::Toml)),
            None => {
                builder.add_source(config::File::new("vigie.toml", config::FileFormat::Toml).required(false))
            }
        };
        let variables = Self::variables(std::env::vars())?;
        let environment = config::Environment::with_prefix("VIGIE")
            .prefix_separator("__")
            .separator("__")
            .source(Some(variables))
            .list_separator(",")
            .with_list_parse_key("http.trusted_proxies")
            .with_list_parse_key("http.allowed_origins")
            .try_parsing(true);
        let config: Self = builder.add_source(environment).build()?.try_deserialize()?;
        config.check()?;
        Ok(config)
    }

    /// The variables of ours, with those that name a file replaced by its content.
    fn variables(
        all: impl Iterator<Item = (String, String)>,
    ) -> Result<std::collections::HashMap<String, String>, StartError> {
        let mut variables = std::collections::HashMap::new();
        for (name, value) in all.filter(|(name, _)| name.starts_with("VIGIE__")) {
            if let Some(plain) = name.strip_suffix("_FILE") {
                let content = std::fs::read_to_string(&value).map_err(|error| {
                    StartError::Setting(format!("{name}: {value} cannot be read: {error}"))
                })?;
                variables.insert(plain.to_owned(), content.trim_end().to_owned());
            } else {
                variables.insert(name, value);
            }
        }
        Ok(variables)
    }

    /// Refuses what this version cannot do, rather than starting without it.
    fn check(&self) -> Result<(), StartError> {
        let unsupported = [("platform_admin_email", self.platform_admin_email.is_some())];
        if let Some((key, _)) = unsupported.into_iter().find(|(_, set)| *set) {
            return Err(StartError::Setting(format!(
                "{key} is not supported by this version yet; remove it"
            )));
        }
        if self.auth.signup == SignupMode::Verified && self.public_url.is_none() {
            return Err(StartError::Setting(
                "auth.signup = verified needs public_url: the links that it mails begin with that".to_owned(),
            ));
        }
        let prefix = &self.database.tenant_prefix;
        if prefix.len() > 40 || DatabaseName::parse(prefix).is_err() {
            return Err(StartError::Setting(format!(
                "database.tenant_prefix: {prefix} is not made of at most 40 lower-case letters, digits and underscores"
            )));
        }
        let least = [
            ("worker.concurrency", self.worker.concurrency, 1),
            ("worker.bulk_per_organization", usize::from(self.worker.bulk_per_organization != 0), 1),
            ("database.open_organizations", self.database.open_organizations, 1),
            // With fewer an organization could not have two, which some work takes.
            ("database.connections", self.database.connections, FEWEST_CONNECTIONS.try_into().unwrap_or(8)),
            ("database.organization_connections", self.database.organization_connections, 2),
        ];
        match least.into_iter().find(|(_, given, least)| given < least) {
            Some((key, _, least)) => Err(StartError::Setting(format!("{key} must be at least {least}"))),
            None => Ok(()),
        }
    }
}
