//! Requests that name an address and nothing else.

use crate::extract::{Checks, RequestBody};
use serde::Deserialize;
use utoipa::ToSchema;

/// An address.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AddressRequest {
    #[schema(value_type = String, format = "email")]
    email: Option<String>,
}

impl RequestBody for AddressRequest {
    const LIMIT: usize = 8 * 1024;
}

impl AddressRequest {
    pub(super) fn email(self, checks: &mut Checks) -> String {
        checks.required("email", self.email)
    }
}
