//! Mails about accounts: asked for in the transaction of the change, made when they are sent.

use crate::audit::Deed;
use crate::mail::home_of;
use crate::policy::{RESET_TOKEN, SIGN_UP_WAITS, VERIFY_TOKEN};
use crate::{
    AccountMail, Auth, AuthError, IdentityWork, MailKind, MailOrder, MailToken, OneTimeSecret, OneTimeToken,
    OrganizationSummary, PreparedMail, TokenPurpose, User,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use vigie_jobs::OutboxMessage;
use vigie_kernel::{InvitationId, OrganizationId, OwnershipOfferId, SignUpId, UserId};

impl Auth {
    /// Asks for a mail in the transaction at hand: its last statement.
    pub(super) async fn mail_in(
        &self,
        work: &mut dyn IdentityWork,
        mail: AccountMail,
        request_id: &str,
        now: DateTime<Utc>,
    ) -> Result<(), AuthError> {
        self.mail_of_in(work, None, mail, request_id, now).await
    }

    /// The same for a mail in the name of an organization: it waits while that is locked.
    pub(super) async fn mail_of_in(
        &self,
        work: &mut dyn IdentityWork,
        organization: Option<OrganizationId>,
        mail: AccountMail,
        request_id: &str,
        now: DateTime<Utc>,
    ) -> Result<(), AuthError> {
        let message = OutboxMessage::announce(self.ports.ids.next(), &mail, now, request_id)?;
        Ok(work.jobs().add(organization, &message).await?)
    }

    pub(super) async fn do_prepare_mail(
        &self,
        mail: AccountMail,
        request_id: &str,
    ) -> Result<MailOrder, AuthError> {
        let prepared = match mail {
            AccountMail::ResetPassword { user: Some(user) } => {
                let token = Some((TokenPurpose::SetPassword, RESET_TOKEN));
                self.to_user(user, MailKind::ResetPassword, token, request_id).await?
            }
            AccountMail::VerifyEmail { user: Some(user) } => {
                let token = Some((TokenPurpose::VerifyEmail, VERIFY_TOKEN));
                self.to_user(user, MailKind::VerifyEmail, token, request_id).await?
            }
            AccountMail::PasswordChanged { user } => {
                self.to_user(user, MailKind::PasswordChanged, None, request_id).await?
            }
            AccountMail::SessionEnded { user } => {
                self.to_user(user, MailKind::SessionEnded, None, request_id).await?
            }
            AccountMail::SignUp { sign_up } => self.to_sign_up(sign_up).await?,
            AccountMail::Invitation { invitation } => return self.to_invited(invitation).await,
            AccountMail::OwnershipOffered { offer } => return self.to_heir(offer).await,
            AccountMail::ResetPassword { user: None } | AccountMail::VerifyEmail { user: None } => None,
        };
        Ok(prepared.map_or(MailOrder::Drop, |mail| MailOrder::Send(Box::new(mail))))
    }

    /// A mail to an account that may be used, with a fresh token when it has a link.
    async fn to_user(
        &self,
        id: UserId,
        kind: MailKind,
        token: Option<(TokenPurpose, TimeDelta)>,
        request_id: &str,
    ) -> Result<Option<PreparedMail>, AuthError> {
        let mut reads = self.ports.store.read().await?;
        let home = home_of(reads.organizations_of(id).await?);
        drop(reads);
        let now = self.ports.clock.now();
        let mut work = self.ports.store.begin().await?;
        let found = work.users().find_for_update(id).await?;
        let Some(user) = found.filter(|user| user.snapshot().is_active) else { return Ok(None) };
        if kind == MailKind::VerifyEmail && user.snapshot().email_verified_at.is_some() {
            return Ok(None);
        }
        let token = match token {
            Some((purpose, lifetime)) => {
                let token = self.mint_in(&mut *work, &user, purpose, now + lifetime, now).await?;
                let issued = Deed {
                    actor: None,
                    action: "auth.token_mailed",
                    subject: ("user", id.as_uuid()),
                    request_id,
                    details: json!({ "kind": kind.name(), "expires_at": token.expires_at }),
                };
                work.audit().record(&issued.entry(&*self.ports.ids, now)).await?;
                work.commit().await?;
                Some(token)
            }
            None => None,
        };
        Ok(Some(written_to(&user, kind, home, token)))
    }

    /// A token that is good for one use, in the place of any of its purpose that the user has. Only its hash is stored.
    async fn mint_in(
        &self,
        work: &mut dyn IdentityWork,
        user: &User,
        purpose: TokenPurpose,
        expires_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<MailToken, AuthError> {
        let secret = self.new_one_time_secret(purpose)?;
        let token = OneTimeToken {
            id: self.ports.ids.next(),
            hash: secret.hash(),
            purpose,
            user: user.id(),
            organization: None,
            email_key: Some(user.snapshot().email.key().to_owned()),
            created_at: now,
            expires_at,
        };
        work.one_time_tokens().supersede(user.id(), purpose, now).await?;
        work.one_time_tokens().insert(&token).await?;
        Ok(MailToken { text: secret.text().clone(), expires_at })
    }

    /// The link that finishes a sign-up; to an address that has an account, that it has one. Which of the two is found out here and not
    /// when somebody signs up, so that signing up is the same work for both.
    async fn to_sign_up(&self, id: SignUpId) -> Result<Option<PreparedMail>, AuthError> {
        let now = self.ports.clock.now();
        let mut work = self.ports.store.begin().await?;
        let Some(sign_up) = work.sign_ups().find_for_update(id).await? else { return Ok(None) };
        if now > sign_up.created_at + SIGN_UP_WAITS {
            return Ok(None);
        }
        let known = work.users().find_by_email(sign_up.email.key()).await?;
        if let Some(user) = known {
            drop(work);
            return self.to_user(user.id(), MailKind::AccountExists, None, "").await;
        }
        let secret = self.new_one_time_secret(TokenPurpose::VerifyEmail)?;
        let expires_at = now + VERIFY_TOKEN;
        work.sign_ups().set_token(id, &secret.hash(), expires_at).await?;
        work.commit().await?;
        Ok(Some(PreparedMail {
            kind: MailKind::FinishSignUp,
            recipient: sign_up.email,
            name: Some(sign_up.full_name),
            locale: sign_up.locale.unwrap_or_default(),
            organization: None,
            by: None,
            role: None,
            token: Some(MailToken { text: secret.text().clone(), expires_at }),
        }))
    }

    /// The link that accepts an invitation which can still be accepted.
    async fn to_invited(&self, id: InvitationId) -> Result<MailOrder, AuthError> {
        let now = self.ports.clock.now();
        let mut work = self.ports.store.begin().await?;
        let found = work.invitations().find_for_update(id).await?;
        let Some(invitation) = found.filter(|it| it.is_open(now)) else { return Ok(MailOrder::Drop) };
        let it = invitation.snapshot();
        let found = work.organizations().find(it.organization_id).await?;
        let Some(organization) = found.filter(|it| it.refusal().is_none()) else {
            return Ok(MailOrder::Drop);
        };
        if organization.settings.outgoing_paused {
            return Ok(MailOrder::Paused);
        }
        let by = work.users().find_for_update(it.invited_by).await?;
        let secret = self.new_one_time_secret(TokenPurpose::Invitation)?;
        work.invitations().set_token(id, &secret.hash()).await?;
        work.commit().await?;
        Ok(MailOrder::Send(Box::new(PreparedMail {
            kind: MailKind::Invitation,
            recipient: it.email.clone(),
            name: it.full_name.clone(),
            locale: organization.settings.locale,
            organization: Some(organization),
            by: by.map(|user| user.snapshot().full_name.clone()),
            role: Some(it.role),
            token: Some(MailToken { text: secret.text().clone(), expires_at: it.expires_at }),
        })))
    }

    /// That an organization is offered to a member, as long as it is. He accepts when he is logged in: the mail has no token.
    async fn to_heir(&self, id: OwnershipOfferId) -> Result<MailOrder, AuthError> {
        let now = self.ports.clock.now();
        let mut work = self.ports.store.begin().await?;
        let found = work.ownership().find(id).await?;
        let Some(offer) = found.filter(|offer| now < offer.expires_at) else { return Ok(MailOrder::Drop) };
        let found = work.organizations().find(offer.organization).await?;
        let Some(organization) = found.filter(|it| it.refusal().is_none()) else {
            return Ok(MailOrder::Drop);
        };
        if organization.settings.outgoing_paused {
            return Ok(MailOrder::Paused);
        }
        let by = work.users().find_for_update(offer.from).await?;
        let Some(user) = work.users().find_for_update(offer.to).await? else { return Ok(MailOrder::Drop) };
        let by = by.map(|user| user.snapshot().full_name.clone());
        let mail = written_to(&user, MailKind::OwnershipOffered, Some(organization), None);
        Ok(MailOrder::Send(Box::new(PreparedMail { by, ..mail })))
    }

    pub(super) fn new_one_time_secret(&self, purpose: TokenPurpose) -> Result<OneTimeSecret, AuthError> {
        let random = self.ports.secrets.random().map_err(AuthError::Broken)?;
        Ok(OneTimeSecret::new(purpose, &random))
    }
}

fn written_to(
    user: &User,
    kind: MailKind,
    organization: Option<OrganizationSummary>,
    token: Option<MailToken>,
) -> PreparedMail {
    let it = user.snapshot();
    let of_organization = organization.as_ref().map(|organization| organization.settings.locale);
    PreparedMail {
        kind,
        recipient: it.email.clone(),
        name: Some(it.full_name.clone()),
        locale: it.locale.or(of_organization).unwrap_or_default(),
        organization,
        by: None,
        role: None,
        token,
    }
}
