//! The KPIs that an import may name.

use crate::text::normalise;
use std::collections::HashMap;
use vigie_kernel::{Frequency, KpiId};

/// A KPI as far as imports need it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KpiEntry {
    /// The KPI.
    pub id: KpiId,
    /// Its code, unique in the organization whatever the case.
    pub code: String,
    /// Its name.
    pub name: String,
    /// Its unit, such as `%`.
    pub unit: String,
    /// How often it is measured.
    pub frequency: Frequency,
    /// Whether it is archived.
    pub archived: bool,
    /// Whether the caller may write values to it.
    pub writable: bool,
}

impl KpiEntry {
    /// Whether the unit is per cent.
    pub(crate) fn is_percent(&self) -> bool {
        let unit = self.unit.trim();
        unit.starts_with('%')
            || matches!(normalise(unit).as_str(), "percent" | "pourcent" | "pourcentage" | "pct")
    }
}

/// Finds KPIs by code or name.
#[derive(Clone, Debug, Default)]
pub struct KpiCatalogue {
    entries: Vec<KpiEntry>,
    by_code: HashMap<String, u32>,
    by_name: HashMap<String, Vec<u32>>,
}

/// What a text says about a KPI.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// This one, by its place in the catalogue.
    Found(u32),
    /// This one, but it is archived.
    Archived(u32),
    /// This one, but the caller may not write to it.
    Forbidden(u32),
    /// Several of that name; their codes.
    Ambiguous(String),
    /// None; the codes of the nearest, if any are near.
    Unknown(String),
}

impl Lookup {
    /// The KPI meant, usable or not.
    pub(crate) const fn meant(&self) -> Option<u32> {
        match self {
            Self::Found(index) | Self::Archived(index) | Self::Forbidden(index) => Some(*index),
            Self::Ambiguous(_) | Self::Unknown(_) => None,
        }
    }
}

/// How near a text must be to a code or name to be suggested, 0..=1.
const NEAR: f64 = 0.6;
/// How near a common word brings them.
const SHARED_WORD: f64 = 0.8;
const SUGGESTIONS: usize = 3;

impl KpiCatalogue {
    /// A catalogue of those KPIs.
    #[must_use]
    pub fn new(entries: Vec<KpiEntry>) -> Self {
        let mut by_code = HashMap::with_capacity(entries.len());
        let mut by_name: HashMap<String, Vec<u32>> = HashMap::with_capacity(entries.len());
        for (index, entry) in (0_u32..).zip(&entries) {
            by_code.insert(entry.code.trim().to_lowercase(), index);
            by_name.entry(normalise(&entry.name)).or_default().push(index);
        }
        Self { entries, by_code, by_name }
    }

    /// Every KPI.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &KpiEntry> {
        self.entries.iter()
    }

    /// The KPI at a place that a lookup answered.
    pub(crate) fn entry(&self, index: u32) -> Option<&KpiEntry> {
        self.entries.get(usize::try_from(index).ok()?)
    }

    /// Whether the text is the code or the name of a KPI, usable or not.
    pub(crate) fn knows(&self, text: &str) -> bool {
        let text = text.trim();
        !text.is_empty()
            && (self.by_code.contains_key(&text.to_lowercase()) || {
                let name = normalise(text);
                !name.is_empty() && self.by_name.contains_key(&name)
            })
    }

    /// The KPI of that code, whatever its case, else of that name if it is the only one. `suggest` asks for the nearest
    /// ones when there is none, which costs a comparison with every KPI.
    pub(crate) fn find(&self, text: &str, suggest: bool) -> Lookup {
        let text = text.trim();
        if let Some(index) = self.by_code.get(&text.to_lowercase()) {
            return self.usable(*index);
        }
        let name = normalise(text);
        match self.by_name.get(&name).filter(|_| !name.is_empty()).map(Vec::as_slice) {
            Some([one]) => self.usable(*one),
            Some(several) => {
                let codes =
                    several.iter().filter_map(|index| self.entry(*index)).map(|entry| entry.code.as_str());
                Lookup::Ambiguous(codes.collect::<Vec<_>>().join(", "))
            }
            None => Lookup::Unknown(if suggest { self.nearest(&name) } else { String::new() }),
        }
    }

    fn usable(&self, index: u32) -> Lookup {
        match self.entry(index) {
            Some(entry) if entry.archived => Lookup::Archived(index),
            Some(entry) if !entry.writable => Lookup::Forbidden(index),
            Some(_) => Lookup::Found(index),
            None => Lookup::Unknown(String::new()),
        }
    }

    fn nearest(&self, name: &str) -> String {
        if name.is_empty() {
            return String::new();
        }
        let near = |text: &str| {
            let text = normalise(text);
            let shares_a_word =
                name.split(' ').any(|word| word.len() > 2 && text.split(' ').any(|other| other == word));
            strsim::jaro_winkler(name, &text).max(if shares_a_word { SHARED_WORD } else { 0.0 })
        };
        let mut scored: Vec<(f64, &KpiEntry)> = self
            .entries
            .iter()
            .filter(|entry| !entry.archived)
            .map(|entry| (near(&entry.code).max(near(&entry.name)), entry))
            .filter(|(score, _)| *score >= NEAR)
            .collect();
        scored.sort_by(|(a, x), (b, y)| b.total_cmp(a).then_with(|| x.code.cmp(&y.code)));
        let shown = scored.iter().take(SUGGESTIONS).map(|(_, entry)| entry.code.as_str());
        shown.collect::<Vec<_>>().join(", ")
    }
}
