//! Actions and comments.

use super::TenantStore;
use super::work::{TenantReads, TenantWork};
use crate::error::{ForeignRule, store_error, with_rules};
use crate::keyset::{instant_cursor, newest_first, page};
use crate::sql::Sql;
use crate::stored::{named, narrow, touched};
use async_trait::async_trait;
use chrono::{DateTime, NaiveDate, Utc};
use sea_orm::{ConnectionTrait, FromQueryResult};
use uuid::Uuid;
use vigie_action_plans::{
    Action, ActionFilter, ActionListItem, ActionPlanReads, ActionPlanStore, ActionPlanWork, ActionRepository,
    ActionSnapshot, ActionStatus, Comment, CommentRepository, CommentSnapshot, CommentTarget,
    RULE_ACTION_KPI, RULE_ACTION_OWNER, RULE_COMMENT_ACTION, RULE_COMMENT_KPI,
};
use vigie_jobs::Outbox;
use vigie_kernel::{
    ActionId, AuditLog, CommentId, KpiId, Page, PageRequest, StoreError, TenantContext, UserId,
};

#[async_trait]
impl ActionPlanStore for TenantStore {
    async fn begin(&self, tenant: &TenantContext) -> Result<Box<dyn ActionPlanWork>, StoreError> {
        Ok(self.work(tenant).await?)
    }

    async fn read(&self, tenant: &TenantContext) -> Result<Box<dyn ActionPlanReads>, StoreError> {
        Ok(self.reads(tenant).await?)
    }
}

impl ActionPlanWork for TenantWork {
    fn actions(&mut self) -> Box<dyn ActionRepository + '_> {
        Box::new(SeaActions(&self.txn))
    }

    fn comments(&mut self) -> Box<dyn CommentRepository + '_> {
        Box::new(SeaComments(&self.txn))
    }

    fn outbox(&mut self) -> Box<dyn Outbox + '_> {
        self.sea_outbox()
    }

    fn audit(&mut self) -> Box<dyn AuditLog + '_> {
        self.sea_audit()
    }
}

const COLUMNS: &str = "a.id, a.kpi_id, a.title, a.description, a.owner_id, a.due_date, a.progress, a.status, \
    a.status_reason, a.done_at, a.done_by, a.version, a.created_at, a.created_by, a.updated_at, a.updated_by";
const COMMENT_COLUMNS: &str = "id, kpi_id, action_id, author_id, content, version, created_at, updated_at";

#[derive(FromQueryResult)]
struct ActionRow {
    id: Uuid,
    kpi_id: Uuid,
    title: String,
    description: Option<String>,
    owner_id: Option<Uuid>,
    due_date: Option<NaiveDate>,
    progress: i32,
    status: String,
    status_reason: Option<String>,
    done_at: Option<DateTime<Utc>>,
    done_by: Option<Uuid>,
    version: i64,
    created_at: DateTime<Utc>,
    created_by: Uuid,
    updated_at: DateTime<Utc>,
    updated_by: Uuid,
}

#[derive(FromQueryResult)]
struct ListRow {
    #[sea_orm(nested)]
    action: ActionRow,
    kpi_code: String,
    kpi_name: String,
    dashboard_id: Uuid,
}

#[derive(FromQueryResult)]
struct CommentRow {
    id: Uuid,
    kpi_id: Option<Uuid>,
    action_id: Option<Uuid>,
    author_id: Uuid,
    content: String,
    version: i64,
    created_at: DateTime<Utc>,
    updated_at: Option<DateTime<Utc>>,
}

fn action(row: ActionRow) -> Result<Action, StoreError> {
    Ok(Action::restore(ActionSnapshot {
        id: row.id.into(),
        kpi_id: row.kpi_id.into(),
        title: row.title,
        description: row.description,
        owner_id: row.owner_id.map(Into::into),
        due_date: row.due_date,
        progress: narrow("actions.progress", row.progress)?,
        status: named("actions.status", &row.status, ActionStatus::from_name)?,
        status_reason: row.status_reason,
        done_at: row.done_at,
        done_by: row.done_by.map(Into::into),
        created_by: row.created_by.into(),
        created_at: row.created_at,
        updated_at: row.updated_at,
        updated_by: row.updated_by.into(),
        version: row.version,
    }))
}

