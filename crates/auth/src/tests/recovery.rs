use super::*;

const EMAIL: &str = "jean@example.org";
const NEW: &str = "quatre boulons dorés 7";

fn choose(token: &MailToken, password: &str) -> SetPassword {
    SetPassword { token: token.text.clone(), new_password: SecretText::new(password) }
}

fn prove(token: &MailToken) -> VerifyEmail {
    VerifyEmail { token: token.text.clone(), organization_slug: None }
}

fn verified() -> World {
    World::under(AuthPolicy { signup: SignupMode::Verified, ..AuthPolicy::default() })
}

async fn one_mail(world: &World) -> PreparedMail {
    let mut sent = world.deliver().await;
    assert_eq!(sent.len(), 1, "{sent:?}");
    sent.remove(0)
}

#[tokio::test]
async fn a_forgotten_password_is_set_by_a_mailed_token_and_the_change_is_told() {
    let world = World::new();
    let before = world.sign_up("Paris", EMAIL).await;
    world.auth.forgot_password("JEAN@example.org", &client()).await.unwrap();
    let mail = one_mail(&world).await;
    assert_eq!(
        (mail.kind, mail.recipient.as_str(), mail.locale.code()),
        (MailKind::ResetPassword, EMAIL, "fr")
    );
    assert_eq!(mail.organization.unwrap().slug.as_str(), "paris");
    let token = mail.token.unwrap();

    for bad in ["short", "passwordpassword", "jean@example.org"] {
        let refused = world.auth.set_password(choose(&token, bad), &client()).await;
        assert!(matches!(refused, Err(AuthError::Invalid(_))), "{bad}: {refused:?}");
    }
    world.auth.set_password(choose(&token, NEW), &client()).await.unwrap();

    assert!(matches!(world.caller(&before).await, Err(AuthError::InvalidToken)));
    assert!(world.refresh(&before.refresh_token).await.is_err());
    let again = world.log_in_with(EMAIL, NEW, None).await.unwrap();
    assert!(again.user.email_verified_at.is_some(), "who reads the mail has the address");
    let told = one_mail(&world).await;
    assert_eq!((told.kind, told.token.is_none()), (MailKind::PasswordChanged, true));
}

#[tokio::test]
async fn each_attempt_at_a_mail_makes_its_own_token_which_ends_after_half_an_hour() {
    let world = World::new();
    world.sign_up("Paris", EMAIL).await;
    world.auth.forgot_password(EMAIL, &client()).await.unwrap();
    let mail = world.store.take_mails().await[0];
    let mut tokens = Vec::new();
    for _ in 0..2 {
        let MailOrder::Send(prepared) = world.auth.prepare_mail(mail, "job").await.unwrap() else {
            panic!("nothing to send")
        };
        tokens.push(prepared.token.unwrap());
    }
    let first = world.auth.set_password(choose(&tokens[0], NEW), &client()).await;
    assert!(matches!(first, Err(AuthError::TokenNotGood)));
    world.later(1800);
    let late = world.auth.set_password(choose(&tokens[1], NEW), &client()).await;
    assert!(matches!(late, Err(AuthError::TokenNotGood)));
}

#[tokio::test]
async fn an_address_without_an_account_costs_a_job_and_gets_no_mail() {
    let world = World::new();
    world.auth.forgot_password("personne@example.org", &client()).await.unwrap();
    let jobs = world.store.state().await.jobs;
    assert_eq!(jobs.len(), 1);
    assert!(!format!("{jobs:?}").contains("personne"));
    assert!(world.deliver().await.is_empty());
}

#[tokio::test]
async fn too_many_mails_to_one_address_are_left_out_without_a_word() {
    let world = World::new();
    world.sign_up("Paris", EMAIL).await;
    world.throttle.set_limit(Some(3));
    for _ in 0..5 {
        world.auth.forgot_password(EMAIL, &client()).await.unwrap();
    }
    assert_eq!(world.deliver().await.len(), 3);
}

#[tokio::test]
async fn jobs_carry_no_address_and_no_token() {
    let world = World::new();
    world.sign_up("Paris", EMAIL).await;
    world.auth.forgot_password(EMAIL, &client()).await.unwrap();
    for (organization, job) in world.store.state().await.jobs {
        assert_eq!((organization, job.lane), (None, vigie_jobs::Lane::Security));
        let payload = job.payload.to_string();
        assert!(!payload.contains('@') && !payload.contains("pr_"), "{payload}");
    }
}

