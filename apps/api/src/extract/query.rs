//! Query parameters: known names only, each once.

use super::Checks;
use crate::problem::{ApiError, Code};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use serde::de::DeserializeOwned;
use std::future::{Ready, ready};
use url::form_urlencoded;
use vigie_kernel::{FieldError, FieldErrors};

/// Names the tenant on every route, and is read by the authentication.
const TENANT: &str = "tenant";

/// The query parameters of a route, whose type has only optional texts. Names of errors start with `?`.
pub(crate) struct Params<T>(T);

impl<T> Params<T> {
    /// Translates the parameters; refuses them with every error that is found.
    pub(crate) fn read<C>(self, translate: impl FnOnce(T, &mut Checks) -> C) -> Result<C, ApiError> {
        let mut checks = Checks::default();
        let command = translate(self.0, &mut checks);
        checks.finish()?;
        Ok(command)
    }
}

impl<T: DeserializeOwned + 'static> FromRequest for Params<T> {
    type Error = ApiError;
    type Future = Ready<Result<Self, ApiError>>;

    fn from_request(req: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(parse(req.query_string()).map(Self))
    }
}

pub(super) fn parse<T: DeserializeOwned>(query: &str) -> Result<T, ApiError> {
    let mut pairs: serde_json::Map<String, serde_json::Value> = serde_json::Map::new();
    let mut errors = FieldErrors::new();
    let malformed = || ApiError::new(Code::QueryInvalid);
    let given = form_urlencoded::parse(query.as_bytes()).filter(|(name, _)| name != TENANT);
    for (name, value) in given {
        if pairs.insert(name.to_string(), value.into_owned().into()).is_some() {
            errors.push(FieldError::new(format!("?{name}"), "field_duplicate"));
        }
    }
    loop {
        match T::deserialize(&serde_json::Value::Object(pairs.clone())) {
            Ok(value) if errors.is_empty() => return Ok(value),
            Ok(_) => return Err(refused(errors)),
            Err(error) => {
                let message = error.to_string();
                let unknown = message.strip_prefix("unknown field `").and_then(|rest| rest.split('`').next());
                let Some(name) = unknown else { return Err(malformed()) };
                if pairs.remove(name).is_none() || errors.as_slice().len() >= 20 {
                    return Err(refused(errors));
                }
                errors.push(FieldError::new(format!("?{name}"), "parameter_unknown"));
            }
        }
    }
}

fn refused(errors: FieldErrors) -> ApiError {
    ApiError::new(Code::QueryInvalid).with_errors(errors)
}
