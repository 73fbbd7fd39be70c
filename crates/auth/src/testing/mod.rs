//! An in-memory control database and stand-ins for the outside, for tests of this crate and of the crates above (feature
//! `testing`). The stand-ins are fast and hide nothing: never use one in a product.

mod fakes;
mod members;
mod memory;
mod repositories;

pub use fakes::{
    CountedSecrets, CountedThrottle, PlainHasher, PlainPseudonyms, PlainTokens, RecordedMembers, XorSealer,
    fake_ports,
};
pub use memory::{GivenToken, MemoryIdentity, MemoryProvisioning, MemoryState};
