//! The sentence that a reader sees, in his language.

use crate::{Content, ImportFile, ImportResult};
use vigie_kernel::Locale;

impl Content {
    /// One sentence of plain text. `actor` is the name of who did it; `None` when it is not known (any more).
    #[must_use]
    pub fn text(&self, locale: Locale, actor: Option<&str>) -> String {
        match locale {
            Locale::Fr => self.french(actor),
            Locale::En => self.english(actor),
        }
    }

    fn french(&self, actor: Option<&str>) -> String {
        let who = actor.unwrap_or("Quelqu'un");
        match self {
            Self::ActionGiven { title, .. } => format!("{who} vous a confié l'action « {title} »."),
            Self::KpiTurnedRed { name, period, import, .. } => {
                let how = match (import, actor) {
                    (Some(file), _) => format!(" (import de « {} »)", file.name),
                    (None, Some(actor)) => format!(" (saisi par {actor})"),
                    (None, None) => String::new(),
                };
                format!("L'indicateur « {name} » est passé au rouge pour {period}{how}.")
            }
            Self::KpisTurnedRed { import, count, names } => {
                let list = list(names, *count, |more| match more {
                    1 => "et 1 autre".to_owned(),
                    more => format!("et {more} autres"),
                });
                let file = &import.name;
                format!(
                    "{count} de vos indicateurs sont passés au rouge avec l'import de « {file} » : {list}."
                )
            }
            Self::KpiCommented { name, .. } => format!("{who} a commenté l'indicateur « {name} »."),
            Self::ActionCommented { title, .. } => format!("{who} a commenté l'action « {title} »."),
            Self::ImportEnded { import, dry_run, result, taken, rejected } => {
                let what = french_import(import, *dry_run);
                let figures = format!(
                    "{} et {}",
                    counted(*taken, *taken < 2, "valeur reprise", "valeurs reprises"),
                    counted(*rejected, *rejected < 2, "ligne refusée", "lignes refusées")
                );
                match result {
                    ImportResult::Success | ImportResult::Partial => {
                        format!("{what} est terminé : {figures}.")
                    }
                    ImportResult::Failed => format!("{what} a échoué : {figures}."),
                    ImportResult::Cancelled => {
                        format!("{what} a été annulé par {}.", actor.unwrap_or("quelqu'un"))
                    }
                }
            }
        }
    }

    fn english(&self, actor: Option<&str>) -> String {
        let who = actor.unwrap_or("Somebody");
        match self {
            Self::ActionGiven { title, .. } => format!("{who} gave you the action “{title}”."),
            Self::KpiTurnedRed { name, period, import, .. } => {
                let how = match (import, actor) {
                    (Some(file), _) => format!(" (import of “{}”)", file.name),
                    (None, Some(actor)) => format!(" (recorded by {actor})"),
                    (None, None) => String::new(),
                };
                format!("The KPI “{name}” turned red for {period}{how}.")
            }
            Self::KpisTurnedRed { import, count, names } => {
                let list = list(names, *count, |more| format!("and {more} more"));
                format!("{count} of your KPIs turned red with the import of “{}”: {list}.", import.name)
            }
            Self::KpiCommented { name, .. } => format!("{who} commented on the KPI “{name}”."),
            Self::ActionCommented { title, .. } => format!("{who} commented on the action “{title}”."),
            Self::ImportEnded { import, dry_run, result, taken, rejected } => {
                let what = english_import(import, *dry_run);
                let figures = format!(
                    "{} taken over and {} refused",
                    counted(*taken, *taken == 1, "value", "values"),
                    counted(*rejected, *rejected == 1, "row", "rows")
                );
                match result {
                    ImportResult::Success | ImportResult::Partial => {
                        format!("{what} has ended: {figures}.")
                    }
                    ImportResult::Failed => format!("{what} failed: {figures}."),
                    ImportResult::Cancelled => {
                        format!("{what} was cancelled by {}.", actor.unwrap_or("somebody"))
                    }
                }
            }
        }
    }
}

fn french_import(import: &ImportFile, dry_run: bool) -> String {
    let what = if dry_run { "L'essai à blanc de l'import" } else { "L'import" };
    format!("{what} de « {} »", import.name)
}

fn english_import(import: &ImportFile, dry_run: bool) -> String {
    let what = if dry_run { "The dry run of the import" } else { "The import" };
    format!("{what} of “{}”", import.name)
}

/// A figure and its noun: French takes the singular for nought and one, English for one alone.
fn counted(count: u64, singular: bool, one: &str, many: &str) -> String {
    format!("{count} {}", if singular { one } else { many })
}

/// The names, and how many more there are.
fn list(names: &[String], count: usize, more: impl FnOnce(usize) -> String) -> String {
    let shown = names.join(", ");
    match count.saturating_sub(names.len()) {
        0 => shown,
        rest => format!("{shown} {}", more(rest)),
    }
}
