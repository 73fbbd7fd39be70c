//! Who may depend on whom, as data.
//!
//! Names are folder names (`kpis`, not `vigie-kpis`). Both tables are lists of groups, so that a new domain crate
//! is one word in [`DOMAINS`] and one row in [`LAYERS`].

/// A list of crates that are always named together.
pub(crate) type Group = &'static [&'static str];

/// The row of one crate: what it may depend on among ours.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Layer {
    pub(crate) name: &'static str,
    /// Allowed for every kind of dependency.
    pub(crate) uses: &'static [Group],
    /// Allowed for its tests in addition.
    pub(crate) tests_use: &'static [Group],
}

/// A fence around packages that are not ours: only these crates may name them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fence {
    /// Package names; `actix-*` stands for every name that begins with `actix-`.
    pub(crate) packages: Group,
    pub(crate) only_in: &'static [Group],
    /// Crates that may name them for their tests.
    pub(crate) tests_only_in: &'static [Group],
}

const BASE: Group = &["kernel", "jobs"];
const DOMAINS: Group =
    &["tenancy", "auth", "kpis", "action-plans", "imports", "notifications", "platform-monitoring"];
const STORAGE: Group = &["repository", "migrations"];
const ADAPTERS: Group = &["adapters"];
const COMPOSITION: Group = &["composition"];
const TEST_SUPPORT: Group = &["test-support"];
const API: Group = &["api"];
const WORKER: Group = &["worker"];

/// One row for each member of the workspace.
pub(crate) const LAYERS: &[Layer] = &[
    Layer { name: "kernel", uses: &[], tests_use: &[] },
    Layer { name: "jobs", uses: &[&["kernel"]], tests_use: &[] },
    domain("tenancy"),
    domain("auth"),
    domain("kpis"),
    domain("action-plans"),
    domain("imports"),
    domain("notifications"),
    domain("platform-monitoring"),
    Layer { name: "migrations", uses: &[], tests_use: &[] },
    Layer { name: "repository", uses: &[BASE, DOMAINS, &["migrations"]], tests_use: &[TEST_SUPPORT] },
    Layer { name: "adapters", uses: &[BASE, DOMAINS], tests_use: &[TEST_SUPPORT] },
    Layer { name: "composition", uses: &[BASE, DOMAINS, &["repository"], ADAPTERS], tests_use: &[] },
    Layer { name: "test-support", uses: &[BASE, DOMAINS, STORAGE, ADAPTERS, COMPOSITION], tests_use: &[] },
    app("api"),
    app("worker"),
    Layer { name: "arch", uses: &[], tests_use: &[] },
];

/// Where the libraries that bind us to a database, a web framework or a server may appear.
pub(crate) const FENCES: &[Fence] = &[
    Fence { packages: &["sea-orm*", "sea-query*", "sqlx*"], only_in: &[STORAGE], tests_only_in: &[] },
    Fence {
        packages: &["actix-*", "tracing-actix-web", "utoipa-actix-web", "utoipa-swagger-ui"],
        only_in: &[API],
        tests_only_in: &[],
    },
    Fence {
        packages: &["redis", "deadpool-redis", "lettre", "object_store"],
        only_in: &[ADAPTERS],
        tests_only_in: &[],
    },
    Fence { packages: &["argon2", "jsonwebtoken"], only_in: &[ADAPTERS], tests_only_in: &[] },
    // The rules of the business know no runtime; their tests need one to await the services.
    Fence {
        packages: &["tokio"],
        only_in: &[&["repository"], ADAPTERS, COMPOSITION, TEST_SUPPORT, API, WORKER],
        tests_only_in: &[BASE, DOMAINS, &["migrations"]],
    },
];

/// A domain crate stands on the shared vocabulary alone, in its tests as well.
const fn domain(name: &'static str) -> Layer {
    Layer { name, uses: &[BASE], tests_use: &[] }
}

/// An app reaches the outside through `composition` and speaks in the types of the domain.
const fn app(name: &'static str) -> Layer {
    Layer { name, uses: &[BASE, DOMAINS, COMPOSITION], tests_use: &[TEST_SUPPORT] }
}
