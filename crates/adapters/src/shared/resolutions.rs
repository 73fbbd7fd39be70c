//! Which organization a name stands for, as several processes remember it.

use super::{Key, Redis};
use async_trait::async_trait;
use chrono::TimeDelta;
use deadpool_redis::redis::Pipeline;
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use vigie_auth::Pseudonyms;
use vigie_kernel::{OrganizationId, OrganizationStatus, Recalled, Slug, Ticket};
use vigie_tenancy::{OrganizationRef, ResolutionCache, TenantName};

/// Names and what they stand for. A name is looked up before any organization is known, so this is the platform's.
pub struct RedisResolutions(Arc<Redis>);

/// What is kept under a name.
#[derive(Serialize, Deserialize)]
struct Stored {
    id: OrganizationId,
    slug: String,
    status: String,
    news: String,
}

impl Stored {
    fn organization(&self) -> Option<OrganizationRef> {
        let status = OrganizationStatus::from_name(&self.status)?;
        Some(OrganizationRef { id: self.id, slug: Slug::parse(&self.slug).ok()?, status })
    }
}

impl RedisResolutions {
    /// The memory in this server.
    #[must_use]
    pub const fn new(redis: Arc<Redis>) -> Self {
        Self(redis)
    }

    fn key(&self, name: &TenantName) -> Key {
        let text = match name {
            TenantName::Slug(slug) => format!("slug {slug}"),
            TenantName::Domain(domain) => format!("domain {domain}"),
        };
        self.0.keys().platform().name(&self.0.signer().pseudonym(&text))
    }
}

#[async_trait]
impl ResolutionCache for RedisResolutions {
    async fn recall(&self, name: &TenantName) -> Recalled<OrganizationRef> {
        let key = self.key(name);
        let mut asking = Pipeline::new();
        asking.cmd("GET").arg(key.as_str());
        asking.cmd("PTTL").arg(key.as_str());
        asking.cmd("GET").arg(self.0.keys().platform().names_news().as_str());
        let answer: Result<(Option<Vec<u8>>, i64, Option<String>), _> = self.0.query(&asking).await;
        let Ok((sealed, left, news)) = answer else { return Recalled::Unknown(Ticket::void()) };
        let news = news.unwrap_or_default();
        let stored: Option<Stored> = sealed.and_then(|sealed| self.0.open(&key, &sealed));
        let known = stored.filter(|stored| stored.news == news).and_then(|stored| stored.organization());
        match known {
            Some(value) if left > 0 => Recalled::Known { value, good_for: TimeDelta::milliseconds(left) },
            Some(_) | None => Recalled::Unknown(Ticket::new(news)),
        }
    }

    async fn remember(
        &self,
        name: &TenantName,
        organization: &OrganizationRef,
        ticket: Ticket,
        good_for: TimeDelta,
    ) {
        let (Some(news), good_for @ 1..) = (ticket.state(), good_for.num_milliseconds()) else { return };
        let key = self.key(name);
        let stored = Stored {
            id: organization.id,
            slug: organization.slug.to_string(),
            status: organization.status.name().to_owned(),
            news: news.to_owned(),
        };
        let Some(sealed) = self.0.seal(&key, &stored) else { return };
        let mut keeping = Pipeline::new();
        keeping.cmd("SET").arg(key.as_str()).arg(sealed).arg("PX").arg(good_for).ignore();
        // Who keeps nothing asks the database again: nothing is owed.
        let _kept: Result<(), _> = self.0.query(&keeping).await;
    }
}
