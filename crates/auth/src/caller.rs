//! Who a request comes from.

use crate::{OrganizationSummary, UserSummary};
use vigie_kernel::{OperatorContext, OrganizationId, Role, SessionId, TenantContext, UserId};

/// A member acting in one organization.
#[derive(Clone, Debug)]
pub struct MemberCaller {
    /// The key to the organization's data.
    pub tenant: TenantContext,
    /// The session behind the request.
    pub session: SessionId,
    /// The member.
    pub user: UserSummary,
    /// The organization. Its state tells whether writes are allowed.
    pub organization: OrganizationSummary,
}

/// A platform administrator. Opens no organization's data.
#[derive(Clone, Debug)]
pub struct AdminCaller {
    /// The right to operate the platform.
    pub operator: OperatorContext,
    /// The session behind the request.
    pub session: SessionId,
    /// The administrator.
    pub user: UserSummary,
}

/// Who a request comes from.
#[derive(Clone, Debug)]
pub enum Caller {
    /// A member of an organization.
    Member(Box<MemberCaller>),
    /// A platform administrator.
    PlatformAdmin(Box<AdminCaller>),
}

/// What `GET me` shows.
#[derive(Clone, Debug, PartialEq)]
pub struct Profile {
    /// The account.
    pub user: UserSummary,
    /// The role in the organization; `None` for a platform administrator.
    pub role: Option<Role>,
    /// The organization; `None` for a platform administrator.
    pub organization: Option<OrganizationSummary>,
}

impl Caller {
    /// The session behind the request.
    #[must_use]
    pub const fn session(&self) -> SessionId {
        match self {
            Self::Member(member) => member.session,
            Self::PlatformAdmin(admin) => admin.session,
        }
    }

    /// The user who calls.
    #[must_use]
    pub const fn user(&self) -> UserId {
        match self {
            Self::Member(member) => member.user.id,
            Self::PlatformAdmin(admin) => admin.user.id,
        }
    }

    /// The organization that the session is for; `None` for a platform administrator.
    #[must_use]
    pub const fn organization(&self) -> Option<OrganizationId> {
        match self {
            Self::Member(member) => Some(member.organization.id),
            Self::PlatformAdmin(_) => None,
        }
    }

    /// The id of the request.
    #[must_use]
    pub fn request_id(&self) -> &str {
        match self {
            Self::Member(member) => member.tenant.request_id(),
            Self::PlatformAdmin(admin) => admin.operator.request_id(),
        }
    }

    /// The caller's own account, role and organization.
    #[must_use]
    pub fn profile(&self) -> Profile {
        match self {
            Self::Member(member) => Profile {
                user: member.user.clone(),
                role: Some(member.tenant.role()),
                organization: Some(member.organization.clone()),
            },
            Self::PlatformAdmin(admin) => {
                Profile { user: admin.user.clone(), role: None, organization: None }
            }
        }
    }
}
