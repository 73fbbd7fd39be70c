//! What processes share, as far as it needs no Redis server; `tests/redis` has the rest.

mod away;
mod breaker;
mod keys;

use crate::{Redis, Signer};
use chrono::{DateTime, Utc};
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

    fn process_at(&self, url: &str) -> Arc<Redis> {
        Arc::new(Redis::try_new(url, Arc::clone(&self.signer)).unwrap())
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
