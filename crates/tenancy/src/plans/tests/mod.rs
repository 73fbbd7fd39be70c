//! Plans, their exceptions, and what they allow.

mod rules;
mod service;
