//! Decimals of requests: a string or a number, taken by their text, so that no digit is lost on the way.

use serde::{Deserialize, Deserializer, de};
use serde_json::value::RawValue;
use vigie_kernel::{Dec, DecError};

/// The text of a decimal in a request, not read yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DecimalText(String);

impl DecimalText {
    /// Reads the decimal exactly.
    pub(crate) fn read(&self) -> Result<Dec, DecError> {
        Dec::parse(&self.0)
    }
}

impl<'de> Deserialize<'de> for DecimalText {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = Box::<RawValue>::deserialize(deserializer)?;
        let text = raw.get();
        match text.as_bytes().first() {
            Some(b'"') => serde_json::from_str(text).map(Self).map_err(de::Error::custom),
            Some(b'-' | b'0'..=b'9') => Ok(Self(text.to_owned())),
            _ => Err(de::Error::custom("invalid type: expected a decimal as string or number")),
        }
    }
}

impl utoipa::PartialSchema for DecimalText {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{ObjectBuilder, OneOfBuilder, Type};
        OneOfBuilder::new()
            .item(ObjectBuilder::new().schema_type(Type::String).pattern(Some(r"^[-+]?\d+(\.\d+)?$")))
            .item(ObjectBuilder::new().schema_type(Type::Number))
            .description(Some("An exact decimal: at most 18 integer and 10 fraction digits."))
            .into()
    }
}

impl utoipa::ToSchema for DecimalText {
    fn name() -> std::borrow::Cow<'static, str> {
        "Decimal".into()
    }
}
