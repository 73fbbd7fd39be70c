use super::*;
use vigie_kernel::{InvitationId, PageRequest, TenantContext};

const OWNER: &str = "jean@example.org";
const GUEST: &str = "marie@example.org";

pub(super) async fn tenant(world: &World, signed_in: &SignedIn) -> TenantContext {
    let Caller::Member(member) = world.caller(signed_in).await.unwrap() else { panic!("a member") };
    member.tenant
}

fn invite(email: &str, role: Role) -> Invite {
    Invite { email: email.to_owned(), role, full_name: Some("Marie Curie".to_owned()) }
}

async fn mailed(world: &World) -> MailToken {
    let mut sent = world.deliver().await;
    assert_eq!(sent.len(), 1, "{sent:?}");
    assert_eq!(sent[0].kind, MailKind::Invitation);
    sent.remove(0).token.unwrap()
}

async fn accept(world: &World, token: &MailToken, password: &str) -> Result<SignedIn, AuthError> {
    let command =
        AcceptInvitation { token: token.text.clone(), full_name: None, password: SecretText::new(password) };
    world.auth.accept_invitation(command, &client()).await
}

#[tokio::test]
async fn somebody_new_accepts_and_is_in_with_the_role_that_was_offered() {
    let world = World::new();
    let jean = world.sign_up("Paris", OWNER).await;
    let paris = tenant(&world, &jean).await;
    world.auth.invite(&paris, invite(GUEST, Role::Manager)).await.unwrap();
    let mail = world.deliver().await.remove(0);
    assert_eq!(
        (mail.recipient.as_str(), mail.role, mail.by.as_deref()),
        (GUEST, Some(Role::Manager), Some("Jean Martin"))
    );
    assert_eq!(mail.organization.unwrap().name, "Paris");
    let token = mail.token.unwrap();
    let offer = world.auth.invitation_offer(&token.text).await.unwrap();
    assert_eq!((offer.organization.slug.as_str(), offer.has_account), ("paris", false));

    let weak = accept(&world, &token, "passwordpassword").await.unwrap_err();
    assert_eq!(codes(&weak), ["password: password_common"]);
    let marie = accept(&world, &token, PASSWORD).await.unwrap();
    assert_eq!((marie.role, marie.user.full_name.as_str()), (Some(Role::Manager), "Marie Curie"));
    assert!(marie.user.email_verified_at.is_some(), "who reads the mail has the address");
    world.caller(&marie).await.unwrap();
    let again = accept(&world, &token, PASSWORD).await;
    assert!(matches!(again, Err(AuthError::TokenNotGood)));
    assert!(world.store.audited().await.contains(&"member.joined"));
    assert_eq!(world.members.profiles().last().unwrap().1.role, Role::Manager);
}

#[tokio::test]
async fn somebody_with_an_account_accepts_with_his_own_password() {
    let world = World::new();
    let jean = world.sign_up("Paris", OWNER).await;
    world.sign_up("Lyon", GUEST).await;
    let paris = tenant(&world, &jean).await;
    world.auth.invite(&paris, invite(GUEST, Role::User)).await.unwrap();
    let token = mailed(&world).await;
    assert!(world.auth.invitation_offer(&token.text).await.unwrap().has_account);
    let wrong = accept(&world, &token, "not the password").await;
    assert!(matches!(wrong, Err(AuthError::InvalidCredentials)));
    let marie = accept(&world, &token, PASSWORD).await.unwrap();
    assert_eq!(organization_of(&marie), organization_of(&jean));
    assert_eq!(world.store.state().await.users.len(), 2);
}

#[tokio::test]
async fn an_address_is_invited_once_at_a_time_and_no_member_is() {
    let world = World::new();
    let jean = world.sign_up("Paris", OWNER).await;
    let paris = tenant(&world, &jean).await;
    world.auth.invite(&paris, invite(GUEST, Role::User)).await.unwrap();
    let twice = world.auth.invite(&paris, invite("MARIE@example.org", Role::User)).await;
    assert!(matches!(twice, Err(AuthError::AlreadyInvited)));
    let member = world.auth.invite(&paris, invite(OWNER, Role::User)).await;
    assert!(matches!(member, Err(AuthError::AlreadyMember)));
    world.later(72 * 3600);
    world.auth.invite(&paris, invite(GUEST, Role::User)).await.unwrap();
    let pending = world.auth.invitations(&paris, &PageRequest::default()).await.unwrap();
    assert_eq!(pending.items.len(), 1);
}

