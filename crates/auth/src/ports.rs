//! What identity needs of the outside.

use crate::{
    ConsumedToken, Invitation, LiveSession, LoginAttempts, MadeOrganization, Member, MemberFilter,
    MemberOrganization, Membership, NewOrganization, OneTimeToken, OrganizationSummary, OwnershipOffer,
    PasswordHash, PendingSignUp, RefreshToken, Seats, SecretText, Session, TokenHash, TokenPurpose, User,
};
use async_trait::async_trait;
use chrono::{DateTime, Utc};
use thiserror::Error;
use uuid::Uuid;
use vigie_jobs::OutboxMessage;
use vigie_kernel::{
    AuditLog, BoxError, InvitationId, MembershipId, OrganizationId, OwnershipOfferId, Page, PageRequest,
    Role, Rule, SessionId, SignUpId, Slug, StoreError, TenantContext, UnitOfWork, UserId,
};
use zeroize::Zeroizing;

/// An account's address, in canonical form, is unique.
pub const RULE_USER_EMAIL: Rule = Rule("user_email");
/// An address is invited to an organization once at a time.
pub const RULE_INVITATION: Rule = Rule("invitation_pending");
/// A user has one membership of an organization.
pub const RULE_MEMBERSHIP: Rule = Rule("membership_user_organization");

/// The control database, as far as identity is concerned.
#[async_trait]
pub trait IdentityStore: Send + Sync {
    /// Opens a transaction. On SQLite it must be an immediate one.
    async fn begin(&self) -> Result<Box<dyn IdentityWork>, StoreError>;
    /// Opens single statements without a transaction. The caller drops it before it hashes a password.
    async fn read(&self) -> Result<Box<dyn IdentityReads>, StoreError>;
}

/// One transaction on the control database.
pub trait IdentityWork: UnitOfWork {
    /// The accounts.
    fn users(&mut self) -> Box<dyn UserRepository + '_>;
    /// The memberships.
    fn memberships(&mut self) -> Box<dyn MembershipRepository + '_>;
    /// The sessions.
    fn sessions(&mut self) -> Box<dyn SessionRepository + '_>;
    /// The refresh tokens.
    fn refresh_tokens(&mut self) -> Box<dyn RefreshTokenRepository + '_>;
    /// The failed logins.
    fn login_attempts(&mut self) -> Box<dyn LoginAttemptRepository + '_>;
    /// The tokens that are good for one use.
    fn one_time_tokens(&mut self) -> Box<dyn OneTimeTokenRepository + '_>;
    /// The invitations.
    fn invitations(&mut self) -> Box<dyn InvitationRepository + '_>;
    /// The offers to take over an organization.
    fn ownership(&mut self) -> Box<dyn OwnershipRepository + '_>;
    /// The sign-ups that wait for a proof of their address.
    fn sign_ups(&mut self) -> Box<dyn SignUpRepository + '_>;
    /// The organizations.
    fn organizations(&mut self) -> Box<dyn OrganizationRegistrar + '_>;
    /// The queue of jobs, which is a table of the same database.
    fn jobs(&mut self) -> Box<dyn JobLine + '_>;
    /// The platform's audit trail.
    fn audit(&mut self) -> Box<dyn AuditLog + '_>;
}

