//! The use cases of identity.

mod accept_invitation;
mod access;
mod invitations;
mod login;
mod mail;
mod member_changes;
mod members;
mod membership_service;
mod open_session;
mod own_sessions;
mod ownership;
mod recovery;
mod refresh;
mod set_password;
mod sign_up;

pub use membership_service::MembershipService;

use crate::live::LiveSessions;
use crate::{
    AccessTokens, AccountMail, AddMember, AddedMember, AuthError, AuthPolicy, Caller, ChangePassword,
    ClientInfo, CreatePlatformAdmin, HashError, IdentityStore, IssuedToken, Login, MailOrder,
    MemberDirectory, PasswordHasher, Provisioning, Pseudonyms, Refresh, Sealer, Secrets, SessionCache,
    SessionSnapshot, SetPassword, SignUp, SignedIn, SignedUp, Throttle, Verified, VerifyEmail,
};
use async_trait::async_trait;
use std::sync::Arc;
use vigie_kernel::{
    Alone, Clock, EntitlementSource, FieldError, FieldErrors, IdSource, Invalidation, Invalidations, Locale,
    OperatorContext, OrganizationId, SessionId, TenantContext, UserId,
};

/// Identity: who somebody is, and what he may do where.
#[async_trait]
pub trait AuthService: Send + Sync {
    /// Makes an organization with its database and the account of its owner, and opens his first session.
    ///
    /// [`AuthError::Invalid`] names every wrong field at once; [`AuthError::EmailTaken`] and [`AuthError::SlugTaken`] for
    /// what somebody has already (a slug made from the name is made unique instead); [`AuthError::TooMany`] when the address
    /// was used too often, taken or not. When the database cannot be made, nothing is left and the answer is
    /// [`AuthError::ProvisioningFailed`].
    ///
    /// Where an address has to be proved first nothing is made yet, a taken address is not told, and the answer is
    /// [`SignedUp::Mailed`]: [`AuthService::verify_email`] finishes it.
    async fn sign_up(&self, command: SignUp, client: &ClientInfo) -> Result<SignedUp, AuthError>;

    /// Proves an address with the token that was mailed to it: that of an account, or that of a sign-up, which is finished by it.
    /// [`AuthError::TokenNotGood`]; [`AuthError::SlugTaken`] when the short name of the sign-up is taken meanwhile, which leaves the
    /// token good.
    async fn verify_email(&self, command: VerifyEmail, client: &ClientInfo) -> Result<Verified, AuthError>;

    /// Mails the caller a link that proves his address; nothing when it is proved. [`AuthError::TooMany`].
    async fn send_verification(&self, caller: &Caller) -> Result<(), AuthError>;

    /// Mails the address what proves it, when an account or a sign-up waits for that. The same work and the same answer for any
    /// address; at most one mail a minute and five a day, and silence beyond.
    async fn resend_verification(&self, email: &str, client: &ClientInfo) -> Result<(), AuthError>;

    /// Mails the address a link that sets a new password, when it has an account. The same work and the same answer for any address;
    /// at most three mails at once and one an hour, and silence beyond.
    async fn forgot_password(&self, email: &str, client: &ClientInfo) -> Result<(), AuthError>;

    /// Changes the caller's password and ends his other sessions. Field codes: `password_wrong` on `current_password`, and what is
    /// wrong with the new one. [`AuthError::TooMany`].
    async fn change_password(&self, caller: &Caller, command: ChangePassword) -> Result<(), AuthError>;

    /// What a mail says that a job asks for, with a token made now: any earlier one of its kind is good no more. Called once for each
    /// attempt at sending.
    async fn prepare_mail(&self, mail: AccountMail, request_id: &str) -> Result<MailOrder, AuthError>;

    /// Opens a session. Unknown address, wrong password, disabled account and missing membership cost the same work and
    /// give the same [`AuthError::InvalidCredentials`].
    async fn login(&self, command: Login, client: &ClientInfo) -> Result<SignedIn, AuthError>;

    /// Exchanges a refresh token. Presented again within 30 s it gives the same successor; later, it ends the session.
    /// [`AuthError::TooMany`] when the session was renewed too often: then nothing has happened to the token.
    async fn refresh(&self, command: Refresh, client: &ClientInfo) -> Result<SignedIn, AuthError>;

    /// Sets a password with a token, and ends every session of the account. [`AuthError::TokenNotGood`], and field errors on
    /// `new_password`.
    async fn set_password(&self, command: SetPassword, client: &ClientInfo) -> Result<(), AuthError>;

    /// Ends the caller's session.
    async fn logout(&self, caller: &Caller) -> Result<(), AuthError>;

    /// Ends every session of the caller.
    async fn logout_all(&self, caller: &Caller) -> Result<(), AuthError>;

