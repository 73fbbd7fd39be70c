//! Tests of the API over HTTP, and of its document. One program, so that it is linked once.

#![cfg(test)]

mod access;
mod accounts;
mod admin;
mod common;
mod edge;
mod flow;
mod mailed;
mod members;
mod migrations;
mod notifications;
mod openapi;
mod plans;
mod preconditions;
mod repeats;
mod samples;
mod servers;
mod sessions;
mod states;
mod streams;
mod throttles;
