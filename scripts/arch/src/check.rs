//! Holds the graph against the tables.

use std::fmt;

use crate::graph::{Kind, Member, Target};
use crate::rules::{Fence, Group, Layer};

/// One thing that the architecture does not allow.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Violation {
    /// A crate depends on another one of ours that its row does not list.
    Layer { from: String, to: String, kind: Kind },
    /// A crate names a package that is fenced into other crates.
    Fence { from: String, package: String, kind: Kind, only_in: Vec<&'static str> },
    /// A member of the workspace without a row.
    NoRow { member: String },
    /// A row that no member of the workspace has.
    NoMember { row: &'static str },
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Layer { from, to, kind } => write!(f, "{from} -> {to}{}", seen_by(*kind)),
            Self::Fence { from, package, kind, only_in } => {
                write!(f, "{from} -> {package}{}: only in {}", seen_by(*kind), only_in.join(", "))
            }
            Self::NoRow { member } => write!(f, "{member} has no row in LAYERS"),
            Self::NoMember { row } => {
                write!(f, "LAYERS has a row for {row}, which is no member of the workspace")
            }
        }
    }
}

fn seen_by(kind: Kind) -> &'static str {
    match kind {
        Kind::Shipped => "",
        Kind::Tests => " (dev-dependency)",
    }
}

/// Lists every violation, in the order of the members.
pub(crate) fn check(members: &[Member], layers: &[Layer], fences: &[Fence]) -> Vec<Violation> {
    let mut found = Vec::new();
    for member in members {
        match layers.iter().find(|layer| layer.name == member.name) {
            Some(layer) => found.extend(forbidden_layers(member, layer)),
            None => found.push(Violation::NoRow { member: member.name.clone() }),
        }
        found.extend(forbidden_packages(member, fences));
    }
    let is_member = |row: &str| members.iter().any(|member| member.name == row);
    found.extend(
        layers
            .iter()
            .filter(|layer| !is_member(layer.name))
            .map(|layer| Violation::NoMember { row: layer.name }),
    );
    found
}

fn forbidden_layers(member: &Member, layer: &Layer) -> Vec<Violation> {
    member
        .edges
        .iter()
        .filter_map(|edge| match &edge.to {
            Target::Ours(to) if !allowed(to, edge.kind, layer.uses, layer.tests_use) => {
                Some(Violation::Layer { from: member.name.clone(), to: to.clone(), kind: edge.kind })
            }
            Target::Ours(_) | Target::Foreign(_) => None,
        })
        .collect()
}

fn forbidden_packages(member: &Member, fences: &[Fence]) -> Vec<Violation> {
    let mut found = Vec::new();
    for edge in &member.edges {
        let Target::Foreign(package) = &edge.to else { continue };
        for fence in fences.iter().filter(|fence| fence.packages.iter().any(|name| stands_for(name, package)))
        {
            if !allowed(&member.name, edge.kind, fence.only_in, fence.tests_only_in) {
                found.push(Violation::Fence {
                    from: member.name.clone(),
                    package: package.clone(),
                    kind: edge.kind,
                    only_in: fence.only_in.concat(),
                });
            }
        }
    }
    found
}

fn allowed(name: &str, kind: Kind, always: &[Group], in_tests: &[Group]) -> bool {
    let listed = |groups: &[Group]| groups.iter().any(|group| group.contains(&name));
    listed(always) || (kind == Kind::Tests && listed(in_tests))
}

/// `actix-*` stands for every package whose name begins with `actix-`; without the star the name is exact.
fn stands_for(pattern: &str, package: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => package.starts_with(beginning),
        None => package == pattern,
    }
}
