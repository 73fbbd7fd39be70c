//! Organizations go from one database server to another.

use super::*;
use vigie_test_support::SecondServer;

on_both_engines!(an_organization_moves_to_another_server_and_back, async |place: Place| {
    let from = if place.databases.is_some() { "postgres" } else { "sqlite" };
    let second = SecondServer::with_prefix(&place.config().database.tenant_prefix).unwrap();
    let app = place.app().await;
    let tenant = sign_up(&app, "paris", OWNER).await;
    let neighbour = sign_up(&app, "lyon", "lea@example.org").await;
    let (kpi, other) = (a_kpi(&app, &tenant).await, a_kpi(&app, &neighbour).await);
    for day in 0..20 {
        assert!(record(&app, &tenant, kpi, day, "1234567890123456.7891").await);
    }
    app.background().drain().await.unwrap();
    let before = place.show("paris").await;

    let (code, told) = place.refused("tenant promote --slug paris --to nowhere").await;
    assert_eq!(code, 2, "{told}");
    let (code, told) = place.refused("tenant promote --slug paris --to default").await;
    assert_eq!((code, told.contains("is on default already")), (1, true), "{told}");
    let add = "server add --name db2 --dsn-stdin --max-databases 1";
    place.try_run_with(add, &format!("{}\n", second.url())).await.unwrap();
    place.run("server set --name db2 --state drain").await;
    let (code, told) = place.refused("tenant promote --slug paris --to db2").await;
    assert_eq!((code, told.contains("takes no further database")), (1, true), "{told}");
    place.run("server set --name db2 --state accept").await;
    let planned = place.run("tenant promote --slug paris --to db2 --dry-run").await;
    assert_eq!(planned.json["dry_run"], true);
    assert_eq!(place.show("paris").await, before);

    // Somebody writes all the while: what is acknowledged is there afterwards, whatever is refused meanwhile.
    let (stop, next) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(20)));
    let writer = {
        let (app, tenant, stop, next) = (app.clone(), tenant.clone(), stop.clone(), next.clone());
        tokio::spawn(async move {
            let mut written = 20;
            while !stop.load(Ordering::Relaxed) {
                written += usize::from(record(&app, &tenant, kpi, next.load(Ordering::Relaxed), "1").await);
                next.fetch_add(1, Ordering::Relaxed);
            }
            written
        })
    };
    while next.load(Ordering::Relaxed) < 25 {
        tokio::task::yield_now().await;
    }
    // By its engine: on SQLite there is no other PostgreSQL server than the new one.
    let to = if from == "sqlite" { "postgres" } else { "db2" };
    let moved = place.run(&format!("tenant promote --slug paris --to {to}")).await;
    assert_eq!(moved.json["from"], json!({ "server": "default", "engine": from }));
    assert_eq!(moved.json["to"], json!({ "server": "db2", "engine": "postgres" }));
    // This process follows within two seconds, as any other.
    app.backups.follow_moves(chrono::DateTime::UNIX_EPOCH).await.unwrap();
    let so_far = next.load(Ordering::Relaxed);
    while next.load(Ordering::Relaxed) < so_far + 5 {
        tokio::task::yield_now().await;
    }
    stop.store(true, Ordering::Relaxed);
    let written = writer.await.unwrap();
    assert_eq!(values(&app, &tenant, kpi).await, written);
    assert!(record(&app, &neighbour, other, 0, "1").await, "the neighbour stays where it is");
    let history = HistoryQuery { kpi_id: kpi, from: None, to: None, limit: Some(1000), after: None };
    let exact = app.kpis.history(&tenant, history).await.unwrap().items;
    let exact = exact.iter().filter(|value| {
        value.value.snapshot().entry == Entry::Number(Dec::parse("1234567890123456.7891").unwrap())
    });
    assert_eq!(exact.count(), 20, "every digit came along");

    let databases = async |name: &str| {
        let servers = place.run("server list").await.json["servers"].as_array().unwrap().clone();
        servers.iter().find(|server| server["name"] == name).unwrap()["databases"].clone()
    };
    assert_eq!((databases("default").await, databases("db2").await), (json!(1), json!(1)));
    let (code, told) = place.refused("tenant promote --slug lyon --to db2").await;
    assert_eq!((code, told.contains("takes no further database")), (1, true), "{told}");
    place.run("tenant backup --slug paris").await;
    assert_eq!(place.run("tenant doctor").await.json["findings"], json!([]));

    // Back, to what there was before the move.
    place.run("tenant restore --undo --slug paris").await;
    app.backups.follow_moves(chrono::DateTime::UNIX_EPOCH).await.unwrap();
    let back = values(&app, &tenant, kpi).await;
    assert!((20..=written).contains(&back), "{back} of {written}");
    assert!(record(&app, &tenant, kpi, 1999, "2").await);
    assert_eq!((databases("default").await, databases("db2").await), (json!(2), json!(0)));

    // And away for good: nothing stays on either server.
    place.run(&format!("tenant promote --slug paris --to {to}")).await;
    place.run("tenant delete --slug paris --yes paris --reason Fin").await;
    place.run("tenant delete --slug paris --purge --force --yes paris").await;
    assert_eq!((databases("default").await, databases("db2").await), (json!(1), json!(0)));
    assert_eq!(place.run("tenant doctor").await.json["findings"], json!([]));
});
