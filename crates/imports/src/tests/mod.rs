//! Tests of whole files: what somebody who imports one would notice.

mod csv_files;
mod events;
mod guards;
mod invariants;
mod options;
mod resume;
mod service;
mod support;
mod workbooks;
