//! What processes share, on the Redis server that `VIGIE_TEST_REDIS_URL` names; `scripts/services run -- cargo test` brings one.
//! Each test is an installation of its own.
#![cfg(test)]

mod counters;
mod memories;
mod news;

use chrono::{DateTime, TimeDelta, Utc};
use std::process::Command;
use std::sync::Arc;
use tempfile::TempDir;
use uuid::Uuid;
use vigie_adapters::{Redis, Signer};
use vigie_auth::{LiveMembership, LiveSession, OrganizationStatus, OrganizationSummary, UserSummary};
use vigie_kernel::{EmailAddress, Locale, OrganizationId, OrganizationSettings, Role, Slug};

/// The server of the tests.
pub(crate) fn server() -> String {
    std::env::var("VIGIE_TEST_REDIS_URL")
        .expect("VIGIE_TEST_REDIS_URL names no server: scripts/services run -- cargo test")
}

/// What a command of Redis answers, a line for each item.
pub(crate) fn ask(command: &[&str]) -> Vec<String> {
    let output = Command::new("redis-cli").args(["-u", &server()]).args(command).output().unwrap();
    assert!(output.status.success(), "{command:?}: {output:?}");
    String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
}

/// An installation with a key of its own, hence with names of its own in Redis.
pub(crate) struct Installation {
    signer: Arc<Signer>,
    _keys: TempDir,
}

impl Installation {
    pub(crate) fn new() -> Self {
        let keys = tempfile::tempdir().unwrap();
        Self { signer: Arc::new(Signer::load(keys.path()).unwrap()), _keys: keys }
    }

    /// A process of it.
    pub(crate) fn process(&self) -> Arc<Redis> {
        self.process_at(&server())
    }

    pub(crate) fn process_at(&self, url: &str) -> Arc<Redis> {
        Arc::new(Redis::try_new(url, Arc::clone(&self.signer)).unwrap())
    }

    /// The names of everything that it keeps.
    pub(crate) fn names(&self) -> Vec<String> {
        ask(&["--scan", "--pattern", &format!("{}:*", self.process().namespace())])
    }
}

pub(crate) fn organization(number: u128) -> OrganizationId {
    Uuid::from_u128(number).into()
}

pub(crate) fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A member's session of an organization.
pub(crate) fn live_session(number: u128, of: OrganizationId) -> LiveSession {
    LiveSession {
        session: Uuid::from_u128(number).into(),
        expires_at: at("2026-12-20T09:00:00.123456Z"),
        ended: false,
        user: UserSummary {
            id: Uuid::from_u128(number + 1).into(),
            email: EmailAddress::parse("Jeanne.Martin@Example.org").unwrap(),
            full_name: "Jeanne Martin".to_owned(),
            locale: Some(Locale::Fr),
            is_active: true,
            email_verified_at: None,
            is_platform_admin: false,
            created_at: at("2026-01-02T03:04:05.678901Z"),
            updated_at: at("2026-11-20T09:00:00Z"),
        },
        organization: Some(of),
        member: Some(LiveMembership {
            organization: OrganizationSummary {
                id: of,
                slug: Slug::parse("gmah-paris").unwrap(),
                name: "GMAH Paris".to_owned(),
                status: OrganizationStatus::ReadOnly,
                status_reason: Some("over quota".to_owned()),
                settings: OrganizationSettings { fiscal_start_month: 9, ..OrganizationSettings::default() },
            },
            role: Role::Manager,
            active: true,
            authorization_version: 7,
        }),
    }
}

pub(crate) const LONG: TimeDelta = TimeDelta::seconds(60);
