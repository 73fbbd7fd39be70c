//! The README's walk works as it is written, and its error examples are what the product answers.
//!
//! `UPDATE_DOCS=1` writes the answers into the README.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test program")]

use std::fmt::Write as _;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// A line that separates the output of two commands.
const SEPARATOR: &str = "=== next ===";

struct Product {
    child: Child,
    folder: tempfile::TempDir,
    address: String,
}

impl Product {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
        let child = Command::new(env!("CARGO_BIN_EXE_vigie-api"))
            .current_dir(folder.path())
            .env("VIGIE__HTTP__BIND", &address)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let product = Self { child, folder, address };
        let started = Instant::now();
        while !product.bash("curl -sf http://127.0.0.1:8080/health/ready").status.success() {
            assert!(started.elapsed() < Duration::from_mins(1), "the product does not start");
            std::thread::sleep(Duration::from_millis(50));
        }
        product
    }

    /// Runs a script of the README against this product.
    fn bash(&self, script: &str) -> std::process::Output {
        Command::new("bash")
            .args(["-c", &script.replace("127.0.0.1:8080", &self.address)])
            .current_dir(self.folder.path())
            .output()
            .expect("bash and curl")
    }
}

impl Drop for Product {
    fn drop(&mut self) {
        let _gone_already = self.child.kill();
        let _gone_already = self.child.wait();
    }
}

fn readme() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../README.md")
}

/// The contents of the fenced blocks that begin with that info string.
fn blocks(text: &str, info: &str) -> Vec<String> {
    let opening = format!("```{info}\n");
    text.split(&opening).skip(1).map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

/// The text with every UUID as `<id>`: ids differ from run to run.
fn without_ids(text: &str) -> String {
    let is_uuid = |candidate: &str| {
        candidate.char_indices().all(|(index, c)| match index {
            8 | 13 | 18 | 23 => c == '-',
            _ => c.is_ascii_hexdigit(),
        })
    };
    let mut plain = String::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        match rest.get(..36) {
            Some(candidate) if is_uuid(candidate) => {
                plain.push_str("<id>");
                rest = &rest[36..];
            }
            _ => {
                plain.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    plain
}

#[test]
fn the_walk_works_as_written() {
    let product = Product::start();
    let script =
        format!("set -e\n{}", blocks(&std::fs::read_to_string(readme()).unwrap(), "sh walk").concat());
    let output = product.bash(&script);
    let told = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{told}");
    for expected in [
        r#""rows_total":5,"inserted":3,"updated":0,"unchanged":0,"skipped":0,"blank":1,"rejected":1"#,
        r#""encoding":"utf-8","delimiter":";""#,
        r#""cell":"C9""#,
        r#""code":"NUMBER_INVALID""#,
        r#""value":"97.2","display":"97.20","not_applicable":false,"reason":null,"status":"GREEN""#,
        r#""value":"93.5","display":"93.50","not_applicable":false,"reason":null,"status":"ORANGE""#,
        r#""value":"88.1","display":"88.10","not_applicable":false,"reason":null,"status":"RED""#,
        r#""title":"Doubler le poste de contrôle""#,
    ] {
        assert!(told.contains(expected), "{expected} is not in\n{told}");
    }
    let overviews: Vec<&str> = told.matches(r#""red_without_action":1"#).collect();
    assert!(!overviews.is_empty(), "{told}");
    let last = told.rsplit(r#"{"as_of""#).next().unwrap();
    assert!(
        last.contains(r#""red_without_action":0"#) && !last.contains(r#""red_without_action":1"#),
        "{last}"
    );
}

#[test]
fn the_error_examples_are_real_answers() {
    let product = Product::start();
    let text = std::fs::read_to_string(readme()).unwrap();
    let examples = blocks(&text, "console");
    assert!(examples.len() >= 10, "the README promises ten");
    let commands: Vec<String> = examples
        .iter()
        .map(|example| example.lines().next().unwrap().strip_prefix("$ ").unwrap().to_owned())
        .collect();
    let mut script = blocks(&text, "sh walk").concat();
    script.push_str("echo %PDF-1.7 > indicateurs.pdf\n");
    for command in &commands {
        writeln!(script, "echo\necho '{SEPARATOR}'\n{command}").unwrap();
    }
    let output = String::from_utf8(product.bash(&script).stdout).unwrap();
    let answers: Vec<&str> = output.split(SEPARATOR).skip(1).map(str::trim).collect();
    assert_eq!(answers.len(), commands.len());
    for answer in &answers {
        assert!(answer.contains(r#""code":"#) && answer.contains(r#""status":4"#), "no error: {answer}");
    }
    let mut updated = text.clone();
    for ((example, command), answer) in examples.iter().zip(&commands).zip(&answers) {
        updated = updated.replace(example.as_str(), &format!("$ {command}\n{answer}\n"));
    }
    if std::env::var_os("UPDATE_DOCS").is_some() {
        std::fs::write(readme(), updated).unwrap();
        return;
    }
    assert_eq!(
        without_ids(&text),
        without_ids(&updated),
        "run the test with UPDATE_DOCS=1 and read what changed"
    );
}
