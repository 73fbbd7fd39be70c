//! Words of the reader's language that are no template: subjects, times, roles.

use chrono::{DateTime, Datelike, FixedOffset, Timelike};
use std::time::Duration;
use vigie_kernel::{Locale, Role};
use vigie_notifications::mail::{MailContent, OrganizationNews};

/// How much of a name stands in a subject.
const NAME_IN_SUBJECT: usize = 80;

const FRENCH_MONTHS: [&str; 12] = [
    "janvier",
    "février",
    "mars",
    "avril",
    "mai",
    "juin",
    "juillet",
    "août",
    "septembre",
    "octobre",
    "novembre",
    "décembre",
];
const ENGLISH_MONTHS: [&str; 12] = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
];

/// The subject. Names are cut in it; the title of a notification is not.
pub(super) fn subject(content: &MailContent, locale: Locale) -> String {
    let fr = locale == Locale::Fr;
    let say = |french: &str, english: &str| if fr { french.to_owned() } else { english.to_owned() };
    match content {
        MailContent::InviteUser(mail) => {
            let organization = mail.organization.shortened(NAME_IN_SUBJECT);
            if fr {
                format!("Invitation à rejoindre {organization} sur Vigie")
            } else {
                format!("Invitation to join {organization} on Vigie")
            }
        }
        MailContent::VerifyEmail(_) => say("Confirmez votre adresse e-mail", "Confirm your e-mail address"),
        MailContent::AccountExists(_) => {
            say("Vous avez déjà un compte Vigie", "You already have a Vigie account")
        }
        MailContent::ResetPassword(_) => say("Votre nouveau mot de passe", "Your new password"),
        MailContent::PasswordChanged(_) => {
            say("Votre mot de passe a été changé", "Your password was changed")
        }
        MailContent::OrganizationUpdate(mail) => {
            let organization = mail.organization.shortened(NAME_IN_SUBJECT);
            let what = match (&mail.news, fr) {
                (OrganizationNews::RoleChanged(_), true) => "votre rôle a changé",
                (OrganizationNews::RoleChanged(_), false) => "your role has changed",
                (OrganizationNews::Removed, true) => "vous n’en êtes plus membre",
                (OrganizationNews::Removed, false) => "you are no longer a member",
                (OrganizationNews::OwnershipOffered { .. }, true) => "une proposition pour vous",
                (OrganizationNews::OwnershipOffered { .. }, false) => "an offer for you",
                (OrganizationNews::OwnershipMoved { .. }, true) => "nouveau propriétaire",
                (OrganizationNews::OwnershipMoved { .. }, false) => "new owner",
                (OrganizationNews::Suspended { .. }, true) => "accès suspendu",
                (OrganizationNews::Suspended { .. }, false) => "access suspended",
                (OrganizationNews::Resumed, true) => "accès rétabli",
                (OrganizationNews::Resumed, false) => "access open again",
                (OrganizationNews::Renamed { .. }, true) => "nouveau nom",
                (OrganizationNews::Renamed { .. }, false) => "new name",
            };
            format!("{organization}{} {what}", if fr { " :" } else { ":" })
        }
        MailContent::NewDevice(_) => say("Nouvelle connexion à votre compte", "New log-in to your account"),
        MailContent::Notification(mail) => mail.title.as_str().to_owned(),
    }
}

/// The line that lists of mails show behind the subject.
pub(super) fn preheader(content: &MailContent, locale: Locale) -> String {
    let say = |french: &str, english: &str| match locale {
        Locale::Fr => french.to_owned(),
        Locale::En => english.to_owned(),
    };
    let span = |valid_for| span(valid_for, locale);
    match content {
        MailContent::InviteUser(mail) => match locale {
            Locale::Fr => format!("Une invitation pour vous, valable {}.", span(mail.valid_for)),
            Locale::En => format!("An invitation for you, good for {}.", span(mail.valid_for)),
        },
        MailContent::VerifyEmail(mail) => match locale {
            Locale::Fr => format!("Un clic suffit. Lien valable {}.", span(mail.valid_for)),
            Locale::En => format!("One click will do. Link good for {}.", span(mail.valid_for)),
        },
        MailContent::AccountExists(_) => {
            say("Rien n’a été créé ni changé.", "Nothing was created or changed.")
        }
        MailContent::ResetPassword(mail) => match locale {
            Locale::Fr => format!("Lien valable {}.", span(mail.valid_for)),
            Locale::En => format!("Link good for {}.", span(mail.valid_for)),
        },
        MailContent::PasswordChanged(_) | MailContent::NewDevice(_) => {
            say("Si c’était vous, il n’y a rien à faire.", "If it was you, there is nothing to do.")
        }
        MailContent::OrganizationUpdate(_) => say("Un changement vous concerne.", "A change concerns you."),
        MailContent::Notification(mail) => {
            let first = mail.body.lines().map(str::trim).find(|line| !line.is_empty()).unwrap_or_default();
            first.chars().take(140).collect()
        }
    }
}

/// What stands above a link that is written out.
pub(super) const fn copy_link(locale: Locale) -> &'static str {
    match locale {
        Locale::Fr => "Si le bouton ne répond pas, copiez cette adresse dans votre navigateur :",
        Locale::En => "If the button does not respond, copy this address into your browser:",
    }
}

/// A role, as it stands behind « comme » or “as”.
pub(super) const fn role(role: Role, locale: Locale) -> &'static str {
    match (role, locale) {
        (Role::Owner, Locale::Fr) => "propriétaire",
        (Role::Owner, Locale::En) => "an owner",
        (Role::Admin, Locale::Fr) => "administrateur",
        (Role::Admin, Locale::En) => "an administrator",
        (Role::Manager, Locale::Fr) => "manager",
        (Role::Manager, Locale::En) => "a manager",
        (Role::User, Locale::Fr) => "membre",
        (Role::User, Locale::En) => "a member",
    }
}

/// A time, in whole days, hours or minutes, never longer than it is and never less than a minute.
pub(super) fn span(time: Duration, locale: Locale) -> String {
    let minutes = time.as_secs() / 60;
    let hours = minutes / 60;
    let fr = locale == Locale::Fr;
    let (count, one, many) = if hours >= 48 && hours.is_multiple_of(24) {
        (hours / 24, if fr { "jour" } else { "day" }, if fr { "jours" } else { "days" })
    } else if minutes >= 120 || minutes == 60 {
        (hours, if fr { "heure" } else { "hour" }, if fr { "heures" } else { "hours" })
    } else {
        (minutes.max(1), "minute", "minutes")
    };
    format!("{count} {}", if count == 1 { one } else { many })
}

/// An instant by the reader's clock.
pub(super) fn moment(at: DateTime<FixedOffset>, locale: Locale) -> String {
    let month = usize::try_from(at.month0()).unwrap_or_default();
    let (day, year, hour, minute) = (at.day(), at.year(), at.hour(), at.minute());
    let zone = match at.offset().local_minus_utc() {
        0 => "UTC".to_owned(),
        _ => format!("UTC{}", at.offset()),
    };
    match locale {
        Locale::Fr => {
            let month = FRENCH_MONTHS.get(month).copied().unwrap_or_default();
            let day = if day == 1 { "1er".to_owned() } else { day.to_string() };
            format!("{day} {month} {year} à {hour:02}:{minute:02} ({zone})")
        }
        Locale::En => {
            let month = ENGLISH_MONTHS.get(month).copied().unwrap_or_default();
            format!("{day} {month} {year} at {hour:02}:{minute:02} ({zone})")
        }
    }
}
