use super::invitations::tenant;
use super::*;
use vigie_kernel::{PageRequest, Permission, TenantContext, UserId};

const OWNER: &str = "jean@example.org";

struct Team {
    world: World,
    owner: SignedIn,
}

impl Team {
    async fn new() -> Self {
        let world = World::new();
        let owner = world.sign_up("Paris", OWNER).await;
        Self { world, owner }
    }

    async fn member(&self, email: &str, role: Role) -> (UserId, SignedIn) {
        let user = self.world.join("paris", email, role).await.unwrap().user;
        (user, self.world.log_in(email).await.unwrap())
    }

    async fn of(&self, who: &SignedIn) -> TenantContext {
        tenant(&self.world, who).await
    }

    async fn change(&self, who: &SignedIn, user: UserId, role: Role) -> Result<Member, AuthError> {
        let command = ChangeRole { user, role, expected_version: None };
        self.world.auth.change_role(&self.of(who).await, command).await
    }

    async fn remove(&self, who: &SignedIn, user: UserId) -> Result<(), AuthError> {
        self.world.auth.remove_member(&self.of(who).await, user).await
    }
}

#[tokio::test]
async fn a_changed_role_counts_at_the_next_call() {
    let team = Team::new().await;
    let (user, marie) = team.member("marie@example.org", Role::User).await;
    assert!(!team.of(&marie).await.may(Permission::DashboardChange));
    let changed = team.change(&team.owner, user, Role::Manager).await.unwrap();
    assert_eq!(changed.role, Role::Manager);
    assert!(team.of(&marie).await.may(Permission::DashboardChange));
    team.change(&team.owner, user, Role::User).await.unwrap();
    assert!(!team.of(&marie).await.may(Permission::DashboardChange));
    assert_eq!(team.world.members.profiles().last().unwrap().1.role, Role::User);
    let stale = ChangeRole { user, role: Role::Admin, expected_version: Some(1) };
    let stale = team.world.auth.change_role(&team.of(&team.owner).await, stale).await;
    assert!(matches!(stale, Err(AuthError::ChangedMeanwhile)));
}

#[tokio::test]
async fn an_administrator_touches_no_owner_and_no_administrator() {
    let team = Team::new().await;
    let (_, admin) = team.member("admin@example.org", Role::Admin).await;
    let (other, _) = team.member("other@example.org", Role::Admin).await;
    let (user, _) = team.member("user@example.org", Role::User).await;
    for target in [team.owner.user.id, other] {
        let refused = team.change(&admin, target, Role::User).await;
        assert!(matches!(refused, Err(AuthError::RoleNotAllowed)));
        assert!(matches!(team.remove(&admin, target).await, Err(AuthError::RoleNotAllowed)));
        let off = SetMemberActive { user: target, active: false, expected_version: None };
        let off = team.world.auth.set_member_active(&team.of(&admin).await, off).await;
        assert!(matches!(off, Err(AuthError::RoleNotAllowed)));
    }
    for role in [Role::Owner, Role::Admin] {
        let refused = team.change(&admin, user, role).await;
        assert!(matches!(refused, Err(AuthError::RoleNotAllowed)), "{role:?}");
    }
    team.change(&admin, user, Role::Manager).await.unwrap();
    team.remove(&admin, user).await.unwrap();
}

#[tokio::test]
async fn the_last_owner_stays() {
    let team = Team::new().await;
    let jean = team.owner.user.id;
    assert!(matches!(team.remove(&team.owner, jean).await, Err(AuthError::LastOwner)));
    let demoted = team.change(&team.owner, jean, Role::User).await;
    assert!(matches!(demoted, Err(AuthError::LastOwner)));
    let (marie, _) = team.member("marie@example.org", Role::Owner).await;
    // An owner who cannot sign in is none.
    team.world
        .store
        .change(|state| {
            let user = state.users.get_mut(&marie).unwrap();
            *user = User::restore(UserSnapshot {
                password_hash: PasswordHash::unset(),
                ..user.snapshot().clone()
            });
        })
        .await;
    assert!(matches!(team.remove(&team.owner, jean).await, Err(AuthError::LastOwner)));
    let (_, paul) = team.member("paul@example.org", Role::Owner).await;
    team.remove(&team.owner, jean).await.unwrap();
    assert!(matches!(team.world.caller(&team.owner).await, Err(AuthError::InvalidToken)));
    team.world.caller(&paul).await.unwrap();
}

