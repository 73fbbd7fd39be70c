//! Databases of a test on the PostgreSQL server of `scripts/services`.

use std::process::Command;
use url::Url;
use uuid::Uuid;

/// Names the superuser's URL.
const POSTGRES_URL: &str = "VIGIE_TEST_POSTGRES_URL";

/// A control database and a prefix for those of organizations, all of which go away with this value.
pub struct PostgresDatabases {
    admin: Url,
    prefix: String,
}

impl PostgresDatabases {
    /// Makes the control database.
    #[must_use]
    pub fn make() -> Self {
        let Ok(url) = std::env::var(POSTGRES_URL) else {
            panic!(
                "{POSTGRES_URL} is not set: this test needs a PostgreSQL server. Run scripts/test, or \
                 scripts/services run -- cargo test"
            );
        };
        let made = Self { admin: Url::parse(&url).unwrap(), prefix: unique_prefix() };
        made.sql(&format!("CREATE DATABASE {}", made.control_name()));
        made
    }

    /// The URL of the control database.
    #[must_use]
    pub fn control_url(&self) -> String {
        let mut url = self.admin.clone();
        url.set_path(&self.control_name());
        url.to_string()
    }

    /// How the names of organizations' databases begin.
    #[must_use]
    pub fn tenant_prefix(&self) -> String {
        format!("{}org_", self.prefix)
    }

    fn control_name(&self) -> String {
        format!("{}control", self.prefix)
    }

    fn sql(&self, statement: &str) -> String {
        let done = Command::new("psql")
            .args(["--no-psqlrc", "--tuples-only", "--no-align", "--set", "ON_ERROR_STOP=1"])
            .args(["--command", statement, self.admin.as_str()])
            .output()
            .expect("psql, the client of PostgreSQL, is installed with the server");
        assert!(done.status.success(), "{statement}: {}", String::from_utf8_lossy(&done.stderr));
        String::from_utf8_lossy(&done.stdout).into_owned()
    }
}

impl Drop for PostgresDatabases {
    fn drop(&mut self) {
        let listed = format!("SELECT datname FROM pg_database WHERE starts_with(datname, '{}')", self.prefix);
        for name in self.sql(&listed).lines() {
            self.sql(&format!("DROP DATABASE {name} WITH (FORCE)"));
        }
    }
}

#[expect(clippy::disallowed_methods, reason = "the server's databases outlive a test's counted ids")]
fn unique_prefix() -> String {
    let unique = Uuid::now_v7().simple().to_string();
    format!("vigie_test_{}_", &unique[unique.len() - 16..])
}
