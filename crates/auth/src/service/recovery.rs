//! Forgotten passwords, changed ones, and addresses to be proved.

use super::login::end_others_in;
use super::read_email;
use super::sign_up::MAX_NAME;
use crate::audit::Deed;
use crate::password::check_length;
use crate::policy::SIGN_UP_WAITS;
use crate::{
    AccountMail, Auth, AuthError, Caller, ChangePassword, ClientInfo, Counted, NewOrganization,
    OneTimeSecret, PasswordContext, PendingSignUp, ProvisionFailed, SessionEndReason, TokenPurpose, Verdict,
    Verified, VerifyEmail, check_password,
};
use serde_json::json;
use vigie_kernel::{FieldError, FieldErrors, OrganizationSettings, Slug};

impl Auth {
    /// The same statements for an address with an account and for one without: a job is added for either.
    pub(super) async fn do_forgot_password(&self, email: &str, client: &ClientInfo) -> Result<(), AuthError> {
        let email = read_email(email)?;
        let key = self.ports.pseudonyms.pseudonym(email.key());
        // Too many for one address: answered as the others are, for whoever asks need not be whose address it is.
        if self.ports.throttle.count(Counted::ForgotFor(key)).await.is_err() {
            return Ok(());
        }
        let mut reads = self.ports.store.read().await?;
        let user = reads.user_by_email(email.key()).await?;
        drop(reads);
        let user = user.filter(|user| user.snapshot().is_active).map(|user| user.id());
        let mut work = self.ports.store.begin().await?;
        let mail = AccountMail::ResetPassword { user };
        self.mail_in(&mut *work, mail, &client.request_id, self.ports.clock.now()).await?;
        Ok(work.commit().await?)
    }

    pub(super) async fn do_change_password(
        &self,
        caller: &Caller,
        command: ChangePassword,
    ) -> Result<(), AuthError> {
        let mut errors = FieldErrors::new();
        errors.keep(check_length("current_password", command.current_password.expose()));
        let profile = caller.profile();
        let place = profile.organization.as_ref();
        let named = PasswordContext {
            email: Some(&profile.user.email),
            organization_name: place.map(|organization| organization.name.as_str()),
            organization_slug: place.map(|organization| organization.slug.as_str()),
        };
        let min = self.policy.min_password_chars;
        errors.keep(check_password("new_password", command.new_password.expose(), min, named));
        if errors.is_empty() && command.new_password == command.current_password {
            errors.push(FieldError::new("new_password", "password_unchanged"));
        }
        errors.into_result()?;
        let id = caller.user();
        self.ports.throttle.count(Counted::SensitiveBy(id)).await?;
        let before = self.check_own_password(caller, "current_password", &command.current_password).await?;
        let password = self.ports.hasher.hash(&command.new_password).await?;

        let now = self.ports.clock.now();
        let mut work = self.ports.store.begin().await?;
        let found = work.users().find_for_update(id).await?;
        // The password was compared outside the transaction: it must still be the same one.
        let mut user = found
            .filter(|user| user.snapshot().password_hash == before)
            .ok_or(AuthError::ChangedMeanwhile)?;
        user.set_password(password, now);
        work.users().update(&user).await?;
        work.one_time_tokens().supersede(id, TokenPurpose::SetPassword, now).await?;
        let reason = SessionEndReason::PasswordSet;
        let ended = end_others_in(&mut *work, id, Some(caller.session()), reason, now).await?;
        let deed = Deed {
            actor: Some(id),
            action: "auth.password_changed",
            subject: ("user", id.as_uuid()),
            request_id: caller.request_id(),
            details: json!({ "sessions": ended }),
        };
        work.audit().record(&deed.entry(&*self.ports.ids, now)).await?;
        let mail = AccountMail::PasswordChanged { user: id };
        self.mail_in(&mut *work, mail, caller.request_id(), now).await?;
        work.commit().await?;
        self.live.forget_user(id);
        Ok(())
    }

    /// Compares a password with the caller's own; what is stored of it. Code `password_wrong` on the field.
    pub(super) async fn check_own_password(
        &self,
        caller: &Caller,
        field: &'static str,
        password: &crate::SecretText,
    ) -> Result<crate::PasswordHash, AuthError> {
        check_length(field, password.expose()).map_err(FieldErrors::from)?;
        let email = caller.profile().user.email;
        let mut reads = self.ports.store.read().await?;
        let user = reads.user_by_email(email.key()).await?;
        drop(reads);
        let stored = user.filter(|user| user.id() == caller.user()).ok_or(AuthError::InvalidToken)?;
        let stored = stored.snapshot().password_hash.clone();
        match self.ports.hasher.verify(password, Some(&stored)).await? {
            Verdict::Match { .. } => Ok(stored),
            Verdict::Mismatch | Verdict::Unusable => {
                Err(FieldErrors::from(FieldError::new(field, "password_wrong")).into())
            }
        }
    }

    pub(super) async fn do_send_verification(&self, caller: &Caller) -> Result<(), AuthError> {
        let user = caller.profile().user;
        if user.email_verified_at.is_some() {
            return Ok(());
        }
        let key = self.ports.pseudonyms.pseudonym(user.email.key());
        self.ports.throttle.count(Counted::ResendTo(key)).await?;
        let mut work = self.ports.store.begin().await?;
        let mail = AccountMail::VerifyEmail { user: Some(user.id) };
        self.mail_in(&mut *work, mail, caller.request_id(), self.ports.clock.now()).await?;
        Ok(work.commit().await?)
    }

