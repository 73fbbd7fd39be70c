//! The workspace as the rules see it: members and their direct dependencies.

use std::path::Path;

use cargo_metadata::{DependencyKind, MetadataCommand};

/// The part of every package name of ours that the rules leave out.
const PREFIX: &str = "vigie-";

/// One crate of the workspace, named without the `vigie-` in front.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Member {
    pub(crate) name: String,
    pub(crate) edges: Vec<Edge>,
}

/// One line of a member's `Cargo.toml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Edge {
    pub(crate) to: Target,
    pub(crate) kind: Kind,
}

/// What a dependency names: the real package, whatever the `Cargo.toml` renames it to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Target {
    /// A member of this workspace, without the `vigie-` in front.
    Ours(String),
    /// A package of a registry.
    Foreign(String),
}

/// Who sees a dependency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Part of what ships. Build dependencies count as such.
    Shipped,
    /// Tests, examples and benchmarks only.
    Tests,
}

/// Reads the members of the workspace around `manifest`, or around the working directory when it is `None`.
///
/// # Errors
/// Whatever `cargo metadata` has to say: no workspace there, or a `Cargo.toml` that does not parse.
pub(crate) fn read(manifest: Option<&Path>) -> Result<Vec<Member>, cargo_metadata::Error> {
    let mut command = MetadataCommand::new();
    command.no_deps();
    if let Some(path) = manifest {
        command.manifest_path(path);
    }
    let metadata = command.exec()?;
    let names: Vec<String> = metadata.packages.iter().map(|package| package.name.to_string()).collect();
    Ok(metadata
        .packages
        .iter()
        .map(|package| Member {
            name: short(package.name.as_str()),
            edges: package
                .dependencies
                .iter()
                .map(|dependency| Edge {
                    to: if names.contains(&dependency.name) {
                        Target::Ours(short(&dependency.name))
                    } else {
                        Target::Foreign(dependency.name.clone())
                    },
                    kind: if dependency.kind == DependencyKind::Development {
                        Kind::Tests
                    } else {
                        Kind::Shipped
                    },
                })
                .collect(),
        })
        .collect())
}

fn short(package: &str) -> String {
    package.strip_prefix(PREFIX).unwrap_or(package).to_owned()
}
