//! What happens around every handler.

mod authenticate;
mod client;
mod edge;
mod headers;
mod request_id;
mod small_bodies;
mod throttle;

pub(crate) use authenticate::{Gate, NamedOrganization, authenticate};
pub(crate) use client::{ClientAddress, network_of};
pub(crate) use edge::edge;
pub(crate) use request_id::RequestId;
pub(crate) use small_bodies::leave_small_bodies;
pub(crate) use throttle::Throttle;
