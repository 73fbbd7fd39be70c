//! The binary, running.

use crate::client::Client;
use crate::member::Member;
use crate::place::Place;
use serde_json::Value;
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long a start, an end or anything else may take on a busy machine before the test gives up.
pub(crate) const PATIENCE: Duration = Duration::from_mins(1);
/// How long to wait before looking again.
pub(crate) const GLANCE: Duration = Duration::from_millis(20);

/// A process that serves. Dropped, it is killed.
pub(crate) struct Server {
    process: Process,
    address: SocketAddr,
}

impl Server {
    pub(crate) async fn start(place: &Place) -> Self {
        Self::start_with(place, &[]).await
    }

    /// Starts with further settings and waits until requests may come.
    pub(crate) async fn start_with(place: &Place, settings: &[(&str, &str)]) -> Self {
        // The port was free a moment ago; somebody else may have taken it since.
        for _ in 0..5 {
            let address = free_address();
            let mut process = Process::spawn(api(), place, address, settings, &[]);
            if process.is_ready(address).await {
                return Self { process, address };
            }
            assert!(process.log().contains("in use"), "the server did not start:\n{}", process.log());
        }
        panic!("no free port was found");
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Somebody without a token, under the prefix of the API.
    pub(crate) fn anonymous(&self) -> Client {
        Client::new(&format!("http://{}/api/v1", self.address))
    }

    /// Somebody without a token, outside of the API.
    pub(crate) fn outside(&self) -> Client {
        Client::new(&format!("http://{}", self.address))
    }

    /// A new organization of that short name, and its owner.
    pub(crate) async fn sign_up(&self, slug: &str) -> Member {
        Member::sign_up(self, slug).await
    }

    pub(crate) fn kill(mut self) {
        self.process.kill();
    }

    /// Asks it to stop, as a service manager does.
    pub(crate) fn ask_to_stop(&self) {
        self.process.ask_to_stop();
    }

    /// How it ended, once it did.
    pub(crate) async fn ended(mut self) -> ExitStatus {
        self.process.ended().await
    }

    /// Asks it to stop and waits until it has.
    pub(crate) async fn stop(self) {
        self.ask_to_stop();
        assert!(self.ended().await.success());
    }
}

/// A start that is refused: the exit status and all that was said.
pub(crate) async fn refused_start(place: &Place, settings: &[(&str, &str)]) -> (ExitStatus, String) {
    let mut process = Process::spawn(api(), place, free_address(), settings, &[]);
    let status = process.ended().await;
    (status, process.log())
}

/// Runs a command of the operator's tool, which must succeed: what it says.
pub(crate) fn operator(place: &Place, settings: &[(&str, &str)], arguments: &[&str]) -> String {
    let mut command = Command::new(worker());
    command.args(arguments).current_dir(place.folder()).env_clear();
    command.envs(place.settings()).envs(settings.iter().copied());
    let output = command.output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// A worker beside the server. Dropped, it is killed.
pub(crate) struct Worker(Process);

impl Worker {
    pub(crate) fn start(place: &Place) -> Self {
        Self::start_with(place, &[])
    }

    /// Starts with further settings.
    pub(crate) fn start_with(place: &Place, settings: &[(&str, &str)]) -> Self {
        Self(Process::spawn(&worker(), place, free_address(), settings, &["run"]))
    }

    /// Starts and tells its figures; where it does.
    pub(crate) fn start_with_figures(place: &Place) -> (Self, SocketAddr) {
        let address = free_address();
        (Self::start_with(place, &[("VIGIE__METRICS__BIND", &address.to_string())]), address)
    }

    /// Starts another command of the operator's tool, and does not wait for its end.
    pub(crate) fn start_command(place: &Place, arguments: &[&str]) -> Self {
        Self(Process::spawn(&worker(), place, free_address(), &[], arguments))
    }

    /// Whether it has ended by itself.
    pub(crate) fn has_ended(&mut self) -> bool {
        self.0.child.try_wait().unwrap().is_some()
    }

    pub(crate) fn kill(mut self) {
        self.0.kill();
    }

    /// Asks it to stop, as a service manager does, and waits until it has.
    pub(crate) async fn stop(mut self) -> ExitStatus {
        self.0.ask_to_stop();
        self.0.ended().await
    }
}

/// What an operator's command answers.
pub(crate) fn operate(place: &Place, arguments: &[&str]) -> Value {
    let (status, answer, errors) = try_operate(place, arguments);
    assert!(status.success(), "{arguments:?}: {errors}\n{answer}");
    answer
}

/// What an operator's command answers, how it ended, and what it said besides.
pub(crate) fn try_operate(place: &Place, arguments: &[&str]) -> (ExitStatus, Value, String) {
    let output = Command::new(worker())
        .args(arguments)
        .arg("--json")
        .current_dir(place.folder())
        .env_clear()
        .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
        .envs(place.settings())
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr).into_owned();
    (output.status, serde_json::from_slice(&output.stdout).unwrap_or_default(), errors)
}

/// Runs a command of the operator's tool to its end: how it ended, and all that it said.
pub(crate) async fn run_worker(place: &Place, arguments: &[&str], input: &str) -> (ExitStatus, String) {
    let given = place.folder().join(format!("input-{}", free_address().port()));
    std::fs::write(&given, input).unwrap();
    let (binary, settings) = (worker(), place.settings());
    let (folder, arguments) =
        (place.folder().to_owned(), arguments.iter().map(ToString::to_string).collect::<Vec<_>>());
    let ran = tokio::task::spawn_blocking(move || {
        Command::new(binary)
            .args(arguments)
            .current_dir(folder)
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .envs(settings)
            .stdin(File::open(given).unwrap())
            .output()
            .unwrap()
    });
    let output = ran.await.unwrap();
    let said = [output.stdout, output.stderr].concat();
    (output.status, String::from_utf8_lossy(&said).into_owned())
}

fn worker() -> String {
    let binary = Path::new(api()).with_file_name("vigie-worker");
    assert!(binary.exists(), "{} is missing: run cargo build -p vigie-worker", binary.display());
    binary.display().to_string()
}

const fn api() -> &'static str {
    env!("CARGO_BIN_EXE_vigie-api")
}

