//! The caller's language.

use vigie_kernel::Locale;

/// The language of `Accept-Language` that the product speaks and the caller likes best; English when there is none.
#[must_use]
pub(crate) fn accepted_language(header: Option<&str>) -> Locale {
    named_language(header).unwrap_or(Locale::En)
}

/// The same, or `None` when the caller names no language that the product speaks.
#[must_use]
pub(crate) fn named_language(header: Option<&str>) -> Option<Locale> {
    let header = header?;
    let mut best: Option<(Locale, u16)> = None;
    for item in header.split(',').take(20) {
        let mut parts = item.split(';');
        let Some(locale) = parts.next().and_then(Locale::from_tag) else { continue };
        let quality = parts.find_map(|part| part.trim().strip_prefix("q=")).map_or(Some(1000), thousandths);
        let Some(quality) = quality.filter(|quality| *quality > 0) else { continue };
        if best.is_none_or(|(_, so_far)| quality > so_far) {
            best = Some((locale, quality));
        }
    }
    best.map(|(locale, _)| locale)
}

/// A quality such as `0.8` in thousandths; `None` for anything that is no quality.
fn thousandths(text: &str) -> Option<u16> {
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let whole: u16 = whole.parse().ok().filter(|whole| *whole <= 1)?;
    if fraction.len() > 3 || !fraction.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let fraction: u16 = format!("{fraction:0<3}").parse().ok()?;
    Some((whole * 1000 + fraction).min(1000))
}
