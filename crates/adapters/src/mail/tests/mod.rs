mod breaker;
mod eml;
mod settings;
mod templates;

use std::time::Duration;
use vigie_kernel::Role;
use vigie_notifications::mail::{
    AccountExists, Branding, InviteUser, Line, MailContent, NewDevice, NotificationMail, OrganizationNews,
    OrganizationUpdate, Paragraphs, PasswordChanged, PublicUrl, ResetPassword, VerifyEmail,
};

pub(super) fn line(text: &str) -> Line {
    Line::parse("line", text).unwrap()
}

pub(super) fn links() -> PublicUrl {
    PublicUrl::try_new(&"https://kpi.example.org".parse().unwrap()).unwrap()
}

pub(super) fn branding() -> Branding {
    Branding::of(line("GMAH Paris"))
}

/// One content of each kind, with the same name wherever somebody wrote one.
pub(super) fn contents(name: &str) -> Vec<MailContent> {
    let organization = || line(name);
    let name = || Some(line(name));
    let token = || links().with_token("/somewhere", "tk_0123456789").unwrap();
    let page = || links().page("/somewhere").unwrap();
    let at = "2026-11-20T14:05:00+01:00".parse().unwrap();
    let update = |news| {
        let link = page();
        MailContent::OrganizationUpdate(OrganizationUpdate {
            name: name(),
            organization: organization(),
            news,
            link,
        })
    };
    vec![
        MailContent::InviteUser(InviteUser {
            inviter: name(),
            organization: organization(),
            role: Role::Manager,
            link: token(),
            valid_for: Duration::from_hours(72),
        }),
        MailContent::VerifyEmail(VerifyEmail {
            name: name(),
            link: token(),
            valid_for: Duration::from_hours(24),
        }),
        MailContent::AccountExists(AccountExists { name: name(), link: page() }),
        MailContent::ResetPassword(ResetPassword {
            name: name(),
            link: token(),
            valid_for: Duration::from_mins(30),
        }),
        MailContent::PasswordChanged(PasswordChanged { name: name(), at, link: page() }),
        MailContent::NewDevice(NewDevice { name: name(), at, device: name(), address: name(), link: page() }),
        MailContent::Notification(NotificationMail {
            name: name(),
            title: line("Un indicateur est passé au rouge"),
            body: Paragraphs::parse("body", "Taux de service\nnovembre 2026\n\nPensez au plan d'action.")
                .unwrap(),
            action: name().map(|label| (label, page())),
        }),
        update(OrganizationNews::RoleChanged(Role::Owner)),
        update(OrganizationNews::Removed),
        update(OrganizationNews::OwnershipOffered { by: organization() }),
        update(OrganizationNews::OwnershipMoved { to: organization() }),
        update(OrganizationNews::Suspended { reason: name() }),
        update(OrganizationNews::Resumed),
        update(OrganizationNews::Renamed { from: organization() }),
    ]
}