#[tokio::test]
async fn changing_the_password_keeps_this_session_and_ends_the_others() {
    let world = World::new();
    let here = world.sign_up("Paris", EMAIL).await;
    let there = world.log_in(EMAIL).await.unwrap();
    let caller = world.caller(&here).await.unwrap();
    let change = |current: &str, new: &str| ChangePassword {
        current_password: SecretText::new(current),
        new_password: SecretText::new(new),
    };
    for (current, new, code) in [
        ("not the password", NEW, "current_password: password_wrong"),
        (PASSWORD, PASSWORD, "new_password: password_unchanged"),
        (PASSWORD, "footballfootball", "new_password: password_common"),
    ] {
        let error = world.auth.change_password(&caller, change(current, new)).await.unwrap_err();
        assert_eq!(codes(&error), [code]);
    }
    world.auth.change_password(&caller, change(PASSWORD, NEW)).await.unwrap();

    world.caller(&here).await.unwrap();
    world.refresh(&here.refresh_token).await.unwrap();
    assert!(matches!(world.caller(&there).await, Err(AuthError::InvalidToken)));
    assert!(world.log_in(EMAIL).await.is_err());
    world.log_in_with(EMAIL, NEW, None).await.unwrap();
    assert_eq!(one_mail(&world).await.kind, MailKind::PasswordChanged);
    assert!(world.store.audited().await.contains(&"auth.password_changed"));
}

#[tokio::test]
async fn guessing_the_current_password_is_throttled() {
    let world = World::new();
    let caller = world.caller(&world.sign_up("Paris", EMAIL).await).await.unwrap();
    world.throttle.set_limit(Some(5));
    let guess = || ChangePassword {
        current_password: SecretText::new("not the password"),
        new_password: SecretText::new(NEW),
    };
    for _ in 0..5 {
        assert!(matches!(world.auth.change_password(&caller, guess()).await, Err(AuthError::Invalid(_))));
    }
    let verified = world.hasher.verified();
    assert!(matches!(world.auth.change_password(&caller, guess()).await, Err(AuthError::TooMany(_))));
    assert_eq!(world.hasher.verified(), verified);
}

#[tokio::test]
async fn a_sign_up_waits_for_its_mail_and_is_finished_by_it() {
    let world = verified();
    let signed_up = world.auth.sign_up(form("Paris", EMAIL), &client()).await.unwrap();
    assert!(matches!(signed_up, SignedUp::Mailed));
    assert!(world.store.state().await.users.is_empty());
    assert!(world.log_in(EMAIL).await.is_err());

    let mail = one_mail(&world).await;
    assert_eq!((mail.kind, mail.recipient.as_str()), (MailKind::FinishSignUp, EMAIL));
    assert_eq!(mail.name.as_deref(), Some("Jean Martin"));
    let token = mail.token.unwrap();
    let done = world.auth.verify_email(prove(&token), &client()).await.unwrap();
    assert_eq!(done.organization.unwrap().slug.as_str(), "paris");
    let signed_in = world.log_in(EMAIL).await.unwrap();
    assert_eq!(signed_in.role, Some(Role::Owner));
    assert!(signed_in.user.email_verified_at.is_some());
    let again = world.auth.verify_email(prove(&token), &client()).await;
    assert!(matches!(again, Err(AuthError::TokenNotGood)));
}

#[tokio::test]
async fn a_taken_address_is_told_by_mail_alone() {
    let world = verified();
    world.auth.sign_up(form("Paris", EMAIL), &client()).await.unwrap();
    let token = one_mail(&world).await.token.unwrap();
    world.auth.verify_email(prove(&token), &client()).await.unwrap();

    let again = world.auth.sign_up(form("Lyon", EMAIL), &client()).await.unwrap();
    assert!(matches!(again, SignedUp::Mailed));
    let told = one_mail(&world).await;
    assert_eq!((told.kind, told.token.is_none()), (MailKind::AccountExists, true));
    assert_eq!(world.store.state().await.organizations.len(), 1);
}

