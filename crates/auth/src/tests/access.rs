use super::*;
use vigie_kernel::Permission;

const EMAIL: &str = "jean@example.org";

async fn named(world: &World, signed_in: &SignedIn, id: OrganizationId) -> Result<Caller, AuthError> {
    world.auth.authenticate(signed_in.access_token.expose(), Some(id), "req-9").await
}

#[tokio::test]
async fn a_member_gets_the_key_to_his_organization() {
    let world = World::new();
    let signed_in = world.sign_up("Paris", EMAIL).await;
    let Caller::Member(member) = named(&world, &signed_in, organization_of(&signed_in)).await.unwrap() else {
        panic!("a member");
    };
    assert_eq!(member.tenant.organization(), organization_of(&signed_in));
    assert_eq!(member.tenant.actor(), signed_in.user.id);
    assert_eq!(member.tenant.request_id(), "req-9");
    assert!(member.tenant.may(Permission::AuditRead));
}

#[tokio::test]
async fn a_token_with_another_organization_named_is_as_bad_as_a_forged_one() {
    let world = World::new();
    let paris = world.sign_up("Paris", EMAIL).await;
    let lyon = organization_of(&world.sign_up("Lyon", "autre@example.org").await);
    let foreign = named(&world, &paris, lyon).await.unwrap_err();
    let forged = world.auth.authenticate("plain|forged", None, "req").await.unwrap_err();
    assert!(matches!(foreign, AuthError::InvalidToken) && matches!(forged, AuthError::InvalidToken));
}

#[tokio::test]
async fn an_access_token_ends() {
    let world = World::new();
    let signed_in = world.sign_up("Paris", EMAIL).await;
    world.later(signed_in.expires_in - 1);
    world.caller(&signed_in).await.unwrap();
    world.later(2);
    assert!(matches!(world.caller(&signed_in).await, Err(AuthError::InvalidToken)));
}

#[tokio::test]
async fn the_live_role_decides_within_a_second() {
    let world = World::new();
    world.sign_up("Paris", EMAIL).await;
    world.join("paris", "marie@example.org", Role::Admin).await.unwrap();
    let marie = world.log_in("marie@example.org").await.unwrap();
    let Caller::Member(before) = world.caller(&marie).await.unwrap() else { panic!("a member") };
    assert!(before.tenant.may(Permission::DashboardChange));
    set_membership(&world, &marie, |m| m.role = Role::User).await;
    world.later(1);
    let Caller::Member(after) = world.caller(&marie).await.unwrap() else { panic!("a member") };
    assert!(!after.tenant.may(Permission::DashboardChange));
    set_membership(&world, &marie, |m| m.active = false).await;
    world.later(1);
    assert!(matches!(world.caller(&marie).await, Err(AuthError::InvalidToken)));
}

async fn set_membership(world: &World, who: &SignedIn, change: impl Fn(&mut MembershipSnapshot)) {
    world
        .store
        .change(|state| {
            for membership in state.memberships.values_mut() {
                if membership.snapshot().user_id == who.user.id {
                    let mut snapshot = membership.snapshot().clone();
                    change(&mut snapshot);
                    *membership = Membership::restore(snapshot);
                }
            }
        })
        .await;
}

#[tokio::test]
async fn a_closed_organization_says_why_within_a_second() {
    let world = World::new();
    let signed_in = world.sign_up("Paris", EMAIL).await;
    world.caller(&signed_in).await.unwrap();
    for (status, refusal) in [
        (OrganizationStatus::Suspended, OrganizationRefusal::Suspended { reason: None }),
        (OrganizationStatus::Provisioning, OrganizationRefusal::Provisioning),
        (OrganizationStatus::Archived, OrganizationRefusal::Archived),
        (OrganizationStatus::Failed, OrganizationRefusal::Failed),
        (OrganizationStatus::Deleted, OrganizationRefusal::Unknown),
    ] {
        world.store.set_status(organization_of(&signed_in), status).await;
        world.later(1);
        let answer = world.caller(&signed_in).await;
        assert!(matches!(&answer, Err(AuthError::Organization(why)) if *why == refusal), "{answer:?}");
    }
    for status in [OrganizationStatus::Active, OrganizationStatus::Migrating, OrganizationStatus::ReadOnly] {
        world.store.set_status(organization_of(&signed_in), status).await;
        world.later(1);
        world.caller(&signed_in).await.unwrap();
    }
}

