//! What handlers answer: created things, things with a version, lists, nothing.

use crate::once::Keep;
use actix_web::body::BoxBody;
use actix_web::http::header;
use actix_web::{HttpRequest, HttpResponse, Responder};
use serde::Serialize;
use utoipa::ToSchema;
use vigie_kernel::KeptAnswer;

/// 201 with the place of what was created and, for a versioned thing, its tag.
pub(crate) struct Created<T> {
    /// The answer's body.
    pub(crate) body: T,
    /// The path of what was created.
    pub(crate) location: String,
    /// Its version.
    pub(crate) version: Option<i64>,
}

impl<T: Serialize> Responder for Created<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::Created();
        response.insert_header((header::LOCATION, self.location));
        if let Some(version) = self.version {
            response.insert_header((header::ETAG, tag(version)));
        }
        response.json(self.body)
    }
}

impl<T: Serialize> Keep for Created<T> {
    fn keep(&self) -> serde_json::Result<KeptAnswer> {
        Ok(KeptAnswer {
            status: 201,
            location: Some(self.location.clone()),
            etag: self.version.map(tag),
            body: serde_json::to_vec(&self.body)?,
        })
    }
}

/// The place of what was started: 201 when it is done already, 202 when it goes on.
pub(crate) struct Started<T> {
    /// The answer's body.
    pub(crate) body: T,
    /// The path of what was started.
    pub(crate) location: String,
    /// Whether it is done.
    pub(crate) done: bool,
}

impl<T: Serialize> Responder for Started<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut response = if self.done { HttpResponse::Created() } else { HttpResponse::Accepted() };
        response.insert_header((header::LOCATION, self.location)).json(self.body)
    }
}

impl<T: Serialize> Keep for Started<T> {
    fn keep(&self) -> serde_json::Result<KeptAnswer> {
        Ok(KeptAnswer {
            status: if self.done { 201 } else { 202 },
            location: Some(self.location.clone()),
            etag: None,
            body: serde_json::to_vec(&self.body)?,
        })
    }
}

/// 200 with a body.
pub(crate) struct Told<T>(pub(crate) T);

impl<T: Serialize> Responder for Told<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok().json(self.0)
    }
}

impl<T: Serialize> Keep for Told<T> {
    fn keep(&self) -> serde_json::Result<KeptAnswer> {
        Ok(KeptAnswer { status: 200, location: None, etag: None, body: serde_json::to_vec(&self.0)? })
    }
}

/// 200 with the tag of the version that is shown.
pub(crate) struct Versioned<T> {
    /// The answer's body.
    pub(crate) body: T,
    /// Its version.
    pub(crate) version: i64,
}

impl<T: Serialize> Responder for Versioned<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Ok().insert_header((header::ETAG, tag(self.version))).json(self.body)
    }
}

impl<T: Serialize> Keep for Versioned<T> {
    fn keep(&self) -> serde_json::Result<KeptAnswer> {
        let etag = Some(tag(self.version));
        Ok(KeptAnswer { status: 200, location: None, etag, body: serde_json::to_vec(&self.body)? })
    }
}

fn tag(version: i64) -> String {
    format!("\"{version}\"")
}

/// 204.
pub(crate) struct NoContent;

impl Responder for NoContent {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::NoContent().finish()
    }
}

/// 202: something will be done about it, or will not; nobody is told which.
pub(crate) struct Accepted;

impl Responder for Accepted {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        HttpResponse::Accepted().finish()
    }
}

/// A page of a list.
#[derive(Serialize, ToSchema)]
pub(crate) struct List<T> {
    /// The items of this page.
    items: Vec<T>,
    /// What to give as `cursor` for the next page; null on the last one.
    next_cursor: Option<String>,
    #[serde(skip)]
    link: Option<String>,
}

impl<T> List<T> {
    pub(crate) const fn new(items: Vec<T>, next_cursor: Option<String>, link: Option<String>) -> Self {
        Self { items, next_cursor, link }
    }

    /// A list that is always told whole.
    pub(crate) const fn whole(items: Vec<T>) -> Self {
        Self::new(items, None, None)
    }
}

impl<T: Serialize> Responder for List<T> {
    type Body = BoxBody;

    fn respond_to(self, _: &HttpRequest) -> HttpResponse {
        let mut response = HttpResponse::Ok();
        if let Some(link) = self.link.as_deref() {
            response.insert_header((header::LINK, link));
        }
        response.json(self)
    }
}
