//! Tests of what a mail is made of.

mod links;
mod parts;
mod texts;