fn free_address() -> SocketAddr {
    TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap()
}

/// A process of ours, ended by its own handle and never by name.
struct Process {
    child: Child,
    log: PathBuf,
}

impl Process {
    fn spawn(
        binary: &str,
        place: &Place,
        address: SocketAddr,
        settings: &[(&str, &str)],
        arguments: &[&str],
    ) -> Self {
        let log = place.folder().join(format!("{}.log", address.port()));
        let output = File::create(&log).unwrap();
        let mut command = Command::new(binary);
        command
            .args(arguments)
            .current_dir(place.folder())
            .env_clear()
            .envs(std::env::var_os("PATH").map(|path| ("PATH", path)))
            .env("VIGIE__HTTP__BIND", address.to_string())
            .env("NO_COLOR", "1")
            .env("VIGIE__LIMITS__ENABLED", "false")
            .envs(place.settings())
            .envs(settings.iter().copied())
            .stdin(Stdio::null())
            .stdout(output.try_clone().unwrap())
            .stderr(output);
        Self { child: command.spawn().unwrap(), log }
    }

    /// Waits until requests may come; false when it ended instead.
    async fn is_ready(&mut self, address: SocketAddr) -> bool {
        let client = Client::new(&format!("http://{address}"));
        let begun = Instant::now();
        while self.child.try_wait().unwrap().is_none() {
            if client.try_get("/health/ready").await.is_some_and(|answer| answer.status() == 200) {
                return true;
            }
            assert!(begun.elapsed() < PATIENCE, "the server is not ready:\n{}", self.log());
            tokio::time::sleep(GLANCE).await;
        }
        false
    }

    fn ask_to_stop(&self) {
        let asked = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status().unwrap();
        assert!(asked.success());
    }

    async fn ended(&mut self) -> ExitStatus {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(begun.elapsed() < PATIENCE, "the process does not end:\n{}", self.log());
            tokio::time::sleep(GLANCE).await;
        }
    }

    fn kill(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn log(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(&self.log).unwrap_or_default()).into_owned()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().filter(|line| !line.contains(" INFO ")).collect();
            eprintln!("--- what the server said ---\n{}", lines[lines.len().saturating_sub(40)..].join("\n"));
        }
    }
}
