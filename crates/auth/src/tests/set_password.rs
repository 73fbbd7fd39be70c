use super::*;

fn choose(token: &SecretText, password: &str) -> SetPassword {
    SetPassword { token: token.clone(), new_password: SecretText::new(password) }
}

const NEW: &str = "quatre boulons dorés 7";

#[tokio::test]
async fn a_token_sets_the_password_once_and_ends_every_session() {
    let world = World::new();
    let before = world.sign_up("GMAH Paris", "jean@gmah.fr").await;
    let issued = world.auth.issue_set_password_token(&operator(), "Jean@GMAH.fr").await.unwrap();
    assert!(issued.token.expose().starts_with("pr_"));

    world.auth.set_password(choose(&issued.token, NEW), &client()).await.unwrap();

    assert!(matches!(world.caller(&before).await, Err(AuthError::InvalidToken)));
    assert!(matches!(world.log_in("jean@gmah.fr").await, Err(AuthError::InvalidCredentials)));
    world.log_in_with("jean@gmah.fr", NEW, None).await.unwrap();
    let again = world.auth.set_password(choose(&issued.token, "another one 123"), &client()).await;
    assert!(matches!(again, Err(AuthError::TokenNotGood)));
    let audited = world.store.audited().await;
    assert!(audited.contains(&"auth.set_password_token_issued") && audited.contains(&"auth.password_set"));
}

#[tokio::test]
async fn a_newer_token_makes_the_older_useless_and_each_ends_after_three_days() {
    let world = World::new();
    world.sign_up("GMAH Paris", "jean@gmah.fr").await;
    let first = world.auth.issue_set_password_token(&operator(), "jean@gmah.fr").await.unwrap();
    let second = world.auth.issue_set_password_token(&operator(), "jean@gmah.fr").await.unwrap();
    for token in [&first.token, &SecretText::new("pr_nonsense"), &SecretText::new("")] {
        let refused = world.auth.set_password(choose(token, NEW), &client()).await;
        assert!(matches!(refused, Err(AuthError::TokenNotGood)));
    }
    world.later(72 * 3600);
    let late = world.auth.set_password(choose(&second.token, NEW), &client()).await;
    assert!(matches!(late, Err(AuthError::TokenNotGood)));
    let nobody = world.auth.issue_set_password_token(&operator(), "nobody@gmah.fr").await;
    assert!(matches!(nobody, Err(AuthError::AccountUnknown)));
}

#[tokio::test]
async fn a_bad_password_does_not_use_the_token_up() {
    let world = World::new();
    world.sign_up("GMAH Paris", "jean@gmah.fr").await;
    let issued = world.auth.issue_set_password_token(&operator(), "jean@gmah.fr").await.unwrap();
    for (bad, code) in [("short", "password_too_short"), ("le gmah-paris secret", "password_contains_name")] {
        let error = world.auth.set_password(choose(&issued.token, bad), &client()).await.unwrap_err();
        assert_eq!(codes(&error), [format!("new_password: {code}")]);
    }
    world.auth.set_password(choose(&issued.token, NEW), &client()).await.unwrap();
}
