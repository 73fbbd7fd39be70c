//! The same schema text for both engines.

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{ConnectionTrait, DbBackend};

/// What the type names of our schema text are called on SQLite. PostgreSQL takes the text as it stands.
///
/// Decimals are TEXT there, because SQLite's numbers are 64-bit floats and lose digits.
const ON_SQLITE: &[(&str, &str)] = &[
    // The nil UUID, as bytes.
    ("'00000000-0000-0000-0000-000000000000'", "x'00000000000000000000000000000000'"),
    ("NUMERIC(28,10)", "TEXT"),
    ("TIMESTAMPTZ", "TEXT"),
    ("JSONB", "TEXT"),
    ("UUID", "BLOB"),
    ("BYTEA", "BLOB"),
    // With the space before it, so that ON UPDATE stays what it is.
    (" DATE ", " TEXT "),
    (" DATE,", " TEXT,"),
];

/// Runs schema statements written for PostgreSQL, translated for the engine at hand.
pub(crate) async fn run(manager: &SchemaManager<'_>, statements: &[&str]) -> Result<(), DbErr> {
    let connection = manager.get_connection();
    let on_sqlite = connection.get_database_backend() == DbBackend::Sqlite;
    for statement in statements {
        let mut sql = (*statement).to_owned();
        if on_sqlite {
            for (postgres, sqlite) in ON_SQLITE {
                sql = sql.replace(postgres, sqlite);
            }
        }
        connection.execute_unprepared(&sql).await?;
    }
    Ok(())
}
