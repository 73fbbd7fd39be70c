//! Backups are tried out.

use super::*;

on_both_engines!(backups_are_tried_out, async |place: Place| {
    let app = place.app().await;
    for (slug, email) in [("paris", OWNER), ("lyon", "lea@example.org")] {
        let tenant = sign_up(&app, slug, email).await;
        let kpi = a_kpi(&app, &tenant).await;
        assert!(record(&app, &tenant, kpi, 0, "1").await);
    }
    let (code, told) = place.refused("tenant drill --slug paris").await;
    assert_eq!((code, told.contains("no good backup")), (1, true), "{told}");
    assert_eq!(place.run("tenant drill").await.json["backups"], json!([]));
    let archive = path_of(&place.run("tenant backup --slug paris").await);
    place.run("tenant backup --slug lyon").await;

    let tried = place.run("tenant drill --slug paris").await;
    assert_eq!(tried.json["backups"][0]["drill_error"], Value::Null, "{}", tried.text);
    assert!(tried.json["backups"][0]["drilled_at"].is_string());
    // Nothing of it stays, and the organization never noticed.
    assert_eq!(place.run("tenant doctor").await.json["findings"], json!([]));
    assert_eq!(place.slugs().await, ["lyon", "paris"]);

    // A backup that is damaged is told, and does not keep the others from being tried.
    let mut bytes = std::fs::read(&archive).unwrap();
    let at = bytes.len() - 2048;
    bytes[at] ^= 1;
    std::fs::write(&archive, bytes).unwrap();
    let round = place.run("tenant drill").await;
    assert_eq!(round.exit.code(), 2);
    let outcomes: Vec<(&str, bool)> = round.json["backups"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (one["slug"].as_str().unwrap(), one["drill_error"].is_null()))
        .collect();
    assert_eq!(outcomes, [("lyon", true), ("paris", false)], "who was never tried comes first");
    assert_eq!(place.run("tenant doctor").await.json["findings"], json!([]));
});
