//! The layer check: reads `cargo metadata` and fails on every dependency that the architecture forbids.
//!
//! The rules are the tables of [`rules`], nothing else; `docs/architecture.md` tells the reasons. A new crate gets
//! a row there before it builds in the test command.

mod check;
mod graph;
mod rules;
#[cfg(test)]
mod tests;

use std::process::ExitCode;

fn main() -> ExitCode {
    let members = match graph::read(None) {
        Ok(members) => members,
        Err(error) => {
            eprintln!("vigie-arch: `cargo metadata` failed: {error}");
            return ExitCode::FAILURE;
        }
    };
    let violations = check::check(&members, rules::LAYERS, rules::FENCES);
    if violations.is_empty() {
        println!("{} crates keep to their layers", members.len());
        return ExitCode::SUCCESS;
    }
    for violation in &violations {
        eprintln!("forbidden: {violation}");
    }
    eprintln!("{} violation(s); the tables are in scripts/arch/src/rules.rs", violations.len());
    ExitCode::FAILURE
}
