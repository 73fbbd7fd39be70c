//! The tables that an organization's database has at a schema version, read from the text of the migrations.
//!
//! On SQLite a decimal, an instant and a text all are `TEXT`: what a column holds is told by the migration alone.

use crate::TenantMigrator;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ColumnKind {
    /// `BOOLEAN`.
    Bool,
    /// `INTEGER`.
    Int,
    /// `BIGINT`.
    BigInt,
    /// `DOUBLE PRECISION`.
    Float,
    /// `NUMERIC(28,10)`.
    Decimal,
    /// `TEXT`.
    Text,
    /// `UUID`.
    Uuid,
    /// `DATE`.
    Date,
    /// `TIMESTAMPTZ`.
    Instant,
    /// `JSONB`.
    Json,
    /// `BYTEA`.
    Bytes,
}

impl ColumnKind {
    fn of(type_name: &str) -> Option<Self> {
        Some(match type_name {
            "BOOLEAN" => Self::Bool,
            "INTEGER" => Self::Int,
            "BIGINT" => Self::BigInt,
            "DOUBLE" => Self::Float,
            "NUMERIC(28,10)" => Self::Decimal,
            "TEXT" => Self::Text,
            "UUID" => Self::Uuid,
            "DATE" => Self::Date,
            "TIMESTAMPTZ" => Self::Instant,
            "JSONB" => Self::Json,
            "BYTEA" => Self::Bytes,
            _ => return None,
        })
    }
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnShape {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: ColumnKind,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableShape {
    /// Its name.
    pub name: String,
    /// Its columns, in the order in which they came.
    pub columns: Vec<ColumnShape>,
}

/// A part of a migration that says something about columns and is not understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ShapeError(pub String);

impl std::fmt::Display for ShapeError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the migration's statement is not understood: {}", self.0)
    }
}

impl std::error::Error for ShapeError {}

impl TenantMigrator {
    /// The tables after the first `version` migrations, in the order in which they came; the migrator's own one is not
    /// among them.
    pub fn shape(version: usize) -> Result<Vec<TableShape>, ShapeError> {
        let mut tables = Vec::new();
        for source in Self::sources().iter().take(version) {
            for statement in statements(source) {
                apply(&mut tables, &statement)?;
            }
        }
        Ok(tables)
    }
}

/// The texts between quotes of a Rust file, without its comments, each with single blanks.
fn statements(source: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut rest = source;
    loop {
        let (quote, comment) = (rest.find('"'), rest.find("//"));
        match (quote, comment) {
            (Some(quote), Some(comment)) if comment < quote => {
                rest = rest[comment..].split_once('\n').map_or("", |(_, after)| after);
            }
            (Some(quote), _) => {
                let mut text = String::new();
                let mut chars = rest[quote + 1..].char_indices();
                let mut end = rest.len();
                while let Some((at, c)) = chars.next() {
                    match c {
                        '"' => {
                            end = quote + 2 + at;
                            break;
                        }
                        '\\' => {
                            if let Some((_, escaped @ ('"' | '\\'))) = chars.next() {
                                text.push(escaped);
                            }
                        }
                        c => text.push(c),
                    }
                }
                found.push(text.split_whitespace().collect::<Vec<_>>().join(" "));
                rest = rest.get(end..).unwrap_or_default();
            }
            (None, _) => return found,
        }
    }
}

