//! What callers ask for, and what creating an organization answers.

use crate::{Operation, OperationState, Organization, OrganizationStatus, Plan, Redacted};
use chrono::{DateTime, Utc};
use vigie_kernel::{
    EmailAddress, Health, IdempotencyKey, Locale, OrganizationId, OrganizationSettings, UserId,
};

/// Creates an organization with its database and its first owner.
#[derive(Clone, Debug)]
pub struct CreateOrganization {
    /// The name that people see, 1..=120 characters.
    pub name: String,
    /// The slug, taken as it is or not at all; made from the name, and made unique with a number, when absent.
    pub slug: Option<String>,
    /// A host name of its own, under which requests name it; the operator vouches that it is the organization's.
    pub domain: Option<String>,
    /// The plan.
    pub plan: Plan,
    /// The settings that it starts with.
    pub settings: OrganizationSettings,
    /// Who owns it.
    pub owner: FirstOwner,
    /// The caller's key: asked again under it, the same operation is answered.
    pub idempotency_key: Option<IdempotencyKey>,
}

/// The first owner of an organization.
#[derive(Clone, Debug)]
pub enum FirstOwner {
    /// He signed up with a password; the address must have no account.
    SignedUp {
        /// His address.
        email: EmailAddress,
        /// His name, already checked.
        full_name: String,
        /// The hash of his password, as identity stores it.
        password_hash: Redacted,
        /// His language.
        locale: Option<Locale>,
    },
    /// The operator names him. An account that the address has becomes the owner; without one an account is made that
    /// has no password, with a token to set it.
    Named {
        /// His address.
        email: String,
        /// His name, for a new account; made from the address when absent.
        full_name: Option<String>,
    },
}

/// A token with which the first owner sets his password. It is shown once: only its hash is stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SetPassword {
    /// The token.
    pub token: Redacted,
    /// Until when it is good.
    pub expires_at: DateTime<Utc>,
}

/// A creation has begun, or had begun before under the same key.
#[derive(Clone, Debug)]
pub struct Begun {
    /// The operation.
    pub operation: Operation,
    /// The organization; `None` when an operation that was asked for again is undone.
    pub organization: Option<Organization>,
    /// The owner's account; `None` when asked for again.
    pub owner: Option<UserId>,
    /// For an owner without a password, the first time it is answered.
    pub set_password: Option<SetPassword>,
    /// Whether the operation was asked for before under the same key: then there is nothing to run.
    pub replayed: bool,
}

/// What has become of an operation so far.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The operation.
    pub operation: Operation,
    /// The organization, unless it is gone.
    pub organization: Option<Organization>,
}

/// What is changed of an organization; `None` keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ChangeOrganization {
    /// Another name, 1..=120 characters.
    pub name: Option<String>,
    /// Locks or opens it.
    pub switch: Option<Switch>,
    /// The version that the caller has seen.
    pub expected_version: Option<i64>,
}

/// Locks or opens an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Switch {
    /// Locks it, with a reason that its members see (1..=1,000 characters).
    Suspend(String),
    /// Opens it again, with a reason for the record (1..=1,000 characters).
    Resume(String),
}

/// How organizations are ordered.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OrganizationOrder {
    /// By slug.
    #[default]
    Slug,
    /// The newest first.
    Newest,
}

/// Which organizations are wanted; `None` does not filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListOrganizations {
    /// With this status; without one, all but the deleted.
    pub status: Option<OrganizationStatus>,
    /// On this plan.
    pub plan: Option<Plan>,
    /// With this text in slug or name, in whatever case.
    pub search: Option<String>,
    /// With this health at their latest sample.
    pub health: Option<HealthWanted>,
    /// In this order.
    pub order: OrganizationOrder,
}

/// The health that is wanted of organizations. One that has no sample has none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HealthWanted {
    /// The health.
    pub health: Health,
    /// Who was sampled before that instant is not healthy any more, but at [`Health::Warning`].
    pub stale_before: DateTime<Utc>,
}

/// Which operations are wanted; `None` does not filter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ListOperations {
    /// On this organization.
    pub organization: Option<OrganizationId>,
    /// In this state.
    pub state: Option<OperationState>,
}
