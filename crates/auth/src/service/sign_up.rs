//! Making an organization and its owner.

use super::open_session::{Bearer, Place};
use super::{read_email, read_locale};
use crate::audit::Deed;
use crate::policy::SIGNUP_PLAN;
use crate::{
    Auth, AuthError, ClientInfo, Counted, Membership, NewOrganization, OrganizationStatus,
    OrganizationSummary, PasswordContext, PasswordHash, ProvisionFailed, SecretText, SignUp, SignedIn,
    SignupMode, User, check_password,
};
use serde_json::json;
use vigie_kernel::{
    EmailAddress, FieldError, FieldErrors, Locale, OrganizationId, OrganizationSettings, Role, Slug,
    required_text,
};

/// Longest name of a person or of an organization.
pub(super) const MAX_NAME: usize = 120;
/// Numbered slugs that are tried in order before a random number is taken.
const NUMBERED: u32 = 9;
/// Slugs with a random number that are tried after that.
const RANDOM_TRIES: u32 = 8;

/// A sign-up that has been read.
struct Form {
    organization_name: String,
    slug: WantedSlug,
    full_name: String,
    email: EmailAddress,
    password: SecretText,
    locale: Option<Locale>,
}

enum WantedSlug {
    /// Asked for: taken as it is or not at all.
    Given(Slug),
    /// Made from the name: made unique with a number.
    FromName(Slug),
}

/// What a sign-up has reserved.
struct Reserved {
    organization: OrganizationSummary,
    user: User,
}

impl Auth {
    pub(super) async fn do_sign_up(
        &self,
        command: SignUp,
        client: &ClientInfo,
    ) -> Result<SignedIn, AuthError> {
        match self.policy.signup {
            SignupMode::Open => {}
            SignupMode::Closed => return Err(AuthError::SignupClosed),
        }
        let form = self.read_sign_up(command)?;
        let key = self.ports.pseudonyms.pseudonym(form.email.key());
        self.ports.throttle.count(Counted::SignUpWith(key)).await?;
        let hash = self.ports.hasher.hash(&form.password).await?;
        let reserved = self.reserve(&form, &hash, client).await?;
        let id = reserved.organization.id;
        if let Err(error) = self.ports.provisioning.provision(id).await {
            return Err(self.undo(id, error).await);
        }
        let organization =
            OrganizationSummary { status: OrganizationStatus::Active, ..reserved.organization.clone() };
        let place = Place { organization, role: Role::Owner, authorization_version: 1 };
        let bearer = Bearer { user: reserved.user.summary(), place: Some(place) };
        let now = self.ports.clock.now();
        let mut work = self.ports.store.begin().await?;
        work.users().find_for_update(bearer.user.id).await?;
        let (session, refresh) = self.open_session_in(&mut *work, &bearer, client, now).await?;
        let answer = self.signed_in(bearer, session, &refresh, now)?;
        work.commit().await?;
        Ok(answer)
    }

    fn read_sign_up(&self, command: SignUp) -> Result<Form, AuthError> {
        let mut errors = FieldErrors::new();
        let name = errors.keep(required_text("organization_name", &command.organization_name, MAX_NAME));
        let given = command.organization_slug.as_deref().map(str::trim).filter(|slug| !slug.is_empty());
        let slug = errors.keep(match (given, &name) {
            (Some(slug), _) => Slug::parse(slug)
                .map(|slug| Some(WantedSlug::Given(slug)))
                .map_err(|error| FieldError::new("organization_slug", error.code())),
            // A name in another script gives no slug: then one has to be chosen.
            (None, Some(name)) => Slug::from_name(name)
                .map(|slug| Some(WantedSlug::FromName(slug)))
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

    /// Reserves under the first slug that nobody has. Each try is a transaction of its own: a broken constraint ends one on
    /// PostgreSQL.
    async fn reserve(
        &self,
        form: &Form,
        hash: &PasswordHash,
        client: &ClientInfo,
    ) -> Result<Reserved, AuthError> {
        let base = match &form.slug {
            WantedSlug::Given(slug) => return self.reserve_as(form, slug, hash, client).await,
            WantedSlug::FromName(slug) => slug,
        };
        for attempt in 1..=NUMBERED + RANDOM_TRIES {
            let Some(slug) = self.candidate(base, attempt)? else { continue };
            match self.reserve_as(form, &slug, hash, client).await {
                Err(AuthError::SlugTaken) => {}
                done => return done,
            }
        }
        Err(AuthError::SlugTaken)
    }

    fn candidate(&self, base: &Slug, attempt: u32) -> Result<Option<Slug>, AuthError> {
        let number = match attempt {
            1 => return Ok(Some(base.clone())),
            2..=NUMBERED => attempt,
            _ => {
                let random = self.ports.secrets.random().map_err(AuthError::Broken)?;
                10_000 + u32::from(u16::from_le_bytes([random[0], random[1]]))
            }
        };
        let suffix = format!("-{number}");
        let kept: String = base.as_str().chars().take(40 - suffix.len()).collect();
        Ok(Slug::parse(&format!("{}{suffix}", kept.trim_end_matches('-'))).ok())
    }

    async fn reserve_as(
        &self,
        form: &Form,
        slug: &Slug,
        hash: &PasswordHash,
        client: &ClientInfo,
    ) -> Result<Reserved, AuthError> {
        let now = self.ports.clock.now();
        let ids = &self.ports.ids;
        let default = OrganizationSettings::default();
        let organization = NewOrganization {
            id: ids.next(),
            slug: slug.clone(),
            name: form.organization_name.clone(),
            settings: OrganizationSettings { locale: form.locale.unwrap_or(default.locale), ..default },
            plan: SIGNUP_PLAN.to_owned(),
            created_at: now,
        };
        let user =
            User::new(ids.next(), form.email.clone(), form.full_name.clone(), hash.clone(), form.locale, now);
        let owner = Membership::new(ids.next(), user.id(), organization.id, Role::Owner, now);
        let mut work = self.ports.store.begin().await?;
        work.users().insert(&user).await?;
        work.organizations().reserve(&organization).await?;
        work.memberships().insert(&owner).await?;
        let signup = Deed {
            actor: Some(user.id()),
            action: "auth.signup",
            subject: ("organization", organization.id.as_uuid()),
            request_id: &client.request_id,
            details: json!({ "slug": slug, "plan": organization.plan }),
        };
        work.audit().record(&signup.entry(&**ids, now)).await?;
        work.commit().await?;
        let organization = OrganizationSummary {
            id: organization.id,
            slug: organization.slug,
            name: organization.name,
            status: OrganizationStatus::Provisioning,
            settings: organization.settings,
        };
        Ok(Reserved { organization, user })
    }

    /// Removes what a sign-up has made so far, so that it can be tried again with the same address and slug.
    async fn undo(&self, id: OrganizationId, cause: ProvisionFailed) -> AuthError {
        if let Err(error) = self.ports.provisioning.discard(id).await {
            // It stays reserved; the check at the next start finds it and finishes or undoes it.
            tracing::error!(
                organization.id = %id,
                error = %error,
                "an organization that could not be prepared could not be removed either"
            );
        }
        AuthError::ProvisioningFailed(Box::new(cause))
    }
}
