//! What happens around every handler.

mod authenticate;
mod edge;
mod headers;
mod request_id;
mod small_bodies;

pub(crate) use authenticate::authenticate;
pub(crate) use edge::edge;
pub(crate) use request_id::RequestId;
pub(crate) use small_bodies::leave_small_bodies;
