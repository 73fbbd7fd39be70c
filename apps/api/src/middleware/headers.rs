//! Headers of every answer (docs: SECURITY, HTTP surface).

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

const ALWAYS: [(&str, &str); 6] = [
    ("strict-transport-security", "max-age=31536000; includeSubDomains"),
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    ("referrer-policy", "no-referrer"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "accelerometer=(), camera=(), geolocation=(), microphone=(), payment=(), usb=()"),
];

const NOTHING_LOADS: &str = "default-src 'none'; frame-ancestors 'none'; base-uri 'none'";
/// Swagger UI loads its own scripts, styles and pictures, writes inline styles and calls this API.
const DOCS_LOAD: &str = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; \
    img-src 'self' data:; font-src 'self'; connect-src 'self'; frame-ancestors 'none'; base-uri 'none'";

/// Adds the headers. Those that a handler has set stay.
pub(super) fn secure(headers: &mut HeaderMap, path: &str, request_id: &str) {
    for (name, value) in ALWAYS {
        set_default(headers, HeaderName::from_static(name), value);
    }
    let is_docs = path == "/docs" || path.starts_with("/docs/");
    set_default(headers, header::CONTENT_SECURITY_POLICY, if is_docs { DOCS_LOAD } else { NOTHING_LOADS });
    set_default(headers, header::CACHE_CONTROL, "no-store");
    if let Ok(value) = HeaderValue::from_str(request_id) {
        headers.insert(HeaderName::from_static(super::request_id::HEADER), value);
    }
}

fn set_default(headers: &mut HeaderMap, name: HeaderName, value: &'static str) {
    if !headers.contains_key(&name) {
        headers.insert(name, HeaderValue::from_static(value));
    }
}
