//! The table: one case for each operation of the document.

use reqwest::Method;
use serde_json::{Value, json};

/// What an operation is done with, and by whom.
pub(super) struct Case {
    /// The `operationId` in the document.
    pub(super) operation: &'static str,
    pub(super) method: Method,
    /// The path; `{kpi}` and the like stand for things of the world below.
    pub(super) path: &'static str,
    pub(super) body: Body,
    pub(super) who: Who,
}

pub(super) enum Body {
    None,
    Json(fn() -> Value),
    File,
}

/// Whom an operation lets in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Who {
    /// Everybody, without a token.
    Public,
    /// Everybody who is logged in; it is about himself.
    Anybody,
    /// Platform administrators, and no member of an organization.
    PlatformAdmins,
    /// Every member of the organization.
    Members,
    /// Owners.
    Owners,
    /// Administrators and those above them.
    Admins,
    /// Administrators and those above them, and members about themselves.
    AdminsAndOwn,
    /// Managers and those above them.
    Managers,
    /// Managers and those above them, and members for what is their own.
    ManagersAndOwn,
    /// The author alone.
    Author,
    /// Whoever started it, and managers and those above them; it is hidden from others.
    StarterAndManagers,
    /// Whoever received it; it is hidden from others, managers included.
    Recipient,
}

const fn case(operation: &'static str, method: Method, path: &'static str, body: Body, who: Who) -> Case {
    Case { operation, method, path, body, who }
}

fn kpi_body() -> Value {
    json!({"name": "Taux de rebut", "frequency": "MONTHLY", "direction": "DOWN_IS_BETTER", "unit": "%"})
}

