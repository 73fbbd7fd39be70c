//! Bodies that are too small to be worth compressing are sent as they are.

use actix_web::Error;
use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{CONTENT_ENCODING, HeaderValue};
use actix_web::middleware::Next;

/// Bodies up to this size are not compressed, in bytes.
const SMALL: u64 = 1024;

/// Marks small bodies as `identity` on their way to the compression, which then leaves them; the edge takes the mark off.
pub(crate) async fn leave_small_bodies<B: MessageBody>(
    req: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    let mut res = next.call(req).await?;
    let small = match res.response().body().size() {
        BodySize::None => true,
        BodySize::Sized(bytes) => bytes <= SMALL,
        BodySize::Stream => false,
    };
    if small && !res.headers().contains_key(CONTENT_ENCODING) {
        res.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static("identity"));
    }
    Ok(res)
}