#[tokio::test]
async fn a_cancelled_an_expired_and_an_older_token_are_good_for_nothing() {
    let world = World::new();
    let jean = world.sign_up("Paris", OWNER).await;
    let paris = tenant(&world, &jean).await;
    let id = world.auth.invite(&paris, invite(GUEST, Role::User)).await.unwrap().snapshot().id;
    let first = mailed(&world).await;
    let again = world.auth.resend_invitation(&paris, id).await.unwrap();
    assert_eq!(again.snapshot().sent_count, 2);
    let second = mailed(&world).await;
    assert!(matches!(accept(&world, &first, PASSWORD).await, Err(AuthError::TokenNotGood)));
    world.later(72 * 3600);
    assert!(matches!(accept(&world, &second, PASSWORD).await, Err(AuthError::TokenNotGood)));
    world.auth.resend_invitation(&paris, id).await.unwrap();
    let third = mailed(&world).await;
    world.auth.cancel_invitation(&paris, id).await.unwrap();
    assert!(matches!(accept(&world, &third, PASSWORD).await, Err(AuthError::TokenNotGood)));
    let gone = world.auth.cancel_invitation(&paris, id).await;
    assert!(matches!(gone, Err(AuthError::InvitationNotFound)));
    assert!(world.deliver().await.is_empty());
}

#[tokio::test]
async fn each_role_invites_those_below_it() {
    let world = World::new();
    world.sign_up("Paris", OWNER).await;
    let mut contexts = Vec::new();
    for (role, email) in
        [(Role::Admin, "a@example.org"), (Role::Manager, "m@example.org"), (Role::User, "u@example.org")]
    {
        world.join("paris", email, role).await.unwrap();
        contexts.push(tenant(&world, &world.log_in(email).await.unwrap()).await);
    }
    let [admin, manager, user] = &contexts[..] else { panic!("three") };
    let mut number = 0;
    let mut tried = async |who: &TenantContext, role: Role| {
        number += 1;
        world.auth.invite(who, invite(&format!("guest{number}@example.org"), role)).await
    };
    for role in [Role::Owner, Role::Admin] {
        assert!(matches!(tried(admin, role).await, Err(AuthError::RoleNotAllowed)), "{role:?}");
    }
    tried(admin, Role::Manager).await.unwrap();
    tried(admin, Role::User).await.unwrap();
    assert!(matches!(tried(manager, Role::User).await, Err(AuthError::RoleNotAllowed)));
    assert!(matches!(tried(user, Role::User).await, Err(AuthError::Denied(_))));
    world
        .store
        .change(|state| {
            for organization in state.organizations.values_mut() {
                organization.settings.managers_invite = true;
            }
        })
        .await;
    tried(manager, Role::User).await.unwrap();
    assert!(matches!(tried(manager, Role::Manager).await, Err(AuthError::RoleNotAllowed)));
}

#[tokio::test]
async fn invitations_hold_places_and_who_was_invited_has_his() {
    let world = World::new();
    let jean = world.sign_up("Paris", OWNER).await;
    let paris = tenant(&world, &jean).await;
    world.store.change(|state| state.max_members = Some(2)).await;
    world.auth.invite(&paris, invite(GUEST, Role::User)).await.unwrap();
    let token = mailed(&world).await;
    let full = world.auth.invite(&paris, invite("autre@example.org", Role::User)).await;
    assert!(matches!(full, Err(AuthError::LimitReached(_))));
    accept(&world, &token, PASSWORD).await.unwrap();
}

#[tokio::test]
async fn an_organization_knows_only_its_own_invitations() {
    let world = World::new();
    let paris = tenant(&world, &world.sign_up("Paris", OWNER).await).await;
    let lyon = tenant(&world, &world.sign_up("Lyon", "autre@example.org").await).await;
    let id = world.auth.invite(&paris, invite(GUEST, Role::User)).await.unwrap().snapshot().id;
    for unknown in [id, InvitationId::from(uuid::Uuid::nil())] {
        let refused = world.auth.resend_invitation(&lyon, unknown).await;
        assert!(matches!(refused, Err(AuthError::InvitationNotFound)));
    }
    assert!(world.auth.invitations(&lyon, &PageRequest::default()).await.unwrap().items.is_empty());
}

#[tokio::test]
async fn a_copy_that_may_send_nothing_keeps_its_mails_for_later() {
    let world = World::new();
    let jean = world.sign_up("Paris", OWNER).await;
    let paris = tenant(&world, &jean).await;
    world.auth.invite(&paris, invite(GUEST, Role::User)).await.unwrap();
    let mail = world.store.take_mails().await[0];
    let set = async |paused: bool| {
        world
            .store
            .change(|state| {
                for organization in state.organizations.values_mut() {
                    organization.settings.outgoing_paused = paused;
                }
            })
            .await;
    };
    set(true).await;
    assert!(matches!(world.auth.prepare_mail(mail, "job").await.unwrap(), MailOrder::Paused));
    set(false).await;
    assert!(matches!(world.auth.prepare_mail(mail, "job").await.unwrap(), MailOrder::Send(_)));
}