#[tokio::test]
async fn a_platform_administrator_gets_no_key_to_an_organization() {
    let world = World::new();
    let paris = organization_of(&world.sign_up("Paris", EMAIL).await);
    let admin = CreatePlatformAdmin {
        email: "root@example.org".to_owned(),
        full_name: "Root".to_owned(),
        password: SecretText::new(PASSWORD),
    };
    world.auth.create_platform_admin(&operator(), admin).await.unwrap();
    let signed_in = world.log_in("root@example.org").await.unwrap();
    for caller in [world.caller(&signed_in).await.unwrap(), named(&world, &signed_in, paris).await.unwrap()] {
        assert!(
            matches!(caller, Caller::PlatformAdmin(admin) if admin.operator.actor() == Some(signed_in.user.id))
        );
    }
}

#[tokio::test]
async fn a_job_acts_with_the_permissions_of_now() {
    let world = World::new();
    world.sign_up("Paris", EMAIL).await;
    world.join("paris", "marie@example.org", Role::Manager).await.unwrap();
    let marie = world.log_in("marie@example.org").await.unwrap();
    let (paris, id) = (organization_of(&marie), marie.user.id);
    let context = world.auth.context_for(paris, id, "job-1").await.unwrap();
    assert!(context.may(Permission::ImportManage));
    set_membership(&world, &marie, |m| m.role = Role::User).await;
    let context = world.auth.context_for(paris, id, "job-1").await.unwrap();
    assert!(!context.may(Permission::ImportManage));
    world.store.set_status(paris, OrganizationStatus::Suspended).await;
    let answer = world.auth.context_for(paris, id, "job-1").await;
    assert!(matches!(answer, Err(AuthError::Organization(OrganizationRefusal::Suspended { .. }))));
    set_membership(&world, &marie, |m| m.active = false).await;
    assert!(matches!(world.auth.context_for(paris, id, "job-1").await, Err(AuthError::NotAMember)));
}

#[tokio::test]
async fn what_goes_on_beyond_a_request_is_asked_about_again() {
    let world = World::new();
    world.sign_up("Paris", EMAIL).await;
    world.join("paris", "marie@example.org", Role::Admin).await.unwrap();
    let marie = world.log_in("marie@example.org").await.unwrap();
    let caller = world.caller(&marie).await.unwrap();
    // Longer than the access token lives: the session counts.
    world.later(3600);
    set_membership(&world, &marie, |m| m.role = Role::User).await;
    let Caller::Member(later) = world.auth.still_in(&caller).await.unwrap() else { panic!("a member") };
    assert_eq!((later.tenant.role(), later.tenant.request_id()), (Role::User, "req-9"));
    assert!(!later.tenant.may(Permission::DashboardChange));

    set_membership(&world, &marie, |m| m.active = false).await;
    world.later(1);
    assert!(matches!(world.auth.still_in(&caller).await, Err(AuthError::InvalidToken)));
    set_membership(&world, &marie, |m| m.active = true).await;
    world.later(1);
    world.store.set_status(organization_of(&marie), OrganizationStatus::Suspended).await;
    assert!(matches!(world.auth.still_in(&caller).await, Err(AuthError::Organization(_))));
    world.store.set_status(organization_of(&marie), OrganizationStatus::Active).await;
    world.later(1);
    world.auth.logout(&caller).await.unwrap();
    assert!(matches!(world.auth.still_in(&caller).await, Err(AuthError::InvalidToken)));
}
