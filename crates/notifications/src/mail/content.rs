//! What a mail says: one struct of variables for each kind.

use super::{Line, MailLink, Paragraphs};
use chrono::{DateTime, FixedOffset};
use std::time::Duration;
use vigie_jobs::Lane;
use vigie_kernel::Role;

/// The kinds of mails.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MailKind {
    /// Somebody is invited into an organization.
    InviteUser,
    /// An address is to be proved.
    VerifyEmail,
    /// Somebody signed up with an address that has an account.
    AccountExists,
    /// A forgotten password is to be replaced.
    ResetPassword,
    /// A password was changed.
    PasswordChanged,
    /// Something changed between a member and his organization.
    OrganizationUpdate,
    /// Somebody logged in from a device that was not seen before.
    NewDevice,
    /// Something of the inbox, or of an administrator.
    Notification,
}

impl MailKind {
    /// Every kind.
    pub const ALL: [Self; 8] = [
        Self::InviteUser,
        Self::VerifyEmail,
        Self::AccountExists,
        Self::ResetPassword,
        Self::PasswordChanged,
        Self::OrganizationUpdate,
        Self::NewDevice,
        Self::Notification,
    ];

    /// The stable name.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::InviteUser => "invite-user",
            Self::VerifyEmail => "verify-email",
            Self::AccountExists => "account-exists",
            Self::ResetPassword => "reset-password",
            Self::PasswordChanged => "password-changed",
            Self::OrganizationUpdate => "organization-update",
            Self::NewDevice => "new-device",
            Self::Notification => "notification",
        }
    }

    /// The lane in which a mail of the kind is sent, unless it goes to many.
    #[must_use]
    pub const fn lane(self) -> Lane {
        match self {
            Self::InviteUser
            | Self::VerifyEmail
            | Self::AccountExists
            | Self::ResetPassword
            | Self::PasswordChanged
            | Self::NewDevice => Lane::Security,
            Self::OrganizationUpdate | Self::Notification => Lane::Transactional,
        }
    }
}

/// What a mail says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MailContent {
    /// [`MailKind::InviteUser`].
    InviteUser(InviteUser),
    /// [`MailKind::VerifyEmail`].
    VerifyEmail(VerifyEmail),
    /// [`MailKind::AccountExists`].
    AccountExists(AccountExists),
    /// [`MailKind::ResetPassword`].
    ResetPassword(ResetPassword),
    /// [`MailKind::PasswordChanged`].
    PasswordChanged(PasswordChanged),
    /// [`MailKind::OrganizationUpdate`].
    OrganizationUpdate(OrganizationUpdate),
    /// [`MailKind::NewDevice`].
    NewDevice(NewDevice),
    /// [`MailKind::Notification`].
    Notification(NotificationMail),
}

impl MailContent {
    /// Its kind.
    #[must_use]
    pub const fn kind(&self) -> MailKind {
        match self {
            Self::InviteUser(_) => MailKind::InviteUser,
            Self::VerifyEmail(_) => MailKind::VerifyEmail,
            Self::AccountExists(_) => MailKind::AccountExists,
            Self::ResetPassword(_) => MailKind::ResetPassword,
            Self::PasswordChanged(_) => MailKind::PasswordChanged,
            Self::OrganizationUpdate(_) => MailKind::OrganizationUpdate,
            Self::NewDevice(_) => MailKind::NewDevice,
            Self::Notification(_) => MailKind::Notification,
        }
    }
}

/// An invitation into an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InviteUser {
    /// Who invites; `None` when it is the platform.
    pub inviter: Option<Line>,
    /// The organization.
    pub organization: Line,
    /// What the reader will be there.
    pub role: Role,
    /// Where he accepts.
    pub link: MailLink,
    /// For how long from now on.
    pub valid_for: Duration,
}

/// A request to prove an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VerifyEmail {
    /// The reader's name.
    pub name: Option<Line>,
    /// Where he proves it.
    pub link: MailLink,
    /// For how long from now on.
    pub valid_for: Duration,
}

/// What the owner of an account reads when somebody signs up with his address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AccountExists {
    /// The reader's name.
    pub name: Option<Line>,
    /// Where he logs in, and asks for another password.
    pub link: MailLink,
}

/// A way to another password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ResetPassword {
    /// The reader's name.
    pub name: Option<Line>,
    /// Where he sets it.
    pub link: MailLink,
    /// For how long from now on.
    pub valid_for: Duration,
}

/// The notice of another password.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PasswordChanged {
    /// The reader's name.
    pub name: Option<Line>,
    /// When, by the reader's clock.
    pub at: DateTime<FixedOffset>,
    /// Where he gets his account back when it was not he: the page of the forgotten password.
    pub link: MailLink,
}

/// The notice of a change between a member and his organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganizationUpdate {
    /// The reader's name.
    pub name: Option<Line>,
    /// The organization.
    pub organization: Line,
    /// What changed.
    pub news: OrganizationNews,
    /// Where he sees more of it.
    pub link: MailLink,
}

/// What changed between a member and his organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OrganizationNews {
    /// He is something else there.
    RoleChanged(Role),
    /// He is no member any more.
    Removed,
    /// He is asked to become its owner.
    OwnershipOffered {
        /// By whom.
        by: Line,
    },
    /// Another is its owner.
    OwnershipMoved {
        /// Who.
        to: Line,
    },
    /// It is locked.
    Suspended {
        /// Why.
        reason: Option<Line>,
    },
    /// It is open again.
    Resumed,
    /// It has another name.
    Renamed {
        /// The one before.
        from: Line,
    },
}

/// The notice of a log-in from a device that was not seen before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewDevice {
    /// The reader's name.
    pub name: Option<Line>,
    /// When, by the reader's clock.
    pub at: DateTime<FixedOffset>,
    /// What the device calls itself.
    pub device: Option<Line>,
    /// From which network address.
    pub address: Option<Line>,
    /// Where he ends that session.
    pub link: MailLink,
}

/// Something that the inbox or an administrator tells.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NotificationMail {
    /// The reader's name.
    pub name: Option<Line>,
    /// What it is about: the subject, too.
    pub title: Line,
    /// What it says.
    pub body: Paragraphs,
    /// What there is to do: what the button says, and where it leads.
    pub action: Option<(Line, MailLink)>,
}
