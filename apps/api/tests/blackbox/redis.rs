//! A Redis server of a test's own, which it may kill.

use crate::server::{GLANCE, PATIENCE};
use std::hash::{BuildHasher, RandomState};
use std::net::{Ipv4Addr, TcpListener};
use std::process::{Child, Command, Output, Stdio};
use std::time::Instant;
use tempfile::TempDir;

/// The server. Dropped, it is killed.
pub(crate) struct Redis {
    folder: TempDir,
    port: u16,
    running: Option<Child>,
}

impl Redis {
    pub(crate) async fn start() -> Self {
        for _ in 0..20 {
            let mut redis = Self { folder: tempfile::tempdir().unwrap(), port: free_port(), running: None };
            if redis.try_start_again().await {
                return redis;
            }
        }
        panic!("no free port was found");
    }

    pub(crate) fn url(&self) -> String {
        format!("redis://127.0.0.1:{}/0", self.port)
    }

    /// Ends it without warning. What it had saved it has again at its next start.
    pub(crate) fn kill(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.kill().unwrap();
            running.wait().unwrap();
        }
    }

    pub(crate) async fn start_again(&mut self) {
        assert!(self.try_start_again().await, "redis-server does not start again on port {}", self.port);
    }

    /// Stops it from doing anything, connections kept open; and lets it go on.
    pub(crate) fn freeze(&self, frozen: bool) {
        let running = self.running.as_ref().unwrap().id().to_string();
        let signal = if frozen { "-STOP" } else { "-CONT" };
        assert!(Command::new("kill").args([signal, &running]).status().unwrap().success());
    }

    /// What a command answers, a line for each item.
    pub(crate) fn ask(&self, command: &[&str]) -> String {
        let output = self.cli(command);
        assert!(output.status.success(), "{command:?}: {output:?}");
        String::from_utf8_lossy(&output.stdout).into_owned()
    }

    /// Every name with its value.
    pub(crate) fn dump(&self) -> String {
        let names = self.ask(&["--scan"]);
        let lines: Vec<_> =
            names.lines().map(|name| format!("{name} {}", self.ask(&["GET", name]))).collect();
        lines.join("\n")
    }

    fn cli(&self, command: &[&str]) -> Output {
        Command::new("redis-cli").args(["-p", &self.port.to_string()]).args(command).output().unwrap()
    }

    async fn try_start_again(&mut self) -> bool {
        let mut child = Command::new("redis-server")
            .args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--appendonly", "no", "--dir"])
            .arg(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        let begun = Instant::now();
        while child.try_wait().unwrap().is_none() {
            // Through the process of ours: a stranger on the same port answers another pid.
            let told = self.cli(&["INFO", "server"]);
            if String::from_utf8_lossy(&told.stdout).contains(&format!("process_id:{}\r", child.id())) {
                self.running = Some(child);
                return true;
            }
            assert!(begun.elapsed() < PATIENCE, "redis-server does not answer");
            tokio::time::sleep(GLANCE).await;
        }
        false
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        if let Some(running) = &mut self.running {
            let _ = running.kill();
            let _ = running.wait();
        }
    }
}

/// Below the range from which the system hands out ports, so that nobody gets it while the server is down.
fn free_port() -> u16 {
    loop {
        let port = 20_000 + u16::try_from(RandomState::new().hash_one(0) % 12_000).unwrap();
        if TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok() {
            return port;
        }
    }
}