/// Reads that need no transaction, one statement each.
#[async_trait]
pub trait IdentityReads: Send {
    /// The session with its user and, for a member, his membership and organization. Tells ended and expired ones as well.
    async fn live_session(&mut self, id: SessionId) -> Result<Option<LiveSession>, StoreError>;
    /// The sessions of a user that have not ended and expire after `now`, the longest unused first.
    async fn live_sessions_of(
        &mut self,
        user: UserId,
        now: DateTime<Utc>,
    ) -> Result<Vec<Session>, StoreError>;
    /// The account with that canonical address ([`vigie_kernel::EmailAddress::key`]).
    async fn user_by_email(&mut self, email_key: &str) -> Result<Option<User>, StoreError>;
    /// The failed logins counted under that key.
    async fn login_attempts(&mut self, key: &str) -> Result<Option<LoginAttempts>, StoreError>;
    /// The account that a token is good for at that instant, or `None`.
    async fn one_time_token(
        &mut self,
        hash: &TokenHash,
        purpose: TokenPurpose,
        now: DateTime<Utc>,
    ) -> Result<Option<User>, StoreError>;
    /// The memberships of a user, inactive ones and deleted organizations included.
    async fn organizations_of(&mut self, user: UserId) -> Result<Vec<MemberOrganization>, StoreError>;
    /// A user's membership of an organization.
    async fn membership(
        &mut self,
        user: UserId,
        organization: OrganizationId,
    ) -> Result<Option<(User, MemberOrganization)>, StoreError>;
    /// The members of an organization, the newest first.
    async fn members(
        &mut self,
        organization: OrganizationId,
        filter: &MemberFilter,
        page: &PageRequest,
    ) -> Result<Page<Member>, StoreError>;
    /// A member of an organization.
    async fn member(
        &mut self,
        organization: OrganizationId,
        user: UserId,
    ) -> Result<Option<Member>, StoreError>;
    /// The pending invitations of an organization, expired ones too, the newest first.
    async fn invitations(
        &mut self,
        organization: OrganizationId,
        page: &PageRequest,
    ) -> Result<Page<Invitation>, StoreError>;
    /// The invitation that a token is good for at that instant, with its organization; or `None`.
    async fn invitation_by_token(
        &mut self,
        hash: &TokenHash,
        now: DateTime<Utc>,
    ) -> Result<Option<(Invitation, OrganizationSummary)>, StoreError>;
}

/// The accounts.
#[async_trait]
pub trait UserRepository: Send {
    /// An account, locked until the transaction ends.
    async fn find_for_update(&mut self, id: UserId) -> Result<Option<User>, StoreError>;
    /// The account with that canonical address.
    async fn find_by_email(&mut self, email_key: &str) -> Result<Option<User>, StoreError>;
    /// Stores a new account; [`RULE_USER_EMAIL`] when the address is taken.
    async fn insert(&mut self, user: &User) -> Result<(), StoreError>;
    /// Stores a change; [`StoreError::Stale`] when another writer came first.
    async fn update(&mut self, user: &User) -> Result<(), StoreError>;
}

/// The memberships.
#[async_trait]
pub trait MembershipRepository: Send {
    /// A user's membership of an organization.
    async fn find(
        &mut self,
        user: UserId,
        organization: OrganizationId,
    ) -> Result<Option<Membership>, StoreError>;
    /// The owners of an organization who can sign in, that user not counted: membership and account active, a password set. Told with
    /// the organization's row locked it stays true until the transaction ends.
    async fn owners_besides(
        &mut self,
        organization: OrganizationId,
        besides: UserId,
    ) -> Result<u64, StoreError>;
    /// Removes a membership.
    async fn remove(&mut self, id: MembershipId) -> Result<(), StoreError>;
    /// Stores a new membership; [`RULE_MEMBERSHIP`] when there is one.
    async fn insert(&mut self, membership: &Membership) -> Result<(), StoreError>;
    /// Stores a change; [`StoreError::Stale`] when another writer came first.
    async fn update(&mut self, membership: &Membership) -> Result<(), StoreError>;
}

/// The sessions.
#[async_trait]
pub trait SessionRepository: Send {
    /// A session, locked until the transaction ends.
    async fn find_for_update(&mut self, id: SessionId) -> Result<Option<Session>, StoreError>;
    /// The same answer as [`IdentityReads::live_session`], inside the transaction.
    async fn live(&mut self, id: SessionId) -> Result<Option<LiveSession>, StoreError>;
    /// The sessions of a user that have not ended and expire after `now`, the longest unused first.
    async fn live_of_user(&mut self, user: UserId, now: DateTime<Utc>) -> Result<Vec<Session>, StoreError>;
    /// Stores a new session.
    async fn insert(&mut self, session: &Session) -> Result<(), StoreError>;
    /// Stores a change of a session.
    async fn update(&mut self, session: &Session) -> Result<(), StoreError>;
}

/// The refresh tokens.
#[async_trait]
pub trait RefreshTokenRepository: Send {
    /// The token of that hash, locked until the transaction ends: of ten transactions that ask for one token, nine wait
    /// here and then see what the first has written.
    async fn find_for_update(&mut self, hash: &TokenHash) -> Result<Option<RefreshToken>, StoreError>;
    /// The token of that generation in a session's family.
    async fn of_generation(
        &mut self,
        session: SessionId,
        generation: i32,
    ) -> Result<Option<RefreshToken>, StoreError>;
    /// Stores a new token.
    async fn insert(&mut self, token: &RefreshToken) -> Result<(), StoreError>;
    /// Stores a change of a token.
    async fn update(&mut self, token: &RefreshToken) -> Result<(), StoreError>;
}

