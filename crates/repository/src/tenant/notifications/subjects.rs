//! The things that notifications are about.

use crate::error::store_error;
use crate::sql::{Sql, push_in};
use crate::stored::named;
use crate::tenant::work::TenantReads;
use async_trait::async_trait;
use sea_orm::FromQueryResult;
use std::collections::BTreeSet;
use uuid::Uuid;
use vigie_imports::{Counts, RunStatus};
use vigie_kernel::{ActionId, CommentId, Frequency, ImportRunId, KpiId, StoreError, UserId};
use vigie_notifications::{
    ActionSubject, CommentSubject, CommentTarget, ImportFile, ImportResult, ImportSubject, KpiSubject,
    SubjectReads,
};

/// Ids of one statement.
const IDS_PER_STATEMENT: usize = 500;

#[derive(FromQueryResult)]
struct KpiRow {
    id: Uuid,
    name: String,
    frequency: String,
    owner_id: Uuid,
    dashboard_owner: Uuid,
}

#[derive(FromQueryResult)]
struct ActionRow {
    id: Uuid,
    title: String,
    owner_id: Option<Uuid>,
    created_by: Uuid,
}

#[derive(FromQueryResult)]
struct CommentRow {
    kpi_id: Option<Uuid>,
    action_id: Option<Uuid>,
}

#[derive(FromQueryResult)]
struct ImportRow {
    id: Uuid,
    file_name: String,
    status: String,
    dry_run: bool,
    created_by: Uuid,
    counts: serde_json::Value,
}

#[derive(FromQueryResult)]
struct MemberRow {
    id: Uuid,
}

const fn result(status: RunStatus) -> Option<ImportResult> {
    match status {
        RunStatus::Pending | RunStatus::Running => None,
        RunStatus::Success => Some(ImportResult::Success),
        RunStatus::Partial => Some(ImportResult::Partial),
        RunStatus::Failed => Some(ImportResult::Failed),
        RunStatus::Cancelled => Some(ImportResult::Cancelled),
    }
}

fn import(row: ImportRow) -> Result<ImportSubject, StoreError> {
    let counts: Counts = serde_json::from_value(row.counts)
        .map_err(|error| StoreError::broken(format!("import_runs.counts: {error}")))?;
    Ok(ImportSubject {
        file: ImportFile { id: row.id.into(), name: row.file_name },
        dry_run: row.dry_run,
        started_by: row.created_by.into(),
        result: result(named("import_runs.status", &row.status, RunStatus::from_name)?),
        taken: counts.inserted + counts.updated + counts.unchanged,
        rejected: counts.rejected,
    })
}

#[async_trait]
impl SubjectReads for TenantReads {
    async fn kpis(&mut self, ids: &[KpiId]) -> Result<Vec<KpiSubject>, StoreError> {
        let mut found = Vec::new();
        for some in ids.chunks(IDS_PER_STATEMENT) {
            let mut sql = Sql::new(
                &self.pool,
                "SELECT k.id, k.name, k.frequency, k.owner_id, d.owner_id AS dashboard_owner \
                 FROM kpis k JOIN dashboards d ON d.id = k.dashboard_id WHERE ",
            );
            push_in(&mut sql, "k.id", some.iter().map(|id| id.as_uuid()));
            let rows: Vec<KpiRow> = sql.all(&self.pool).await.map_err(store_error)?;
            for row in rows {
                found.push(KpiSubject {
                    id: row.id.into(),
                    name: row.name,
                    frequency: named("kpis.frequency", &row.frequency, Frequency::from_name)?,
                    owner: row.owner_id.into(),
                    dashboard_owner: row.dashboard_owner.into(),
                });
            }
        }
        found.sort_by(|a, b| (&a.name, a.id).cmp(&(&b.name, b.id)));
        Ok(found)
    }

    async fn action(&mut self, id: ActionId) -> Result<Option<ActionSubject>, StoreError> {
        let row: Option<ActionRow> =
            Sql::new(&self.pool, "SELECT id, title, owner_id, created_by FROM actions WHERE id = $1")
                .bind(id.as_uuid())
                .one(&self.pool)
                .await
                .map_err(store_error)?;
        Ok(row.map(|row| ActionSubject {
            id: row.id.into(),
            title: row.title,
            owner: row.owner_id.map(Into::into),
            created_by: row.created_by.into(),
        }))
    }

    async fn comment(&mut self, id: CommentId) -> Result<Option<CommentSubject>, StoreError> {
        let row: Option<CommentRow> =
            Sql::new(&self.pool, "SELECT kpi_id, action_id FROM comments WHERE id = $1")
                .bind(id.as_uuid())
                .one(&self.pool)
                .await
                .map_err(store_error)?;
        let Some(row) = row else { return Ok(None) };
        let kpi = match row.kpi_id {
            Some(kpi) => self.kpis(&[kpi.into()]).await?.pop().map(CommentTarget::Kpi),
            None => None,
        };
        let target = match (kpi, row.action_id) {
            (None, Some(action)) => self.action(action.into()).await?.map(CommentTarget::Action),
            (kpi, _) => kpi,
        };
        Ok(target.map(|target| CommentSubject { id, target }))
    }

    async fn import(&mut self, id: ImportRunId) -> Result<Option<ImportSubject>, StoreError> {
        let row: Option<ImportRow> = Sql::new(
            &self.pool,
            "SELECT id, file_name, status, dry_run, created_by, counts FROM import_runs WHERE id = $1",
        )
        .bind(id.as_uuid())
        .one(&self.pool)
        .await
        .map_err(store_error)?;
        row.map(import).transpose()
    }

    async fn active(&mut self, members: &BTreeSet<UserId>) -> Result<BTreeSet<UserId>, StoreError> {
        let members: Vec<UserId> = members.iter().copied().collect();
        let mut active = BTreeSet::new();
        for some in members.chunks(IDS_PER_STATEMENT) {
            let mut sql = Sql::new(&self.pool, "SELECT id FROM members WHERE is_active AND ");
            push_in(&mut sql, "id", some.iter().map(|member| member.as_uuid()));
            let rows: Vec<MemberRow> = sql.all(&self.pool).await.map_err(store_error)?;
            active.extend(rows.into_iter().map(|row| UserId::from(row.id)));
        }
        Ok(active)
    }
}
