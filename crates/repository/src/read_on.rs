//! What reads outside a unit of work run on.

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, ExecResult, QueryResult,
    Statement,
};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

/// A statement on its way.
type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T, DbErr>> + Send + 'a>>;

/// The pool, or the transaction of a request that has one for all that it does: what it wrote must be seen by what it reads, and
/// a second connection must not be waited for while the first is held.
pub(crate) enum ReadOn {
    Pool(DatabaseConnection),
    Request(Arc<DatabaseTransaction>),
}

// Written out as `async_trait` would write it: forwarding in an `async fn` would put every statement into a second box.
impl ConnectionTrait for ReadOn {
    fn get_database_backend(&self) -> DbBackend {
        match self {
            Self::Pool(pool) => pool.get_database_backend(),
            Self::Request(txn) => txn.get_database_backend(),
        }
    }

    fn execute_raw<'life0, 'async_trait>(&'life0 self, stmt: Statement) -> Answer<'async_trait, ExecResult>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        match self {
            Self::Pool(pool) => pool.execute_raw(stmt),
            Self::Request(txn) => txn.execute_raw(stmt),
        }
    }

    fn execute_unprepared<'life0, 'life1, 'async_trait>(
        &'life0 self,
        sql: &'life1 str,
    ) -> Answer<'async_trait, ExecResult>
    where
        'life0: 'async_trait,
        'life1: 'async_trait,
        Self: 'async_trait,
    {
        match self {
            Self::Pool(pool) => pool.execute_unprepared(sql),
            Self::Request(txn) => txn.execute_unprepared(sql),
        }
    }

    fn query_one_raw<'life0, 'async_trait>(
        &'life0 self,
        stmt: Statement,
    ) -> Answer<'async_trait, Option<QueryResult>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        match self {
            Self::Pool(pool) => pool.query_one_raw(stmt),
            Self::Request(txn) => txn.query_one_raw(stmt),
        }
    }

    fn query_all_raw<'life0, 'async_trait>(
        &'life0 self,
        stmt: Statement,
    ) -> Answer<'async_trait, Vec<QueryResult>>
    where
        'life0: 'async_trait,
        Self: 'async_trait,
    {
        match self {
            Self::Pool(pool) => pool.query_all_raw(stmt),
            Self::Request(txn) => txn.query_all_raw(stmt),
        }
    }
}