/// Failed logins in a row, by a key that is no address.
#[async_trait]
pub trait LoginAttemptRepository: Send {
    /// Adds one failure at that instant, atomically (insert, or add one to the row).
    async fn count_failure(&mut self, key: &str, at: DateTime<Utc>) -> Result<(), StoreError>;
    /// Forgets the failures. Absent is no error.
    async fn clear(&mut self, key: &str) -> Result<(), StoreError>;
}

/// Tokens that are good for one use.
#[async_trait]
pub trait OneTimeTokenRepository: Send {
    /// Stores a new token.
    async fn insert(&mut self, token: &OneTimeToken) -> Result<(), StoreError>;
    /// Uses a token up, in one statement; whose it was, or `None` when it is not good at that instant.
    async fn consume(
        &mut self,
        hash: &TokenHash,
        purpose: TokenPurpose,
        now: DateTime<Utc>,
    ) -> Result<Option<ConsumedToken>, StoreError>;
    /// Makes every token of that purpose useless that the user still has.
    async fn supersede(
        &mut self,
        user: UserId,
        purpose: TokenPurpose,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError>;
}

/// The invitations.
#[async_trait]
pub trait InvitationRepository: Send {
    /// An invitation, locked until the transaction ends.
    async fn find_for_update(&mut self, id: InvitationId) -> Result<Option<Invitation>, StoreError>;
    /// Stores a new one; [`RULE_INVITATION`] when the address has a pending one.
    async fn insert(&mut self, invitation: &Invitation) -> Result<(), StoreError>;
    /// Stores a change; [`StoreError::Stale`] when another writer came first.
    async fn update(&mut self, invitation: &Invitation) -> Result<(), StoreError>;
    /// Marks the pending invitations of an organization that have expired by that instant.
    async fn expire(&mut self, organization: OrganizationId, now: DateTime<Utc>) -> Result<(), StoreError>;
    /// Gives a pending one a token, in the place of any that it has.
    async fn set_token(&mut self, id: InvitationId, hash: &TokenHash) -> Result<(), StoreError>;
    /// Uses its token up, in one statement, which makes it accepted; `None` when it is not good at that instant.
    async fn consume(
        &mut self,
        hash: &TokenHash,
        now: DateTime<Utc>,
    ) -> Result<Option<Invitation>, StoreError>;
}

/// The offers to take over an organization, one at a time for each.
#[async_trait]
pub trait OwnershipRepository: Send {
    /// Stores a new one.
    async fn insert(&mut self, offer: &OwnershipOffer) -> Result<(), StoreError>;
    /// An offer.
    async fn find(&mut self, id: OwnershipOfferId) -> Result<Option<OwnershipOffer>, StoreError>;
    /// Takes the offer that is good for that user at that instant, in one statement.
    async fn take(
        &mut self,
        organization: OrganizationId,
        to: UserId,
        now: DateTime<Utc>,
    ) -> Result<Option<OwnershipOffer>, StoreError>;
    /// Removes the offer of an organization; with a user only when it is his or to him.
    async fn withdraw(
        &mut self,
        organization: OrganizationId,
        about: Option<UserId>,
    ) -> Result<(), StoreError>;
}

/// Sign-ups that wait for a proof of their address.
#[async_trait]
pub trait SignUpRepository: Send {
    /// Stores a new one. An address may have several: each is finished by the link of its own mail.
    async fn insert(&mut self, sign_up: &PendingSignUp) -> Result<(), StoreError>;
    /// One that is not finished, locked until the transaction ends.
    async fn find_for_update(&mut self, id: SignUpId) -> Result<Option<PendingSignUp>, StoreError>;
    /// The last one of that canonical address which is not finished and was asked for after that instant.
    async fn latest_of(
        &mut self,
        email_key: &str,
        after: DateTime<Utc>,
    ) -> Result<Option<SignUpId>, StoreError>;
    /// Gives it a token, in the place of any that it has.
    async fn set_token(
        &mut self,
        id: SignUpId,
        hash: &TokenHash,
        expires_at: DateTime<Utc>,
    ) -> Result<(), StoreError>;
    /// Uses its token up, in one statement; `None` when no sign-up has that token, or it is not good at that instant.
    async fn consume(
        &mut self,
        hash: &TokenHash,
        now: DateTime<Utc>,
    ) -> Result<Option<PendingSignUp>, StoreError>;
    /// Makes its token good again: what it was used for has failed.
    async fn give_back(&mut self, id: SignUpId) -> Result<(), StoreError>;
    /// Removes it. Absent is no error.
    async fn remove(&mut self, id: SignUpId) -> Result<(), StoreError>;
}

/// The queue of jobs, inside the transaction of the change that causes them.
#[async_trait]
pub trait JobLine: Send {
    /// Adds a job of an organization or, without one, of the platform. The last statement of its transaction: the rows that it
    /// locks are wanted by everybody.
    async fn add(
        &mut self,
        organization: Option<OrganizationId>,
        message: &OutboxMessage,
    ) -> Result<(), StoreError>;
}

/// The organizations' rows in the control database.
#[async_trait]
pub trait OrganizationRegistrar: Send {
    /// The organization with that slug, unless it is deleted.
    async fn find_by_slug(&mut self, slug: &Slug) -> Result<Option<OrganizationSummary>, StoreError>;
    /// An organization, unless it is deleted.
    async fn find(&mut self, id: OrganizationId) -> Result<Option<OrganizationSummary>, StoreError>;
    /// The same with its row locked until the transaction ends: the first lock of whatever changes its members, before memberships,
    /// invitations and sessions.
    async fn find_for_update(
        &mut self,
        id: OrganizationId,
    ) -> Result<Option<OrganizationSummary>, StoreError>;
    /// The places of an organization at that instant. Its row stays locked until the transaction ends: of two transactions that want
    /// the last place, the second waits here and then sees what the first has written.
    async fn seats(&mut self, organization: OrganizationId, now: DateTime<Utc>) -> Result<Seats, StoreError>;
}

/// Why an organization was not made. Nothing of it is left.
#[derive(Debug, Error)]
pub enum ProvisionFailed {
    /// Another organization has the slug.
    #[error("the organization's short name is taken")]
    SlugTaken,
    /// Somebody has an account with the owner's address.
    #[error("the address is taken")]
    EmailTaken,
    /// It could not be made.
    #[error("the organization could not be prepared")]
    Failed(#[source] BoxError),
}

/// Makes organizations. Filled by delegating to tenancy.
#[async_trait]
pub trait Provisioning: Send + Sync {
    /// Makes an organization with its database, its owner's account and his membership, and opens it for use: all of it, or
    /// nothing.
    async fn create(&self, new: NewOrganization) -> Result<MadeOrganization, ProvisionFailed>;
}

/// A member as the organization's own database knows him.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberProfile {
    /// The user.
    pub user: UserId,
    /// His full name.
    pub full_name: String,
    /// His role.
    pub role: Role,
    /// Whether he may come in.
    pub active: bool,
}

/// The projection of members in an organization's own database, at which owners and authors point.
#[async_trait]
pub trait MemberDirectory: Send + Sync {
    /// Inserts the profile or brings it up to date.
    async fn put(&self, tenant: &TenantContext, member: &MemberProfile) -> Result<(), StoreError>;
    /// Marks the profile of somebody who is no member any more. What he owned and wrote stays his.
    async fn retire(&self, organization: OrganizationId, user: UserId) -> Result<(), StoreError>;
}

/// Why a password was not hashed.
#[derive(Debug, Error)]
pub enum HashError {
    /// Too many wait already, or the wait was too long.
    #[error("too many passwords are being hashed")]
    Busy,
    /// The hasher failed.
    #[error("the password hasher failed")]
    Broken(#[source] BoxError),
}

/// What comparing a password with a stored hash told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The password is right; `needs_rehash` when the stored hash is weaker than what is made today.
    Match {
        /// Whether a new hash should replace the stored one.
        needs_rehash: bool,
    },
    /// The password is wrong.
    Mismatch,
    /// The stored hash asks for more than is ever computed, or is of another kind: only a new password helps.
    Unusable,
}

/// Hashes passwords, a few at a time.
#[async_trait]
pub trait PasswordHasher: Send + Sync {
    /// Hashes with a fresh salt and today's parameters.
    async fn hash(&self, password: &SecretText) -> Result<PasswordHash, HashError>;
    /// Compares. With no hash it does the same work against a hash of nobody and answers [`Verdict::Mismatch`].
    async fn verify(&self, password: &SecretText, hash: Option<&PasswordHash>) -> Result<Verdict, HashError>;
}

/// What an access token says. Nobody's name and no permission: a token is readable by who holds it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccessClaims {
    /// The token's own id.
    pub token_id: Uuid,
    /// Whose it is.
    pub user: UserId,
    /// The session behind it.
    pub session: SessionId,
    /// The organization that it is for; `None` for a platform administrator.
    pub organization: Option<OrganizationId>,
    /// The role at the time of issue, a hint only; `None` for a platform administrator.
    pub role: Option<Role>,
    /// The membership's authorization version at the time of issue; 0 for a platform administrator.
    pub authorization_version: i64,
    /// When it was issued, full seconds.
    pub issued_at: DateTime<Utc>,
    /// Until when it is good, full seconds.
    pub expires_at: DateTime<Utc>,
}