#[tokio::test]
async fn a_member_who_is_kept_out_or_removed_is_out_at_once() {
    let team = Team::new().await;
    let (user, marie) = team.member("marie@example.org", Role::User).await;
    team.world.caller(&marie).await.unwrap();
    let owner = team.of(&team.owner).await;
    let set = async |active: bool| {
        let command = SetMemberActive { user, active, expected_version: None };
        team.world.auth.set_member_active(&owner, command).await.unwrap()
    };
    assert!(!set(false).await.active);
    assert!(matches!(team.world.caller(&marie).await, Err(AuthError::InvalidToken)));
    assert!(team.world.refresh(&marie.refresh_token).await.is_err());
    assert!(team.world.log_in("marie@example.org").await.is_err());
    assert!(set(true).await.active);
    let back = team.world.log_in("marie@example.org").await.unwrap();
    team.remove(&team.owner, user).await.unwrap();
    assert!(matches!(team.world.caller(&back).await, Err(AuthError::InvalidToken)));
    assert!(matches!(team.remove(&team.owner, user).await, Err(AuthError::MemberNotFound)));
    assert_eq!(team.world.members.retired(), [(organization_of(&team.owner), user)]);
}

#[tokio::test]
async fn everybody_may_leave() {
    let team = Team::new().await;
    let (user, marie) = team.member("marie@example.org", Role::User).await;
    team.remove(&marie, user).await.unwrap();
    assert!(matches!(team.world.caller(&marie).await, Err(AuthError::InvalidToken)));
    assert!(team.world.store.audited().await.contains(&"member.left"));
}

#[tokio::test]
async fn a_database_that_is_away_gets_the_change_from_a_job() {
    let team = Team::new().await;
    let (user, _) = team.member("marie@example.org", Role::User).await;
    team.world.members.set_broken(true);
    team.change(&team.owner, user, Role::Manager).await.unwrap();
    team.world.members.set_broken(false);
    let jobs = team.world.store.state().await.jobs;
    let job = jobs.iter().find(|(_, job)| job.name == "auth.project-member").unwrap();
    let ProjectMember { organization, user } = serde_json::from_value(job.1.payload.clone()).unwrap();
    team.world.auth.project(organization, user).await.unwrap();
    assert_eq!(team.world.members.profiles().last().unwrap().1.role, Role::Manager);
}

#[tokio::test]
async fn an_organization_is_handed_over_to_who_accepts() {
    let team = Team::new().await;
    let (marie_id, marie) = team.member("marie@example.org", Role::Manager).await;
    let (_, paul) = team.member("paul@example.org", Role::User).await;
    let caller = team.world.caller(&team.owner).await.unwrap();
    let offer =
        |user: UserId, password: &str| OfferOwnership { user, current_password: SecretText::new(password) };
    let wrong = team.world.auth.offer_ownership(&caller, offer(marie_id, "not the password")).await;
    assert_eq!(codes(&wrong.unwrap_err()), ["current_password: password_wrong"]);
    let by_marie = team.world.caller(&marie).await.unwrap();
    let denied = team.world.auth.offer_ownership(&by_marie, offer(marie_id, PASSWORD)).await;
    assert!(matches!(denied, Err(AuthError::Denied(_))));
    team.world.auth.offer_ownership(&caller, offer(marie_id, PASSWORD)).await.unwrap();
    let told = team.world.deliver().await;
    assert_eq!((told[0].kind, told[0].recipient.as_str()), (MailKind::OwnershipOffered, "marie@example.org"));

    let stranger = team.world.auth.accept_ownership(&team.of(&paul).await).await;
    assert!(matches!(stranger, Err(AuthError::OfferNotFound)));
    let now_owner = team.world.auth.accept_ownership(&team.of(&marie).await).await.unwrap();
    assert_eq!(now_owner.role, Role::Owner);
    assert_eq!(team.of(&team.owner).await.role(), Role::Admin);
    let again = team.world.auth.accept_ownership(&team.of(&marie).await).await;
    assert!(matches!(again, Err(AuthError::OfferNotFound)));
}

#[tokio::test]
async fn members_are_listed_with_filters_to_those_who_may() {
    let team = Team::new().await;
    team.member("marie@example.org", Role::Manager).await;
    let (_, user) = team.member("paul@example.org", Role::User).await;
    let list = async |filter: MemberFilter| {
        let owner = team.of(&team.owner).await;
        let page = team.world.auth.members(&owner, &filter, &PageRequest::default()).await.unwrap();
        page.items.into_iter().map(|member| member.email.as_str().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(list(MemberFilter::default()).await.len(), 3);
    let managers = MemberFilter { role: Some(Role::Manager), ..MemberFilter::default() };
    assert_eq!(list(managers).await, ["marie@example.org"]);
    let found = MemberFilter { search: Some("PAUL".to_owned()), ..MemberFilter::default() };
    assert_eq!(list(found).await, ["paul@example.org"]);
    let tenant = team.of(&user).await;
    let denied = team.world.auth.members(&tenant, &MemberFilter::default(), &PageRequest::default()).await;
    assert!(matches!(denied, Err(AuthError::Denied(_))));
}
