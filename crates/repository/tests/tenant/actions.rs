//! Actions and comments.

use crate::common::Engine;
use crate::on_both_engines;
use crate::rig::{a_kpi, actions, first_page};
use vigie_action_plans::{
    ActionFilter, ActionPlanError, ActionPlanService, ActionStatus, ChangeAction, CommentTarget,
    CreateAction, WriteComment,
};
use vigie_kernel::{KpiId, UserId};

on_both_engines!(an_action_reads_back_as_it_was_written, async |engine: Engine| {
    let tenant = engine.organization().await;
    let kpi = a_kpi(&engine, &tenant, "K").await;
    let mut create = CreateAction::titled(kpi.id(), "Recruter");
    create.owner_id = Some(tenant.actor());
    create.due_date = Some("2026-11-19".parse().unwrap());
    create.progress = Some(40);
    let written = actions(&engine).create_action(&tenant, create).await.unwrap().action;
    let read = actions(&engine).action(&tenant, written.snapshot().id).await.unwrap();
    assert_eq!(read.snapshot(), written.snapshot());
    let done =
        ChangeAction { status: Some(ActionStatus::Done), progress: Some(100), ..ChangeAction::default() };
    let changed = actions(&engine).change_action(&tenant, written.snapshot().id, done).await.unwrap().action;
    let read = actions(&engine).action(&tenant, written.snapshot().id).await.unwrap();
    assert_eq!(read.snapshot(), changed.snapshot());
    assert_eq!(read.snapshot().done_by, Some(tenant.actor()));
});

on_both_engines!(what_an_action_points_at_must_be_there, async |engine: Engine| {
    let tenant = engine.organization().await;
    let kpi = a_kpi(&engine, &tenant, "K").await;
    let nowhere: KpiId = engine.ids.next();
    let lost = actions(&engine).create_action(&tenant, CreateAction::titled(nowhere, "X")).await;
    assert!(matches!(lost, Err(ActionPlanError::KpiNotFound)), "{lost:?}");
    let mut create = CreateAction::titled(kpi.id(), "X");
    create.owner_id = Some(engine.ids.next::<UserId>());
    let strange = actions(&engine).create_action(&tenant, create).await;
    assert!(matches!(strange, Err(ActionPlanError::Invalid(_))), "{strange:?}");
    let comment = actions(&engine).write_comment(&tenant, WriteComment::on_kpi(nowhere, "?")).await;
    assert!(matches!(comment, Err(ActionPlanError::KpiNotFound)), "{comment:?}");
    let listed = actions(&engine).comments(&tenant, CommentTarget::Kpi(nowhere), &first_page(10)).await;
    assert!(matches!(listed, Err(ActionPlanError::KpiNotFound)), "{listed:?}");
});

on_both_engines!(the_list_over_all_kpis_filters, async |engine: Engine| {
    let tenant = engine.organization().await;
    let kpi = a_kpi(&engine, &tenant, "K").await;
    let other = a_kpi(&engine, &tenant, "L").await;
    let service = actions(&engine);
    for (kpi, title, due) in [
        (kpi.id(), "late", Some("2026-11-19")),
        (kpi.id(), "today", Some("2026-11-20")),
        (other.id(), "without date", None),
    ] {
        let mut create = CreateAction::titled(kpi, title);
        create.due_date = due.map(|due| due.parse().unwrap());
        create.owner_id = (title == "late").then(|| tenant.actor());
        service.create_action(&tenant, create).await.unwrap();
    }
    let titles = async |filter: ActionFilter| -> Vec<String> {
        let page = service.actions(&tenant, &filter, &first_page(10)).await.unwrap();
        page.items.iter().map(|item| item.action.snapshot().title.clone()).collect()
    };
    let all = ActionFilter::default();
    assert_eq!(titles(all.clone()).await, ["without date", "today", "late"], "newest first");
    assert_eq!(titles(ActionFilter { late: Some(true), ..all.clone() }).await, ["late"]);
    assert_eq!(titles(ActionFilter { late: Some(false), ..all.clone() }).await, ["without date", "today"]);
    assert_eq!(titles(ActionFilter { owner: Some(tenant.actor()), ..all.clone() }).await, ["late"]);
    let dashboard = Some(other.snapshot().dashboard_id);
    assert_eq!(titles(ActionFilter { dashboard, ..all.clone() }).await, ["without date"]);
    assert!(titles(ActionFilter { status: Some(ActionStatus::Done), ..all.clone() }).await.is_empty());
    assert!(titles(ActionFilter { process_name: Some("Ventes".to_owned()), ..all }).await.is_empty());
});

on_both_engines!(an_action_goes_with_its_comments, async |engine: Engine| {
    let tenant = engine.organization().await;
    let kpi = a_kpi(&engine, &tenant, "K").await;
    let service = actions(&engine);
    let action = service.create_action(&tenant, CreateAction::titled(kpi.id(), "A")).await.unwrap().action;
    let id = action.snapshot().id;
    service.write_comment(&tenant, WriteComment::on_action(id, "en cours")).await.unwrap();
    service.write_comment(&tenant, WriteComment::on_kpi(kpi.id(), "à suivre")).await.unwrap();
    let of_action = service.comments(&tenant, CommentTarget::Action(id), &first_page(10)).await.unwrap();
    assert_eq!(of_action.items.len(), 1);
    service.delete_action(&tenant, id, None).await.unwrap();
    let gone = service.comments(&tenant, CommentTarget::Action(id), &first_page(10)).await;
    assert!(matches!(gone, Err(ActionPlanError::ActionNotFound)), "{gone:?}");
    let of_kpi = service.comments(&tenant, CommentTarget::Kpi(kpi.id()), &first_page(10)).await.unwrap();
    assert_eq!(of_kpi.items[0].snapshot().content, "à suivre");
});
