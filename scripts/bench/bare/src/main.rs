//! The bare reference of the benchmark: handlers on actix-web and sqlx that send the same statements to the same database as the
//! product and write the rows as JSON. No login, no organization, no rule, no log.
//!
//! `BARE_BIND` says where to listen, `BARE_DATABASE_URL` which organization's database to ask.

mod history;
mod overview;
mod record;
mod text;

use actix_web::{App, HttpServer, web};
use sqlx::postgres::PgPoolOptions;
use std::error::Error;
use std::time::Duration;

/// The connections that the product gives one organization.
const CONNECTIONS: u32 = 8;

/// What a handler answers when a statement fails: the benchmark counts it as an error.
pub(crate) type Answer<T> = Result<T, Box<dyn Error>>;

#[actix_web::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (bind, url) = (std::env::var("BARE_BIND")?, std::env::var("BARE_DATABASE_URL")?);
    let pool = PgPoolOptions::new()
        .max_connections(CONNECTIONS)
        .idle_timeout(Duration::from_secs(45))
        .test_before_acquire(false)
        .connect(&url)
        .await?;
    let server = HttpServer::new(move || {
        App::new()
            .app_data(web::Data::new(pool.clone()))
            .service(history::same_statements)
            .service(history::values_only)
            .service(record::two_inserts)
            .service(record::same_statements)
            .service(overview::rows)
    });
    Ok(server.bind(bind)?.run().await?)
}