fn apply(tables: &mut Vec<TableShape>, statement: &str) -> Result<(), ShapeError> {
    let broken = || ShapeError(statement.to_owned());
    let words: Vec<&str> = statement.split(' ').collect();
    match *words.as_slice() {
        ["CREATE", "TABLE", ref rest @ ..] => {
            let rest = rest.strip_prefix(&["IF", "NOT", "EXISTS"]).unwrap_or(rest);
            let name = rest.first().ok_or_else(broken)?.trim_end_matches('(');
            let body = statement.split_once('(').and_then(|(_, body)| body.rsplit_once(')'));
            let (body, _) = body.ok_or_else(broken)?;
            let mut columns = Vec::new();
            for item in items(body) {
                columns.extend(column(item).map_err(|()| broken())?);
            }
            tables.push(TableShape { name: name.to_owned(), columns });
        }
        ["DROP", "TABLE", ref rest @ ..] => {
            let name = rest.strip_prefix(&["IF", "EXISTS"]).unwrap_or(rest).first().ok_or_else(broken)?;
            tables.retain(|table| table.name != *name);
        }
        ["ALTER", "TABLE", name, "RENAME", "TO", new] => {
            new.clone_into(&mut find(tables, name).ok_or_else(broken)?.name);
        }
        ["ALTER", "TABLE", name, "RENAME", "COLUMN", old, "TO", new] => {
            let table = find(tables, name).ok_or_else(broken)?;
            let column = table.columns.iter_mut().find(|column| column.name == old);
            new.clone_into(&mut column.ok_or_else(broken)?.name);
        }
        ["ALTER", "TABLE", name, "DROP", "COLUMN", gone] => {
            find(tables, name).ok_or_else(broken)?.columns.retain(|column| column.name != gone);
        }
        ["ALTER", "TABLE", name, "ADD", "COLUMN", ref rest @ ..] => {
            let text = rest.strip_prefix(&["IF", "NOT", "EXISTS"]).unwrap_or(rest).join(" ");
            let added = column(&text).map_err(|()| broken())?.ok_or_else(broken)?;
            find(tables, name).ok_or_else(broken)?.columns.push(added);
        }
        ["ALTER", "TABLE", _, "ADD" | "DROP", "CONSTRAINT", ..] => {}
        ["ALTER", "TABLE", ..] => return Err(broken()),
        _ => {}
    }
    Ok(())
}

fn find<'t>(tables: &'t mut [TableShape], name: &str) -> Option<&'t mut TableShape> {
    tables.iter_mut().find(|table| table.name == name)
}

/// The parts between the commas that are in no parentheses.
fn items(body: &str) -> Vec<&str> {
    let mut found = Vec::new();
    let (mut depth, mut start) = (0_u32, 0);
    for (at, c) in body.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            ',' if depth == 0 => {
                found.push(body[start..at].trim());
                start = at + 1;
            }
            _ => {}
        }
    }
    found.push(body[start..].trim());
    found
}

/// The column that a part of `CREATE TABLE` says; `None` for a constraint of the table.
fn column(item: &str) -> Result<Option<ColumnShape>, ()> {
    let mut words = item.split(' ');
    let name = words.next().ok_or(())?;
    let first = name.split('(').next().unwrap_or(name);
    if matches!(first, "CONSTRAINT" | "PRIMARY" | "UNIQUE" | "CHECK" | "FOREIGN") {
        return Ok(None);
    }
    let kind = words.next().and_then(ColumnKind::of).ok_or(())?;
    Ok(Some(ColumnShape { name: name.to_owned(), kind }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(tables: &[TableShape], name: &str) -> String {
        let found = tables.iter().find(|table| table.name == name).unwrap();
        let columns: Vec<String> =
            found.columns.iter().map(|column| format!("{} {:?}", column.name, column.kind)).collect();
        columns.join(", ")
    }

    #[test]
    fn columns_are_read_from_the_migrations() {
        let tables = TenantMigrator::shape(TenantMigrator::sources().len()).unwrap();
        assert_eq!(
            table(&tables, "period_closings"),
            "frequency Text, closed_through Date, updated_at Instant, updated_by Uuid"
        );
        assert!(table(&tables, "kpi_values").contains("value Decimal, not_applicable_reason Text"));
        let first = TenantMigrator::shape(1).unwrap();
        assert!(first.iter().all(|table| table.name != "kpis"), "{first:?}");
    }

    #[test]
    fn later_statements_change_what_earlier_ones_made() {
        let source = r#"
            // "CREATE TABLE hidden (id UUID)"
            "CREATE TABLE a ( id UUID NOT NULL PRIMARY KEY, n NUMERIC(28,10) CHECK (n IN (1, 2)), UNIQUE (id, n) )",
            "ALTER TABLE a ADD COLUMN note TEXT NOT NULL DEFAULT ''",
            "ALTER TABLE a RENAME COLUMN note TO remark",
            "CREATE TABLE b (id BIGINT NOT NULL)",
            "DROP TABLE b",
            "ALTER TABLE a RENAME TO c",
        "#;
        let mut tables = Vec::new();
        for statement in statements(source) {
            apply(&mut tables, &statement).unwrap();
        }
        assert_eq!(tables.len(), 1);
        assert_eq!(table(&tables, "c"), "id Uuid, n Decimal, remark Text");
        let odd = apply(&mut tables, "CREATE TABLE d (id MONEY)");
        assert_eq!(odd, Err(ShapeError("CREATE TABLE d (id MONEY)".to_owned())));
    }
}
