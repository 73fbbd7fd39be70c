//! The query of a list without filters.

use crate::extract::{Checks, Pages};
use serde::Deserialize;
use utoipa::IntoParams;
use vigie_kernel::PageRequest;

/// Which page.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageQuery {
    /// Items of a page, 1..=100; 25 when absent.
    #[param(value_type = Option<u16>)]
    limit: Option<String>,
    /// The `next_cursor` of the page before.
    cursor: Option<String>,
}

impl PageQuery {
    pub(crate) fn page(self, pages: &Pages, checks: &mut Checks) -> PageRequest {
        pages.request(self.limit.as_deref(), self.cursor.as_deref(), checks)
    }
}