    /// The same statements whether the address has an account, a sign-up that waits, or nothing.
    pub(super) async fn do_resend_verification(
        &self,
        email: &str,
        client: &ClientInfo,
    ) -> Result<(), AuthError> {
        let email = read_email(email)?;
        let key = self.ports.pseudonyms.pseudonym(email.key());
        if self.ports.throttle.count(Counted::ResendTo(key)).await.is_err() {
            return Ok(());
        }
        let now = self.ports.clock.now();
        let mut work = self.ports.store.begin().await?;
        let user = work.users().find_by_email(email.key()).await?;
        let waiting = work.sign_ups().latest_of(email.key(), now - SIGN_UP_WAITS).await?;
        let unproved = user.filter(|user| user.snapshot().email_verified_at.is_none()).map(|user| user.id());
        let mail = match (unproved, waiting) {
            (None, Some(sign_up)) => AccountMail::SignUp { sign_up },
            (user, _) => AccountMail::VerifyEmail { user },
        };
        self.mail_in(&mut *work, mail, &client.request_id, now).await?;
        Ok(work.commit().await?)
    }

    pub(super) async fn do_verify_email(
        &self,
        command: VerifyEmail,
        client: &ClientInfo,
    ) -> Result<Verified, AuthError> {
        let slug = read_slug(command.organization_slug.as_deref())?;
        let secret = OneTimeSecret::parse(TokenPurpose::VerifyEmail, command.token.expose())
            .ok_or(AuthError::TokenNotGood)?;
        let now = self.ports.clock.now();
        let mut work = self.ports.store.begin().await?;
        let waiting = work.sign_ups().consume(&secret.hash(), now).await?;
        if let Some(mut sign_up) = waiting {
            work.commit().await?;
            sign_up.slug = slug.or(sign_up.slug);
            return self.finish_sign_up(sign_up, client).await;
        }
        let consumed = work.one_time_tokens().consume(&secret.hash(), TokenPurpose::VerifyEmail, now).await?;
        let consumed = consumed.ok_or(AuthError::TokenNotGood)?;
        let found = work.users().find_for_update(consumed.user).await?;
        // The token proves the address that it was mailed to, and no other.
        let mut user = found
            .filter(|user| user.snapshot().is_active)
            .filter(|user| consumed.email_key.as_deref() == Some(user.snapshot().email.key()))
            .ok_or(AuthError::TokenNotGood)?;
        if user.verify_email(now) {
            work.users().update(&user).await?;
        }
        let verified = Deed {
            actor: Some(user.id()),
            action: "auth.email_verified",
            subject: ("user", user.id().as_uuid()),
            request_id: &client.request_id,
            details: json!({}),
        };
        work.audit().record(&verified.entry(&*self.ports.ids, now)).await?;
        work.commit().await?;
        self.live.forget_user(user.id());
        Ok(Verified { user: user.id(), organization: None })
    }

    /// Makes what was signed up for. What cannot be made leaves the token as good as it was.
    async fn finish_sign_up(
        &self,
        sign_up: PendingSignUp,
        client: &ClientInfo,
    ) -> Result<Verified, AuthError> {
        let id = sign_up.id;
        let made = self.ports.provisioning.create(order_of(sign_up, client)).await;
        let now = self.ports.clock.now();
        let mut work = self.ports.store.begin().await?;
        let made = match made {
            Ok(made) => made,
            Err(failed) => {
                match failed {
                    // Whoever has the account has proved the address too: there is nothing left to finish.
                    ProvisionFailed::EmailTaken => work.sign_ups().remove(id).await?,
                    ProvisionFailed::SlugTaken | ProvisionFailed::Failed(_) => {
                        work.sign_ups().give_back(id).await?;
                    }
                }
                work.commit().await?;
                return Err(failed.into());
            }
        };
        let mut owner = work.users().find_for_update(made.owner).await?.ok_or(AuthError::ChangedMeanwhile)?;
        if owner.verify_email(now) {
            work.users().update(&owner).await?;
        }
        let deed = Deed {
            actor: Some(made.owner),
            action: "auth.signup",
            subject: ("organization", made.organization.id.as_uuid()),
            request_id: &client.request_id,
            details: json!({ "slug": made.organization.slug, "verified": true }),
        };
        work.audit().record(&deed.entry(&*self.ports.ids, now)).await?;
        work.sign_ups().remove(id).await?;
        work.commit().await?;
        Ok(Verified { user: made.owner, organization: Some(made.organization) })
    }
}

fn order_of(sign_up: PendingSignUp, client: &ClientInfo) -> NewOrganization {
    let default = OrganizationSettings::default();
    NewOrganization {
        name: sign_up.organization_name,
        slug: sign_up.slug,
        settings: OrganizationSettings { locale: sign_up.locale.unwrap_or(default.locale), ..default },
        email: sign_up.email,
        full_name: sign_up.full_name,
        password_hash: sign_up.password_hash,
        locale: sign_up.locale,
        request_id: client.request_id.clone(),
    }
}

fn read_slug(text: Option<&str>) -> Result<Option<Slug>, FieldErrors> {
    let given = text.map(str::trim).filter(|slug| !slug.is_empty() && slug.len() <= MAX_NAME);
    given
        .map(|slug| Slug::parse(slug).map_err(|e| FieldError::new("organization_slug", e.code()).into()))
        .transpose()
}
