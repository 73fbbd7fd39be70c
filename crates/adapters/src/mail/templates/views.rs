//! What the templates see.

use super::words;
use askama::Template;
use vigie_kernel::Locale;
use vigie_notifications::mail::{
    AccountExists, Branding, InviteUser, MailContent, NewDevice, NotificationMail, OrganizationNews,
    OrganizationUpdate, PasswordChanged, ResetPassword, SubjectLine, VerifyEmail,
};

/// The product's name, where no organization gives its own.
const PRODUCT: &str = "Vigie";

/// What every mail has.
pub(super) struct Frame<'a> {
    lang: &'static str,
    subject: &'a str,
    preheader: String,
    brand: &'a str,
    organization: Option<&'a str>,
    colour: String,
    on_colour: String,
    logo: Option<&'a str>,
    copy_link: &'static str,
}

impl<'a> Frame<'a> {
    pub(super) fn new(
        locale: Locale,
        subject: &'a SubjectLine,
        preheader: String,
        branding: &'a Branding,
    ) -> Self {
        let organization = branding.organization().map(vigie_notifications::mail::Line::as_str);
        Self {
            lang: locale.code(),
            subject: subject.as_str(),
            preheader,
            brand: organization.unwrap_or(PRODUCT),
            organization,
            colour: branding.colour().to_string(),
            on_colour: branding.colour().text_on().to_string(),
            logo: branding.logo().map(vigie_notifications::mail::LogoUrl::as_str),
            copy_link: words::copy_link(locale),
        }
    }
}

/// What is said in words of the reader's language; empty where the mail has nothing of the sort.
#[derive(Default)]
pub(super) struct Said<'a> {
    valid_for: String,
    at: String,
    role: &'static str,
    paragraphs: Vec<Vec<&'a str>>,
}

impl<'a> Said<'a> {
    pub(super) fn new(content: &'a MailContent, locale: Locale) -> Self {
        let none = Self::default();
        match content {
            MailContent::InviteUser(invitation) => Self {
                valid_for: words::span(invitation.valid_for, locale),
                role: words::role(invitation.role, locale),
                ..none
            },
            MailContent::VerifyEmail(mail) => Self { valid_for: words::span(mail.valid_for, locale), ..none },
            MailContent::ResetPassword(mail) => {
                Self { valid_for: words::span(mail.valid_for, locale), ..none }
            }
            MailContent::PasswordChanged(mail) => Self { at: words::moment(mail.at, locale), ..none },
            MailContent::NewDevice(mail) => Self { at: words::moment(mail.at, locale), ..none },
            MailContent::OrganizationUpdate(mail) => match &mail.news {
                OrganizationNews::RoleChanged(role) => Self { role: words::role(*role, locale), ..none },
                OrganizationNews::Removed
                | OrganizationNews::OwnershipOffered { .. }
                | OrganizationNews::OwnershipMoved { .. }
                | OrganizationNews::Suspended { .. }
                | OrganizationNews::Resumed
                | OrganizationNews::Renamed { .. } => none,
            },
            MailContent::Notification(mail) => {
                let lines: Vec<&str> = mail.body.lines().collect();
                let paragraphs = lines.split(|line| line.trim().is_empty());
                let paragraphs = paragraphs.filter(|lines| !lines.is_empty()).map(<[&str]>::to_vec);
                Self { paragraphs: paragraphs.collect(), ..none }
            }
            MailContent::AccountExists(_) => none,
        }
    }
}