    /// The caller's live sessions, the last used first: ten at most.
    async fn sessions(&self, caller: &Caller) -> Result<Vec<SessionSnapshot>, AuthError>;

    /// Ends one of the caller's sessions; [`AuthError::SessionUnknown`].
    async fn end_session(&self, caller: &Caller, id: SessionId) -> Result<(), AuthError>;

    /// Ends the caller's sessions but the one that he calls from.
    async fn end_other_sessions(&self, caller: &Caller) -> Result<(), AuthError>;

    /// Goes on in another organization of the caller's, in a session that takes the place of his and lives no longer than that would
    /// have. [`OrganizationRefusal::Unknown`](crate::OrganizationRefusal::Unknown) for one that he is no active member of.
    async fn switch_organization(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        client: &ClientInfo,
    ) -> Result<SignedIn, AuthError>;

    /// The public keys of access tokens, as a JSON Web Key set.
    fn public_keys(&self) -> serde_json::Value;

    /// Tells who a request comes from. `named` is the organization that the request names, if it names one: a token of
    /// another organization is [`AuthError::InvalidToken`], as one with a bad signature is.
    async fn authenticate(
        &self,
        bearer: &str,
        named: Option<OrganizationId>,
        request_id: &str,
    ) -> Result<Caller, AuthError>;

    /// The caller as he stands now, for what goes on longer than a request, such as a stream: with the role that he has by
    /// then; [`AuthError::InvalidToken`] when the session or the membership is gone. The access token is not looked at again.
    async fn still_in(&self, caller: &Caller) -> Result<Caller, AuthError>;

    /// The context in which a job acts for a member, with the permissions that he has now;
    /// [`AuthError::NotAMember`] when he may not come in any more.
    async fn context_for(
        &self,
        organization: OrganizationId,
        actor: UserId,
        request_id: &str,
    ) -> Result<TenantContext, AuthError>;

    /// Adds a member to an organization, with a new account or the one that the address has; [`AuthError::LimitReached`] when every
    /// place of the plan is taken.
    async fn add_member(
        &self,
        operator: &OperatorContext,
        command: AddMember,
    ) -> Result<AddedMember, AuthError>;

    /// Gives a token to set the password of an account with, in the place of any that it has;
    /// [`AuthError::AccountUnknown`].
    async fn issue_set_password_token(
        &self,
        operator: &OperatorContext,
        email: &str,
    ) -> Result<IssuedToken, AuthError>;

    /// Makes the account of a platform administrator.
    async fn create_platform_admin(
        &self,
        operator: &OperatorContext,
        command: CreatePlatformAdmin,
    ) -> Result<UserId, AuthError>;
}

/// What identity needs of the outside, all of it.
#[derive(Clone)]
pub struct AuthPorts {
    /// The control database.
    pub store: Arc<dyn IdentityStore>,
    /// Hashes passwords.
    pub hasher: Arc<dyn PasswordHasher>,
    /// Signs access tokens.
    pub tokens: Arc<dyn AccessTokens>,
    /// Gives secrets.
    pub secrets: Arc<dyn Secrets>,
    /// Seals the successors of refresh tokens.
    pub sealer: Arc<dyn Sealer>,
    /// Hides addresses in keys.
    pub pseudonyms: Arc<dyn Pseudonyms>,
    /// Refuses what one account or session does too often.
    pub throttle: Arc<dyn Throttle>,
    /// Makes organizations' databases.
    pub provisioning: Arc<dyn Provisioning>,
    /// Keeps the members in organizations' databases.
    pub members: Arc<dyn MemberDirectory>,
    /// Tells what organizations may have and use.
    pub entitlements: Arc<dyn EntitlementSource>,
    /// Tells the time.
    pub clock: Arc<dyn Clock>,
    /// Gives ids.
    pub ids: Arc<dyn IdSource>,
}

/// The one implementation of [`AuthService`].
pub struct Auth {
    ports: AuthPorts,
    policy: AuthPolicy,
    live: LiveSessions,
}

impl Auth {
    /// Identity on these ports, under this policy.
    #[must_use]
    pub fn new(ports: AuthPorts, policy: AuthPolicy) -> Self {
        Self { ports, policy, live: LiveSessions::new(Arc::new(Alone), Arc::new(Alone)) }
    }

    /// The same service for one of several processes: with a memory that they share, and with somebody who tells the others what
    /// has changed. What they tell comes back through [`Auth::forget`].
    #[must_use]
    pub fn sharing(self, shared: Arc<dyn SessionCache>, news: Arc<dyn Invalidations>) -> Self {
        Self { live: LiveSessions::new(shared, news), ..self }
    }

    /// Forgets what this process remembers of it.
    pub fn forget(&self, what: Invalidation) {
        self.live.forget_here(what);
    }
}

