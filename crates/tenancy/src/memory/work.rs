//! A transaction in memory.

use super::store::State;
use super::{Faults, lock};
use crate::{
    Operation, OperationRepository, Organization, OrganizationRepository, OrganizationWork, OwnerAccount,
    OwnerMembership, OwnerRepository, OwnerToken, RULE_OPERATION_KEY, RULE_OPERATION_OPEN,
    RULE_ORGANIZATION_DATABASE, RULE_ORGANIZATION_DOMAIN, RULE_ORGANIZATION_SLUG, RULE_OWNER_EMAIL,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use std::sync::{Arc, Mutex};
use vigie_kernel::{AuditEntry, AuditLog, EmailAddress, OrganizationId, StoreError, UnitOfWork, UserId};

pub(super) struct MemoryWork {
    pub(super) shared: Arc<Mutex<State>>,
    pub(super) own: State,
    pub(super) faults: Faults,
}

#[async_trait]
impl UnitOfWork for MemoryWork {
    async fn commit(mut self: Box<Self>) -> Result<(), StoreError> {
        self.faults.point("before the commit").await;
        {
            let mut shared = lock(&self.shared);
            if shared.commits != self.own.commits {
                return Err(StoreError::Stale);
            }
            self.own.commits += 1;
            *shared = self.own.clone();
        }
        self.faults.point("after the commit").await;
        Ok(())
    }
}

impl OrganizationWork for MemoryWork {
    fn organizations(&mut self) -> Box<dyn OrganizationRepository + '_> {
        Box::new(&mut self.own)
    }

    fn operations(&mut self) -> Box<dyn OperationRepository + '_> {
        Box::new(&mut self.own)
    }

    fn owners(&mut self) -> Box<dyn OwnerRepository + '_> {
        Box::new(&mut self.own)
    }

    fn audit(&mut self) -> Box<dyn AuditLog + '_> {
        Box::new(&mut self.own)
    }
}

impl State {
    fn check_names(&self, organization: &Organization) -> Result<(), StoreError> {
        let new = organization.snapshot();
        let others =
            || self.organizations.iter().map(Organization::snapshot).filter(|other| other.id != new.id);
        if others().any(|other| other.slug == new.slug) {
            return Err(StoreError::Conflict(RULE_ORGANIZATION_SLUG));
        }
        if others().any(|other| other.database_name == new.database_name) {
            return Err(StoreError::Conflict(RULE_ORGANIZATION_DATABASE));
        }
        Ok(())
    }

    fn place(&self, id: OrganizationId, version: i64) -> Result<usize, StoreError> {
        let fits = |known: &Organization| known.id() == id && known.snapshot().version == version;
        self.organizations.iter().position(fits).ok_or(StoreError::Stale)
    }
}

#[async_trait]
impl AuditLog for &mut State {
    async fn record(&mut self, entry: &AuditEntry) -> Result<(), StoreError> {
        self.audit.push(entry.clone());
        Ok(())
    }
}

#[async_trait]
impl OrganizationRepository for &mut State {
    async fn find(&mut self, id: OrganizationId) -> Result<Option<Organization>, StoreError> {
        Ok(self.get(id))
    }

    async fn insert(&mut self, organization: &Organization) -> Result<(), StoreError> {
        self.check_names(organization)?;
        self.organizations.push(organization.clone());
        Ok(())
    }

    async fn add_domain(
        &mut self,
        organization: OrganizationId,
        domain: &str,
        _verified_at: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        if self.domains.contains_key(domain) {
            return Err(StoreError::Conflict(RULE_ORGANIZATION_DOMAIN));
        }
        self.domains.insert(domain.to_owned(), organization);
        Ok(())
    }

    async fn update(&mut self, organization: &Organization) -> Result<(), StoreError> {
        let place = self.place(organization.id(), organization.snapshot().version - 1)?;
        self.check_names(organization)?;
        self.organizations[place] = organization.clone();
        Ok(())
    }

    async fn remove(&mut self, organization: &Organization) -> Result<(), StoreError> {
        let place = self.place(organization.id(), organization.snapshot().version)?;
        self.organizations.remove(place);
        self.domains.retain(|_, owner| *owner != organization.id());
        let owners: Vec<UserId> =
            self.owners.iter().filter(|(id, _)| *id == organization.id()).map(|(_, user)| *user).collect();
        self.owners.retain(|(id, _)| *id != organization.id());
        for user in owners {
            let elsewhere = self.owners.iter().any(|(_, other)| *other == user);
            if !elsewhere {
                self.accounts.remove(&user);
                self.tokens.retain(|other| *other != user);
            }
        }
        Ok(())
    }
}

#[async_trait]
impl OperationRepository for &mut State {
    async fn insert(&mut self, operation: &Operation) -> Result<(), StoreError> {
        let new = operation.snapshot();
        for known in &self.operations {
            let known = known.snapshot();
            if known.organization == new.organization && !known.state.is_ended() {
                return Err(StoreError::Conflict(RULE_OPERATION_OPEN));
            }
            let same_key =
                |(a, b): (&crate::OperationKey, &crate::OperationKey)| a.scope == b.scope && a.key == b.key;
            if known.key.as_ref().zip(new.key.as_ref()).is_some_and(same_key) {
                return Err(StoreError::Conflict(RULE_OPERATION_KEY));
            }
        }
        self.operations.push(operation.clone());
        Ok(())
    }

    async fn save(&mut self, operation: &Operation) -> Result<(), StoreError> {
        State::save(self, operation)
    }

    async fn forget_key(&mut self, scope: &str, key: &str, before: DateTime<Utc>) -> Result<(), StoreError> {
        for known in &mut self.operations {
            let mut snapshot = known.snapshot().clone();
            let is_it = snapshot.key.as_ref().is_some_and(|own| own.scope == scope && own.key == key);
            if is_it && snapshot.created_at <= before {
                snapshot.key = None;
                *known = Operation::restore(snapshot);
            }
        }
        Ok(())
    }
}

#[async_trait]
impl OwnerRepository for &mut State {
    async fn find(&mut self, email: &EmailAddress) -> Result<Option<UserId>, StoreError> {
        Ok(self.accounts.iter().find(|(_, (known, _))| known == email.key()).map(|(user, _)| *user))
    }

    async fn add(&mut self, account: &OwnerAccount) -> Result<(), StoreError> {
        if self.accounts.values().any(|(known, _)| known == account.email.key()) {
            return Err(StoreError::Conflict(RULE_OWNER_EMAIL));
        }
        let known = (account.email.key().to_owned(), account.password_hash.is_some());
        self.accounts.insert(account.user, known);
        Ok(())
    }

    async fn join(&mut self, membership: &OwnerMembership) -> Result<(), StoreError> {
        self.owners.push((membership.organization, membership.user));
        Ok(())
    }

    async fn grant(&mut self, token: &OwnerToken) -> Result<(), StoreError> {
        self.tokens.push(token.user);
        Ok(())
    }
}