fn list_item(row: ListRow) -> Result<ActionListItem, StoreError> {
    Ok(ActionListItem {
        action: action(row.action)?,
        kpi_code: row.kpi_code,
        kpi_name: row.kpi_name,
        dashboard_id: row.dashboard_id.into(),
    })
}

fn comment(row: CommentRow) -> Result<Comment, StoreError> {
    let target = match (row.kpi_id, row.action_id) {
        (Some(kpi), None) => CommentTarget::Kpi(kpi.into()),
        (None, Some(action)) => CommentTarget::Action(action.into()),
        (Some(_), Some(_)) | (None, None) => {
            return Err(StoreError::broken(format!(
                "comment {} is about nothing or about two things",
                row.id
            )));
        }
    };
    Ok(Comment::restore(CommentSnapshot {
        id: row.id.into(),
        target,
        author_id: row.author_id.into(),
        content: row.content,
        created_at: row.created_at,
        updated_at: row.updated_at,
        version: row.version,
    }))
}

async fn find_action<C: ConnectionTrait>(connection: &C, id: ActionId) -> Result<Option<Action>, StoreError> {
    let row: Option<ActionRow> =
        Sql::new(connection, format!("SELECT {COLUMNS} FROM actions a WHERE a.id = $1"))
            .bind(id.as_uuid())
            .one(connection)
            .await
            .map_err(store_error)?;
    row.map(action).transpose()
}

struct SeaActions<'a, C>(&'a C);

impl<C: ConnectionTrait> SeaActions<'_, C> {
    /// The owner must be a member.
    fn owner_rule(&self, owner: Option<UserId>) -> Option<ForeignRule> {
        owner.map(|owner| ForeignRule {
            constraint: "actions_owner_fkey",
            rule: RULE_ACTION_OWNER,
            probe: Sql::new(self.0, "SELECT 1 FROM members WHERE id = $1").bind(owner.as_uuid()),
            broken_when_found: false,
        })
    }
}

#[async_trait]
impl<C: ConnectionTrait> ActionRepository for SeaActions<'_, C> {
    async fn find(&mut self, id: ActionId) -> Result<Option<Action>, StoreError> {
        find_action(self.0, id).await
    }

    async fn insert(&mut self, action: &Action) -> Result<(), StoreError> {
        let a = action.snapshot();
        let inserted = Sql::new(
            self.0,
            "INSERT INTO actions (id, kpi_id, title, description, owner_id, due_date, progress, status, status_reason, done_at, \
             done_by, version, created_at, created_by, updated_at, updated_by) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)",
        )
        .bind(a.id.as_uuid())
        .bind(a.kpi_id.as_uuid())
        .bind(a.title.as_str())
        .bind(a.description.as_deref())
        .bind(a.owner_id.map(UserId::as_uuid))
        .bind(a.due_date)
        .bind(i32::from(a.progress))
        .bind(a.status.name())
        .bind(a.status_reason.as_deref())
        .bind(a.done_at)
        .bind(a.done_by.map(UserId::as_uuid))
        .bind(a.version)
        .bind(a.created_at)
        .bind(a.created_by.as_uuid())
        .bind(a.updated_at)
        .bind(a.updated_by.as_uuid())
        .execute(self.0)
        .await;
        match inserted {
            Ok(_) => Ok(()),
            Err(error) => {
                let kpi = ForeignRule {
                    constraint: "actions_kpi_fkey",
                    rule: RULE_ACTION_KPI,
                    probe: Sql::new(self.0, "SELECT 1 FROM kpis WHERE id = $1").bind(a.kpi_id.as_uuid()),
                    broken_when_found: false,
                };
                let rules = std::iter::once(kpi).chain(self.owner_rule(a.owner_id)).collect();
                Err(with_rules(self.0, &[], rules, error).await)
            }
        }
    }

    async fn update(&mut self, action: &Action) -> Result<(), StoreError> {
        let a = action.snapshot();
        let updated = Sql::new(
            self.0,
            "UPDATE actions SET title = $2, description = $3, owner_id = $4, due_date = $5, progress = $6, status = $7, \
             status_reason = $8, done_at = $9, done_by = $10, version = $11, updated_at = $12, updated_by = $13 \
             WHERE id = $1 AND version = $11 - 1",
        )
        .bind(a.id.as_uuid())
        .bind(a.title.as_str())
        .bind(a.description.as_deref())
        .bind(a.owner_id.map(UserId::as_uuid))
        .bind(a.due_date)
        .bind(i32::from(a.progress))
        .bind(a.status.name())
        .bind(a.status_reason.as_deref())
        .bind(a.done_at)
        .bind(a.done_by.map(UserId::as_uuid))
        .bind(a.version)
        .bind(a.updated_at)
        .bind(a.updated_by.as_uuid())
        .execute(self.0)
        .await;
        match updated {
            Ok(rows) => touched(rows),
            Err(error) => {
                Err(with_rules(self.0, &[], self.owner_rule(a.owner_id).into_iter().collect(), error).await)
            }
        }
    }

    async fn delete(&mut self, action: &Action) -> Result<(), StoreError> {
        let a = action.snapshot();
        let rows = Sql::new(self.0, "DELETE FROM actions WHERE id = $1 AND version = $2")
            .bind(a.id.as_uuid())
            .bind(a.version)
            .execute(self.0)
            .await
            .map_err(store_error)?;
        touched(rows)
    }
}

