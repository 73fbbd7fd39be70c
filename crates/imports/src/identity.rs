//! How a row or a file names its KPI.

use crate::catalogue::{KpiCatalogue, KpiEntry, Lookup};
use crate::text::normalise;
use vigie_kernel::Frequency;

/// A piece of a template such as `{Départ}>{Arrivée}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TemplatePart {
    Text(String),
    /// A column's header.
    Column(String),
}

/// The pieces of a template; `None` when a bracket is alone, empty, or there is none.
pub(crate) fn template_parts(template: &str) -> Option<Vec<TemplatePart>> {
    let mut parts = Vec::new();
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, tail) = after.split_once('}')?;
        if name.trim().is_empty() || name.contains('{') || before.contains('}') {
            return None;
        }
        if !before.is_empty() {
            parts.push(TemplatePart::Text(before.to_owned()));
        }
        parts.push(TemplatePart::Column(name.trim().to_owned()));
        rest = tail;
    }
    if rest.contains('}') || parts.is_empty() {
        return None;
    }
    if !rest.is_empty() {
        parts.push(TemplatePart::Text(rest.to_owned()));
    }
    Some(parts)
}

/// The name of a file without its folder and extension.
pub(crate) fn stem(file_name: &str) -> &str {
    let name = file_name.rsplit(['/', '\\']).next().unwrap_or(file_name);
    name.rsplit_once('.').map_or(name, |(stem, _)| if stem.is_empty() { name } else { stem })
}

/// Words of file names that tell how often a KPI is measured.
const FREQUENCY_WORDS: &[(Frequency, &[&str])] = &[
    (Frequency::Daily, &["daily", "day", "quotidien", "quotidienne", "jour", "journalier"]),
    (Frequency::Weekly, &["weekly", "week", "hebdo", "hebdomadaire", "semaine"]),
    (Frequency::Monthly, &["monthly", "month", "mensuel", "mensuelle", "mois"]),
];

impl KpiCatalogue {
    /// The one KPI whose code or name is the file's name, or is what is left of it without a word for the KPI's own
    /// frequency and without figures (`brent-monthly` or `brent_2026` for a monthly KPI `BRENT`), or is made of all of
    /// that and of words of the `header` of the values (`Brent price` for a column `Price`).
    pub(crate) fn find_by_file_name(&self, file_name: &str, header: &str) -> Option<Lookup> {
        let stem = stem(file_name);
        let found = self.find(stem, false);
        if found.meant().is_some() {
            return Some(found);
        }
        let name = normalise(stem);
        let header = normalise(header);
        let only = |matches: &dyn Fn(&str, Frequency) -> bool| {
            let matches_entry = |entry: &&KpiEntry| {
                [&entry.code, &entry.name].into_iter().any(|text| matches(&normalise(text), entry.frequency))
            };
            let mut hits = self.entries().filter(matches_entry);
            match (hits.next(), hits.next()) {
                (Some(only), None) => Some(self.find(&only.code, false)),
                (Some(_) | None, _) => None,
            }
        };
        only(&|text, _| text == name)
            .or_else(|| only(&|text, frequency| !text.is_empty() && text == bare_name(&name, frequency)))
            .or_else(|| only(&|text, frequency| is_made_of(text, &bare_name(&name, frequency), &header)))
    }
}

/// Whether a name has every word of the first text, and no word that is in neither.
fn is_made_of(name: &str, all: &str, some: &str) -> bool {
    let has = |text: &str, word: &str| text.split(' ').any(|other| other == word);
    !all.is_empty()
        && all.split(' ').all(|word| has(name, word))
        && name.split(' ').all(|word| has(all, word) || has(some, word))
}

fn bare_name(name: &str, frequency: Frequency) -> String {
    let words = FREQUENCY_WORDS.iter().find(|(of, _)| *of == frequency).map_or(&[][..], |(_, words)| *words);
    let kept = |word: &&str| !words.contains(word) && !word.bytes().all(|b| b.is_ascii_digit());
    name.split(' ').filter(kept).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_have_columns() {
        assert_eq!(
            template_parts("{Départ}>{Arrivée}!").unwrap(),
            [
                TemplatePart::Column("Départ".to_owned()),
                TemplatePart::Text(">".to_owned()),
                TemplatePart::Column("Arrivée".to_owned()),
                TemplatePart::Text("!".to_owned()),
            ]
        );
        for bad in ["", "abc", "{", "}", "{}", "{a", "a}", "{a}b}", "{{a}}"] {
            assert_eq!(template_parts(bad), None, "{bad}");
        }
    }

    #[test]
    fn stems_have_no_folder_and_no_extension() {
        assert_eq!(stem("C:\\temp\\brent-monthly.csv"), "brent-monthly");
        assert_eq!(stem("a/b.tar.gz"), "b.tar");
        assert_eq!(stem(".csv"), ".csv");
    }
}
