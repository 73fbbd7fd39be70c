//! What processes share, on the Redis server that `VIGIE_TEST_REDIS_URL` names. Each test is an installation of its own.

mod away;
mod breaker;
mod counters;
mod keys;
mod memories;
mod news;

use crate::{Redis, Signer};
use chrono::{DateTime, TimeDelta, Utc};
use deadpool_redis::redis::Pipeline;
use std::sync::Arc;
use tempfile::TempDir;
use uuid::Uuid;
use vigie_auth::{LiveMembership, LiveSession, OrganizationStatus, OrganizationSummary, UserSummary};
use vigie_kernel::{EmailAddress, Locale, OrganizationId, OrganizationSettings, Role, Slug};

/// An installation with a key of its own, hence with names of its own in Redis.
struct Installation {
    signer: Arc<Signer>,
    _keys: TempDir,
}

impl Installation {
    fn new() -> Self {
        let keys = tempfile::tempdir().unwrap();
        Self { signer: Arc::new(Signer::load(keys.path()).unwrap()), _keys: keys }
    }

    /// A process of it.
    fn process(&self) -> Arc<Redis> {
        let url = std::env::var("VIGIE_TEST_REDIS_URL")
            .expect("VIGIE_TEST_REDIS_URL names no server: scripts/services run -- cargo test");
        self.process_at(&url)
    }

    fn process_at(&self, url: &str) -> Arc<Redis> {
        Arc::new(Redis::try_new(url, Arc::clone(&self.signer)).unwrap())
    }

    /// Everything that it keeps in Redis.
    async fn kept(&self, redis: &Redis) -> Vec<(String, Vec<u8>)> {
        let mut scan = Pipeline::new();
        let own = redis.keys().platform().calls().to_string().replace("all:calls", "*");
        scan.cmd("KEYS").arg(own);
        let (names,): (Vec<String>,) = redis.query(&scan).await.unwrap();
        let mut kept = Vec::new();
        for name in names {
            let mut get = Pipeline::new();
            get.cmd("GET").arg(&name);
            let (value,): (Vec<u8>,) = redis.query(&get).await.unwrap();
            kept.push((name, value));
        }
        kept
    }
}

fn organization(number: u128) -> OrganizationId {
    Uuid::from_u128(number).into()
}

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

/// A member's session of an organization.
fn live_session(number: u128, of: OrganizationId) -> LiveSession {
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
                settings: OrganizationSettings { fiscal_start_month: 9, ..OrganizationSettings::default() },
            },
            role: Role::Manager,
            active: true,
            authorization_version: 7,
        }),
    }
}

const LONG: TimeDelta = TimeDelta::seconds(60);
