//! `admin` and `member`

use super::{first_line, operator};
use crate::cli::{AdminCreate, MemberAdd};
use crate::{Answer, CommandError};
use serde_json::json;
use std::io::BufRead;
use vigie_auth::{AddMember, CreatePlatformAdmin, SecretText};
use vigie_composition::App;

/// Creates a platform administrator.
pub(super) async fn create_admin(
    app: &App,
    admin: AdminCreate,
    input: impl BufRead,
) -> Result<Answer, CommandError> {
    let password = SecretText::new(first_line(input)?);
    let email = admin.email.trim().to_owned();
    let command = CreatePlatformAdmin { email: admin.email, full_name: admin.full_name, password };
    let user = app.auth.create_platform_admin(&operator(app), command).await?;
    Ok(Answer::new(
        format!("{email} is a platform administrator now ({user})."),
        json!({ "user_id": user, "email": email }),
    ))
}

/// Adds a member to an organization.
pub(super) async fn add_member(
    app: &App,
    member: MemberAdd,
    input: impl BufRead,
) -> Result<Answer, CommandError> {
    let password = SecretText::new(first_line(input)?);
    let email = member.email.trim().to_owned();
    let command = AddMember {
        organization_slug: member.organization.clone(),
        email: member.email,
        full_name: member.full_name,
        role: member.role,
        password,
    };
    let added = app.auth.add_member(&operator(app), command).await?;
    let account = if added.account_created {
        "with a new account"
    } else {
        "with the account and password that there were"
    };
    Ok(Answer::new(
        format!("{email} is {} of {} now, {account}.", member.role.name(), member.organization),
        json!({
            "user_id": added.user,
            "email": email,
            "organization_id": added.organization,
            "role": member.role.name(),
            "account_created": added.account_created,
        }),
    ))
}

/// Gives a token to set a password with.
pub(super) async fn issue_token(app: &App, email: &str) -> Result<Answer, CommandError> {
    let issued = app.auth.issue_set_password_token(&operator(app), email).await?;
    let until = issued.expires_at.format("%Y-%m-%d %H:%M UTC");
    Ok(Answer::new(
        format!(
            "Token to set the password with POST /api/v1/auth/reset-password, good until {until}, shown once:\n{}",
            issued.token.expose()
        ),
        json!({ "user_id": issued.user, "token": issued.token.expose(), "expires_at": issued.expires_at }),
    ))
}
