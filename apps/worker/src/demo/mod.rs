//! `demo`: an organization to look at, made through the services that everybody uses.
//!
//! The definitions and texts are data ([`catalogue`], [`stories`]); the values are made by a seeded generator
//! ([`series`]) and go in as a French CSV file through the import, so that the demo walks the path of a real one.

mod catalogue;
mod fill;
mod guide;
mod plan;
mod series;
mod stories;

use crate::commands::lookup;
use crate::{Answer, CommandError};
use guide::{Figures, Standing};
use vigie_action_plans::ActionFilter;
use vigie_auth::{AuthError, Caller, ClientInfo, Login, SecretText, SignUp, SignedUp};
use vigie_composition::{App, SignupMode};
use vigie_kernel::{OrganizationId, PageRequest, TenantContext};
use vigie_kpis::OverviewQuery;

/// Name of the organization.
const NAME: &str = "Démo";
/// Its slug, by which a second run knows it.
const SLUG: &str = "demo";
/// Who owns it.
const EMAIL: &str = "demo@example.org";
/// The documented password of the demo's owner: for trying out on one's own machine only.
const PASSWORD: &str = "Tableau-Cuivre-2026";
/// What the audit trail and the log call the command.
const REQUEST: &str = "cli-demo";

/// Makes the organization unless it is there, and tells how to look at it.
pub(crate) async fn demo(app: &App) -> Result<Answer, CommandError> {
    let known = lookup(app, SLUG).await?;
    let (standing, tenant) = match known {
        None => (Standing::Created, Some(sign_up(app).await?)),
        Some(organization) => match log_in(app, organization).await? {
            // A command that was stopped in the middle left it without actions, which are written last.
            Some(tenant) if is_unfinished(app, &tenant).await? => (Standing::Finished, Some(tenant)),
            tenant => (Standing::There, tenant),
        },
    };
    let figures = match &tenant {
        Some(tenant) => {
            if standing != Standing::There {
                fill::fill(app, tenant).await?;
            }
            Some(figures(app, tenant).await?)
        }
        None => None,
    };
    Ok(guide::answer(standing, figures.as_ref(), app.config.http.bind))
}

async fn sign_up(app: &App) -> Result<TenantContext, CommandError> {
    let command = SignUp {
        organization_name: NAME.to_owned(),
        organization_slug: Some(SLUG.to_owned()),
        full_name: "Camille Démo".to_owned(),
        email: EMAIL.to_owned(),
        password: SecretText::new(PASSWORD),
        locale: Some("fr".to_owned()),
    };
    if app.config.auth.signup != SignupMode::Open {
        return Err(AuthError::SignupClosed.into());
    }
    let SignedUp::Done(signed_in) = app.auth.sign_up(command, &client()).await? else {
        return Err(AuthError::SignupClosed.into());
    };
    // The command acts as a job does; nobody needs the session that the sign-up opened.
    end_session(app, signed_in.access_token.expose()).await?;
    let organization = signed_in.organization.ok_or(AuthError::NotAMember)?;
    Ok(app.auth.context_for(organization.id, signed_in.user.id, REQUEST).await?)
}

/// The context of the demo's owner; `None` when the organization is not, or not any more, the one that this command made.
async fn log_in(app: &App, organization: OrganizationId) -> Result<Option<TenantContext>, CommandError> {
    let command = Login {
        email: EMAIL.to_owned(),
        password: SecretText::new(PASSWORD),
        organization: Some(organization),
    };
    match app.auth.login(command, &client()).await {
        Ok(signed_in) => {
            end_session(app, signed_in.access_token.expose()).await?;
            Ok(Some(app.auth.context_for(organization, signed_in.user.id, REQUEST).await?))
        }
        Err(AuthError::InvalidCredentials) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn end_session(app: &App, token: &str) -> Result<(), CommandError> {
    let caller: Caller = app.auth.authenticate(token, None, REQUEST).await?;
    Ok(app.auth.logout(&caller).await?)
}

fn client() -> ClientInfo {
    ClientInfo { user_agent: Some("vigie-worker".to_owned()), network: None, request_id: REQUEST.to_owned() }
}

async fn is_unfinished(app: &App, tenant: &TenantContext) -> Result<bool, CommandError> {
    let one = PageRequest { limit: 1, after: None };
    Ok(app.actions.actions(tenant, &ActionFilter::default(), &one).await?.items.is_empty())
}

async fn figures(app: &App, tenant: &TenantContext) -> Result<Figures, CommandError> {
    let overview = app.reporting.overview(tenant, OverviewQuery::default()).await?;
    let all = overview.organization;
    let counts = all.roll_up.counts;
    Ok(Figures {
        organization: tenant.organization(),
        processes: overview.processes.len(),
        dashboards: overview.dashboards.len(),
        kpis: all.kpis,
        green: counts.green,
        orange: counts.orange,
        red: counts.red,
        no_data: counts.no_data,
        stale: counts.stale,
        open_actions: all.actions.open,
        late_actions: all.actions.late,
        red_without_action: all.red_without_action,
    })
}
