//! `GET /imports/jobs/{id}/events`

use super::view::{ImportEndView, ImportReportView};
use crate::extract::{Id, LastEventId, LoggedIn, Tenant};
use crate::problem::ApiError;
use crate::stream::{Batch, Event, Feed, Streams};
use actix_web::{HttpResponse, get, web};
use std::sync::Arc;
use vigie_imports::{ImportRun, ImportService};
use vigie_kernel::{ImportRunId, TenantContext};

/// Tells what becomes of an import, as server-sent events, until it has ended.
///
/// `progress` carries the same JSON as `GET /imports/jobs/{id}`: once at the beginning, then whenever the import has changed. `end`
/// carries its id and its status, and the stream closes. The `id` of an event is the import's version; given back as
/// `Last-Event-ID`, it spares the client what it has. A comment every 15 seconds shows that the stream is alive.
#[utoipa::path(
    operation_id = "import_events", tag = "imports",
    params(
        ("id" = Uuid, Path, description = "The import"),
        ("Last-Event-ID" = Option<i64>, Header, description = "The `id` of the last event that the client has")
    ),
    responses((status = 200, body = String, content_type = "text/event-stream")),
    extensions(("x-permission" = json!("import:run")))
)]
#[get("/imports/jobs/{id}/events")]
pub(crate) async fn import_events(
    Tenant(tenant): Tenant,
    LoggedIn(caller): LoggedIn,
    Id(id): Id<ImportRunId>,
    LastEventId(seen): LastEventId,
    imports: web::Data<dyn ImportService>,
    streams: web::Data<Streams>,
) -> Result<HttpResponse, ApiError> {
    let run = imports.get(&tenant, id).await?;
    let place = streams.place(&caller)?;
    let first = told(&run, seen)?;
    let feed = ImportFeed { imports: imports.into_inner(), run: id, seen: run.snapshot().version };
    Ok(streams.answer(place, caller, first, feed))
}

/// One import, and the version that was told.
struct ImportFeed {
    imports: Arc<dyn ImportService>,
    run: ImportRunId,
    seen: i64,
}

impl Feed for ImportFeed {
    async fn next(&mut self, tenant: &TenantContext) -> Result<Batch, ApiError> {
        let Some(run) = self.imports.get_if_changed(tenant, self.run, self.seen).await? else {
            return Ok(Batch::default());
        };
        let batch = told(&run, Some(self.seen))?;
        self.seen = run.snapshot().version;
        Ok(batch)
    }
}

/// What is told of a run to who has seen that version of it.
fn told(run: &ImportRun, seen: Option<i64>) -> Result<Batch, ApiError> {
    let version = run.snapshot().version;
    let mut events = Vec::new();
    if seen != Some(version) {
        events.push(Event::new("progress", version, &ImportReportView::from(run))?);
    }
    if run.has_ended() {
        events.push(Event::new("end", version, &ImportEndView::from(run))?);
    }
    Ok(Batch { events, is_last: run.has_ended() })
}
