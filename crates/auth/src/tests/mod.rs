mod access;
mod invitations;
mod login;
mod matrix;
mod member_changes;
mod members;
mod own_sessions;
mod password;
mod recovery;
mod refresh;
mod set_password;
mod sharing;
mod sign_up;
mod tokens;
mod upkeep;

use crate::testing::{
    CountedThrottle, MemoryIdentity, MemoryProvisioning, PlainHasher, RecordedMembers, fake_ports,
};
use crate::*;
use chrono::TimeDelta;
use std::sync::Arc;
use vigie_kernel::testing::{CountedIds, FixedClock};
use vigie_kernel::{IdSource, OperatorContext, OrganizationId, Role};

pub(crate) const PASSWORD: &str = "correct horse battery";

/// Identity on an in-memory store with a clock that stands still.
pub(crate) struct World {
    pub(crate) auth: Arc<Auth>,
    pub(crate) store: MemoryIdentity,
    pub(crate) clock: Arc<FixedClock>,
    pub(crate) hasher: Arc<PlainHasher>,
    pub(crate) members: Arc<RecordedMembers>,
    pub(crate) throttle: Arc<CountedThrottle>,
    pub(crate) provisioning: Arc<MemoryProvisioning>,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::under(AuthPolicy::default())
    }

    pub(crate) fn under(policy: AuthPolicy) -> Self {
        let store = MemoryIdentity::default();
        let clock = Arc::new(FixedClock::at_text("2026-11-20T09:00:00Z"));
        let ids: Arc<dyn IdSource> = Arc::new(CountedIds::default());
        let hasher = Arc::new(PlainHasher::default());
        let members = Arc::new(RecordedMembers::default());
        let throttle = Arc::new(CountedThrottle::default());
        let provisioning = Arc::new(MemoryProvisioning::new(store.clone(), Arc::clone(&ids)));
        let fakes = fake_ports(&store, clock.clone(), ids);
        let ports = AuthPorts {
            hasher: hasher.clone(),
            members: members.clone(),
            throttle: throttle.clone(),
            provisioning: provisioning.clone(),
            ..fakes
        };
        Self {
            auth: Arc::new(Auth::new(ports, policy)),
            store,
            clock,
            hasher,
            members,
            throttle,
            provisioning,
        }
    }

    pub(crate) fn later(&self, seconds: i64) {
        self.clock.advance(TimeDelta::seconds(seconds));
    }

    pub(crate) async fn sign_up(&self, organization: &str, email: &str) -> SignedIn {
        let signed_up = self.auth.sign_up(form(organization, email), &client()).await.unwrap();
        let SignedUp::Done(signed_in) = signed_up else { panic!("the address has to be proved") };
        *signed_in
    }

    /// Sends every mail that was asked for.
    pub(crate) async fn deliver(&self) -> Vec<PreparedMail> {
        let mut sent = Vec::new();
        for mail in self.store.take_mails().await {
            match self.auth.prepare_mail(mail, "job-1").await.unwrap() {
                MailOrder::Send(mail) => sent.push(*mail),
                MailOrder::Drop | MailOrder::Paused => {}
            }
        }
        sent
    }

    pub(crate) async fn log_in(&self, email: &str) -> Result<SignedIn, AuthError> {
        self.log_in_with(email, PASSWORD, None).await
    }

    pub(crate) async fn log_in_with(
        &self,
        email: &str,
        password: &str,
        organization: Option<OrganizationId>,
    ) -> Result<SignedIn, AuthError> {
        let login = Login { email: email.to_owned(), password: SecretText::new(password), organization };
        self.auth.login(login, &client()).await
    }

    pub(crate) async fn refresh(&self, token: &SecretText) -> Result<SignedIn, AuthError> {
        let refresh = Refresh { refresh_token: token.clone(), organization: None };
        self.auth.refresh(refresh, &client()).await
    }

    pub(crate) async fn caller(&self, signed_in: &SignedIn) -> Result<Caller, AuthError> {
        self.auth.authenticate(signed_in.access_token.expose(), None, "req-9").await
    }

    pub(crate) async fn join(&self, slug: &str, email: &str, role: Role) -> Result<AddedMember, AuthError> {
        let command = AddMember {
            organization_slug: slug.to_owned(),
            email: email.to_owned(),
            full_name: "Marie Curie".to_owned(),
            role,
            password: SecretText::new(PASSWORD),
        };
        self.auth.add_member(&operator(), command).await
    }
}

pub(crate) fn client() -> ClientInfo {
    ClientInfo { user_agent: Some("test".to_owned()), network: None, request_id: "req-1".to_owned() }
}

pub(crate) fn operator() -> OperatorContext {
    OperatorContext::new(None, "cli-1".to_owned())
}

pub(crate) fn form(organization: &str, email: &str) -> SignUp {
    SignUp {
        organization_name: organization.to_owned(),
        organization_slug: None,
        full_name: "Jean Martin".to_owned(),
        email: email.to_owned(),
        password: SecretText::new(PASSWORD),
        locale: Some("fr".to_owned()),
    }
}

pub(crate) fn organization_of(signed_in: &SignedIn) -> OrganizationId {
    signed_in.organization.as_ref().unwrap().id
}

/// The codes of a refusal, `field: code`, in order.
pub(crate) fn codes(error: &AuthError) -> Vec<String> {
    let AuthError::Invalid(errors) = error else { panic!("not a content error: {error:?}") };
    errors.as_slice().iter().map(|e| format!("{}: {}", e.field, e.code)).collect()
}
