use std::path::Path;

use crate::check::{Violation, check};
use crate::graph::{self, Edge, Kind, Member, Target};
use crate::rules::{FENCES, LAYERS};

const DOMAINS: [&str; 7] =
    ["tenancy", "auth", "kpis", "action-plans", "imports", "notifications", "platform-monitoring"];

fn ours(to: &str) -> Edge {
    Edge { to: Target::Ours(to.to_owned()), kind: Kind::Shipped }
}

fn foreign(package: &str) -> Edge {
    Edge { to: Target::Foreign(package.to_owned()), kind: Kind::Shipped }
}

fn in_tests(edge: Edge) -> Edge {
    Edge { kind: Kind::Tests, ..edge }
}

/// A workspace in which every crate is there and `name` alone has dependencies.
fn workspace(name: &str, edges: Vec<Edge>) -> Vec<Member> {
    let mut members: Vec<Member> =
        LAYERS.iter().map(|layer| Member { name: layer.name.to_owned(), edges: Vec::new() }).collect();
    members.iter_mut().find(|member| member.name == name).expect("a row for the crate").edges = edges;
    members
}

fn violations(name: &str, edge: Edge) -> Vec<String> {
    check(&workspace(name, vec![edge]), LAYERS, FENCES).iter().map(ToString::to_string).collect()
}

#[track_caller]
fn allows(name: &str, edge: Edge) {
    assert_eq!(violations(name, edge), Vec::<String>::new());
}

#[track_caller]
fn forbids(name: &str, edge: Edge, message: &str) {
    assert_eq!(violations(name, edge), [message]);
}

#[test]
fn this_workspace_keeps_to_its_layers_and_every_member_has_a_row() {
    let manifest = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml");
    let members = graph::read(Some(&manifest)).unwrap();

    assert_eq!(check(&members, LAYERS, FENCES), []);
    assert_eq!(members.len(), LAYERS.len());
    let api = members.iter().find(|member| member.name == "api").unwrap();
    assert!(api.edges.contains(&ours("composition")), "our own crates are recognized as such");
    assert!(api.edges.contains(&foreign("actix-web")));
    assert!(api.edges.contains(&in_tests(ours("test-support"))));
}

#[test]
fn dependencies_point_one_way() {
    allows("jobs", ours("kernel"));
    for domain in DOMAINS {
        allows(domain, ours("kernel"));
        allows(domain, ours("jobs"));
        allows("repository", ours(domain));
        allows("adapters", ours(domain));
        allows("composition", ours(domain));
        allows("api", ours(domain));
        allows("worker", ours(domain));
    }
    allows("repository", ours("migrations"));
    for below in ["repository", "adapters"] {
        allows("composition", ours(below));
        allows("test-support", ours(below));
    }
    for above in ["api", "worker", "test-support"] {
        allows(above, ours("composition"));
    }
}

#[test]
fn nothing_points_back_up() {
    forbids("kernel", ours("jobs"), "kernel -> jobs");
    forbids("jobs", ours("kpis"), "jobs -> kpis");
    forbids("migrations", ours("kernel"), "migrations -> kernel");
    forbids("repository", ours("adapters"), "repository -> adapters");
    forbids("adapters", ours("repository"), "adapters -> repository");
    forbids("adapters", ours("migrations"), "adapters -> migrations");
    forbids("composition", ours("api"), "composition -> api");
    forbids("composition", ours("migrations"), "composition -> migrations");
    forbids("test-support", ours("api"), "test-support -> api");
    forbids("api", ours("repository"), "api -> repository");
    forbids("api", ours("worker"), "api -> worker");
    forbids("worker", ours("adapters"), "worker -> adapters");
    forbids("worker", ours("api"), "worker -> api");
}

#[test]
fn domain_crates_never_meet() {
    for from in DOMAINS {
        for to in DOMAINS {
            forbids(from, ours(to), &format!("{from} -> {to}"));
            forbids(from, in_tests(ours(to)), &format!("{from} -> {to} (dev-dependency)"));
        }
        forbids(from, ours("repository"), &format!("{from} -> repository"));
        forbids(from, in_tests(ours("test-support")), &format!("{from} -> test-support (dev-dependency)"));
    }
}

#[test]
fn test_support_serves_the_tests_of_the_outer_crates_only() {
    for outer in ["api", "worker", "repository", "adapters"] {
        allows(outer, in_tests(ours("test-support")));
        forbids(outer, ours("test-support"), &format!("{outer} -> test-support"));
    }
    for inner in ["kernel", "jobs", "migrations", "composition"] {
        forbids(inner, in_tests(ours("test-support")), &format!("{inner} -> test-support (dev-dependency)"));
    }
}

#[test]
fn the_database_is_known_to_the_repository_and_the_migrations_only() {
    for package in ["sea-orm", "sea-orm-migration", "sqlx", "sqlx-postgres"] {
        allows("repository", foreign(package));
        allows("migrations", foreign(package));
        for other in
            LAYERS.iter().map(|layer| layer.name).filter(|name| !["repository", "migrations"].contains(name))
        {
            forbids(
                other,
                foreign(package),
                &format!("{other} -> {package}: only in repository, migrations"),
            );
        }
    }
    forbids(
        "test-support",
        in_tests(foreign("sea-orm")),
        "test-support -> sea-orm (dev-dependency): only in repository, migrations",
    );
}

#[test]
fn each_library_of_the_outside_has_one_home() {
    for package in ["actix-web", "actix-multipart", "actix-cors", "tracing-actix-web", "utoipa-actix-web"] {
        allows("api", foreign(package));
        forbids("worker", foreign(package), &format!("worker -> {package}: only in api"));
    }
    for package in ["redis", "deadpool-redis", "lettre", "object_store", "argon2", "jsonwebtoken"] {
        allows("adapters", foreign(package));
        forbids("auth", foreign(package), &format!("auth -> {package}: only in adapters"));
        forbids(
            "api",
            in_tests(foreign(package)),
            &format!("api -> {package} (dev-dependency): only in adapters"),
        );
    }
    allows("kpis", foreign("serde"));
}

#[test]
fn only_the_tests_of_the_inner_crates_have_a_runtime() {
    let homes = "repository, adapters, composition, test-support, api, worker";
    for inner in DOMAINS.into_iter().chain(["kernel", "jobs", "migrations"]) {
        allows(inner, in_tests(foreign("tokio")));
        forbids(inner, foreign("tokio"), &format!("{inner} -> tokio: only in {homes}"));
    }
    allows("repository", foreign("tokio"));
    allows("api", foreign("tokio"));
}

#[test]
fn rows_and_members_match_one_to_one() {
    let mut members = workspace("kpis", vec![]);
    members.retain(|member| member.name != "imports");
    members.push(Member { name: "billing".to_owned(), edges: vec![] });

    let found = check(&members, LAYERS, FENCES);

    assert_eq!(
        found,
        [Violation::NoRow { member: "billing".to_owned() }, Violation::NoMember { row: "imports" }]
    );
}