/// The token is not one of ours, not good any more, or not well made. Says no more on purpose.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("the access token is not valid")]
pub struct InvalidAccessToken;

/// Signs and reads access tokens.
pub trait AccessTokens: Send + Sync {
    /// Signs a token.
    fn issue(&self, claims: &AccessClaims) -> Result<SecretText, BoxError>;
    /// Reads a token whose signature, form and times are right.
    fn verify(&self, token: &str) -> Result<AccessClaims, InvalidAccessToken>;
    /// The public keys with which anybody verifies a token, as a JSON Web Key set (RFC 7517).
    fn public_keys(&self) -> serde_json::Value;
}

/// Gives secrets.
pub trait Secrets: Send + Sync {
    /// 256 bits from the system's generator.
    fn random(&self) -> Result<[u8; 32], BoxError>;
}

/// Authenticated encryption under a key derived from a secret that is not kept.
pub trait Sealer: Send + Sync {
    /// Encrypts.
    fn seal(&self, secret: &[u8], plain: &[u8]) -> Result<Vec<u8>, BoxError>;
    /// Decrypts; an error when it was sealed under another secret or changed.
    fn open(&self, secret: &[u8], sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, BoxError>;
}

/// Turns addresses into keys that tell nothing without the installation's own key.
pub trait Pseudonyms: Send + Sync {
    /// The same text always gives the same key of 64 lower-case hexadecimal digits.
    fn pseudonym(&self, text: &str) -> String;
}

/// What is counted of one account or session, beside what each network address does.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Counted {
    /// Refreshes of a session.
    RefreshOf(SessionId),
    /// Sign-ups with an address, by its pseudonym.
    SignUpWith(String),
    /// Mails to set a new password, to an address by its pseudonym.
    ForgotFor(String),
    /// Further mails to prove an address, by its pseudonym.
    ResendTo(String),
    /// What a user does that needs his password once more.
    SensitiveBy(UserId),
}

