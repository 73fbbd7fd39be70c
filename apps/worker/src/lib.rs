//! The worker and the operator's tool of Vigie.
