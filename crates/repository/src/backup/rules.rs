//! What backups do with each table. A table without a row here fails `every_table_has_a_rule` and every backup.

/// What a backup does with a table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Treatment {
    /// Its rows are in the archive.
    Carried,
    /// Its rows belong to the database, not to the organization: a new database gets its own.
    Left,
}

/// The rule of one table.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TableRule {
    pub(crate) table: &'static str,
    pub(crate) treatment: Treatment,
    /// Run after rows were loaded, whoever they are for.
    pub(crate) always: Option<&'static str>,
    /// Run besides, unless the organization is only moved: what was under way when the backup was taken is over.
    pub(crate) later: Option<&'static str>,
}

const fn carried(table: &'static str) -> TableRule {
    TableRule { table, treatment: Treatment::Carried, always: None, later: None }
}

/// One row for each table of an organization's database.
pub(crate) const RULES: &[TableRule] = &[
    TableRule { treatment: Treatment::Left, ..carried("org_meta") },
    // The control database says who is a member. Its members are let in again when the database is seeded.
    TableRule {
        always: Some("UPDATE members SET is_active = FALSE WHERE is_active = TRUE"),
        ..carried("members")
    },
    carried("audit_log"),
    // Announced at the time of the backup: done since, or not wanted any more.
    TableRule { later: Some("DELETE FROM outbox"), ..carried("outbox") },
    // Kept answers of requests that come twice: of no use to who asks now.
    TableRule { later: Some("DELETE FROM repeatable_requests"), ..carried("repeatable_requests") },
    carried("notifications"),
    // In the inbox alone so far; one that is still to be sent has to be ended here.
    carried("deliveries"),
    carried("inbox_counters"),
    // What they count is carried whole: rows and files.
    carried("usage_counters"),
    carried("stored_files"),
    carried("dashboards"),
    carried("kpis"),
    carried("kpi_thresholds"),
    carried("kpi_values"),
    carried("kpi_latest_values"),
    carried("kpi_value_revisions"),
    carried("period_closings"),
    carried("actions"),
    carried("comments"),
    // No job goes on with them.
    TableRule {
        later: Some(
            "UPDATE import_runs SET status = 'CANCELLED', phase = 'done', version = version + 1 \
             WHERE status IN ('PENDING', 'RUNNING')",
        ),
        ..carried("import_runs")
    },
];

/// The rule of a table, or `None`.
pub(crate) fn rule_of(table: &str) -> Option<&'static TableRule> {
    RULES.iter().find(|rule| rule.table == table)
}

#[cfg(test)]
mod tests {
    use super::*;
    use vigie_migrations::TenantMigrator;

    #[test]
    fn every_table_has_a_rule() {
        let shape = TenantMigrator::shape(TenantMigrator::sources().len()).unwrap();
        let without: Vec<&str> =
            shape.iter().map(|table| table.name.as_str()).filter(|table| rule_of(table).is_none()).collect();
        assert!(
            without.is_empty(),
            "backups do not know what to do with {without:?}: add a row to RULES in {}",
            file!()
        );
        let gone: Vec<&str> = RULES
            .iter()
            .map(|rule| rule.table)
            .filter(|table| shape.iter().all(|known| known.name != *table))
            .collect();
        assert!(gone.is_empty(), "{gone:?} are no tables any more");
        let mut names: Vec<&str> = RULES.iter().map(|rule| rule.table).collect();
        names.sort_unstable();
        names.dedup();
        assert_eq!(names.len(), RULES.len(), "a table has two rules");
    }
}
