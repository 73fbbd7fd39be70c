//! The HTTP API of Vigie.
