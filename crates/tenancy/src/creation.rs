//! Reserving everything that a new organization needs, in one transaction, together with the operation that makes it.

use crate::service::NAMES_TRIED;
use crate::{
    Begun, CreateOrganization, DatabaseName, FirstOwner, NewOperation, NewOrganization, Operation,
    OperationKey, OperationKind, OperationStep, Organization, OrganizationWork, OwnerAccount,
    OwnerMembership, OwnerToken, Plan, RULE_OPERATION_KEY, RULE_ORGANIZATION_DATABASE, Redacted, SetPassword,
    Tenancy, TenancyError,
};
use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sha2::{Digest, Sha256};
use vigie_kernel::{
    EmailAddress, FieldError, FieldErrors, Locale, OperatorContext, OrganizationId, OrganizationSettings,
    Slug, StoreError, UserId, required_text,
};

/// Most characters of the name of an organization or of a person.
pub(crate) const NAME_MAX: usize = 120;
/// Numbered slugs that are tried in order before an arbitrary number is taken.
const NUMBERED: u32 = 9;
/// Slugs with an arbitrary number that are tried after that.
const ARBITRARY: u32 = 8;
/// How long a key names its operation.
const KEY_LIFETIME: TimeDelta = TimeDelta::hours(24);
/// How long a token to set the first password with is good.
const TOKEN_LIFETIME: TimeDelta = TimeDelta::hours(72);

/// What is to be created, checked.
struct Wanted {
    name: String,
    slug: WantedSlug,
    domain: Option<String>,
    plan: Plan,
    settings: OrganizationSettings,
    owner: WantedOwner,
}

enum WantedSlug {
    /// Asked for: taken as it is or not at all.
    Given(Slug),
    /// Made from the name: made unique with a number.
    FromName(Slug),
}

struct WantedOwner {
    email: EmailAddress,
    full_name: String,
    password_hash: Option<Redacted>,
    locale: Option<Locale>,
}

impl WantedOwner {
    /// Whether he came by himself. Then an account that the address has is somebody else's matter.
    const fn signed_up(&self) -> bool {
        self.password_hash.is_some()
    }
}

impl Wanted {
    fn given_slug(&self) -> Option<&Slug> {
        match &self.slug {
            WantedSlug::Given(slug) => Some(slug),
            WantedSlug::FromName(_) => None,
        }
    }

    /// What a key is bound to.
    fn fingerprint(&self) -> [u8; 32] {
        let asked = json!([
            self.name,
            self.given_slug().map(Slug::as_str),
            self.domain,
            self.plan.name(),
            self.settings,
            self.owner.email.key(),
            self.owner.full_name,
        ]);
        Sha256::digest(asked.to_string().as_bytes()).into()
    }
}

/// What a transaction writes, besides what is wanted.
struct Place<'a> {
    slug: &'a Slug,
    database_name: DatabaseName,
    key: Option<&'a OperationKey>,
}

impl Tenancy {
    pub(crate) async fn do_begin(
        &self,
        operator: &OperatorContext,
        command: CreateOrganization,
    ) -> Result<Begun, TenancyError> {
        let key = command.idempotency_key.as_ref().map(|key| key.as_str().to_owned());
        let wanted = self.check(command)?;
        let request = wanted.fingerprint();
        let key = key.map(|key| OperationKey { scope: scope_of(operator), key, request });
        if let Some(key) = &key
            && let Some(begun) = self.asked_before(key).await?
        {
            return Ok(begun);
        }
        let base = match &wanted.slug {
            WantedSlug::Given(slug) => {
                return self.reserve(operator, &wanted, slug, key.as_ref()).await;
            }
            WantedSlug::FromName(slug) => slug,
        };
        for attempt in 1..=NUMBERED + ARBITRARY {
            let Some(slug) = self.candidate(base, attempt) else { continue };
            match self.reserve(operator, &wanted, &slug, key.as_ref()).await {
                Err(TenancyError::SlugTaken) => {}
                done => return done,
            }
        }
        Err(TenancyError::SlugTaken)
    }

