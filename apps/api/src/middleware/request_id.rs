//! The request's id: the caller's if it is sane, else a new one.

use actix_web::http::header::HeaderMap;
use vigie_kernel::IdSource;

/// The header that carries it both ways.
pub(crate) const HEADER: &str = "x-request-id";

/// The id of the request, in its extensions.
#[derive(Clone, Debug)]
pub(crate) struct RequestId(pub(crate) String);

impl RequestId {
    /// Takes a caller's id of 8 to 64 letters, digits, `.`, `_` and `-`; else makes one.
    pub(crate) fn of(headers: &HeaderMap, ids: &dyn IdSource) -> Self {
        let given = headers.get(HEADER).and_then(|value| value.to_str().ok()).filter(|id| is_sane(id));
        Self(given.map_or_else(|| ids.next_uuid().to_string(), str::to_owned))
    }
}

fn is_sane(id: &str) -> bool {
    (8..=64).contains(&id.len())
        && id.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}
