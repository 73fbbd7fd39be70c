//! Colours of an organization.

use std::fmt;
use vigie_kernel::FieldError;

/// A colour, written `#rrggbb`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Colour([u8; 3]);

impl Colour {
    /// The product's own.
    pub const PRODUCT: Self = Self([0x1f, 0x4e, 0x79]);
    const WHITE: Self = Self([0xff, 0xff, 0xff]);
    const INK: Self = Self([0x11, 0x18, 0x27]);

    /// Reads `#rrggbb`. Code: `colour_invalid`.
    pub fn parse(field: &'static str, text: &str) -> Result<Self, FieldError> {
        let wrong = || FieldError::new(field, "colour_invalid");
        let digits = text.strip_prefix('#').filter(|rest| rest.len() == 6).ok_or_else(wrong)?;
        if !digits.bytes().all(|b| b.is_ascii_hexdigit()) {
            return Err(wrong());
        }
        let mut rgb = [0; 3];
        for (part, at) in rgb.iter_mut().zip([0, 2, 4]) {
            let pair = digits.get(at..at + 2).ok_or_else(wrong)?;
            *part = u8::from_str_radix(pair, 16).map_err(|_| wrong())?;
        }
        Ok(Self(rgb))
    }

    /// The colour of text on this one: white or nearly black, whichever has the greater contrast (WCAG 2.2, 1.4.3). One of them always
    /// has 4.2 to 1 or more.
    #[must_use]
    pub fn text_on(self) -> Self {
        if self.contrast(Self::WHITE) >= self.contrast(Self::INK) { Self::WHITE } else { Self::INK }
    }

    /// The contrast of two colours, 1 to 21, after WCAG 2.2.
    #[must_use]
    pub fn contrast(self, other: Self) -> f64 {
        let (one, two) = (self.luminance(), other.luminance());
        (one.max(two) + 0.05) / (one.min(two) + 0.05)
    }

    fn luminance(self) -> f64 {
        let linear = |part: u8| {
            let part = f64::from(part) / 255.0;
            if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
        };
        let [red, green, blue] = self.0.map(linear);
        0.0722_f64.mul_add(blue, 0.2126_f64.mul_add(red, 0.7152 * green))
    }
}

impl fmt::Display for Colour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [red, green, blue] = self.0;
        write!(f, "#{red:02x}{green:02x}{blue:02x}")
    }
}
