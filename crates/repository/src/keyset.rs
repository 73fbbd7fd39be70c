//! Keyset pagination: a page starts after the last item of the one before, however the list changes meanwhile.

use crate::sql::Sql;
use chrono::{DateTime, SecondsFormat, Utc};
use uuid::Uuid;
use vigie_kernel::{Cursor, Page, PageRequest, StoreError};

/// The cursor of a list that is ordered by an instant.
pub(crate) fn instant_cursor(at: DateTime<Utc>, id: Uuid) -> Cursor {
    Cursor { key: at.to_rfc3339_opts(SecondsFormat::Micros, true), id }
}

/// Ends a list query that is newest first: `AND (created_at, id) < (..) ORDER BY .. LIMIT ..`, one row more than the page.
pub(crate) fn newest_first(sql: &mut Sql, alias: &str, page: &PageRequest) -> Result<(), StoreError> {
    if let Some(after) = &page.after {
        let at: DateTime<Utc> =
            after.key.parse().map_err(|_| StoreError::broken("a cursor of another list"))?;
        sql.push(&format!(" AND ({alias}created_at, {alias}id) < ("))
            .push_value(at)
            .push(", ")
            .push_value(after.id);
        sql.push(")");
    }
    sql.push(&format!(" ORDER BY {alias}created_at DESC, {alias}id DESC LIMIT "));
    sql.push_value(i64::from(page.limit) + 1);
    Ok(())
}

/// Ends a list query that is ordered by a text, then by id.
pub(crate) fn by_text(sql: &mut Sql, column: &str, id: &str, page: &PageRequest) {
    if let Some(after) = &page.after {
        sql.push(&format!(" AND ({column}, {id}) > ("))
            .push_value(after.key.as_str())
            .push(", ")
            .push_value(after.id);
        sql.push(")");
    }
    sql.push(&format!(" ORDER BY {column}, {id} LIMIT "));
    sql.push_value(i64::from(page.limit) + 1);
}

/// Turns rows into items and cuts the page.
pub(crate) fn page<R, T>(
    rows: Vec<R>,
    request: &PageRequest,
    item: impl Fn(R) -> Result<T, StoreError>,
    cursor: impl FnOnce(&T) -> Cursor,
) -> Result<Page<T>, StoreError> {
    let items = rows.into_iter().map(item).collect::<Result<Vec<_>, _>>()?;
    Ok(Page::from_overfull(items, request.limit, cursor))
}