#[tokio::test]
async fn what_cannot_be_made_leaves_the_token_good() {
    let world = verified();
    world.auth.sign_up(form("Paris", EMAIL), &client()).await.unwrap();
    let mut other = form("Paris", "autre@example.org");
    other.organization_slug = Some("paris".to_owned());
    world.auth.sign_up(other, &client()).await.unwrap();
    let sent = world.deliver().await;
    let [mine, theirs] = [0, 1].map(|at| sent[at].token.clone().unwrap());
    world.provisioning.set_broken(true);
    let failed = world.auth.verify_email(prove(&mine), &client()).await;
    assert!(matches!(failed, Err(AuthError::ProvisioningFailed(_))));
    world.provisioning.set_broken(false);
    world.auth.verify_email(prove(&mine), &client()).await.unwrap();

    let taken = world.auth.verify_email(prove(&theirs), &client()).await;
    assert!(matches!(taken, Err(AuthError::SlugTaken)));
    let renamed = VerifyEmail { organization_slug: Some("paris-nord".to_owned()), ..prove(&theirs) };
    let made = world.auth.verify_email(renamed, &client()).await.unwrap();
    assert_eq!(made.organization.unwrap().slug.as_str(), "paris-nord");
}

#[tokio::test]
async fn an_account_proves_its_address_once() {
    let world = World::new();
    let signed_in = world.sign_up("Paris", EMAIL).await;
    let caller = world.caller(&signed_in).await.unwrap();
    world.auth.send_verification(&caller).await.unwrap();
    let mail = one_mail(&world).await;
    assert_eq!(mail.kind, MailKind::VerifyEmail);
    let done = world.auth.verify_email(prove(&mail.token.unwrap()), &client()).await.unwrap();
    assert_eq!((done.user, done.organization), (signed_in.user.id, None));
    let Caller::Member(me) = world.caller(&signed_in).await.unwrap() else { panic!("a member") };
    assert!(me.user.email_verified_at.is_some());
    world.auth.send_verification(&world.caller(&signed_in).await.unwrap()).await.unwrap();
    assert!(world.store.take_mails().await.is_empty());
}

#[tokio::test]
async fn a_token_proves_the_address_that_it_was_mailed_to_and_no_other() {
    let world = World::new();
    let signed_in = world.sign_up("Paris", EMAIL).await;
    world.auth.send_verification(&world.caller(&signed_in).await.unwrap()).await.unwrap();
    let token = one_mail(&world).await.token.unwrap();
    world
        .store
        .change(|state| {
            let user = state.users.get_mut(&signed_in.user.id).unwrap();
            let email = vigie_kernel::EmailAddress::parse("autre@example.org").unwrap();
            *user = User::restore(UserSnapshot { email, ..user.snapshot().clone() });
        })
        .await;
    let refused = world.auth.verify_email(prove(&token), &client()).await;
    assert!(matches!(refused, Err(AuthError::TokenNotGood)));
}

#[tokio::test]
async fn a_further_mail_is_sent_to_who_waits_for_one_and_to_nobody_else() {
    let world = verified();
    world.auth.sign_up(form("Paris", EMAIL), &client()).await.unwrap();
    let first = one_mail(&world).await.token.unwrap();
    for email in [EMAIL, "personne@example.org"] {
        world.auth.resend_verification(email, &client()).await.unwrap();
    }
    let second = one_mail(&world).await.token.unwrap();
    let old = world.auth.verify_email(prove(&first), &client()).await;
    assert!(matches!(old, Err(AuthError::TokenNotGood)));
    world.auth.verify_email(prove(&second), &client()).await.unwrap();
    world.auth.resend_verification(EMAIL, &client()).await.unwrap();
    assert!(world.deliver().await.is_empty(), "the address is proved");
}

#[tokio::test]
async fn a_used_refresh_token_that_comes_back_is_told_by_mail() {
    let world = World::new();
    let signed_in = world.sign_up("Paris", EMAIL).await;
    world.refresh(&signed_in.refresh_token).await.unwrap();
    world.later(31);
    world.refresh(&signed_in.refresh_token).await.unwrap_err();
    assert_eq!(one_mail(&world).await.kind, MailKind::SessionEnded);
}
