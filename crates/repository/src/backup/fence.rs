//! Making a database refuse every write, also those of connections that others have open.

use crate::error::store_error;
use crate::sql::Sql;
use crate::transaction;
use sea_orm::{ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, FromQueryResult};
use std::time::Duration;
use vigie_kernel::StoreError;

/// How often the locks are asked for: a writer that holds some of them in another order may win.
const ATTEMPTS: u32 = 5;
const BETWEEN: Duration = Duration::from_millis(100);

/// What is told to who writes. Class 57 is "not now", which callers answer with 503.
const FUNCTION: &str = "CREATE OR REPLACE FUNCTION vigie_fence() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN \
    RAISE EXCEPTION 'the organization has another database by now' USING ERRCODE = '57P03'; END $$";

#[derive(FromQueryResult)]
struct Name {
    name: String,
}

/// Puts the fence up. When it answers, every write that was under way has ended, and none begins.
pub(super) async fn raise(database: &DatabaseConnection) -> Result<(), StoreError> {
    let mut attempt = 1;
    loop {
        match raise_once(database).await {
            Err(StoreError::Unavailable(_)) if attempt < ATTEMPTS => {
                attempt += 1;
                tokio::time::sleep(BETWEEN).await;
            }
            done => return done,
        }
    }
}

async fn raise_once(database: &DatabaseConnection) -> Result<(), StoreError> {
    let txn = transaction::begin(database).await?;
    if txn.get_database_backend() == DbBackend::Postgres {
        run(&txn, FUNCTION).await?;
        for table in tables(&txn).await? {
            run(
                &txn,
                &format!(
                    "CREATE OR REPLACE TRIGGER vigie_fence BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE \
                     ON \"{table}\" FOR EACH STATEMENT EXECUTE FUNCTION vigie_fence()"
                ),
            )
            .await?;
        }
    } else {
        for table in tables(&txn).await? {
            for deed in ["INSERT", "UPDATE", "DELETE"] {
                run(
                    &txn,
                    &format!(
                        "CREATE TRIGGER IF NOT EXISTS \"vigie_fence_{table}_{deed}\" BEFORE {deed} ON \"{table}\" \
                         BEGIN SELECT RAISE(ABORT, 'the organization has another database by now'); END"
                    ),
                )
                .await?;
            }
        }
    }
    txn.commit().await.map_err(store_error)
}

/// Takes the fence down; nothing when there is none.
pub(super) async fn lower(database: &DatabaseConnection) -> Result<(), StoreError> {
    let txn = transaction::begin(database).await?;
    if txn.get_database_backend() == DbBackend::Postgres {
        for table in tables(&txn).await? {
            run(&txn, &format!("DROP TRIGGER IF EXISTS vigie_fence ON \"{table}\"")).await?;
        }
    } else {
        let select = "SELECT name FROM sqlite_master WHERE type = 'trigger' AND name LIKE 'vigie\\_fence\\_%' ESCAPE '\\'";
        let triggers: Vec<Name> = Sql::new(&txn, select).all(&txn).await.map_err(store_error)?;
        for trigger in triggers {
            run(&txn, &format!("DROP TRIGGER \"{}\"", trigger.name)).await?;
        }
    }
    txn.commit().await.map_err(store_error)
}

async fn run(txn: &DatabaseTransaction, statement: &str) -> Result<(), StoreError> {
    txn.execute_unprepared(statement).await.map(|_| ()).map_err(store_error)
}

async fn tables(txn: &DatabaseTransaction) -> Result<Vec<String>, StoreError> {
    let select = if txn.get_database_backend() == DbBackend::Postgres {
        "SELECT CAST(tablename AS text) AS name FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename"
    } else {
        "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\' ORDER BY name"
    };
    let names: Vec<Name> = Sql::new(txn, select).all(txn).await.map_err(store_error)?;
    Ok(names.into_iter().map(|name| name.name).collect())
}
