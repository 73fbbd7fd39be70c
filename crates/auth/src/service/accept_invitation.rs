//! Accepting an invitation.

use super::access::context;
use super::invitations::locked_in;
use super::open_session::{Bearer, Place};
use super::sign_up::MAX_NAME;
use crate::audit::Deed;
use crate::password::check_length;
use crate::{
    AcceptInvitation, Auth, AuthError, ClientInfo, IdentityWork, InvitationSnapshot, MemberProfile,
    Membership, OneTimeSecret, OrganizationSummary, PasswordContext, PasswordHash, SignedIn, TokenPurpose,
    User, Verdict, check_password,
};
use chrono::{DateTime, Utc};
use serde_json::json;
use vigie_kernel::{Entitlements, FieldErrors, required_text};

/// Who accepts.
enum Guest {
    /// Somebody with an account, whose password was right.
    Known(Box<User>),
    /// Somebody new.
    New { full_name: String, password: PasswordHash },
}

impl Auth {
    pub(super) async fn do_accept_invitation(
        &self,
        command: AcceptInvitation,
        client: &ClientInfo,
    ) -> Result<SignedIn, AuthError> {
        let secret = OneTimeSecret::parse(TokenPurpose::Invitation, command.token.expose())
            .ok_or(AuthError::TokenNotGood)?;
        let hash = secret.hash();
        // Looked at before a password is hashed, which is what costs; used up only with the membership's row.
        let mut reads = self.ports.store.read().await?;
        let found = reads.invitation_by_token(&hash, self.ports.clock.now()).await?;
        drop(reads);
        let (invitation, organization) = found.ok_or(AuthError::TokenNotGood)?;
        if let Some(refusal) = organization.refusal() {
            return Err(refusal.into());
        }
        let guest = self.recognise(&command, invitation.snapshot(), &organization, client).await?;

        let now = self.ports.clock.now();
        let mut work = self.ports.store.begin().await?;
        let organization = locked_in(&mut *work, organization.id).await?;
        let invitation = work.invitations().consume(&hash, now).await?.ok_or(AuthError::TokenNotGood)?;
        let invitation = invitation.snapshot();
        // The invitation held a place of its own: only members count against it.
        work.organizations().seats(organization.id, now).await?.require_one_for_invited()?;
        let (user, is_new) = self.account_in(&mut *work, guest, invitation, now).await?;
        let role = invitation.role;
        let membership = Membership::new(self.ports.ids.next(), user.id(), organization.id, role, now);
        work.memberships().insert(&membership).await?;
        let joined = Deed {
            actor: Some(user.id()),
            action: "member.joined",
            subject: ("invitation", invitation.id.as_uuid()),
            request_id: &client.request_id,
            details: json!({
                "organization": organization.id, "user": user.id(), "role": role.name(), "account_created": is_new,
            }),
        };
        work.audit().record(&joined.entry(&*self.ports.ids, now)).await?;
        let place = Place { organization: organization.clone(), role, authorization_version: 1 };
        let bearer = Bearer { user: user.summary(), place: Some(place) };
        let (session, refresh) = self.open_session_in(&mut *work, &bearer, client, None, now).await?;
        let answer = self.signed_in(bearer, session, &refresh, now)?;
        self.project_in(&mut *work, organization.id, user.id(), &client.request_id, now).await?;
        work.commit().await?;
        let full_name = user.snapshot().full_name.clone();
        let profile = MemberProfile { user: user.id(), full_name, role, active: true };
        let all = Entitlements::UNLIMITED;
        let tenant = context(&organization, user.id(), role, all, &client.request_id);
        if let Err(error) = self.ports.members.put(&tenant, &profile).await {
            // The job of the transaction does it later.
            tracing::warn!(organization.id = %organization.id, %error, "the member's profile waits for its job");
        }
        Ok(answer)
    }

    /// The account that the address has, by its password; otherwise what a new one is made of.
    async fn recognise(
        &self,
        command: &AcceptInvitation,
        invitation: &InvitationSnapshot,
        organization: &OrganizationSummary,
        client: &ClientInfo,
    ) -> Result<Guest, AuthError> {
        check_length("password", command.password.expose()).map_err(FieldErrors::from)?;
        let key = self.ports.pseudonyms.pseudonym(invitation.email.key());
        if let Some(user) = self.look_up(&invitation.email, &key).await? {
            // A platform administrator is no member of any organization.
            if !user.snapshot().is_active || user.snapshot().is_platform_admin {
                return Err(AuthError::TokenNotGood);
            }
            let stored = Some(&user.snapshot().password_hash);
            return match self.ports.hasher.verify(&command.password, stored).await? {
                Verdict::Match { .. } => Ok(Guest::Known(Box::new(user))),
                Verdict::Mismatch | Verdict::Unusable => {
                    self.refuse(&key, Some(&user), client).await?;
                    Err(AuthError::InvalidCredentials)
                }
            };
        }
        let mut errors = FieldErrors::new();
        let given = command.full_name.as_deref().or(invitation.full_name.as_deref()).unwrap_or_default();
        let full_name = errors.keep(required_text("full_name", given, MAX_NAME));
        let named = PasswordContext {
            email: Some(&invitation.email),
            organization_name: Some(&organization.name),
            organization_slug: Some(organization.slug.as_str()),
        };
        let min = self.policy.min_password_chars;
        errors.keep(check_password("password", command.password.expose(), min, named));
        let Some(full_name) = full_name.filter(|_| errors.is_empty()) else { return Err(errors.into()) };
        Ok(Guest::New { full_name, password: self.ports.hasher.hash(&command.password).await? })
    }

    /// The account in the transaction, and whether it is a new one. Whoever has the token has the address.
    async fn account_in(
        &self,
        work: &mut dyn IdentityWork,
        guest: Guest,
        invitation: &InvitationSnapshot,
        now: DateTime<Utc>,
    ) -> Result<(User, bool), AuthError> {
        match guest {
            Guest::Known(known) => {
                let locked = work.users().find_for_update(known.id()).await?;
                // The password was compared outside the transaction: it must still be the same one, as the address must.
                let mut user = locked
                    .filter(|user| {
                        let (is, was) = (user.snapshot(), known.snapshot());
                        is.is_active
                            && is.password_hash == was.password_hash
                            && is.email.key() == was.email.key()
                    })
                    .ok_or(AuthError::InvalidCredentials)?;
                if user.verify_email(now) {
                    work.users().update(&user).await?;
                }
                Ok((user, false))
            }
            Guest::New { full_name, password } => {
                let (id, email) = (self.ports.ids.next(), invitation.email.clone());
                let mut user = User::new(id, email, full_name, password, None, now);
                user.note_verified(now);
                work.users().insert(&user).await?;
                Ok((user, true))
            }
        }
    }
}
