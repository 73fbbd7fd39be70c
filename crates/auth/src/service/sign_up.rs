//! Making an organization and its owner.

use super::open_session::{Bearer, Place};
use super::{read_email, read_locale};
use crate::audit::Deed;
use crate::{
    AccountMail, Auth, AuthError, ClientInfo, Counted, NewOrganization, PasswordContext, PasswordHash,
    PendingSignUp, SecretText, SignUp, SignedUp, SignupMode, check_password,
};
use serde_json::json;
use vigie_kernel::{
    EmailAddress, FieldError, FieldErrors, Locale, OrganizationSettings, Role, Slug, required_text,
};

/// Longest name of a person or of an organization.
pub(super) const MAX_NAME: usize = 120;

/// A sign-up that has been read.
struct Form {
    organization_name: String,
    /// Made from the name when absent.
    slug: Option<Slug>,
    full_name: String,
    email: EmailAddress,
    password: SecretText,
    locale: Option<Locale>,
}

impl Form {
    fn order(self, password_hash: PasswordHash, client: &ClientInfo) -> NewOrganization {
        let default = OrganizationSettings::default();
        NewOrganization {
            name: self.organization_name,
            slug: self.slug,
            settings: OrganizationSettings { locale: self.locale.unwrap_or(default.locale), ..default },
            email: self.email,
            full_name: self.full_name,
            password_hash,
            locale: self.locale,
            request_id: client.request_id.clone(),
        }
    }
}

impl Auth {
    pub(super) async fn do_sign_up(
        &self,
        command: SignUp,
        client: &ClientInfo,
    ) -> Result<SignedUp, AuthError> {
        let verified = match self.policy.signup {
            SignupMode::Open => false,
            SignupMode::Verified => true,
            SignupMode::Closed => return Err(AuthError::SignupClosed),
        };
        let form = self.read_sign_up(command)?;
        let key = self.ports.pseudonyms.pseudonym(form.email.key());
        self.ports.throttle.count(Counted::SignUpWith(key)).await?;
        let hash = self.ports.hasher.hash(&form.password).await?;
        if verified {
            return self.wait_for_proof(form, hash, client).await;
        }
        let made = self.ports.provisioning.create(form.order(hash, client)).await?;
        let now = self.ports.clock.now();
        let mut work = self.ports.store.begin().await?;
        let owner = work.users().find_for_update(made.owner).await?.ok_or(AuthError::ChangedMeanwhile)?;
        let signup = Deed {
            actor: Some(made.owner),
            action: "auth.signup",
            subject: ("organization", made.organization.id.as_uuid()),
            request_id: &client.request_id,
            details: json!({ "slug": made.organization.slug }),
        };
        work.audit().record(&signup.entry(&*self.ports.ids, now)).await?;
        let place = Place { organization: made.organization, role: Role::Owner, authorization_version: 1 };
        let bearer = Bearer { user: owner.summary(), place: Some(place) };
        let (session, refresh) = self.open_session_in(&mut *work, &bearer, client, None, now).await?;
        let answer = self.signed_in(bearer, session, &refresh, now)?;
        work.commit().await?;
        Ok(SignedUp::Done(Box::new(answer)))
    }

    /// Keeps the sign-up until its address is proved. Whether that has an account is not even looked up: the mail will tell.
    async fn wait_for_proof(
        &self,
        form: Form,
        password_hash: PasswordHash,
        client: &ClientInfo,
    ) -> Result<SignedUp, AuthError> {
        let now = self.ports.clock.now();
        let sign_up = PendingSignUp {
            id: self.ports.ids.next(),
            email: form.email,
            full_name: form.full_name,
            organization_name: form.organization_name,
            slug: form.slug,
            password_hash,
            locale: form.locale,
            created_at: now,
        };
        let mut work = self.ports.store.begin().await?;
        work.sign_ups().insert(&sign_up).await?;
        let mail = AccountMail::SignUp { sign_up: sign_up.id };
        self.mail_in(&mut *work, mail, &client.request_id, now).await?;
        work.commit().await?;
        Ok(SignedUp::Mailed)
    }

    fn read_sign_up(&self, command: SignUp) -> Result<Form, AuthError> {
        let mut errors = FieldErrors::new();
        let name = errors.keep(required_text("organization_name", &command.organization_name, MAX_NAME));
        let given = command.organization_slug.as_deref().map(str::trim).filter(|slug| !slug.is_empty());
        let slug = errors.keep(match (given, &name) {
            (Some(slug), _) => Slug::parse(slug)
                .map(|slug| Some(Some(slug)))
                .map_err(|error| FieldError::new("organization_slug", error.code())),
            // A name in another script gives no slug: then one has to be chosen.
            (None, Some(name)) => Slug::from_name(name)
                .map(|_| Some(None))
                .ok_or_else(|| FieldError::new("organization_slug", "required")),
            (None, None) => Ok(None),
        });
        let full_name = errors.keep(required_text("full_name", &command.full_name, MAX_NAME));
        let email = errors.keep(read_email(&command.email));
        let locale = errors.keep(read_locale("locale", command.locale.as_deref()));
        let named = PasswordContext {
            email: email.as_ref(),
            organization_name: name.as_deref(),
            organization_slug: given,
        };
        let min = self.policy.min_password_chars;
        errors.keep(check_password("password", command.password.expose(), min, named));
        match (name, slug.flatten(), full_name, email, locale) {
            (Some(organization_name), Some(slug), Some(full_name), Some(email), Some(locale))
                if errors.is_empty() =>
            {
                Ok(Form { organization_name, slug, full_name, email, password: command.password, locale })
            }
            _ => Err(errors.into()),
        }
    }
}
