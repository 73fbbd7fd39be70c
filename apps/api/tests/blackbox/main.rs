//! The product as its users meet it: the real binary, spoken to over HTTP only, on SQLite and on PostgreSQL.
//!
//! The PostgreSQL half needs the server that `VIGIE_TEST_POSTGRES_URL` names; `scripts/services run -- cargo test` brings one. Some
//! tests start a `redis-server` of their own.
#![cfg(test)]

#[macro_use]
mod place;
mod client;
mod files;
mod member;
mod redis;
mod server;

mod backups;
mod bad_files;
mod bad_input;
mod chaos;
mod creations;
mod draining;
mod file_store;
mod interrupted;
mod isolation;
mod journey;
mod killed_restores;
mod last_place;
mod migrations;
mod operations;
mod repeats;
mod sharing;
mod starting;
mod stopping;
mod throttles;
mod tokens;
mod workbook;
