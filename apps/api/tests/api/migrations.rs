//! What platform administrators see of the migrations of all organizations.

use crate::common::server;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use vigie_kernel::OperatorContext;
use vigie_tenancy::{
    FailureBudget, FleetOptions, FleetProgress, MigrationResult, MigrationRun, NoProgress, RunState,
};
use vigie_test_support::{Person, TestServer};

/// Takes an organization's database back to before the last migration. What that made may stay in its way.
async fn age(server: &TestServer, owner: &Person, in_its_way: bool) {
    let drop = if in_its_way { "" } else { "DROP INDEX actions_late_idx;" };
    let sql = format!("{drop} DELETE FROM seaql_migrations WHERE version = 'm20261120_000012_late_actions'");
    server.test.tenant_sql(owner.slug(), &sql).await;
    server.test.set_schema_version(owner.slug(), 9).await;
}

fn slugs(report: &Value) -> Vec<&str> {
    report["results"]["items"].as_array().unwrap().iter().map(|one| one["slug"].as_str().unwrap()).collect()
}

fn sorted<'a>(owners: &[&'a Person]) -> Vec<&'a str> {
    let mut slugs: Vec<_> = owners.iter().map(|owner| owner.slug()).collect();
    slugs.sort_unstable();
    slugs
}

async fn migrate(server: &TestServer, progress: &dyn FleetProgress) -> MigrationRun {
    let operator = OperatorContext::new(None, "test".to_owned());
    let options =
        FleetOptions { concurrency: 1, failure_budget: FailureBudget::UNLIMITED, ..FleetOptions::default() };
    server.test.app.fleet.migrate(&operator, &options, progress).await.unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn runs_are_listed_and_shown_with_what_became_of_each_organization() {
    let server = server().await;
    let admin = server.platform_admin().await.client;
    let none = admin.get("/admin/migrations").await.expect(200);
    assert_eq!((&none["items"], &none["next_cursor"]), (&json!([]), &Value::Null));
    let mut owners = Vec::new();
    for name in ["Angers", "Brest", "Calais", "Dijon"] {
        let owner = server.sign_up(name).await;
        age(&server, &owner, name == "Brest" || name == "Dijon").await;
        owners.push(owner);
    }

    let first = migrate(&server, &NoProgress).await;
    let second = migrate(&server, &NoProgress).await;

    assert_eq!((first.state, second.planned), (RunState::Partial, 2));
    let page = admin.get("/admin/migrations?limit=1").await.expect(200);
    assert_eq!(page["items"][0]["id"], second.id.to_string());
    let cursor = page["next_cursor"].as_str().unwrap();
    let page = admin.get(&format!("/admin/migrations?limit=1&cursor={cursor}")).await.expect(200);
    let run = &page["items"][0];
    assert_eq!((&run["id"], &run["state"]), (&json!(first.id.to_string()), &json!("partial")));
    assert_eq!(
        (&run["total"], &run["target_version"], &page["next_cursor"]),
        (&json!(4), &json!(10), &Value::Null)
    );
    assert_eq!(
        run["options"],
        json!({"dry_run": false, "concurrency": 1, "canary": 0, "failure_budget": 100})
    );
    assert_eq!((&run["counts"]["ok"], &run["counts"]["failed"]), (&json!(2), &json!(2)));
    assert!(run["ended_at"].is_string());

    let path = format!("/admin/migrations/{}", first.id);
    let report = admin.get(&path).await.expect(200);
    assert_eq!(&report["run"], run);
    assert_eq!(slugs(&report), sorted(&owners.iter().collect::<Vec<_>>()));
    let bad = sorted(&[&owners[1], &owners[3]]);
    let failed = admin.get(&format!("{path}?outcome=failed&limit=1")).await.expect(200);
    assert_eq!(slugs(&failed), bad[..1]);
    let result = &failed["results"]["items"][0];
    assert_eq!((&result["from_version"], &result["to_version"]), (&json!(9), &Value::Null));
    assert!(result["error"].as_str().unwrap().contains("actions_late_idx"), "{result}");
    let cursor = failed["results"]["next_cursor"].as_str().unwrap();
    let rest = admin.get(&format!("{path}?outcome=failed&limit=1&cursor={cursor}")).await.expect(200);
    assert_eq!((slugs(&rest), &rest["results"]["next_cursor"]), (bad[1..].to_vec(), &Value::Null));

    let wrong = admin.get(&format!("{path}?outcome=sad")).await.expect_problem(422, "validation_failed");
    assert_eq!(wrong["errors"][0]["code"], "value_unknown");
    let other = format!("{path}?outcome=ok&limit=1&cursor={cursor}");
    admin.get(&other).await.expect_problem(422, "validation_failed");
    let nothing = "019a0000-0000-7000-8000-0123456789ab";
    admin.get(&format!("/admin/migrations/{nothing}")).await.expect_problem(404, "migration_run_not_found");
}

/// Tells which runs it was told of, so that somebody can look at them while they are under way.
#[derive(Default)]
struct Looking(Mutex<Option<String>>, std::sync::Condvar);

impl FleetProgress for Looking {
    fn planned(&self, run: &MigrationRun) {
        *self.0.lock().unwrap() = Some(run.id.to_string());
    }

    fn settled(&self, _: &MigrationRun, _: &MigrationResult) {
        // Until the figures were looked at.
        let shown = self.0.lock().unwrap();
        let waited = self.1.wait_timeout_while(shown, std::time::Duration::from_mins(1), |run| run.is_some());
        drop(waited.unwrap());
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_figures_of_a_run_that_is_under_way_are_live() {
    let server = server().await;
    let admin = server.platform_admin().await.client;
    let (one, other) = (server.sign_up("Angers").await, server.sign_up("Brest").await);
    age(&server, &one, false).await;
    age(&server, &other, false).await;
    let looking = Arc::new(Looking::default());
    let fleet = Arc::clone(&server.test.app.fleet);
    let running = tokio::spawn({
        let looking = Arc::clone(&looking);
        async move {
            let operator = OperatorContext::new(None, "test".to_owned());
            let options = FleetOptions { concurrency: 1, ..FleetOptions::default() };
            fleet.migrate(&operator, &options, &*looking).await.unwrap()
        }
    });
    let mut report = Value::Null;
    while report["run"]["counts"]["ok"] != 1 {
        let id = looking.0.lock().unwrap().clone();
        if let Some(id) = id {
            report = admin.get(&format!("/admin/migrations/{id}")).await.expect(200);
        }
        tokio::task::yield_now().await;
    }
    assert_eq!((&report["run"]["state"], &report["run"]["total"]), (&json!("running"), &json!(2)));
    assert_eq!(
        (&report["run"]["ended_at"], slugs(&report)),
        (&Value::Null, sorted(&[&one, &other])[..1].to_vec())
    );
    *looking.0.lock().unwrap() = None;
    looking.1.notify_all();
    assert_eq!(running.await.unwrap().state, RunState::Done);
}