struct SeaComments<'a, C>(&'a C);

#[async_trait]
impl<C: ConnectionTrait> CommentRepository for SeaComments<'_, C> {
    async fn find(&mut self, id: CommentId) -> Result<Option<Comment>, StoreError> {
        let row: Option<CommentRow> =
            Sql::new(self.0, format!("SELECT {COMMENT_COLUMNS} FROM comments WHERE id = $1"))
                .bind(id.as_uuid())
                .one(self.0)
                .await
                .map_err(store_error)?;
        row.map(comment).transpose()
    }

    async fn insert(&mut self, comment: &Comment) -> Result<(), StoreError> {
        let c = comment.snapshot();
        let (kpi, action) = match c.target {
            CommentTarget::Kpi(kpi) => (Some(kpi.as_uuid()), None),
            CommentTarget::Action(action) => (None, Some(action.as_uuid())),
        };
        let inserted = Sql::new(
            self.0,
            "INSERT INTO comments (id, kpi_id, action_id, author_id, content, version, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
        )
        .bind(c.id.as_uuid())
        .bind(kpi)
        .bind(action)
        .bind(c.author_id.as_uuid())
        .bind(c.content.as_str())
        .bind(c.version)
        .bind(c.created_at)
        .bind(c.updated_at)
        .execute(self.0)
        .await;
        match inserted {
            Ok(_) => Ok(()),
            Err(error) => {
                let target = match c.target {
                    CommentTarget::Kpi(kpi) => ForeignRule {
                        constraint: "comments_kpi_fkey",
                        rule: RULE_COMMENT_KPI,
                        probe: Sql::new(self.0, "SELECT 1 FROM kpis WHERE id = $1").bind(kpi.as_uuid()),
                        broken_when_found: false,
                    },
                    CommentTarget::Action(action) => ForeignRule {
                        constraint: "comments_action_fkey",
                        rule: RULE_COMMENT_ACTION,
                        probe: Sql::new(self.0, "SELECT 1 FROM actions WHERE id = $1").bind(action.as_uuid()),
                        broken_when_found: false,
                    },
                };
                Err(with_rules(self.0, &[], vec![target], error).await)
            }
        }
    }

    async fn update(&mut self, comment: &Comment) -> Result<(), StoreError> {
        let c = comment.snapshot();
        let rows = Sql::new(
            self.0,
            "UPDATE comments SET content = $2, updated_at = $3, version = $4 WHERE id = $1 AND version = $4 - 1",
        )
        .bind(c.id.as_uuid())
        .bind(c.content.as_str())
        .bind(c.updated_at)
        .bind(c.version)
        .execute(self.0)
        .await
        .map_err(store_error)?;
        touched(rows)
    }

    async fn delete(&mut self, comment: &Comment) -> Result<(), StoreError> {
        let c = comment.snapshot();
        let rows = Sql::new(self.0, "DELETE FROM comments WHERE id = $1 AND version = $2")
            .bind(c.id.as_uuid())
            .bind(c.version)
            .execute(self.0)
            .await
            .map_err(store_error)?;
        touched(rows)
    }
}

