//! Who acts, for which organization: the only key to an organization's data.

use crate::{
    Entitlements, Locale, OrganizationId, Permission, PermissionDenied, PermissionSet, Role, UserId,
};
use chrono::{DateTime, Datelike, NaiveDate, Utc, Weekday};
use chrono_tz::Tz;
use serde::{Deserialize, Serialize};

/// The days of the week on which an organization works, Monday first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct WorkingDays([bool; 7]);

impl Default for WorkingDays {
    /// Monday to Friday.
    fn default() -> Self {
        Self([true, true, true, true, true, false, false])
    }
}

impl WorkingDays {
    /// Working days from a list; `None` when the list is empty, for then nothing would ever be expected.
    #[must_use]
    pub fn try_new(days: &[Weekday]) -> Option<Self> {
        if days.is_empty() {
            return None;
        }
        let mut flags = [false; 7];
        for (flag, day) in flags.iter_mut().zip(ALL_DAYS) {
            *flag = days.contains(&day);
        }
        Some(Self(flags))
    }

    /// Whether the organization works on that date.
    #[must_use]
    pub fn includes(&self, date: NaiveDate) -> bool {
        ALL_DAYS.iter().zip(self.0).any(|(day, works)| works && *day == date.weekday())
    }
}

const ALL_DAYS: [Weekday; 7] =
    [Weekday::Mon, Weekday::Tue, Weekday::Wed, Weekday::Thu, Weekday::Fri, Weekday::Sat, Weekday::Sun];

/// The settings of an organization that decide dates, formats and languages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct OrganizationSettings {
    /// IANA time zone in which "today" is read.
    pub time_zone: Tz,
    /// Language of texts that nobody's own language decides, and of ambiguous dates and numbers in imports.
    pub locale: Locale,
    /// Days on which daily KPIs are expected.
    pub working_days: WorkingDays,
    /// First month of the fiscal year, 1..=12.
    pub fiscal_start_month: u8,
    /// Whether nothing may leave the organization: no mail, no schedule, no call to another system. A copy made from a backup is so
    /// until an operator confirms it; whatever sends asks [`Entitlements::may_send`] first.
    pub outgoing_paused: bool,
    /// Whether managers may invite users.
    pub managers_invite: bool,
}

impl Default for OrganizationSettings {
    fn default() -> Self {
        Self {
            time_zone: chrono_tz::Europe::Paris,
            locale: Locale::Fr,
            working_days: WorkingDays::default(),
            fiscal_start_month: 1,
            outgoing_paused: false,
            managers_invite: false,
        }
    }
}

impl OrganizationSettings {
    /// The date on the organization's wall at that instant.
    #[must_use]
    pub fn today(&self, now: DateTime<Utc>) -> NaiveDate {
        now.with_timezone(&self.time_zone).date_naive()
    }
}

/// A member acting in one organization. Only `auth` and the test support make one.
#[derive(Clone, Debug)]
pub struct TenantContext {
    organization: OrganizationId,
    actor: UserId,
    role: Role,
    permissions: PermissionSet,
    settings: OrganizationSettings,
    entitlements: Entitlements,
    request_id: String,
}

impl TenantContext {
    /// Makes a context. Callers outside `auth` and the test support are refused by a lint.
    #[must_use]
    pub fn new(
        organization: OrganizationId,
        actor: UserId,
        role: Role,
        permissions: PermissionSet,
        settings: OrganizationSettings,
        request_id: String,
    ) -> Self {
        let entitlements = Entitlements::UNLIMITED;
        Self { organization, actor, role, permissions, settings, entitlements, request_id }
    }

    /// The same context with what the organization may have and use; without it there is no limit.
    #[must_use]
    pub fn with_entitlements(self, entitlements: Entitlements) -> Self {
        Self { entitlements, ..self }
    }

    /// The organization whose data this context opens.
    #[must_use]
    pub const fn organization(&self) -> OrganizationId {
        self.organization
    }

    /// The member who acts.
    #[must_use]
    pub const fn actor(&self) -> UserId {
        self.actor
    }

    /// The actor's role in the organization.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }

    /// The actor's permissions in the organization.
    #[must_use]
    pub const fn permissions(&self) -> PermissionSet {
        self.permissions
    }

    /// The organization's settings.
    #[must_use]
    pub const fn settings(&self) -> &OrganizationSettings {
        &self.settings
    }

    /// What the organization may have and use.
    #[must_use]
    pub const fn entitlements(&self) -> &Entitlements {
        &self.entitlements
    }

    /// The id of the request or job that caused what is done.
    #[must_use]
    pub fn request_id(&self) -> &str {
        &self.request_id
    }

    /// The date on the organization's wall at that instant.
    #[must_use]
    pub fn today(&self, now: DateTime<Utc>) -> NaiveDate {
        self.settings.today(now)
    }

    /// Whether the actor holds a permission.
    #[must_use]
    pub const fn may(&self, permission: Permission) -> bool {
        self.permissions.contains(permission)
    }

    /// Refuses an actor who lacks the permission.
    pub const fn require(&self, permission: Permission) -> Result<(), PermissionDenied> {
        if self.may(permission) { Ok(()) } else { Err(PermissionDenied(permission)) }
    }

    /// Refuses an actor who holds neither the general permission nor, for what is his own, the narrower one.
    pub const fn require_or_own(
        &self,
        any: Permission,
        own: Permission,
        is_own: bool,
    ) -> Result<(), PermissionDenied> {
        if self.may(any) || (is_own && self.may(own)) { Ok(()) } else { Err(PermissionDenied(any)) }
    }
}

/// Somebody who operates the platform: a platform administrator or the operator's tool. Opens no organization's data.
#[derive(Clone, Debug)]
pub struct OperatorContext {
    actor: Option<UserId>,
    request_id: String,
}

impl OperatorContext {
    /// Makes a context; `actor` is `None` for the operator's command-line tool.
    #[must_use]
    pub const fn new(actor: Option<UserId>, request_id: String) -> Self {
        Self { actor, request_id }
    }

    /// The platform administrator, or `None` for the command-line tool.
    #[must_use]
    pub const fn actor(&self) -> Option<UserId> {
        self.actor
    }

    /// The id of the request that caused what is done.
    #[must_use]
    pub fn request_id(&self) -> &str {
        &self.request_id
    }
}