    fn check(&self, command: CreateOrganization) -> Result<Wanted, TenancyError> {
        let CreateOrganization { name, slug, domain, plan, settings, owner, idempotency_key: _ } = command;
        let mut errors = FieldErrors::new();
        let from_name = Slug::from_name(&name);
        let name = errors.keep(required_text("name", &name, NAME_MAX));
        let slug = errors.keep(match slug {
            Some(text) => Slug::parse(text.trim())
                .map(WantedSlug::Given)
                .map_err(|error| FieldError::new("slug", error.code())),
            // A name in another script gives no slug: then one has to be chosen.
            None => from_name.map(WantedSlug::FromName).ok_or_else(|| FieldError::new("slug", "required")),
        });
        let domain = domain.as_deref().map(str::trim).filter(|text| !text.is_empty());
        let domain = errors.keep(match domain {
            None => Ok(None),
            Some(text) => self
                .rules
                .own_domain(text)
                .map(Some)
                .ok_or_else(|| FieldError::new("domain", "domain_invalid")),
        });
        let owner = errors.keep(check_owner(owner));
        match (name, slug, domain, owner) {
            (Some(name), Some(slug), Some(domain), Some(owner)) => {
                Ok(Wanted { name, slug, domain, plan, settings, owner })
            }
            (None | Some(_), None | Some(_), None | Some(_), None | Some(_)) => Err(errors.into()),
        }
    }

    /// The operation that was asked for under the key before, if it was.
    async fn asked_before(&self, key: &OperationKey) -> Result<Option<Begun>, TenancyError> {
        let mut reads = self.ports.store.read().await?;
        let Some(operation) = reads.operation_by_key(&key.scope, &key.key).await? else { return Ok(None) };
        let before = self.ports.clock.now() - KEY_LIFETIME;
        if operation.snapshot().created_at <= before {
            let mut work = self.ports.store.begin().await?;
            work.operations().forget_key(&key.scope, &key.key, before).await?;
            work.commit().await?;
            return Ok(None);
        }
        if operation.snapshot().key.as_ref().is_none_or(|known| known.request != key.request) {
            return Err(TenancyError::KeyReused);
        }
        let organization = reads.find(operation.organization()).await?;
        Ok(Some(Begun { operation, organization, owner: None, set_password: None, replayed: true }))
    }

    /// The slug of that attempt; `None` when the number makes none of it.
    fn candidate(&self, base: &Slug, attempt: u32) -> Option<Slug> {
        let number = match attempt {
            1 => return Some(base.clone()),
            2..=NUMBERED => attempt,
            _ => {
                let [.., high, low] = *self.ports.ids.next_uuid().as_bytes();
                10_000 + u32::from(u16::from_be_bytes([high, low]))
            }
        };
        let suffix = format!("-{number}");
        let kept: String = base.as_str().chars().take(40 - suffix.len()).collect();
        Slug::parse(&format!("{}{suffix}", kept.trim_end_matches('-'))).ok()
    }

    /// Reserves under one slug and the first database name that nobody has. Each try is a transaction of its own: a broken
    /// constraint ends one on PostgreSQL.
    async fn reserve(
        &self,
        operator: &OperatorContext,
        wanted: &Wanted,
        slug: &Slug,
        key: Option<&OperationKey>,
    ) -> Result<Begun, TenancyError> {
        let first = DatabaseName::for_slug(&self.database_prefix, slug)?;
        let mut database_name = first.clone();
        for taken in 1..=NAMES_TRIED {
            let place = Place { slug, database_name: database_name.clone(), key };
            match self.try_reserve(operator, wanted, place).await {
                Err(TenancyError::Store(StoreError::Conflict(RULE_ORGANIZATION_DATABASE))) => {
                    database_name = first.after(taken);
                }
                // Asked for twice at once: the other request made it.
                Err(TenancyError::Store(StoreError::Conflict(RULE_OPERATION_KEY))) => {
                    let Some(key) = key else { continue };
                    if let Some(begun) = self.asked_before(key).await? {
                        return Ok(begun);
                    }
                }
                // The account appeared after it was looked for: it becomes the owner.
                Err(TenancyError::EmailTaken) if !wanted.owner.signed_up() => {}
                done => return done,
            }
        }
        Err(StoreError::Conflict(RULE_ORGANIZATION_DATABASE).into())
    }

