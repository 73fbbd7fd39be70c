//! What one domain asks of another, put together here because domains do not know each other.

use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use vigie_adapters::{LimitKey, LimitPolicy, LimitVerdict, SharedLimiter};
use vigie_auth::{
    AuthError, AuthService, Counted, MadeOrganization, MembershipService, NewOrganization, OneTimeSecret,
    OrganizationSummary, ProjectMember, ProvisionFailed, Provisioning, Secrets, Throttle, TokenPurpose,
    TooMany,
};
use vigie_imports::RunContexts;
use vigie_jobs::{Handle, JobError, JobRun};
use vigie_kernel::{BoxError, OperatorContext, OrganizationId, StoreError, TenantContext, UserId};
use vigie_platform_monitoring::{HealthProbe, Impact};
use vigie_repository::ControlStore;
use vigie_tenancy::{
    CreateOrganization, FirstOwner, FreshToken, OperationState, Organization, OwnerTokens, Patience, Plan,
    Redacted, TenancyError, TenancyService,
};

/// Identity has organizations made by tenancy.
pub(crate) struct TenancyProvisioning(pub(crate) Arc<dyn TenancyService>);

#[async_trait]
impl Provisioning for TenancyProvisioning {
    async fn create(&self, new: NewOrganization) -> Result<MadeOrganization, ProvisionFailed> {
        let operator = OperatorContext::new(None, new.request_id);
        let command = CreateOrganization {
            name: new.name,
            slug: new.slug.map(|slug| slug.to_string()),
            domain: None,
            plan: Plan::default(),
            settings: new.settings,
            owner: FirstOwner::SignedUp {
                email: new.email,
                full_name: new.full_name,
                password_hash: Redacted::new(new.password_hash.as_phc()),
                locale: new.locale,
            },
            idempotency_key: None,
        };
        let begun = self.0.begin(&operator, command).await.map_err(refused)?;
        let owner = begun.owner.ok_or_else(|| ProvisionFailed::Failed("there is no owner".into()))?;
        let outcome = self.0.run(begun, Patience::Impatient).await.map_err(refused)?;
        match (outcome.operation.state(), outcome.organization) {
            (OperationState::Succeeded, Some(organization)) => {
                Ok(MadeOrganization { organization: summary(&organization), owner })
            }
            (
                OperationState::Running
                | OperationState::Succeeded
                | OperationState::Undoing
                | OperationState::Undone
                | OperationState::Failed,
                Some(_) | None,
            ) => {
                let why = outcome.operation.error().unwrap_or("the operation did not succeed").to_owned();
                Err(ProvisionFailed::Failed(why.into()))
            }
        }
    }
}

fn refused(error: TenancyError) -> ProvisionFailed {
    match error {
        TenancyError::SlugTaken => ProvisionFailed::SlugTaken,
        TenancyError::EmailTaken => ProvisionFailed::EmailTaken,
        error @ (TenancyError::Invalid(_)
        | TenancyError::TenantUnknown
        | TenancyError::TenantConflict
        | TenancyError::NotFound
        | TenancyError::Transition { .. }
        | TenancyError::ChangedMeanwhile
        | TenancyError::DomainTaken
        | TenancyError::KeyReused
        | TenancyError::OperationNotFound
        | TenancyError::RunNotFound
        | TenancyError::OperationEnded(_)
        | TenancyError::OperationHeld
        | TenancyError::NotRepairable(_)
        | TenancyError::Token(_)
        | TenancyError::Prefix(_)
        | TenancyError::Store(_)) => ProvisionFailed::Failed(error.into()),
    }
}

fn summary(organization: &Organization) -> OrganizationSummary {
    let it = organization.snapshot();
    OrganizationSummary {
        id: it.id,
        slug: it.slug.clone(),
        name: it.name.clone(),
        status: it.status,
        status_reason: it.status_reason.clone(),
        settings: it.settings,
    }
}

/// Tenancy hands out tokens of identity's making.
pub(crate) struct SetPasswordTokens(pub(crate) Arc<dyn Secrets>);

impl OwnerTokens for SetPasswordTokens {
    fn fresh(&self) -> Result<FreshToken, BoxError> {
        let secret = OneTimeSecret::new(TokenPurpose::SetPassword, &self.0.random()?);
        Ok(FreshToken { text: Redacted::new(secret.text().expose()), hash: *secret.hash().as_bytes() })
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

/// An organization's own database follows the memberships.
pub(crate) struct MemberProjection(pub(crate) Arc<dyn MembershipService>);

#[async_trait]
impl Handle<ProjectMember> for MemberProjection {
    async fn handle(&self, _run: &JobRun, job: ProjectMember) -> Result<(), JobError> {
        self.0.project(job.organization, job.user).await.map_err(JobError::retry)
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
pub(crate) struct LimitedAccounts(pub(crate) Arc<SharedLimiter>);

#[async_trait]
impl Throttle for LimitedAccounts {
    async fn count(&self, what: Counted) -> Result<(), TooMany> {
        let (policy, key) = match what {
            Counted::RefreshOf(session) => (LimitPolicy::RefreshBySession, LimitKey::Id(session.as_uuid())),
            Counted::SignUpWith(pseudonym) => (LimitPolicy::SignupByEmail, LimitKey::Text(pseudonym)),
            Counted::ForgotFor(pseudonym) => (LimitPolicy::ForgotByEmail, LimitKey::Text(pseudonym)),
            Counted::SensitiveBy(user) => (LimitPolicy::SensitiveByUser, LimitKey::Id(user.as_uuid())),
            Counted::ResendTo(pseudonym) => {
                let key = LimitKey::Text(pseudonym);
                // The shorter window first: what it refuses does not count for the day.
                self.count_one(LimitPolicy::ResendByEmail, &key).await?;
                (LimitPolicy::ResendByEmailDaily, key)
            }
        };
        self.count_one(policy, &key).await
    }
}

impl LimitedAccounts {
    async fn count_one(&self, policy: LimitPolicy, key: &LimitKey) -> Result<(), TooMany> {
        let (decision, outcome) = match self.0.check(policy, key).await {
            LimitVerdict::Allow { .. } | LimitVerdict::Unlimited => ("allowed", Ok(())),
            LimitVerdict::Deny { retry_after, .. } => ("refused", Err(TooMany { retry_after })),
        };
        metrics::counter!("rate_limit_decisions_total", "policy" => policy.name(), "decision" => decision)
            .increment(1);
        outcome
    }
}
