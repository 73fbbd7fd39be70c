//! Statements written once for both engines.
//!
//! Both take `$1`-style parameters, so one text serves; what differs is how a decimal is bound ([`Sql::dec`]).

use crate::decimal::StoredDec;
use crate::read_on::ReadOn;
use futures_util::TryStreamExt;
use sea_orm::{
    ConnectionTrait, DbBackend, DbErr, FromQueryResult, QueryResult, Statement, StreamTrait, TryGetable,
    Value,
};
use vigie_kernel::Dec;

/// A statement under construction: its text and the values of its parameters.
#[derive(Clone, Debug)]
pub(crate) struct Sql {
    text: String,
    values: Vec<Value>,
    backend: DbBackend,
    /// Whether the text given at the start has numbered parameters.
    numbered: bool,
}

impl Sql {
    pub(crate) fn new<C: ConnectionTrait>(connection: &C, text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            values: Vec::new(),
            backend: connection.get_database_backend(),
            numbered: false,
        }
    }

    /// Binds the next parameter.
    pub(crate) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.numbered = true;
        self.values.push(value.into());
        self
    }

    /// Binds a decimal: a number on PostgreSQL, its canonical text on SQLite.
    pub(crate) fn dec(self, value: impl Into<Option<Dec>>) -> Self {
        let value = StoredDec::bind(self.backend, value.into());
        self.bind(value)
    }

    /// Appends text.
    pub(crate) fn push(&mut self, text: &str) -> &mut Self {
        self.text.push_str(text);
        self
    }

    /// Appends the next parameter's placeholder and binds its value.
    ///
    /// To SQLite `$1` and `?1` are names, which it and its driver look for one after the other: thousands of them in one statement
    /// take seconds. A statement that is built by pushing alone gets plain `?` there.
    pub(crate) fn push_value(&mut self, value: impl Into<Value>) -> &mut Self {
        self.values.push(value.into());
        if self.backend == DbBackend::Sqlite && !self.numbered {
            self.text.push('?');
            return self;
        }
        self.text.push('$');
        self.text.push_str(&self.values.len().to_string());
        self
    }

    /// Appends a decimal's placeholder and binds it.
    pub(crate) fn push_dec(&mut self, value: Option<Dec>) -> &mut Self {
        let value = StoredDec::bind(self.backend, value);
        self.push_value(value)
    }

    fn statement(self) -> Statement {
        Statement::from_sql_and_values(self.backend, self.text, self.values)
    }

    /// Runs the statement; answers how many rows it touched.
    pub(crate) async fn execute<C: ConnectionTrait>(self, connection: &C) -> Result<u64, DbErr> {
        Ok(connection.execute_raw(self.statement()).await?.rows_affected())
    }

    /// The first row, or `None`.
    pub(crate) async fn one<T: FromQueryResult, C: ConnectionTrait>(
        self,
        connection: &C,
    ) -> Result<Option<T>, DbErr> {
        let row = connection.query_one_raw(self.statement()).await?;
        row.map(|row| T::from_query_result(&row, "")).transpose()
    }

    /// Every row.
    pub(crate) async fn all<T: FromQueryResult, C: ConnectionTrait>(
        self,
        connection: &C,
    ) -> Result<Vec<T>, DbErr> {
        let rows = connection.query_all_raw(self.statement()).await?;
        rows.iter().map(|row| T::from_query_result(row, "")).collect()
    }

    /// Every row, each turned into its item as it arrives: for reads of thousands of rows.
    pub(crate) async fn all_streamed<T: FromQueryResult>(self, connection: &ReadOn) -> Result<Vec<T>, DbErr> {
        let ReadOn::Pool(connection) = connection else { return self.all(connection).await };
        let mut rows = connection.stream_raw(self.statement()).await?;
        let mut items = Vec::new();
        while let Some(row) = rows.try_next().await? {
            items.push(T::from_query_result(&row, "")?);
        }
        Ok(items)
    }

    /// Whether there is a row at all.
    pub(crate) async fn exists<C: ConnectionTrait>(self, connection: &C) -> Result<bool, DbErr> {
        Ok(connection.query_one_raw(self.statement()).await?.is_some())
    }
}

/// The columns of a row one after the other. For reads of thousands of rows, where looking each column up by its name costs more than
/// the rest.
pub(crate) struct InOrder<'a> {
    row: &'a QueryResult,
    next: usize,
}

impl<'a> InOrder<'a> {
    pub(crate) const fn new(row: &'a QueryResult) -> Self {
        Self { row, next: 0 }
    }

    /// The next column.
    pub(crate) fn take<T: TryGetable>(&mut self) -> Result<T, DbErr> {
        let value = self.row.try_get_by_index(self.next)?;
        self.next += 1;
        Ok(value)
    }
}

/// `column IN ($n, ..)` for a list that is not empty.
pub(crate) fn push_in<V: Into<Value>>(sql: &mut Sql, column: &str, values: impl IntoIterator<Item = V>) {
    sql.push(column).push(" IN (");
    for (index, value) in values.into_iter().enumerate() {
        if index > 0 {
            sql.push(", ");
        }
        sql.push_value(value);
    }
    sql.push(")");
}
