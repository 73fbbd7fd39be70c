//! What a database's error means to a domain.

use crate::sql::Sql;
use sea_orm::{ConnectionTrait, DbBackend, DbErr, RuntimeErr, SqlErr, sqlx};
use vigie_kernel::{Rule, StoreError};

/// A unique constraint and the rule that it holds. PostgreSQL names the constraint in its message, SQLite the columns, or the index
/// where it is a partial or an expression index.
#[derive(Clone, Copy)]
pub(crate) struct UniqueRule {
    pub(crate) constraint: &'static str,
    pub(crate) columns: &'static str,
    pub(crate) rule: Rule,
}

/// A foreign key and the rule that it holds. SQLite does not say which one was broken: there `probe` looks, inside the same transaction,
/// whether the row that must (or, for a deletion, must not) be there is.
pub(crate) struct ForeignRule {
    pub(crate) constraint: &'static str,
    pub(crate) rule: Rule,
    pub(crate) probe: Sql,
    /// The rule is broken when the probe finds a row (deletions) or when it finds none (insertions).
    pub(crate) broken_when_found: bool,
}

/// The error as a domain sees it when no rule of its own can be broken.
pub(crate) fn store_error(error: DbErr) -> StoreError {
    if is_unavailable(&error) {
        StoreError::Unavailable(Box::new(error))
    } else {
        StoreError::Broken(Box::new(error))
    }
}

/// The error, with broken unique constraints told by their rule.
pub(crate) fn with_unique(rules: &[UniqueRule], error: DbErr) -> StoreError {
    if let Some(SqlErr::UniqueConstraintViolation(message)) = error.sql_err() {
        let broken =
            rules.iter().find(|rule| message.contains(rule.constraint) || message.contains(rule.columns));
        if let Some(broken) = broken {
            return StoreError::Conflict(broken.rule);
        }
    }
    store_error(error)
}

/// The error, with broken unique constraints and foreign keys told by their rule.
pub(crate) async fn with_rules<C: ConnectionTrait>(
    connection: &C,
    unique: &[UniqueRule],
    foreign: Vec<ForeignRule>,
    error: DbErr,
) -> StoreError {
    let Some(SqlErr::ForeignKeyConstraintViolation(message)) = error.sql_err() else {
        return with_unique(unique, error);
    };
    for candidate in foreign {
        let broken = if connection.get_database_backend() == DbBackend::Postgres {
            message.contains(candidate.constraint)
        } else {
            match candidate.probe.exists(connection).await {
                Ok(found) => found == candidate.broken_when_found,
                Err(error) => return store_error(error),
            }
        };
        if broken {
            return StoreError::Conflict(candidate.rule);
        }
    }
    store_error(error)
}

/// What a server said when it was connected to: it answers, so whatever is wrong is not that it is away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ServerSaid {
    /// It has no connection left.
    Full,
    /// The one database cannot be connected to: it is not there, or not open to us.
    NotThisDatabase,
}

/// What the server said, unless the error is about the server itself.
#[allow(clippy::wildcard_enum_match_arm, reason = "enums of the libraries, which grow with their versions")]
pub(crate) fn server_said(error: &DbErr) -> Option<ServerSaid> {
    let (DbErr::Conn(runtime) | DbErr::Exec(runtime) | DbErr::Query(runtime)) = error else { return None };
    let RuntimeErr::SqlxError(error) = runtime else { return None };
    let code = error.as_database_error()?.code()?;
    match &*code {
        // PostgreSQL: too many connections, of the server, the database or the role.
        "53300" => Some(ServerSaid::Full),
        // No such database; one that lets nobody in; one that does not let us in.
        "3D000" | "55000" | "42501" => Some(ServerSaid::NotThisDatabase),
        // SQLite's codes are numbers of at most four digits, and a file is always a matter of its own.
        code if code.len() < 5 => Some(ServerSaid::NotThisDatabase),
        _ => None,
    }
}

/// Whether the statement may succeed later: no connection, a server that goes away, a lock that was not had in time.
#[allow(clippy::wildcard_enum_match_arm, reason = "enums of the libraries, which grow with their versions")]
pub(crate) fn is_unavailable(error: &DbErr) -> bool {
    let runtime = match error {
        DbErr::ConnectionAcquire(_) | DbErr::Conn(_) => return true,
        DbErr::Exec(runtime) | DbErr::Query(runtime) => runtime,
        _ => return false,
    };
    let RuntimeErr::SqlxError(error) = runtime else { return false };
    match &**error {
        sqlx::Error::Io(_)
        | sqlx::Error::PoolTimedOut
        | sqlx::Error::PoolClosed
        | sqlx::Error::WorkerCrashed => true,
        sqlx::Error::Database(error) => error.code().is_some_and(|code| {
            // SQLite: busy and its extended forms. PostgreSQL: classes 08 (connection), 53 (resources), 57 (operator
            // intervention), and serialization failure, deadlock, lock not available.
            // 1811 is a trigger that refuses: the fence of a database whose organization has another one by now.
            matches!(&*code, "5" | "261" | "517" | "1811" | "40001" | "40P01" | "55P03")
                || ["08", "53", "57"].iter().any(|class| code.len() == 5 && code.starts_with(class))
        }),
        _ => false,
    }
}

/// Whether a lock was not had in time: SQLite's busy and its extended forms; PostgreSQL's deadlock and lock not available.
pub(crate) fn is_blocked(error: &DbErr) -> bool {
    let (DbErr::Exec(runtime) | DbErr::Query(runtime)) = error else { return false };
    let RuntimeErr::SqlxError(error) = runtime else { return false };
    error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .is_some_and(|code| matches!(&*code, "5" | "261" | "517" | "40P01" | "55P03"))
}