/// One case for each operation of the document.
pub(super) const ACCESS_CASES: &[Case] = &[
    case("health_live", Method::GET, "/health/live", Body::None, Who::Public),
    case("health_ready", Method::GET, "/health/ready", Body::None, Who::Public),
    case("auth_signup", Method::POST, "/auth/signup", Body::Json(sign_up_body), Who::Public),
    case("auth_register", Method::POST, "/auth/register", Body::Json(sign_up_body), Who::Public),
    case(
        "auth_login",
        Method::POST,
        "/auth/login",
        Body::Json(|| json!({"email": "{email}", "password": "{password}"})),
        Who::Public,
    ),
    case(
        "auth_refresh",
        Method::POST,
        "/auth/refresh",
        Body::Json(|| json!({"refresh_token": "{refresh_token}"})),
        Who::Public,
    ),
    case(
        "auth_reset_password",
        Method::POST,
        "/auth/reset-password",
        Body::Json(|| json!({"token": "{set_password}", "new_password": "{password}"})),
        Who::Public,
    ),
    case("auth_forgot_password", Method::POST, "/auth/forgot-password", Body::Json(address), Who::Public),
    case(
        "auth_resend_verification",
        Method::POST,
        "/auth/resend-verification-email",
        Body::Json(address),
        Who::Public,
    ),
    case(
        "auth_verify_email",
        Method::POST,
        "/auth/verify-email",
        Body::Json(|| json!({"token": "{verify_email}"})),
        Who::Public,
    ),
    case("auth_send_verification", Method::POST, "/auth/send-verification-email", Body::None, Who::Anybody),
    case(
        "auth_change_password",
        Method::POST,
        "/auth/change-password",
        Body::Json(|| json!({"current_password": "{password}", "new_password": "neuf lanternes rouges 17"})),
        Who::Anybody,
    ),
    case(
        "auth_invitation_offer",
        Method::GET,
        "/auth/invitations/{invitation_token}",
        Body::None,
        Who::Public,
    ),
    case(
        "auth_accept_invitation",
        Method::POST,
        "/auth/accept-invitation",
        Body::Json(|| json!({"token": "{invitation_token}", "password": "{password}"})),
        Who::Public,
    ),
    case("member_list", Method::GET, "/user/organizations/me/users", Body::None, Who::Managers),
    case("member_get", Method::GET, "/user/organizations/me/users/{member}", Body::None, Who::Managers),
    case(
        "member_role_change",
        Method::PATCH,
        "/user/organizations/me/users/{member}/role",
        Body::Json(|| json!({"role": "MANAGER"})),
        Who::Admins,
    ),
    case(
        "member_change",
        Method::PATCH,
        "/user/organizations/me/users/{member}",
        Body::Json(|| json!({"is_active": true})),
        Who::Admins,
    ),
    case(
        "member_remove",
        Method::DELETE,
        "/user/organizations/me/users/{member}",
        Body::None,
        Who::AdminsAndOwn,
    ),
    case(
        "invitation_create",
        Method::POST,
        "/user/organizations/me/users/invite",
        Body::Json(invite_body),
        Who::Managers,
    ),
    case("invitation_list", Method::GET, "/user/organizations/me/invitations", Body::None, Who::Managers),
    case(
        "invitation_resend",
        Method::POST,
        "/user/organizations/me/invitations/{invitation}/resend",
        Body::None,
        Who::Managers,
    ),
    case(
        "invitation_cancel",
        Method::DELETE,
        "/user/organizations/me/invitations/{invitation}",
        Body::None,
        Who::Managers,
    ),
    case(
        "ownership_offer",
        Method::POST,
        "/user/organizations/me/ownership-transfer",
        Body::Json(|| json!({"user_id": "{member}", "current_password": "{password}"})),
        Who::Owners,
    ),
    case(
        "ownership_accept",
        Method::POST,
        "/user/organizations/me/ownership-transfer/accept",
        Body::None,
        Who::Recipient,
    ),
    case("permission_matrix", Method::GET, "/user/permissions", Body::None, Who::Anybody),
    case("auth_public_keys", Method::GET, "/.well-known/jwks.json", Body::None, Who::Public),
    case("auth_session_list", Method::GET, "/auth/sessions", Body::None, Who::Anybody),
    case("auth_session_end", Method::DELETE, "/auth/sessions/{session}", Body::None, Who::Recipient),
    case("auth_session_end_others", Method::DELETE, "/auth/sessions", Body::None, Who::Anybody),
    case(
        "auth_switch_organization",
        Method::POST,
        "/auth/switch-organization",
        Body::Json(|| json!({"organization_id": "{organization}"})),
        Who::Anybody,
    ),
    case("auth_logout", Method::POST, "/auth/logout", Body::None, Who::Anybody),
    case("auth_logout_all", Method::POST, "/auth/logout-all", Body::None, Who::Anybody),
    case("auth_me", Method::GET, "/auth/me", Body::None, Who::Anybody),
    case("user_me", Method::GET, "/user/me", Body::None, Who::Anybody),
    case("organization_me", Method::GET, "/user/organizations/me", Body::None, Who::Anybody),
    case("notification_list", Method::GET, "/user/notifications", Body::None, Who::Anybody),
    case(
        "notification_unread_count",
        Method::GET,
        "/user/notifications/unread-count",
        Body::None,
        Who::Anybody,
    ),
    case("notification_read_all", Method::POST, "/user/notifications/read-all", Body::None, Who::Anybody),
    case(
        "notification_read",
        Method::POST,
        "/user/notifications/{notification}/read",
        Body::None,
        Who::Recipient,
    ),
    case("organization_modules", Method::GET, "/user/organizations/me/modules", Body::None, Who::Anybody),
    case("organization_usage", Method::GET, "/user/organizations/me/usage", Body::None, Who::Anybody),
    case(
        "admin_module_set",
        Method::PATCH,
        "/admin/organizations/{organization}/modules/imports",
        Body::Json(|| json!({"enabled": true})),
        Who::PlatformAdmins,
    ),
    case(
        "dashboard_create",
        Method::POST,
        "/dashboards",
        Body::Json(|| json!({"title": "Atelier"})),
        Who::Anybody,
    ),
    case("dashboard_list", Method::GET, "/dashboards", Body::None, Who::Anybody),
    case("dashboard_get", Method::GET, "/dashboards/{dashboard}", Body::None, Who::Members),
    case(
        "dashboard_change",
        Method::PATCH,
        "/dashboards/{dashboard}",
        Body::Json(|| json!({"title": "Ligne 2"})),
        Who::ManagersAndOwn,
    ),
    case(
        "dashboard_delete",
        Method::DELETE,
        "/dashboards/{empty_dashboard}",
        Body::None,
        Who::ManagersAndOwn,
    ),
    case(
        "kpi_define",
        Method::POST,
        "/dashboards/{dashboard}/kpis",
        Body::Json(kpi_body),
        Who::ManagersAndOwn,
    ),
    case("kpi_list", Method::GET, "/dashboards/{dashboard}/kpis", Body::None, Who::Members),
    case("kpi_get", Method::GET, "/kpis/{kpi}", Body::None, Who::Members),
    case(
        "kpi_change",
        Method::PATCH,
        "/kpis/{kpi}",
        Body::Json(|| json!({"critical": true})),
        Who::ManagersAndOwn,
    ),
    case("kpi_delete", Method::DELETE, "/kpis/{empty_kpi}", Body::None, Who::ManagersAndOwn),
    case("threshold_list", Method::GET, "/kpis/{kpi}/thresholds", Body::None, Who::Members),
    case(
        "threshold_set",
        Method::POST,
        "/kpis/{kpi}/thresholds",
        Body::Json(|| json!({"threshold_green": 96, "threshold_orange": 91})),
        Who::ManagersAndOwn,
    ),
    case(
        "kpi_recompute",
        Method::POST,
        "/kpis/{kpi}/recompute",
        Body::Json(|| json!({"from": "2025-01"})),
        Who::Managers,
    ),
    case("kpi_series", Method::GET, "/kpis/{kpi}/series", Body::None, Who::Members),
    case("value_list", Method::GET, "/kpis/{kpi}/values", Body::None, Who::Members),
    case(
        "value_add",
        Method::POST,
        "/kpis/{empty_kpi}/values",
        Body::Json(|| json!({"period": "2025-03", "value": "91.5"})),
        Who::ManagersAndOwn,
    ),
    case("value_get", Method::GET, "/kpis/{kpi}/values/2025-01", Body::None, Who::Members),
    case(
        "value_put",
        Method::PUT,
        "/kpis/{kpi}/values/2025-01",
        Body::Json(|| json!({"value": 92})),
        Who::ManagersAndOwn,
    ),
    case("value_revisions", Method::GET, "/kpis/{kpi}/values/2025-01/revisions", Body::None, Who::Members),
    case("value_delete", Method::DELETE, "/kpis/{kpi}/values/2025-01", Body::None, Who::ManagersAndOwn),
    case("closing_get", Method::GET, "/periods/closing", Body::None, Who::Anybody),
    case(
        "closing_put",
        Method::PUT,
        "/periods/closing",
        Body::Json(|| json!({"frequency": "WEEKLY", "closed_through": "2020-12-31"})),
        Who::Managers,
    ),
    case(
        "action_create",
        Method::POST,
        "/kpis/{kpi}/actions",
        Body::Json(|| json!({"title": "Former les équipes"})),
        Who::Members,
    ),
    case("action_list_of_kpi", Method::GET, "/kpis/{kpi}/actions", Body::None, Who::Members),
    case("action_list", Method::GET, "/actions", Body::None, Who::Anybody),
    case("action_get", Method::GET, "/actions/{action}", Body::None, Who::Members),
    case(
        "action_change",
        Method::PATCH,
        "/actions/{action}",
        Body::Json(|| json!({"progress": 10})),
        Who::ManagersAndOwn,
    ),
    case(
        "comment_write_on_action",
        Method::POST,
        "/actions/{action}/comments",
        Body::Json(|| json!({"content": "Vu."})),
        Who::Members,
    ),
    case("comment_list_of_action", Method::GET, "/actions/{action}/comments", Body::None, Who::Members),
    case("action_delete", Method::DELETE, "/actions/{action}", Body::None, Who::Managers),
    case(
        "comment_write_on_kpi",
        Method::POST,
        "/kpis/{kpi}/comments",
        Body::Json(|| json!({"content": "Vu."})),
        Who::Members,
    ),
    case("comment_list_of_kpi", Method::GET, "/kpis/{kpi}/comments", Body::None, Who::Members),
    case(
        "comment_change",
        Method::PATCH,
        "/comments/{comment}",
        Body::Json(|| json!({"content": "Revu."})),
        Who::Author,
    ),
    case("comment_delete", Method::DELETE, "/comments/{comment}", Body::None, Who::ManagersAndOwn),
    case("import_start", Method::POST, "/imports/kpi-values", Body::File, Who::Anybody),
    case("import_list", Method::GET, "/imports/jobs", Body::None, Who::Anybody),
    case("import_get", Method::GET, "/imports/jobs/{import}", Body::None, Who::StarterAndManagers),
    case("import_events", Method::GET, "/imports/jobs/{import}/events", Body::None, Who::StarterAndManagers),
    case(
        "import_rejected",
        Method::GET,
        "/imports/jobs/{import}/rejected.csv",
        Body::None,
        Who::StarterAndManagers,
    ),
    case(
        "import_cancel",
        Method::POST,
        "/imports/jobs/{running_import}/cancel",
        Body::None,
        Who::StarterAndManagers,
    ),
    case("reporting_overview", Method::GET, "/reporting/overview", Body::None, Who::Anybody),
    case(
        "backup_request",
        Method::POST,
        "/admin/organizations/{organization}/backups",
        Body::None,
        Who::PlatformAdmins,
    ),
    case(
        "backup_list",
        Method::GET,
        "/admin/organizations/{organization}/backups",
        Body::None,
        Who::PlatformAdmins,
    ),
    case("reporting_top_risks", Method::GET, "/reporting/top-risks", Body::None, Who::Anybody),
    case("admin_organization_list", Method::GET, "/admin/organizations", Body::None, Who::PlatformAdmins),
    case(
        "admin_organization_create",
        Method::POST,
        "/admin/organizations",
        Body::Json(creation_body),
        Who::PlatformAdmins,
    ),
    case(
        "admin_organization_get",
        Method::GET,
        "/admin/organizations/{organization}",
        Body::None,
        Who::PlatformAdmins,
    ),
    case(
        "admin_organization_change",
        Method::PATCH,
        "/admin/organizations/{organization}",
        Body::Json(|| json!({"name": "Usine du Sud"})),
        Who::PlatformAdmins,
    ),
    case(
        "admin_operation_list",
        Method::GET,
        "/admin/organizations/{organization}/operations",
        Body::None,
        Who::PlatformAdmins,
    ),
    case(
        "admin_operation_get",
        Method::GET,
        "/admin/operations/{operation}",
        Body::None,
        Who::PlatformAdmins,
    ),
    case("admin_migration_list", Method::GET, "/admin/migrations", Body::None, Who::PlatformAdmins),
    case(
        "admin_migration_get",
        Method::GET,
        "/admin/migrations/{migration}",
        Body::None,
        Who::PlatformAdmins,
    ),
];

fn invite_body() -> Value {
    let number = vigie_test_support::unique();
    json!({"email": format!("guest{number}@example.org"), "role": "USER"})
}

fn address() -> Value {
    json!({"email": "{email}"})
}

fn creation_body() -> Value {
    let number = vigie_test_support::unique();
    json!({
        "name": "Nouvelle", "slug": format!("new-{number}"), "admin_email": format!("new{number}@example.org"),
    })
}

fn sign_up_body() -> Value {
    let number = vigie_test_support::unique();
    json!({
        "organization_name": format!("Organisation {number}"), "full_name": "Camille Martin",
        "email": format!("signup{number}@example.org"), "password": "{password}",
    })
}