impl From<HashError> for AuthError {
    fn from(error: HashError) -> Self {
        match error {
            HashError::Busy => Self::Busy,
            HashError::Broken(cause) => Self::Broken(cause),
        }
    }
}

/// Reads an optional language tag; code `locale_unknown`.
fn read_locale(field: &'static str, tag: Option<&str>) -> Result<Option<Locale>, FieldErrors> {
    tag.map(|tag| Locale::from_tag(tag).ok_or_else(|| FieldError::new(field, "locale_unknown").into()))
        .transpose()
}

/// Reads an address; codes `required`, `email_invalid`.
fn read_email(text: &str) -> Result<vigie_kernel::EmailAddress, FieldErrors> {
    if text.trim().is_empty() {
        return Err(FieldError::new("email", "required").into());
    }
    vigie_kernel::EmailAddress::parse(text).map_err(|_| FieldError::new("email", "email_invalid").into())
}

#[async_trait]
impl AuthService for Auth {
    async fn sign_up(&self, command: SignUp, client: &ClientInfo) -> Result<SignedUp, AuthError> {
        self.do_sign_up(command, client).await
    }

    async fn verify_email(&self, command: VerifyEmail, client: &ClientInfo) -> Result<Verified, AuthError> {
        self.do_verify_email(command, client).await
    }

    async fn send_verification(&self, caller: &Caller) -> Result<(), AuthError> {
        self.do_send_verification(caller).await
    }

    async fn resend_verification(&self, email: &str, client: &ClientInfo) -> Result<(), AuthError> {
        self.do_resend_verification(email, client).await
    }

    async fn forgot_password(&self, email: &str, client: &ClientInfo) -> Result<(), AuthError> {
        self.do_forgot_password(email, client).await
    }

    async fn change_password(&self, caller: &Caller, command: ChangePassword) -> Result<(), AuthError> {
        self.do_change_password(caller, command).await
    }

    async fn prepare_mail(&self, mail: AccountMail, request_id: &str) -> Result<MailOrder, AuthError> {
        self.do_prepare_mail(mail, request_id).await
    }

    async fn login(&self, command: Login, client: &ClientInfo) -> Result<SignedIn, AuthError> {
        self.do_login(command, client).await
    }

    async fn refresh(&self, command: Refresh, client: &ClientInfo) -> Result<SignedIn, AuthError> {
        self.do_refresh(command, client).await
    }

    async fn set_password(&self, command: SetPassword, client: &ClientInfo) -> Result<(), AuthError> {
        self.do_set_password(command, client).await
    }

    async fn logout(&self, caller: &Caller) -> Result<(), AuthError> {
        self.do_logout(caller).await
    }

    async fn logout_all(&self, caller: &Caller) -> Result<(), AuthError> {
        self.do_logout_all(caller).await
    }

    async fn sessions(&self, caller: &Caller) -> Result<Vec<SessionSnapshot>, AuthError> {
        self.do_sessions(caller).await
    }

    async fn end_session(&self, caller: &Caller, id: SessionId) -> Result<(), AuthError> {
        self.do_end_session(caller, id).await
    }

    async fn end_other_sessions(&self, caller: &Caller) -> Result<(), AuthError> {
        self.do_end_other_sessions(caller).await
    }

    async fn switch_organization(
        &self,
        caller: &Caller,
        organization: OrganizationId,
        client: &ClientInfo,
    ) -> Result<SignedIn, AuthError> {
        self.do_switch_organization(caller, organization, client).await
    }

    fn public_keys(&self) -> serde_json::Value {
        self.ports.tokens.public_keys()
    }

    async fn authenticate(
        &self,
        bearer: &str,
        named: Option<OrganizationId>,
        request_id: &str,
    ) -> Result<Caller, AuthError> {
        self.do_authenticate(bearer, named, request_id).await
    }

    async fn still_in(&self, caller: &Caller) -> Result<Caller, AuthError> {
        self.do_still_in(caller).await
    }

    async fn context_for(
        &self,
        organization: OrganizationId,
        actor: UserId,
        request_id: &str,
    ) -> Result<TenantContext, AuthError> {
        self.do_context_for(organization, actor, request_id).await
    }

    async fn add_member(
        &self,
        operator: &OperatorContext,
        command: AddMember,
    ) -> Result<AddedMember, AuthError> {
        self.do_add_member(operator, command).await
    }

    async fn issue_set_password_token(
        &self,
        operator: &OperatorContext,
        email: &str,
    ) -> Result<IssuedToken, AuthError> {
        self.do_issue_set_password(operator, email).await
    }

    async fn create_platform_admin(
        &self,
        operator: &OperatorContext,
        command: CreatePlatformAdmin,
    ) -> Result<UserId, AuthError> {
        self.do_create_platform_admin(operator, command).await
    }
}