/// The four templates of a kind, and which of them a reader gets.
macro_rules! kind {
    ($module:ident, $content:ty, $fr_html:tt, $fr_text:tt, $en_html:tt, $en_text:tt) => {
        #[allow(dead_code, reason = "not every template says everything")]
        mod $module {
            #[allow(unused_imports, reason = "one of the kinds matches on it")]
            use super::{
                AccountExists, Frame, InviteUser, Locale, NewDevice, NotificationMail, OrganizationNews,
                OrganizationUpdate, PasswordChanged, ResetPassword, Said, Template, VerifyEmail,
            };

            #[derive(Template)]
            #[template(path = $fr_html)]
            struct FrenchHtml<'a> {
                f: &'a Frame<'a>,
                c: &'a $content,
                x: &'a Said<'a>,
            }

            #[derive(Template)]
            #[template(path = $fr_text)]
            struct FrenchText<'a> {
                f: &'a Frame<'a>,
                c: &'a $content,
                x: &'a Said<'a>,
            }

            #[derive(Template)]
            #[template(path = $en_html)]
            struct EnglishHtml<'a> {
                f: &'a Frame<'a>,
                c: &'a $content,
                x: &'a Said<'a>,
            }

            #[derive(Template)]
            #[template(path = $en_text)]
            struct EnglishText<'a> {
                f: &'a Frame<'a>,
                c: &'a $content,
                x: &'a Said<'a>,
            }

            pub(super) fn render(
                c: &$content,
                locale: Locale,
                f: &Frame<'_>,
                x: &Said<'_>,
            ) -> askama::Result<(String, String)> {
                match locale {
                    Locale::Fr => Ok((FrenchHtml { f, c, x }.render()?, FrenchText { f, c, x }.render()?)),
                    Locale::En => Ok((EnglishHtml { f, c, x }.render()?, EnglishText { f, c, x }.render()?)),
                }
            }
        }
    };
}

kind!(
    invite_user,
    InviteUser,
    "mail/fr/invite_user.html",
    "mail/fr/invite_user.txt",
    "mail/en/invite_user.html",
    "mail/en/invite_user.txt"
);
kind!(
    verify_email,
    VerifyEmail,
    "mail/fr/verify_email.html",
    "mail/fr/verify_email.txt",
    "mail/en/verify_email.html",
    "mail/en/verify_email.txt"
);
kind!(
    account_exists,
    AccountExists,
    "mail/fr/account_exists.html",
    "mail/fr/account_exists.txt",
    "mail/en/account_exists.html",
    "mail/en/account_exists.txt"
);
kind!(
    reset_password,
    ResetPassword,
    "mail/fr/reset_password.html",
    "mail/fr/reset_password.txt",
    "mail/en/reset_password.html",
    "mail/en/reset_password.txt"
);
kind!(
    password_changed,
    PasswordChanged,
    "mail/fr/password_changed.html",
    "mail/fr/password_changed.txt",
    "mail/en/password_changed.html",
    "mail/en/password_changed.txt"
);
kind!(
    organization_update,
    OrganizationUpdate,
    "mail/fr/organization_update.html",
    "mail/fr/organization_update.txt",
    "mail/en/organization_update.html",
    "mail/en/organization_update.txt"
);
kind!(
    new_device,
    NewDevice,
    "mail/fr/new_device.html",
    "mail/fr/new_device.txt",
    "mail/en/new_device.html",
    "mail/en/new_device.txt"
);
kind!(
    notification,
    NotificationMail,
    "mail/fr/notification.html",
    "mail/fr/notification.txt",
    "mail/en/notification.html",
    "mail/en/notification.txt"
);

/// HTML and text.
pub(super) fn render(
    content: &MailContent,
    locale: Locale,
    f: &Frame<'_>,
    x: &Said<'_>,
) -> askama::Result<(String, String)> {
    match content {
        MailContent::InviteUser(c) => invite_user::render(c, locale, f, x),
        MailContent::VerifyEmail(c) => verify_email::render(c, locale, f, x),
        MailContent::AccountExists(c) => account_exists::render(c, locale, f, x),
        MailContent::ResetPassword(c) => reset_password::render(c, locale, f, x),
        MailContent::PasswordChanged(c) => password_changed::render(c, locale, f, x),
        MailContent::OrganizationUpdate(c) => organization_update::render(c, locale, f, x),
        MailContent::NewDevice(c) => new_device::render(c, locale, f, x),
        MailContent::Notification(c) => notification::render(c, locale, f, x),
    }
}
