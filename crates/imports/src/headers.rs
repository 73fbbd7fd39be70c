//! The names that columns have.

use crate::text::{normalise, without_brackets};

/// What a column can mean.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Field {
    KpiCode,
    KpiName,
    Period,
    PeriodStart,
    PeriodEnd,
    Year,
    Value,
    Target,
    Comment,
    Location,
    Team,
    User,
    Unit,
}

impl Field {
    /// The name that messages use.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::KpiCode => "kpi_code",
            Self::KpiName => "kpi_name",
            Self::Period => "period",
            Self::PeriodStart => "period_start",
            Self::PeriodEnd => "period_end",
            Self::Year => "year",
            Self::Value => "value",
            Self::Target => "target",
            Self::Comment => "comment",
            Self::Location => "location",
            Self::Team => "team",
            Self::User => "user",
            Self::Unit => "unit",
        }
    }
}

/// Compared after [`normalise`].
const SYNONYMS: &[(Field, &[&str])] = &[
    (
        Field::KpiCode,
        &[
            "kpi",
            "code",
            "code kpi",
            "kpi code",
            "code indicateur",
            "ref",
            "reference",
            "indicateur",
            "indicator",
            "idbank",
        ],
    ),
    (
        Field::KpiName,
        &["nom", "libelle", "intitule", "nom de l indicateur", "nom indicateur", "kpi name", "name", "label"],
    ),
    (
        Field::Period,
        &["periode", "period", "date", "mois", "month", "semaine", "week", "jour", "day", "date de mesure"],
    ),
    (Field::PeriodStart, &["debut", "date debut", "date de debut", "period start", "start"]),
    (Field::PeriodEnd, &["fin", "date fin", "date de fin", "period end", "end"]),
    (Field::Year, &["annee", "year", "exercice"]),
    (Field::Value, &["valeur", "realise", "reel", "resultat", "mesure", "value", "actual", "result"]),
    (Field::Target, &["objectif", "cible", "budget", "target", "goal"]),
    (Field::Comment, &["commentaire", "commentaires", "remarque", "observation", "note", "comment"]),
    (Field::Location, &["site", "lieu", "agence", "etablissement", "location"]),
    (Field::Team, &["equipe", "service", "team"]),
    (Field::User, &["utilisateur", "responsable", "email", "user", "owner"]),
    (Field::Unit, &["unite", "unit"]),
];

/// Names of the code's column that give way to the name's when another column holds the code.
const WEAK_CODES: [&str; 2] = ["indicateur", "indicator"];
/// Names of parts of a year.
const MONTHS: [&str; 2] = ["mois", "month"];
const WEEKS: [&str; 2] = ["semaine", "week"];

/// The part of a year that a column of periods holds when a year stands beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Part {
    Month,
    Week,
}

/// What a header means, `None` when it is no known name.
pub(crate) fn field_of(header: &str) -> Option<Field> {
    let find = |text: &str| {
        let name = normalise(text);
        SYNONYMS.iter().find(|(_, names)| names.contains(&name.as_str())).map(|(field, _)| *field)
    };
    find(header).or_else(|| without_brackets(header).and_then(find))
}

/// Whether the header names the code's column only for want of a better one.
pub(crate) fn is_weak_code(header: &str) -> bool {
    WEAK_CODES.contains(&normalise(header).as_str())
}

/// Whether the header names months or weeks.
pub(crate) fn part_of(header: &str) -> Option<Part> {
    let name = normalise(header);
    if MONTHS.contains(&name.as_str()) {
        Some(Part::Month)
    } else if WEEKS.contains(&name.as_str()) {
        Some(Part::Week)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_are_known_in_both_languages() {
        for (header, field) in [
            ("Période", Field::Period),
            ("DATE DE MESURE", Field::Period),
            ("Valeur (%)", Field::Value),
            ("Réalisé", Field::Value),
            ("Code_KPI", Field::KpiCode),
            ("Nom de l’indicateur", Field::KpiName),
            ("Année", Field::Year),
            ("period_end", Field::PeriodEnd),
        ] {
            assert_eq!(field_of(header), Some(field), "{header}");
        }
        assert_eq!(field_of("Price"), None);
        assert_eq!(field_of("(k€)"), None);
    }

    #[test]
    fn no_name_has_two_meanings() {
        let mut all: Vec<&str> = SYNONYMS.iter().flat_map(|(_, names)| names.iter().copied()).collect();
        let count = all.len();
        all.sort_unstable();
        all.dedup();
        assert_eq!(all.len(), count);
        assert!(all.iter().all(|name| normalise(name) == *name));
    }
}
