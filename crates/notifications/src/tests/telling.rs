use super::{ANA, BOB, EVE, World, action, action_id, import, kpi, kpi_id, run_id, user};
use crate::{Happening, ImportResult, RedKpi};
use chrono::NaiveDate;

fn given(to: u128, by: u128) -> Happening {
    Happening::ActionGiven { action: action_id(), to: user(to), by: user(by) }
}

fn october() -> NaiveDate {
    "2026-10-01".parse().unwrap()
}

#[tokio::test]
async fn who_is_given_an_action_reads_it_and_nobody_else() {
    let world = World::new();
    assert_eq!(world.tell(1, given(BOB, ANA)).await, 1);
    assert_eq!(world.texts(BOB).await, ["Ana gave you the action “Clean”."]);
    assert_eq!((world.unread(BOB).await, world.unread(ANA).await), (1, 0));
    assert!(world.entries(ANA, None).await.is_empty());
}

#[tokio::test]
async fn an_event_that_is_told_again_changes_nothing() {
    let world = World::new();
    assert_eq!(world.tell(1, given(BOB, ANA)).await, 1);
    assert_eq!(world.tell(1, given(BOB, ANA)).await, 0);
    assert_eq!((world.texts(BOB).await.len(), world.unread(BOB).await), (1, 1));
    assert_eq!(world.tell(2, given(BOB, ANA)).await, 1, "another event is another notification");
}

#[tokio::test]
async fn what_is_gone_meanwhile_is_told_to_nobody() {
    let world = World::new();
    world.store.put_action(action(Some(EVE)));
    assert_eq!(world.tell(1, given(BOB, ANA)).await, 0);
    let red = Happening::KpiTurnedRed { kpi: kpi_id(404), period_start: october(), by: user(EVE) };
    assert_eq!(world.tell(2, red).await, 0);
    let red = Happening::KpiTurnedRed { kpi: kpi_id(1), period_start: october(), by: user(EVE) };
    world.store.remove_member(user(ANA));
    assert_eq!(world.tell(3, red).await, 1, "who has left is told nothing");
    assert_eq!(world.texts(BOB).await, ["The KPI “KPI 1” turned red for 2026-10 (recorded by Eve)."]);
    world.store.remove_member(user(EVE));
    assert_eq!(world.texts(BOB).await, ["The KPI “KPI 1” turned red for 2026-10."], "nor named any more");
}

#[tokio::test]
async fn an_import_tells_its_end_and_what_it_turned_red() {
    let world = World::new();
    world.store.put_kpi(kpi(2, BOB, BOB));
    world.store.put_import(import(Some(ImportResult::Partial)));
    let red = [1, 2].map(|number| RedKpi { kpi: kpi_id(number), period_start: october() });
    let ended = Happening::ImportEnded {
        run: run_id(),
        by: user(ANA),
        in_background: true,
        turned_red: red.to_vec(),
    };
    assert_eq!(world.tell(1, ended.clone()).await, 3);
    assert_eq!(world.tell(1, ended).await, 0);
    let mut of_ana = world.texts(ANA).await;
    of_ana.sort();
    assert_eq!(
        of_ana,
        [
            "The KPI “KPI 1” turned red for 2026-10 (import of “suivi.csv”).",
            "The import of “suivi.csv” has ended: 12 values taken over and 1 row refused.",
        ]
    );
    let of_bob = "2 of your KPIs turned red with the import of “suivi.csv”: KPI 1, KPI 2.";
    assert_eq!(world.texts(BOB).await, [of_bob]);
}
