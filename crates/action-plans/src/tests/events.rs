//! What others are told of.

use super::{ANA, BOB, MANAGER, USER, World, kpi_id, organization, tenant, user};
use crate::{
    ActionGiven, ActionPlanService, ActionStatus, ChangeAction, CommentWritten, CreateAction, WriteComment,
};
use vigie_jobs::Job;

fn given(world: &World) -> Vec<ActionGiven> {
    let announced = world.store.announced(organization(1)).into_iter();
    announced
        .filter(|message| message.name == ActionGiven::NAME)
        .map(|message| serde_json::from_value(message.payload).unwrap())
        .collect()
}

fn to(owner: u128) -> CreateAction {
    CreateAction { owner_id: Some(user(owner)), ..CreateAction::titled(kpi_id(1), "Clean") }
}

fn hand_to(owner: Option<u128>) -> ChangeAction {
    ChangeAction { owner_id: Some(owner.map(user)), ..ChangeAction::default() }
}

#[tokio::test]
async fn an_action_that_is_created_for_another_is_announced() {
    let world = World::new();
    let created = world.plans.create_action(&tenant(ANA, USER), to(BOB)).await.unwrap().action;
    world.plans.create_action(&tenant(ANA, USER), to(ANA)).await.unwrap();
    world.plans.create_action(&tenant(ANA, USER), CreateAction::titled(kpi_id(1), "Later")).await.unwrap();
    let over = CreateAction { status: Some(ActionStatus::Done), ..to(BOB) };
    world.plans.create_action(&tenant(ANA, USER), over).await.unwrap();
    let told = given(&world);
    assert_eq!(told.len(), 1, "not what one takes oneself, carries nobody, or is over: {told:?}");
    assert_eq!((told[0].action, told[0].to, told[0].by), (created.snapshot().id, user(BOB), user(ANA)));
}

#[tokio::test]
async fn an_action_is_announced_when_its_owner_changes_and_only_then() {
    let world = World::new();
    let (ana, bob) = (tenant(ANA, MANAGER), tenant(BOB, MANAGER));
    let id = world.plans.create_action(&ana, to(ANA)).await.unwrap().action.snapshot().id;
    for (who, change, so_far) in [
        (&ana, ChangeAction { progress: Some(10), ..ChangeAction::default() }, 0),
        (&ana, hand_to(Some(BOB)), 1),
        (&ana, hand_to(Some(BOB)), 1),
        (&bob, ChangeAction { progress: Some(20), ..ChangeAction::default() }, 1),
        (&bob, hand_to(None), 1),
        (&bob, hand_to(Some(BOB)), 1),
        (&bob, hand_to(Some(ANA)), 2),
    ] {
        world.plans.change_action(who, id, change).await.unwrap();
        assert_eq!(given(&world).len(), so_far);
    }
}

#[tokio::test]
async fn a_comment_is_announced_once_it_is_there() {
    let world = World::new();
    let ana = tenant(ANA, USER);
    let comment = world.plans.write_comment(&ana, WriteComment::on_kpi(kpi_id(1), "hello")).await.unwrap();
    assert!(world.plans.write_comment(&ana, WriteComment::on_kpi(kpi_id(9), "hello")).await.is_err());
    let announced = world.store.announced(organization(1));
    assert_eq!(announced.len(), 1);
    assert_eq!(announced[0].name, CommentWritten::NAME);
    let told: CommentWritten = serde_json::from_value(announced[0].payload.clone()).unwrap();
    assert_eq!((told.comment, told.by), (comment.snapshot().id, user(ANA)));
}
