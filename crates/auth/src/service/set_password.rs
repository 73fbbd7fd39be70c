//! Setting a password with a token.

use super::read_email;
use crate::audit::Deed;
use crate::policy::SET_PASSWORD_TOKEN;
use crate::service::login::end_all_in;
use crate::{
    AccountMail, Auth, AuthError, ClientInfo, IssuedToken, OneTimeSecret, OneTimeToken, PasswordContext,
    SessionEndReason, SetPassword, TokenPurpose, check_password,
};
use serde_json::json;
use vigie_kernel::OperatorContext;

impl Auth {
    pub(super) async fn do_set_password(
        &self,
        command: SetPassword,
        client: &ClientInfo,
    ) -> Result<(), AuthError> {
        let secret = OneTimeSecret::parse(TokenPurpose::SetPassword, command.token.expose())
            .ok_or(AuthError::TokenNotGood)?;
        let hash = secret.hash();
        // Looked at before the password is hashed, which is what costs; used up only with the password's row.
        let mut reads = self.ports.store.read().await?;
        let known = reads.one_time_token(&hash, TokenPurpose::SetPassword, self.ports.clock.now()).await?;
        let user = known.ok_or(AuthError::TokenNotGood)?;
        let places = reads.organizations_of(user.id()).await?;
        drop(reads);
        let place = places.first().map(|place| &place.organization);
        let named = PasswordContext {
            email: Some(&user.snapshot().email),
            organization_name: place.map(|organization| organization.name.as_str()),
            organization_slug: place.map(|organization| organization.slug.as_str()),
        };
        let min = self.policy.min_password_chars;
        check_password("new_password", command.new_password.expose(), min, named)
            .map_err(vigie_kernel::FieldErrors::from)?;
        let password = self.ports.hasher.hash(&command.new_password).await?;

        let now = self.ports.clock.now();
        let mut work = self.ports.store.begin().await?;
        let consumed = work.one_time_tokens().consume(&hash, TokenPurpose::SetPassword, now).await?;
        let consumed = consumed.ok_or(AuthError::TokenNotGood)?;
        let owner = consumed.user;
        let found = work.users().find_for_update(owner).await?;
        let mut user = found.filter(|user| user.snapshot().is_active).ok_or(AuthError::TokenNotGood)?;
        user.set_password(password, now);
        // One store of the two changes: the row's version goes up by one.
        let proved = consumed.email_key.as_deref() == Some(user.snapshot().email.key());
        if proved {
            user.note_verified(now);
        }
        work.users().update(&user).await?;
        work.one_time_tokens().supersede(owner, TokenPurpose::SetPassword, now).await?;
        let ended = end_all_in(&mut *work, owner, SessionEndReason::PasswordSet, now).await?;
        work.login_attempts().clear(&self.ports.pseudonyms.pseudonym(user.snapshot().email.key())).await?;
        let deed = Deed {
            actor: Some(owner),
            action: "auth.password_set",
            subject: ("user", owner.as_uuid()),
            request_id: &client.request_id,
            details: json!({ "sessions": ended }),
        };
        work.audit().record(&deed.entry(&*self.ports.ids, now)).await?;
        let mail = AccountMail::PasswordChanged { user: owner };
        self.mail_in(&mut *work, mail, &client.request_id, now).await?;
        work.commit().await?;
        self.live.forget_user(owner);
        Ok(())
    }

    pub(super) async fn do_issue_set_password(
        &self,
        operator: &OperatorContext,
        email: &str,
    ) -> Result<IssuedToken, AuthError> {
        let email = read_email(email)?;
        let secret = self.new_one_time_secret(TokenPurpose::SetPassword)?;
        let now = self.ports.clock.now();
        let mut work = self.ports.store.begin().await?;
        let user = work.users().find_by_email(email.key()).await?.ok_or(AuthError::AccountUnknown)?;
        let token = OneTimeToken {
            id: self.ports.ids.next(),
            hash: secret.hash(),
            purpose: TokenPurpose::SetPassword,
            user: user.id(),
            organization: None,
            email_key: None,
            created_at: now,
            expires_at: now + SET_PASSWORD_TOKEN,
        };
        work.one_time_tokens().supersede(user.id(), TokenPurpose::SetPassword, now).await?;
        work.one_time_tokens().insert(&token).await?;
        let deed = Deed {
            actor: operator.actor(),
            action: "auth.set_password_token_issued",
            subject: ("user", user.id().as_uuid()),
            request_id: operator.request_id(),
            details: json!({ "expires_at": token.expires_at }),
        };
        work.audit().record(&deed.entry(&*self.ports.ids, now)).await?;
        work.commit().await?;
        Ok(IssuedToken { user: user.id(), token: secret.text().clone(), expires_at: token.expires_at })
    }
}
