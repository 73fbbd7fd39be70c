//! Exact decimals on both engines.

use rust_decimal::Decimal;
use sea_orm::{ColIdx, DbBackend, QueryResult, TryGetError, TryGetable, Value};
use vigie_kernel::Dec;

/// A decimal as the databases keep it: `NUMERIC(28,10)` on PostgreSQL; on SQLite its canonical text, because a number would go
/// through a 64-bit float there and lose digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct StoredDec(pub(crate) Dec);

impl StoredDec {
    /// The parameter that carries the decimal to that engine.
    pub(crate) fn bind(backend: DbBackend, value: Option<Dec>) -> Value {
        if backend == DbBackend::Postgres {
            Value::Decimal(value.map(Dec::get))
        } else {
            Value::String(value.map(|value| value.to_string()))
        }
    }
}

impl TryGetable for StoredDec {
    fn try_get_by<I: ColIdx>(row: &QueryResult, index: I) -> Result<Self, TryGetError> {
        let broken = |column: &str| {
            TryGetError::DbErr(sea_orm::DbErr::Type(format!("column {column} holds no decimal of ours")))
        };
        if row.try_as_pg_row().is_some() {
            let number = Decimal::try_get_by(row, index)?;
            return Dec::try_from(number).map(Self).map_err(|_| broken("numeric"));
        }
        let text = String::try_get_by(row, index)?;
        Dec::parse(&text).map(Self).map_err(|_| broken("text"))
    }
}