#[async_trait]
impl ActionPlanReads for TenantReads {
    async fn action(&mut self, id: ActionId) -> Result<Option<Action>, StoreError> {
        find_action(&self.pool, id).await
    }

    async fn actions_of_kpi(
        &mut self,
        kpi: KpiId,
        request: &PageRequest,
    ) -> Result<Page<Action>, StoreError> {
        let mut sql = Sql::new(&self.pool, format!("SELECT {COLUMNS} FROM actions a WHERE a.kpi_id = "));
        sql.push_value(kpi.as_uuid());
        newest_first(&mut sql, "a.", request)?;
        let rows: Vec<ActionRow> = sql.all(&self.pool).await.map_err(store_error)?;
        page(rows, request, action, |last| {
            instant_cursor(last.snapshot().created_at, last.snapshot().id.as_uuid())
        })
    }

    async fn actions(
        &mut self,
        filter: &ActionFilter,
        today: NaiveDate,
        request: &PageRequest,
    ) -> Result<Page<ActionListItem>, StoreError> {
        let mut sql = Sql::new(
            &self.pool,
            format!(
                "SELECT {COLUMNS}, k.code AS kpi_code, k.name AS kpi_name, k.dashboard_id \
                 FROM actions a JOIN kpis k ON k.id = a.kpi_id JOIN dashboards d ON d.id = k.dashboard_id WHERE TRUE"
            ),
        );
        if let Some(owner) = filter.owner {
            sql.push(" AND a.owner_id = ").push_value(owner.as_uuid());
        }
        if let Some(status) = filter.status {
            sql.push(" AND a.status = ").push_value(status.name());
        }
        if let Some(late) = filter.late {
            sql.push(if late { " AND (" } else { " AND NOT (" });
            sql.push("a.status IN ('OPEN', 'IN_PROGRESS') AND a.due_date IS NOT NULL AND a.due_date < ");
            sql.push_value(today).push(")");
        }
        if let Some(dashboard) = filter.dashboard {
            sql.push(" AND k.dashboard_id = ").push_value(dashboard.as_uuid());
        }
        if let Some(process) = &filter.process_name {
            sql.push(" AND d.process_name = ").push_value(process.as_str());
        }
        newest_first(&mut sql, "a.", request)?;
        let rows: Vec<ListRow> = sql.all(&self.pool).await.map_err(store_error)?;
        page(rows, request, list_item, |last| {
            instant_cursor(last.action.snapshot().created_at, last.action.snapshot().id.as_uuid())
        })
    }

    async fn comments(
        &mut self,
        target: CommentTarget,
        request: &PageRequest,
    ) -> Result<Page<Comment>, StoreError> {
        let mut sql = Sql::new(&self.pool, format!("SELECT {COMMENT_COLUMNS} FROM comments WHERE "));
        match target {
            CommentTarget::Kpi(kpi) => sql.push("kpi_id = ").push_value(kpi.as_uuid()),
            CommentTarget::Action(action) => sql.push("action_id = ").push_value(action.as_uuid()),
        };
        newest_first(&mut sql, "", request)?;
        let rows: Vec<CommentRow> = sql.all(&self.pool).await.map_err(store_error)?;
        page(rows, request, comment, |last| {
            instant_cursor(last.snapshot().created_at, last.snapshot().id.as_uuid())
        })
    }

    async fn kpi_exists(&mut self, id: KpiId) -> Result<bool, StoreError> {
        Sql::new(&self.pool, "SELECT 1 FROM kpis WHERE id = $1")
            .bind(id.as_uuid())
            .exists(&self.pool)
            .await
            .map_err(store_error)
    }

    async fn action_exists(&mut self, id: ActionId) -> Result<bool, StoreError> {
        Sql::new(&self.pool, "SELECT 1 FROM actions WHERE id = $1")
            .bind(id.as_uuid())
            .exists(&self.pool)
            .await
            .map_err(store_error)
    }
}
