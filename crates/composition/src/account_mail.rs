//! Sends the mails about accounts: the account says what and to whom, the templates how, the mailer takes it away.

use crate::mail::Mail;
use async_trait::async_trait;
use chrono::{Offset, Utc};
use std::sync::Arc;
use std::time::Duration;
use vigie_auth::{AccountMail, AuthService, MailKind, MailOrder, MailToken, PreparedMail};
use vigie_jobs::{Handle, JobError, JobRun};
use vigie_kernel::{Clock, FieldErrors, Locale, Role};
use vigie_notifications::mail::{
    AccountExists, Branding, InviteUser, Line, LinkError, MailContent, MailLink, NotificationMail,
    OrganizationNews, OrganizationUpdate, OutgoingMail, Paragraphs, PasswordChanged, Recipient,
    ResetPassword, VerifyEmail,
};

/// When a mail is asked for again that may not leave its organization now.
const PAUSED: Duration = Duration::from_mins(1);

/// The handler of [`AccountMail`].
pub(crate) struct AccountMails {
    pub(crate) auth: Arc<dyn AuthService>,
    pub(crate) mail: Mail,
    pub(crate) clock: Arc<dyn Clock>,
}

#[async_trait]
impl Handle<AccountMail> for AccountMails {
    async fn handle(&self, run: &JobRun, job: AccountMail) -> Result<(), JobError> {
        // The token is made here and now: of an attempt that failed nothing is left that could be found.
        let order = self.auth.prepare_mail(job, &run.request_id).await.map_err(JobError::retry)?;
        let prepared = match order {
            MailOrder::Send(prepared) => prepared,
            MailOrder::Paused => return Err(JobError::Later(PAUSED)),
            MailOrder::Drop => return Ok(()),
        };
        let content = self.content(&prepared)?;
        let branding = match &prepared.organization {
            Some(organization) => Branding::of(line("organization", &organization.name)?),
            None => Branding::product(),
        };
        let rendered =
            self.mail.templates.render(&content, prepared.locale, &branding).map_err(JobError::fail)?;
        let to = Recipient { address: prepared.recipient.clone(), name: name(&prepared)? };
        let mail = OutgoingMail::new(run.job.as_uuid(), content.kind(), to, &branding, rendered);
        let lane = content.kind().lane();
        self.mail.mailer.send(&mail).await.map_err(|error| error.into_job_error(lane))?;
        Ok(())
    }
}

impl AccountMails {
    fn content(&self, mail: &PreparedMail) -> Result<MailContent, JobError> {
        let now = self.clock.now();
        Ok(match mail.kind {
            MailKind::ResetPassword => {
                let (link, valid_for) = self.way("/reset-password", mail.token.as_ref())?;
                MailContent::ResetPassword(ResetPassword { name: name(mail)?, link, valid_for })
            }
            MailKind::VerifyEmail | MailKind::FinishSignUp => {
                let (link, valid_for) = self.way("/verify-email", mail.token.as_ref())?;
                MailContent::VerifyEmail(VerifyEmail { name: name(mail)?, link, valid_for })
            }
            MailKind::AccountExists => MailContent::AccountExists(AccountExists {
                name: name(mail)?,
                link: self.page("/forgot-password")?,
            }),
            MailKind::PasswordChanged => MailContent::PasswordChanged(PasswordChanged {
                name: name(mail)?,
                at: now.with_timezone(&Utc.fix()),
                link: self.page("/forgot-password")?,
            }),
            MailKind::SessionEnded => self.session_ended(mail)?,
            MailKind::Invitation => {
                let (link, valid_for) = self.way("/accept-invitation", mail.token.as_ref())?;
                MailContent::InviteUser(InviteUser {
                    inviter: mail.by.as_deref().map(|by| line("inviter", by)).transpose()?,
                    organization: organization(mail)?,
                    role: mail.role.unwrap_or(Role::User),
                    link,
                    valid_for,
                })
            }
            MailKind::OwnershipOffered => MailContent::OrganizationUpdate(OrganizationUpdate {
                name: name(mail)?,
                organization: organization(mail)?,
                news: OrganizationNews::OwnershipOffered {
                    by: line(
                        "by",
                        mail.by.as_deref().ok_or_else(|| JobError::fail("an offer is somebody's"))?,
                    )?,
                },
                link: self.page("/organization")?,
            }),
        })
    }

    /// The link with the token, and for how long it is good.
    fn way(&self, path: &str, token: Option<&MailToken>) -> Result<(MailLink, Duration), JobError> {
        let token = token.ok_or_else(|| JobError::fail("a mail with a link has a token"))?;
        let link = self.mail.links.with_token(path, token.text.expose()).map_err(link_error)?;
        let valid_for = (token.expires_at - self.clock.now()).to_std().unwrap_or(Duration::ZERO);
        Ok((link, valid_for))
    }

    fn page(&self, path: &str) -> Result<MailLink, JobError> {
        self.mail.links.page(path).map_err(link_error)
    }

    fn session_ended(&self, mail: &PreparedMail) -> Result<MailContent, JobError> {
        let (title, body, action) = match mail.locale {
            Locale::Fr => (
                "Une de vos sessions a été fermée",
                "Un jeton de connexion déjà utilisé a été présenté une seconde fois. C'est le signe possible d'une copie : par \
                 précaution, la session a été fermée sur tous ses appareils.\n\nSi vous ne vous l'expliquez pas, changez \
                 votre mot de passe.",
                "Changer de mot de passe",
            ),
            Locale::En => (
                "One of your sessions was closed",
                "A sign-in token that had been used already came back. That may mean that it was copied, so the session was \
                 closed on every device that used it.\n\nIf you cannot explain it, change your password.",
                "Change the password",
            ),
        };
        Ok(MailContent::Notification(NotificationMail {
            name: name(mail)?,
            title: line("title", title)?,
            body: Paragraphs::parse("body", body).map_err(field_errors)?,
            action: Some((line("action", action)?, self.page("/forgot-password")?)),
        }))
    }
}

fn name(mail: &PreparedMail) -> Result<Option<Line>, JobError> {
    mail.name.as_deref().map(|name| line("name", name)).transpose()
}

fn organization(mail: &PreparedMail) -> Result<Line, JobError> {
    let organization =
        mail.organization.as_ref().ok_or_else(|| JobError::fail("a mail of an organization names it"))?;
    line("organization", &organization.name)
}

fn line(field: &'static str, text: &str) -> Result<Line, JobError> {
    Line::parse(field, text).map_err(field_errors)
}

fn field_errors(errors: FieldErrors) -> JobError {
    JobError::fail(errors)
}

fn link_error(error: LinkError) -> JobError {
    JobError::fail(error)
}
