//! Dashboards, inside a transaction.

use super::rows::{DASHBOARD_COLUMNS, DashboardDbRow, dashboard};
use crate::error::{ForeignRule, store_error, with_rules};
use crate::sql::Sql;
use crate::stored::touched;
use async_trait::async_trait;
use sea_orm::ConnectionTrait;
use vigie_kernel::{DashboardId, StoreError, UserId};
use vigie_kpis::{Dashboard, DashboardRepository, RULE_DASHBOARD_NOT_EMPTY, RULE_OWNER_MEMBER};

pub(super) struct SeaDashboards<'a, C>(pub(super) &'a C);

/// The dashboard, or `None`.
pub(super) async fn find_dashboard<C: ConnectionTrait>(
    connection: &C,
    id: DashboardId,
) -> Result<Option<Dashboard>, StoreError> {
    let row: Option<DashboardDbRow> =
        Sql::new(connection, format!("SELECT {DASHBOARD_COLUMNS} FROM dashboards d WHERE d.id = $1"))
            .bind(id.as_uuid())
            .one(connection)
            .await
            .map_err(store_error)?;
    Ok(row.map(dashboard))
}

/// The rule that an owner is a member.
pub(super) fn owner_rule<C: ConnectionTrait>(
    connection: &C,
    constraint: &'static str,
    owner: UserId,
) -> ForeignRule {
    ForeignRule {
        constraint,
        rule: RULE_OWNER_MEMBER,
        probe: Sql::new(connection, "SELECT 1 FROM members WHERE id = $1").bind(owner.as_uuid()),
        broken_when_found: false,
    }
}

#[async_trait]
impl<C: ConnectionTrait> DashboardRepository for SeaDashboards<'_, C> {
    async fn find(&mut self, id: DashboardId) -> Result<Option<Dashboard>, StoreError> {
        find_dashboard(self.0, id).await
    }

    async fn insert(&mut self, dashboard: &Dashboard) -> Result<(), StoreError> {
        let d = dashboard.snapshot();
        let inserted = Sql::new(
            self.0,
            "INSERT INTO dashboards (id, title, description, process_name, owner_id, version, created_at, created_by, \
             updated_at, updated_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
        )
        .bind(d.id.as_uuid())
        .bind(d.title.as_str())
        .bind(d.description.as_deref())
        .bind(d.process_name.as_deref())
        .bind(d.owner_id.as_uuid())
        .bind(d.version)
        .bind(d.created_at)
        .bind(d.created_by.as_uuid())
        .bind(d.updated_at)
        .bind(d.updated_by.as_uuid())
        .execute(self.0)
        .await;
        match inserted {
            Ok(_) => Ok(()),
            Err(error) => {
                let owner = owner_rule(self.0, "dashboards_owner_fkey", d.owner_id);
                Err(with_rules(self.0, &[], vec![owner], error).await)
            }
        }
    }

    async fn update(&mut self, dashboard: &Dashboard) -> Result<(), StoreError> {
        let d = dashboard.snapshot();
        let updated = Sql::new(
            self.0,
            "UPDATE dashboards SET title = $3, description = $4, process_name = $5, owner_id = $6, version = $2, \
             updated_at = $7, updated_by = $8 WHERE id = $1 AND version = $2 - 1",
        )
        .bind(d.id.as_uuid())
        .bind(d.version)
        .bind(d.title.as_str())
        .bind(d.description.as_deref())
        .bind(d.process_name.as_deref())
        .bind(d.owner_id.as_uuid())
        .bind(d.updated_at)
        .bind(d.updated_by.as_uuid())
        .execute(self.0)
        .await;
        match updated {
            Ok(rows) => touched(rows),
            Err(error) => {
                let owner = owner_rule(self.0, "dashboards_owner_fkey", d.owner_id);
                Err(with_rules(self.0, &[], vec![owner], error).await)
            }
        }
    }

    async fn delete(&mut self, dashboard: &Dashboard) -> Result<(), StoreError> {
        let d = dashboard.snapshot();
        let deleted = Sql::new(self.0, "DELETE FROM dashboards WHERE id = $1 AND version = $2")
            .bind(d.id.as_uuid())
            .bind(d.version)
            .execute(self.0)
            .await;
        match deleted {
            Ok(rows) => touched(rows),
            Err(error) => {
                let kpis = ForeignRule {
                    constraint: "kpis_dashboard_fkey",
                    rule: RULE_DASHBOARD_NOT_EMPTY,
                    probe: Sql::new(self.0, "SELECT 1 FROM kpis WHERE dashboard_id = $1 LIMIT 1")
                        .bind(d.id.as_uuid()),
                    broken_when_found: true,
                };
                Err(with_rules(self.0, &[], vec![kpis], error).await)
            }
        }
    }
}
