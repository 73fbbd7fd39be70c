//! Pages of lists: the request's `limit` and `cursor`, the answer's `next_cursor` and `Link`.

use super::Checks;
use crate::problem::ApiError;
use crate::respond::List;
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpMessage as _, HttpRequest, web};
use std::future::{Ready, ready};
use std::sync::Arc;
use url::form_urlencoded;
use uuid::Uuid;
use vigie_auth::Caller;
use vigie_composition::Signer;
use vigie_kernel::{Cursor, DEFAULT_LIMIT, FieldError, MAX_LIMIT, Page, PageRequest};

/// The list that is asked for: which organization's, at which path, with which filters. A cursor of another list is refused.
pub(crate) struct Pages {
    signer: Arc<Signer>,
    /// Organization, path and filters: what a cursor is good for.
    purpose: String,
    path: String,
    filters: Vec<(String, String)>,
}

impl FromRequest for Pages {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        let Some(signer) = req.app_data::<web::Data<Signer>>() else {
            return ready(Err(ApiError::missing_service("cursor signer")));
        };
        let organization = match req.extensions().get::<Caller>() {
            Some(Caller::Member(member)) => member.tenant.organization().to_string(),
            Some(Caller::PlatformAdmin(_)) | None => String::new(),
        };
        let filters: Vec<(String, String)> = form_urlencoded::parse(req.query_string().as_bytes())
            .filter(|(name, _)| name != "cursor")
            .map(|(name, value)| (name.into_owned(), value.into_owned()))
            .collect();
        let lasting = filters.iter().filter(|(name, _)| !matches!(name.as_str(), "limit" | "tenant"));
        let purpose = format!("cursor {organization} {} {:?}", req.path(), lasting.collect::<Vec<_>>());
        let signer = Arc::clone(&signer.clone().into_inner());
        ready(Ok(Self { signer, purpose, path: req.path().to_owned(), filters }))
    }
}

impl Pages {
    /// The page that `limit` and `cursor` ask for.
    pub(crate) fn request(
        &self,
        limit: Option<&str>,
        cursor: Option<&str>,
        checks: &mut Checks,
    ) -> PageRequest {
        self.request_up_to(MAX_LIMIT, DEFAULT_LIMIT, limit, cursor, checks)
    }

    /// The same, for a route with limits of its own.
    pub(crate) fn request_up_to(
        &self,
        max: u16,
        default: u16,
        limit: Option<&str>,
        cursor: Option<&str>,
        checks: &mut Checks,
    ) -> PageRequest {
        let limit = checks.number("?limit", limit, 1, max).unwrap_or(default);
        let after = cursor.and_then(|text| {
            let cursor = self.open(text);
            if cursor.is_none() {
                checks.push(FieldError::new("?cursor", "cursor_invalid"));
            }
            cursor
        });
        PageRequest { limit, after }
    }

    /// The answer of a page.
    pub(crate) fn answer<T, V>(&self, page: Page<T>, view: impl FnMut(T) -> V) -> List<V> {
        let next_cursor = page.next.as_ref().map(|cursor| self.seal(cursor));
        let link = next_cursor.as_deref().map(|cursor| self.link(cursor));
        List::new(page.items.into_iter().map(view).collect(), next_cursor, link)
    }

    fn link(&self, cursor: &str) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query.extend_pairs(&self.filters).append_pair("cursor", cursor);
        format!("<{}?{}>; rel=\"next\"", self.path, query.finish())
    }

    fn seal(&self, cursor: &Cursor) -> String {
        let mut bytes = cursor.id.as_bytes().to_vec();
        bytes.extend_from_slice(cursor.key.as_bytes());
        self.signer.sign(&self.purpose, &bytes)
    }

    fn open(&self, text: &str) -> Option<Cursor> {
        let bytes = self.signer.open(&self.purpose, text)?;
        let (id, key) = bytes.split_first_chunk::<16>()?;
        let key = std::str::from_utf8(key).ok()?.to_owned();
        Some(Cursor { key, id: Uuid::from_bytes(*id) })
    }
}
