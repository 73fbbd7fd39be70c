//! Accounts and memberships made by the operator of the platform.

use super::access::context;
use super::read_email;
use super::sign_up::MAX_NAME;
use crate::audit::Deed;
use crate::{
    AddMember, AddedMember, Auth, AuthError, CreatePlatformAdmin, MemberProfile, Membership,
    OrganizationRefusal, OrganizationSummary, PasswordContext, User, check_password,
};
use serde_json::json;
use vigie_kernel::{
    EmailAddress, Entitlements, FieldError, FieldErrors, OperatorContext, Role, Slug, UserId, required_text,
};

impl Auth {
    pub(super) async fn do_add_member(
        &self,
        operator: &OperatorContext,
        command: AddMember,
    ) -> Result<AddedMember, AuthError> {
        let mut errors = FieldErrors::new();
        let slug = errors.keep(
            Slug::parse(command.organization_slug.trim())
                .map_err(|error| FieldError::new("organization_slug", error.code())),
        );
        let email = errors.keep(read_email(&command.email));
        let (Some(slug), Some(email)) = (slug, email) else { return Err(errors.into()) };

        let mut reads = self.ports.store.read().await?;
        let known = reads.user_by_email(email.key()).await?;
        drop(reads);
        // An account that exists keeps its name and password: neither is read then.
        let (user, account_created) = match known {
            Some(user) => (user, false),
            None => (self.new_user(&command, email, &slug).await?, true),
        };
        let organization = self.join(operator, command.role, &user, account_created, &slug).await?;
        let profile = MemberProfile {
            user: user.id(),
            full_name: user.snapshot().full_name.clone(),
            role: command.role,
            active: true,
        };
        // For the member's profile only: that there is a place for him was just found out.
        let all = Entitlements::UNLIMITED;
        let tenant = context(&organization, user.id(), command.role, all, operator.request_id());
        self.ports.members.put(&tenant, &profile).await?;
        Ok(AddedMember { user: user.id(), organization: organization.id, account_created })
    }

    async fn new_user(
        &self,
        command: &AddMember,
        email: EmailAddress,
        slug: &Slug,
    ) -> Result<User, AuthError> {
        let mut errors = FieldErrors::new();
        let full_name = errors.keep(required_text("full_name", &command.full_name, MAX_NAME));
        let named = PasswordContext {
            email: Some(&email),
            organization_name: None,
            organization_slug: Some(slug.as_str()),
        };
        let min = self.policy.min_password_chars;
        errors.keep(check_password("password", command.password.expose(), min, named));
        let Some(full_name) = full_name.filter(|_| errors.is_empty()) else { return Err(errors.into()) };
        let hash = self.ports.hasher.hash(&command.password).await?;
        Ok(User::new(self.ports.ids.next(), email, full_name, hash, None, self.ports.clock.now()))
    }

    /// Writes the membership, and the account when it is a new one.
    async fn join(
        &self,
        operator: &OperatorContext,
        role: Role,
        user: &User,
        is_new: bool,
        slug: &Slug,
    ) -> Result<OrganizationSummary, AuthError> {
        let now = self.ports.clock.now();
        let mut work = self.ports.store.begin().await?;
        let organization =
            work.organizations().find_by_slug(slug).await?.ok_or(OrganizationRefusal::Unknown)?;
        if let Some(refusal) = organization.refusal() {
            return Err(refusal.into());
        }
        let seats = work.organizations().seats(organization.id, now).await?;
        if is_new {
            work.users().insert(user).await?;
        } else if work.memberships().find(user.id(), organization.id).await?.is_some() {
            return Err(AuthError::AlreadyMember);
        }
        seats.require_one()?;
        let membership = Membership::new(self.ports.ids.next(), user.id(), organization.id, role, now);
        work.memberships().insert(&membership).await?;
        let added = Deed {
            actor: operator.actor(),
            action: "member.added",
            subject: ("membership", membership.snapshot().id.as_uuid()),
            request_id: operator.request_id(),
            details: json!({
                "organization": organization.id,
                "user": user.id(),
                "role": role.name(),
                "account_created": is_new,
            }),
        };
        work.audit().record(&added.entry(&*self.ports.ids, now)).await?;
        work.commit().await?;
        Ok(organization)
    }

    pub(super) async fn do_create_platform_admin(
        &self,
        operator: &OperatorContext,
        command: CreatePlatformAdmin,
    ) -> Result<UserId, AuthError> {
        let mut errors = FieldErrors::new();
        let full_name = errors.keep(required_text("full_name", &command.full_name, MAX_NAME));
        let email = errors.keep(read_email(&command.email));
        let named = PasswordContext { email: email.as_ref(), ..PasswordContext::default() };
        let min = self.policy.min_password_chars;
        errors.keep(check_password("password", command.password.expose(), min, named));
        let (Some(full_name), Some(email), true) = (full_name, email, errors.is_empty()) else {
            return Err(errors.into());
        };
        let hash = self.ports.hasher.hash(&command.password).await?;
        let now = self.ports.clock.now();
        let user = User::new(self.ports.ids.next(), email, full_name, hash, None, now).into_platform_admin();
        let mut work = self.ports.store.begin().await?;
        work.users().insert(&user).await?;
        let created = Deed {
            actor: operator.actor(),
            action: "platform.admin_created",
            subject: ("user", user.id().as_uuid()),
            request_id: operator.request_id(),
            details: json!({}),
        };
        work.audit().record(&created.entry(&*self.ports.ids, now)).await?;
        work.commit().await?;
        Ok(user.id())
    }
}
