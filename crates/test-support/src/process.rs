//! The real program, started as an operator starts it.

use crate::{Client, PostgresDatabases};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// A started server that is killed when it is dropped.
pub struct TestProcess {
    /// A client without a token.
    pub client: Client,
    child: Child,
    program: String,
    environment: Vec<(String, String)>,
    folder: TempDir,
    _databases: Option<PostgresDatabases>,
}

/// Longest time that a start may take on a busy machine.
const START: Duration = Duration::from_secs(60);

impl TestProcess {
    /// Starts the program on SQLite, on an empty data folder.
    pub async fn sqlite(program: &str) -> Self {
        Self::start(program, Vec::new(), None).await
    }

    /// Starts the program on PostgreSQL.
    pub async fn postgres(program: &str) -> Self {
        let databases = PostgresDatabases::make();
        let environment = vec![
            ("VIGIE__DATABASE__URL".to_owned(), databases.control_url()),
            ("VIGIE__DATABASE__TENANT_PREFIX".to_owned(), databases.tenant_prefix()),
            ("VIGIE__WORKER__EMBEDDED".to_owned(), "true".to_owned()),
        ];
        Self::start(program, environment, Some(databases)).await
    }

    /// The folder that holds the data folder.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    async fn start(
        program: &str,
        mut environment: Vec<(String, String)>,
        databases: Option<PostgresDatabases>,
    ) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let data = folder.path().join("data").display().to_string();
        environment.extend([
            ("VIGIE__DATA_DIR".to_owned(), data),
            ("VIGIE__LIMITS__ENABLED".to_owned(), "false".to_owned()),
            ("VIGIE__HTTP__THREADS".to_owned(), "2".to_owned()),
        ]);
        let (child, client) = spawn(program, &environment, folder.path());
        let mut started =
            Self { client, child, program: program.to_owned(), environment, folder, _databases: databases };
        started.wait_until_ready().await;
        started
    }

    /// Kills it as a power cut would, and starts it again on the same data.
    pub async fn kill_and_restart(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        let (child, client) = spawn(&self.program, &self.environment, self.folder.path());
        (self.child, self.client) = (child, client);
        self.wait_until_ready().await;
    }

    async fn wait_until_ready(&mut self) {
        let began = Instant::now();
        let http = reqwest::Client::builder().no_proxy().build().unwrap();
        let url = self.client.url("/health/ready");
        loop {
            if http.get(&url).send().await.is_ok_and(|answer| answer.status().is_success()) {
                return;
            }
            if let Some(status) = self.child.try_wait().unwrap() {
                panic!("the program ended at once: {status}: {}", self.log());
            }
            assert!(began.elapsed() < START, "the program does not get ready: {}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }

    /// Everything that it has logged.
    #[must_use]
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// Its process id.
    #[must_use]
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Waits until it has ended by itself; whether it did so well.
    pub async fn ended_well(mut self) -> bool {
        let began = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.success();
            }
            assert!(began.elapsed() < START, "the program does not end: {}", self.log());
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}

/// Starts the program on a port that is free at this moment.
fn spawn(program: &str, environment: &[(String, String)], folder: &Path) -> (Child, Client) {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let log = std::fs::OpenOptions::new().create(true).append(true).open(folder.join("log")).unwrap();
    let inherited = std::env::vars().filter(|(name, _)| !name.starts_with("VIGIE__"));
    let child = Command::new(program)
        .env_clear()
        .envs(inherited)
        .envs(environment.iter().cloned())
        .env("VIGIE__HTTP__BIND", address.to_string())
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(log.try_clone().unwrap())
        .stderr(log)
        .spawn()
        .unwrap();
    (child, Client::new(format!("http://{address}")))
}

impl Drop for TestProcess {
    fn drop(&mut self) {
        // It may have ended already.
        let _killed = self.child.kill();
        let _reaped = self.child.wait();
    }
}
