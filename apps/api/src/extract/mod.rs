//! What handlers take from requests. Each extractor answers a problem that says what is wrong and where.

mod body;
mod checks;
mod decimal;
mod json_depth;
mod json_repair;
mod language;
mod last_event;
mod operator;
mod page;
mod patch;
mod path;
mod precondition;
mod query;
mod secret;
mod strict_json;
mod tenant;
#[cfg(test)]
mod tests;
mod upload;

pub(crate) use body::{Body, RequestBody};
pub(crate) use checks::Checks;
pub(crate) use decimal::DecimalText;
pub(crate) use language::{Language, ReaderLanguage};
pub(crate) use last_event::LastEventId;
pub(crate) use operator::{Operator, RequiredKey};
pub(crate) use page::Pages;
pub(crate) use patch::Patch;
pub(crate) use path::{Id, Key};
pub(crate) use precondition::IfMatch;
pub(crate) use query::Params;
pub(crate) use secret::SecretField;
pub(crate) use tenant::{LoggedIn, Named, Tenant};
pub(crate) use upload::Upload;
