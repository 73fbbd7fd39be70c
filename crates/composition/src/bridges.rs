//! What one domain asks of another, put together here because domains do not know each other.

use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use vigie_adapters::{LimitKey, LimitPolicy, LimitVerdict, Limiter};
use vigie_auth::{AuthError, AuthService, Counted, ProvisionFailed, Provisioning, Throttle, TooMany};
use vigie_imports::RunContexts;
use vigie_kernel::{OrganizationId, StoreError, TenantContext, UserId};
use vigie_platform_monitoring::{HealthProbe, Impact};
use vigie_repository::ControlStore;
use vigie_tenancy::{TenancyError, TenancyService};

/// Identity has organizations' databases made by tenancy.
pub(crate) struct TenancyProvisioning(pub(crate) Arc<dyn TenancyService>);

#[async_trait]
impl Provisioning for TenancyProvisioning {
    async fn provision(&self, organization: OrganizationId) -> Result<(), ProvisionFailed> {
        self.0.provision(organization).await.map(|_| ()).map_err(|error| ProvisionFailed(error.into()))
    }

    async fn discard(&self, organization: OrganizationId) -> Result<(), ProvisionFailed> {
        match self.0.discard(organization).await {
            Err(TenancyError::NotFound) | Ok(()) => Ok(()),
            Err(error) => Err(ProvisionFailed(error.into())),
        }
    }
}

/// The worker imports as the member who started the run, with the rights that he has now.
pub(crate) struct MemberContexts(pub(crate) Arc<dyn AuthService>);

#[async_trait]
impl RunContexts for MemberContexts {
    async fn context_for(
        &self,
        organization: OrganizationId,
        actor: UserId,
    ) -> Result<TenantContext, StoreError> {
        self.0.context_for(organization, actor, "worker").await.map_err(|error| {
            if matches!(error, AuthError::NotAMember) {
                StoreError::TenantUnavailable("member_gone")
            } else {
                StoreError::Unavailable(error.into())
            }
        })
    }
}

/// The control database answers.
pub(crate) struct ControlProbe(pub(crate) ControlStore);

#[async_trait]
impl HealthProbe for ControlProbe {
    fn name(&self) -> &'static str {
        "control_database"
    }

    fn impact(&self) -> Impact {
        Impact::Critical
    }

    async fn check(&self) -> Result<(), String> {
        match tokio::time::timeout(Duration::from_secs(1), self.0.ping()).await {
            Ok(answer) => answer.map_err(|error| error.to_string()),
            Err(_) => Err("no answer within a second".to_owned()),
        }
    }
}

/// What identity counts goes into the installation's limits.
pub(crate) struct LimitedAccounts(pub(crate) Arc<Limiter>);

#[async_trait]
impl Throttle for LimitedAccounts {
    async fn count(&self, what: Counted) -> Result<(), TooMany> {
        let (policy, key) = match what {
            Counted::RefreshOf(session) => (LimitPolicy::RefreshBySession, LimitKey::Id(session.as_uuid())),
            Counted::SignUpWith(pseudonym) => (LimitPolicy::SignupByEmail, LimitKey::Text(pseudonym)),
        };
        let (decision, outcome) = match self.0.check(policy, &key) {
            LimitVerdict::Allow { .. } | LimitVerdict::Unlimited => ("allowed", Ok(())),
            LimitVerdict::Deny { retry_after, .. } => ("refused", Err(TooMany { retry_after })),
        };
        metrics::counter!("rate_limit_decisions_total", "policy" => policy.name(), "decision" => decision)
            .increment(1);
        outcome
    }
}