    async fn try_reserve(
        &self,
        operator: &OperatorContext,
        wanted: &Wanted,
        place: Place<'_>,
    ) -> Result<Begun, TenancyError> {
        let now = self.ports.clock.now();
        let new = NewOrganization {
            id: self.ports.ids.next(),
            slug: place.slug.clone(),
            name: wanted.name.clone(),
            database_name: place.database_name,
            plan: wanted.plan,
            settings: wanted.settings,
        };
        let organization = Organization::reserve(new, now);
        let id = organization.id();
        let new = NewOperation {
            id: self.ports.ids.next(),
            kind: OperationKind::Provision,
            organization: id,
            slug: place.slug.clone(),
            data: json!({ "origin": if wanted.owner.signed_up() { "sign_up" } else { "operator" } }),
            key: place.key.cloned(),
            requested_by: operator.actor(),
            request_id: operator.request_id().to_owned(),
        };
        let mut operation = Operation::begin(new, self.holder, now);
        operation.note_done(OperationStep::Reserve, None, now, now);

        let mut work = self.ports.store.begin().await?;
        work.operations().insert(&operation).await?;
        work.organizations().insert(&organization).await?;
        if let Some(domain) = &wanted.domain {
            work.organizations().add_domain(id, domain, now).await?;
        }
        let (owner, set_password) = self.reserve_owner_in(&mut *work, &wanted.owner, id, now).await?;
        let actor = operator.actor().or_else(|| wanted.owner.signed_up().then_some(owner));
        let status = organization.status();
        let entry = self.audit("organization.reserved", &organization, status, actor, operator.request_id());
        work.audit().record(&entry).await?;
        work.commit().await?;
        self.forget_everywhere(id);
        Ok(Begun {
            operation,
            organization: Some(organization),
            owner: Some(owner),
            set_password,
            replayed: false,
        })
    }

    /// Makes the owner's account, unless the address has one, and his membership.
    async fn reserve_owner_in(
        &self,
        work: &mut dyn OrganizationWork,
        owner: &WantedOwner,
        organization: OrganizationId,
        now: DateTime<Utc>,
    ) -> Result<(UserId, Option<SetPassword>), TenancyError> {
        let known = if owner.signed_up() { None } else { work.owners().find(&owner.email).await? };
        let user = known.unwrap_or_else(|| self.ports.ids.next());
        if known.is_none() {
            let account = OwnerAccount {
                user,
                email: owner.email.clone(),
                full_name: owner.full_name.clone(),
                password_hash: owner.password_hash.clone(),
                locale: owner.locale,
                created_at: now,
            };
            work.owners().add(&account).await?;
        }
        let membership = OwnerMembership { id: self.ports.ids.next(), user, organization, created_at: now };
        work.owners().join(&membership).await?;
        if known.is_some() || owner.signed_up() {
            return Ok((user, None));
        }
        let fresh = self.ports.tokens.fresh().map_err(TenancyError::Token)?;
        let expires_at = now + TOKEN_LIFETIME;
        let token = OwnerToken {
            id: self.ports.ids.next(),
            hash: fresh.hash,
            user,
            organization,
            created_at: now,
            expires_at,
        };
        work.owners().grant(&token).await?;
        Ok((user, Some(SetPassword { token: fresh.text, expires_at })))
    }
}

/// Whose keys these are.
fn scope_of(operator: &OperatorContext) -> String {
    operator.actor().map_or_else(|| "operator".to_owned(), |user| format!("account {user}"))
}

fn check_owner(owner: FirstOwner) -> Result<WantedOwner, FieldErrors> {
    match owner {
        FirstOwner::SignedUp { email, full_name, password_hash, locale } => {
            Ok(WantedOwner { email, full_name, password_hash: Some(password_hash), locale })
        }
        FirstOwner::Named { email, full_name } => {
            let mut errors = FieldErrors::new();
            let code = if email.trim().is_empty() { "required" } else { "email_invalid" };
            let email =
                errors.keep(EmailAddress::parse(&email).map_err(|_| FieldError::new("admin_email", code)));
            let given = full_name.filter(|name| !name.trim().is_empty());
            let full_name = match (&given, &email) {
                (Some(name), _) => errors.keep(required_text("admin_full_name", name, NAME_MAX)),
                (None, Some(email)) => Some(email.local_part().to_owned()),
                (None, None) => None,
            };
            match (email, full_name) {
                (Some(email), Some(full_name)) => {
                    Ok(WantedOwner { email, full_name, password_hash: None, locale: None })
                }
                (None | Some(_), None | Some(_)) => Err(errors),
            }
        }
    }
}