/// One more was too many.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("too many; try again in {retry_after} s")]
pub struct TooMany {
    /// Seconds to wait, at least 1.
    pub retry_after: u64,
}

/// Refuses what one account or session does too often.
#[async_trait]
pub trait Throttle: Send + Sync {
    /// Counts one more.
    async fn count(&self, what: Counted) -> Result<(), TooMany>;
}

/// What one call of [`IdentityUpkeep::forget_sessions`] has forgotten.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ForgottenSessions {
    /// Sessions.
    pub sessions: u64,
    /// Refresh tokens.
    pub refresh_tokens: u64,
}

/// Forgets what nobody needs any more, so many rows at a time. Several callers at a time share the work.
#[async_trait]
pub trait IdentityUpkeep: Send + Sync {
    /// Forgets sessions that were ended, or expired, before that instant, with their refresh tokens: about `limit` sessions and
    /// at most `limit` tokens. A session goes when it has no token left. Answers nothing when there is nothing left to do.
    async fn forget_sessions(
        &self,
        ended_before: DateTime<Utc>,
        limit: u32,
    ) -> Result<ForgottenSessions, StoreError>;
    /// Forgets at most `limit` tokens for one use that expired before that instant, as many sign-ups that were asked for before it, and
    /// as many invitations that have ended and would have expired before it; answers how many rows.
    async fn forget_tokens(&self, before: DateTime<Utc>, limit: u32) -> Result<u64, StoreError>;
    /// Forgets at most `limit` addresses whose last failed login was before that instant; answers how many.
    async fn forget_login_attempts(
        &self,
        failed_before: DateTime<Utc>,
        limit: u32,
    ) -> Result<u64, StoreError>;
}
