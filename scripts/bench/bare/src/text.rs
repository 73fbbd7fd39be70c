//! Numbers as the product writes them.

use rust_decimal::Decimal;
use serde::Serializer;

/// A decimal as text without trailing zeros.
pub(crate) fn exact<S: Serializer>(number: &Option<Decimal>, serializer: S) -> Result<S::Ok, S::Error> {
    match number {
        Some(number) => serializer.collect_str(&number.normalize()),
        None => serializer.serialize_none(),
    }
}
