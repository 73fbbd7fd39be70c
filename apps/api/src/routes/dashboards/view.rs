//! How a dashboard is shown.

use chrono::{DateTime, Utc};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;
use vigie_kpis::Dashboard;

/// A dashboard.
#[derive(Serialize, ToSchema)]
pub(crate) struct DashboardView {
    id: Uuid,
    title: String,
    description: Option<String>,
    /// The process above it.
    process_name: Option<String>,
    owner_id: Uuid,
    created_at: DateTime<Utc>,
    updated_at: DateTime<Utc>,
    version: i64,
}

impl From<&Dashboard> for DashboardView {
    fn from(dashboard: &Dashboard) -> Self {
        let shown = dashboard.snapshot();
        Self {
            id: shown.id.as_uuid(),
            title: shown.title.clone(),
            description: shown.description.clone(),
            process_name: shown.process_name.clone(),
            owner_id: shown.owner_id.as_uuid(),
            created_at: shown.created_at,
            updated_at: shown.updated_at,
            version: shown.version,
        }
    }
}
