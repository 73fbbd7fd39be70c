//! The API document, the access cases and the permission matrix say the same.

use super::cases::{ACCESS_CASES, Who};
use crate::common::server;
use serde_json::{Value, json};
use std::collections::HashMap;
use vigie_auth::{PERMISSION_ROWS, PermissionRow};
use vigie_kernel::Role;

/// What the document says that each operation asks for; none for a public one.
fn permissions() -> HashMap<String, Option<String>> {
    let document = serde_json::to_value(vigie_api::openapi()).unwrap();
    let items =
        document["paths"].as_object().unwrap().values().flat_map(|item| item.as_object().unwrap().values());
    items
        .filter_map(|operation| {
            let name = operation["operationId"].as_str()?.to_owned();
            Some((name, operation["x-permission"].as_str().map(str::to_owned)))
        })
        .collect()
}

/// Whether a case lets in whom the row lets in. What is one's own is narrower than the permission, never wider.
fn agrees(who: Who, permission: Option<&str>) -> bool {
    let Some(permission) = permission else { return who == Who::Public };
    let row = PERMISSION_ROWS.iter().find(|row| row.permission.name() == permission);
    let (platform, roles): (bool, &[Role]) = match row {
        Some(PermissionRow { platform_admin, roles, .. }) => (*platform_admin, roles),
        None if permission == "login" => (false, &Role::ALL),
        None => return false,
    };
    match who {
        Who::Public => false,
        Who::PlatformAdmins => platform,
        Who::Owners => !platform && roles == [Role::Owner],
        Who::Admins => !platform && roles == [Role::Owner, Role::Admin],
        Who::Managers => !platform && roles == [Role::Owner, Role::Admin, Role::Manager],
        Who::Anybody
        | Who::Members
        | Who::AdminsAndOwn
        | Who::ManagersAndOwn
        | Who::Author
        | Who::StarterAndManagers
        | Who::Recipient => !platform && roles == Role::ALL,
    }
}

#[test]
fn every_operation_lets_in_whom_the_matrix_lets_in() {
    let permissions = permissions();
    let differ: Vec<String> = ACCESS_CASES
        .iter()
        .filter(|case| !agrees(case.who, permissions[case.operation].as_deref()))
        .map(|case| format!("{}: {:?}", case.operation, permissions[case.operation]))
        .collect();
    assert!(differ.is_empty(), "{}", differ.join("\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_matrix_is_shown_to_everybody_with_what_he_holds() {
    let server = server().await;
    let owner = server.sign_up("Atelier Nord").await;
    let manager = server.member(&owner, Role::Manager).await;
    let admin = server.platform_admin().await;
    let of = |shown: &Value, name: &str| {
        shown["items"].as_array().unwrap().iter().find(|row| row["permission"] == name).unwrap().clone()
    };
    let shown = manager.client.get("/user/permissions").await.expect(200);
    assert_eq!(shown["items"].as_array().unwrap().len(), PERMISSION_ROWS.len());
    let manage = of(&shown, "member:manage");
    assert_eq!((&manage["roles"], &manage["held"]), (&json!(["OWNER", "ADMIN"]), &json!(false)));
    assert_eq!(of(&shown, "member:list")["held"], true);
    let shown = admin.client.get("/user/permissions").await.expect(200);
    assert_eq!(
        (&of(&shown, "platform:admin")["held"], &of(&shown, "dashboard:read")["held"]),
        (&json!(true), &json!(false))
    );
}
